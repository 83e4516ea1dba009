//! Between a `WorkspaceClass` object and the domain's class: both have the same names for the same things.

use kube::ResourceExt as _;
use serde_json::{Map, Value};

use dormer_core::class::{BACKEND, Class, ClassSpec};
use dormer_core::ports::classes::ClassError;

use crate::resource::class::{WorkspaceClass, WorkspaceClassSpec};

/// The class of an object.
pub fn class(object: &WorkspaceClass) -> Class {
    let name = object.name_any();
    let mut value = serde_json::to_value(&object.spec).unwrap_or_default();
    text_of_numbers(&mut value);
    let spec: ClassSpec = serde_json::from_value(value).unwrap_or_else(|error| {
        // The schema lets nothing through that is not read: this is a class of a newer version, at most.
        tracing::error!(class = name, %error, "a class cannot be read; it says nothing");
        ClassSpec::default()
    });
    Class { created_at: object.metadata.creation_timestamp.as_ref().map(|at| at.0), name, spec }
}

/// A quantity may be a number in an object.
fn text_of_numbers(value: &mut Value) {
    for path in ["/defaults/resources", "/defaults/storage", "/limits"] {
        for name in ["cpu", "memory", "gpu", "size", "storage"] {
            if let Some(amount) = value.pointer_mut(path).and_then(|place| place.get_mut(name))
                && amount.is_number()
            {
                *amount = Value::String(amount.to_string());
            }
        }
    }
}

/// What an object says that is this class.
pub fn spec(spec: &ClassSpec) -> Result<WorkspaceClassSpec, ClassError> {
    let refused = |field: &str, message: String| ClassError::Refused { field: field.into(), message };
    let whole = serde_json::to_value(spec).map_err(|error| refused("", error.to_string()))?;
    for field in BACKEND {
        let Some(said) = spec.backend.get(field) else { continue };
        // One at a time, so that an error names its field.
        let alone = Value::Object(Map::from_iter([(field.to_owned(), said.clone())]));
        let read: WorkspaceClassSpec =
            serde_json::from_value(alone).map_err(|error| refused(&format!("/{field}"), error.to_string()))?;
        let written = serde_json::to_value(&read).unwrap_or_default();
        if let Some(path) = lost(said, written.get(field).unwrap_or(&Value::Null), &format!("/{field}")) {
            return Err(refused(&path, "a class has no such field".into()));
        }
    }
    serde_json::from_value(whole).map_err(|error| refused("", error.to_string()))
}

/// The first field of `said` that is not in what was read of it.
fn lost(said: &Value, read: &Value, path: &str) -> Option<String> {
    match (said, read) {
        (Value::Object(said), read) => said.iter().find_map(|(key, value)| {
            let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
            let empty = value.is_null()
                || value == &Value::Bool(false)
                || value.as_array().is_some_and(Vec::is_empty)
                || value.as_object().is_some_and(Map::is_empty);
            match read.get(key) {
                Some(read) => lost(value, read, &path),
                None if empty => None,
                None => Some(path),
            }
        }),
        (Value::Array(said), Value::Array(read)) => said
            .iter()
            .zip(read)
            .enumerate()
            .find_map(|(index, (said, read))| lost(said, read, &format!("{path}/{index}"))),
        _ => None,
    }
}

/// A merge patch that makes `now` of `before`.
pub fn difference(before: &Value, now: &Value) -> Value {
    let (Value::Object(before), Value::Object(now)) = (before, now) else { return now.clone() };
    let gone = before.keys().filter(|key| !now.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let kept = now.iter().map(|(key, value)| match before.get(key) {
        Some(before) => (key.clone(), difference(before, value)),
        None => (key.clone(), value.clone()),
    });
    Value::Object(gone.chain(kept).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> ClassSpec {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn there_and_back() {
        let said = json!({
            "description": "d", "image": "i", "devfile": "schemaVersion: 2.3.0",
            "defaults": {
                "resources": { "cpu": "2", "memory": "1Gi", "gpu": "1", "accelerator": "a100" },
                "storage": { "size": "5Gi", "class": "fast", "strategy": "common" },
                "lifecycle": { "idleTimeout": 60, "maxLifetime": 70, "deleteAfterStopped": 80, "keepAliveWhenBusy": true },
            },
            "limits": { "cpu": "4", "memory": "8Gi", "gpu": "2", "storage": "9Gi", "pods": 3, "idleTimeout": 90, "maxLifetime": 99 },
            "fixed": dormer_core::class::Fixed::ALL,
            "pod": { "nodeSelector": { "a": "b" }, "overrides": { "priority": 1 }, "tolerations": [{ "key": "k" }] },
            "security": { "userNamespace": true, "allowRoot": true },
            "network": { "internet": false, "allow": ["10.0.0.0/8"] },
            "accelerators": { "a100": { "resource": "nvidia.com/gpu", "nodeSelector": { "gpu": "a100" } } },
            "allowedKinds": ["ConfigMap"],
        });
        let core = read(said);
        let object = WorkspaceClass::new("x", spec(&core).unwrap());
        let back = class(&object).spec;
        let front = |spec: &ClassSpec| ClassSpec { backend: Map::new(), ..spec.clone() };
        assert_eq!(front(&back), front(&core));
        assert_eq!(back.backend["pod"]["nodeSelector"], json!({ "a": "b" }));
        assert_eq!(spec(&back).unwrap(), object.spec);
    }

    #[test]
    fn what_an_object_cannot_say_is_refused_by_its_field() {
        for (said, want) in [
            (json!({ "pod": { "nodeSelecter": { "a": "b" } } }), "/pod/nodeSelecter"),
            (json!({ "pod": { "tolerations": [{ "keys": "k" }] } }), "/pod/tolerations/0/keys"),
            (json!({ "security": { "userNamespace": "yes" } }), "/security"),
            (json!({ "security": { "privileged": true } }), "/security/privileged"),
            (json!({ "accelerators": { "a": {} } }), "/accelerators"),
            (json!({ "allowedKinds": "ConfigMap" }), "/allowedKinds"),
        ] {
            match spec(&read(said.clone())) {
                Err(ClassError::Refused { field, .. }) => assert_eq!(field, want, "{said}"),
                other => panic!("{said}: {other:?}"),
            }
        }
    }

    #[test]
    fn numbers_are_quantities() {
        let object: WorkspaceClassSpec =
            serde_json::from_value(json!({ "defaults": { "resources": { "cpu": 2 } }, "limits": { "cpu": 4 } }))
                .unwrap();
        let read = class(&WorkspaceClass::new("x", object)).spec;
        assert_eq!((read.defaults.resources.cpu.as_deref(), read.limits.cpu.as_deref()), (Some("2"), Some("4")));
    }

    #[test]
    fn what_is_not_said_any_more_is_taken_away() {
        let before = json!({ "limits": { "memory": "1Gi", "cpu": "2" }, "image": "i" });
        let now = json!({ "limits": { "memory": "2Gi" }, "description": "d" });
        let patch = json!({ "limits": { "memory": "2Gi", "cpu": null }, "image": null, "description": "d" });
        assert_eq!(difference(&before, &now), patch);
    }
}
