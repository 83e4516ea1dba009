//! Merge patches (RFC 7396) of what changes between two values: whoever else writes other fields is left alone.

use serde_json::{Map, Value};

/// What makes `after` of `before`. None: nothing.
pub fn between(before: &Value, after: &Value) -> Option<Value> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return (before != after).then(|| after.clone());
    };
    let mut patch = Map::new();
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, new) in after {
        match before.get(key) {
            None => {
                patch.insert(key.clone(), new.clone());
            }
            Some(old) => {
                if let Some(change) = between(old, new) {
                    patch.insert(key.clone(), change);
                }
            }
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_changes() {
        let before = json!({ "a": 1, "b": { "c": 1, "d": [1, 2] }, "e": "x" });
        assert_eq!(between(&before, &before), None);
        let after = json!({ "a": 1, "b": { "c": 2, "d": [1] }, "f": {} });
        assert_eq!(between(&before, &after), Some(json!({ "b": { "c": 2, "d": [1] }, "e": null, "f": {} })));
        assert_eq!(between(&json!({ "a": [1] }), &json!({ "a": { "b": 1 } })), Some(json!({ "a": { "b": 1 } })));
    }
}
