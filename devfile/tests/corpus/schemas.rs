use super::folder::folder;
use dormer_devfile::schema::{Edition, json_schema};
use serde_json::Value;
use std::collections::BTreeSet;

/// Ours and the published schema of each version say the same about every field.
#[test]
fn our_schemas_are_the_published_ones() {
    let Some(root) = folder("schemas") else { return };
    for edition in Edition::ALL {
        let published = std::fs::read(root.join(format!("devfile-{edition}.json"))).unwrap();
        let published: Value = serde_json::from_slice(&published).unwrap();
        let (theirs, ours) = (lines(&published), lines(&json_schema(edition)));
        assert!(ours.len() > 250, "{edition}: only {} lines", ours.len());
        let missing: Vec<&String> = theirs.difference(&ours).collect();
        let invented: Vec<&String> = ours.difference(&theirs).collect();
        assert!(missing.is_empty() && invented.is_empty(), "{edition}\nmissing {missing:#?}\ninvented {invented:#?}");
    }
}

fn lines(schema: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    walk(schema, "", &mut lines);
    lines
}

fn walk(schema: &Value, path: &str, lines: &mut BTreeSet<String>) {
    let kind = schema["type"].as_str().unwrap_or("?");
    let known: Vec<String> = ["enum", "pattern", "maxLength", "uniqueItems"]
        .iter()
        .filter_map(|key| Some(format!("{key}={}", schema.get(*key)?)))
        .collect();
    let mut required: Vec<String> = schema["required"].as_array().into_iter().flatten().map(Value::to_string).collect();
    required.sort();
    let mut one_of: Vec<String> =
        schema["oneOf"].as_array().into_iter().flatten().map(|option| option["required"].to_string()).collect();
    one_of.sort();
    let closed = schema["additionalProperties"] == false && kind == "object";
    lines.insert(format!("{path} {kind} {known:?} required={required:?} oneOf={one_of:?} closed={closed}"));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(property, &format!("{path}.{name}"), lines);
    }
    if let Some(items) = schema.get("items") {
        walk(items, &format!("{path}[]"), lines);
    }
}
