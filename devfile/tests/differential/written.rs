//! A tree as a file: each field of the top on a line of its own, what is below in flow style.

use serde_json::Value;

/// Before a text that is written as it is, without quotes.
pub const BARE: char = '\u{1}';

pub fn yaml(tree: &Value) -> String {
    let Some(map) = tree.as_object() else { return flow(tree) };
    map.iter().map(|(key, value)| format!("{}: {}\n", flow(&Value::String(key.clone())), flow(value))).collect()
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if text.starts_with(BARE) => text[1..].to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let fields: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", serde_json::to_string(key).unwrap(), flow(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => serde_json::to_string(other).unwrap(),
    }
}
