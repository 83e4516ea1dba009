//! The tables as JSON schemas, for editors.

use super::devcontainer::DEVCONTAINER;
use super::tables::DEVFILE;
use super::workspace::WORKSPACE;
use super::{Dialect, Edition, Mode, Object, Shape};
use serde_json::{Map, Value, json};

/// The JSON schema (draft 7) of a version, which accepts what [`load`](crate::load) does not refuse for its form.
pub fn json_schema(edition: Edition) -> Value {
    titled(object(&DEVFILE, Dialect::Devfile(edition), Mode::Main), &format!("Devfile {edition}"))
}

/// The JSON schema of a `workspace.yaml`.
pub fn workspace_schema() -> Value {
    titled(object(&WORKSPACE, Dialect::WorkspaceFile, Mode::Main), "workspace.yaml")
}

/// The JSON schema of what is read of a `devcontainer.json`.
pub fn devcontainer_schema() -> Value {
    titled(object(&DEVCONTAINER, Dialect::Devcontainer, Mode::Main), "devcontainer.json")
}

fn titled(mut schema: Value, title: &str) -> Value {
    if let Some(map) = schema.as_object_mut() {
        map.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
        map.insert("title".into(), json!(title));
    }
    schema
}

fn shape(of: Shape, dialect: Dialect, mode: Mode) -> Value {
    match of {
        Shape::Text => json!({"type": "string"}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Port => json!({"type": "integer", "minimum": 1, "maximum": 65535}),
        Shape::Form(form) => {
            let mut schema = json!({"type": "string", "pattern": form.pattern()});
            if let (Some(longest), Some(map)) = (form.longest(dialect), schema.as_object_mut()) {
                map.insert("maxLength".into(), json!(longest));
            }
            schema
        }
        Shape::Choice(words) => {
            let known = words.iter().filter(|(_, from)| *from <= dialect.edition());
            json!({"type": "string", "enum": known.map(|(word, _)| *word).collect::<Vec<_>>()})
        }
        Shape::Free => json!({"type": "object"}),
        Shape::Any => json!({}),
        Shape::Count => json!({"type": "integer", "minimum": 0}),
        Shape::Either(shapes, _) => {
            json!({"anyOf": shapes.iter().map(|of| shape(*of, dialect, mode)).collect::<Vec<_>>()})
        }
        Shape::MapOf(of) => json!({"type": "object", "additionalProperties": shape(*of, dialect, mode)}),
        Shape::Texts => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Shape::List(of) => json!({"type": "array", "items": shape(*of, dialect, mode)}),
        Shape::Set(of) => json!({"type": "array", "uniqueItems": true, "items": shape(*of, dialect, mode)}),
        Shape::Object(of) => object(of(), dialect, mode),
    }
}

fn object(of: &Object, dialect: Dialect, mode: Mode) -> Value {
    let known = || of.fields.iter().filter(|field| field.known_to(dialect, mode));
    let properties: Map<String, Value> =
        known().map(|field| (field.name.to_owned(), shape(field.shape, dialect, field.mode(mode)))).collect();
    let required: Vec<&str> = known().filter(|field| field.required_in(mode)).map(|field| field.name).collect();
    let one_of: Vec<Value> = of
        .one_of(mode)
        .iter()
        .filter(|name| known().any(|field| field.name == **name))
        .map(|name| json!({"required": [name]}))
        .collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": of.open || dialect == Dialect::Devcontainer});
    if let Some(map) = schema.as_object_mut() {
        if !required.is_empty() {
            map.insert("required".into(), json!(required));
        }
        if !one_of.is_empty() {
            map.insert("oneOf".into(), Value::Array(one_of));
        }
    }
    schema
}
