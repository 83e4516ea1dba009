//! What to do about values of another kind than their field wants, where that is known.

use super::Edition;
use super::form::Form;
use crate::convert::label;
use crate::node::{Node, Value};

/// The fix for a value that should have been something else. `written` is its text in the document.
pub(super) fn kind(node: &Node, field: Option<&str>, expected: &str, written: &str) -> Option<String> {
    let quoted = written.starts_with(['"', '\'']);
    match (&node.value, expected) {
        // 2.2 is a number, and no version.
        (Value::Number(_), "a text") if field == Some("schemaVersion") => {
            let near = Edition::ALL.iter().find(|edition| edition.to_string() == format!("{written}.0"));
            near.map(|near| format!("write {near}"))
        }
        (Value::Bool(_) | Value::Number(_), "a text" | "a word") if !written.is_empty() => {
            Some(format!("put it in quotes: '{written}'"))
        }
        (Value::Text(text), "true or false") => {
            let meant = match text.to_ascii_lowercase().as_str() {
                "yes" | "on" | "y" | "true" => "true",
                "no" | "off" | "n" | "false" => "false",
                _ => return None,
            };
            Some(if quoted { format!("write {meant}, without quotes") } else { format!("write {meant}") })
        }
        // One that begins with a zero is a text, without quotes too.
        (Value::Text(text), "a port number") => text.parse::<u16>().ok().map(|port| format!("write {port}")),
        (Value::Text(text), "a list") if matches!(field, Some("command" | "args")) => {
            let words: Vec<String> = text.split_whitespace().take(8).map(|word| format!("'{word}'")).collect();
            let plain = text.len() < 60 && !text.contains(['\'', '"', '$', '|', '&', ';']);
            let words = if plain { words.join(", ") } else { "sh, -c, …".to_owned() };
            Some(format!("write a list: [{words}]"))
        }
        (Value::Text(_) | Value::Number(_) | Value::Bool(_), "a list") if !written.is_empty() && written.len() < 60 => {
            Some(format!("write a list: [{written}]"))
        }
        (Value::Map(map), "a list") => {
            let (key, entry) = map.first()?;
            let shown: String = key.chars().take(40).collect();
            Some(match (field, &entry.node.value) {
                (Some("env"), Value::Text(_)) => format!("write its items as - {{name: {shown}, value: …}}"),
                (_, Value::Map(_)) => format!("write its items as '- name: {shown}'"),
                _ => "put '- ' before each of its items".to_owned(),
            })
        }
        (Value::Number(_), "a mapping") if field == Some("endpoints") => {
            Some(format!("write {{name: port-{written}, targetPort: {written}}}"))
        }
        (Value::Text(text), "a mapping") if field == Some("volumeMounts") => {
            let (name, path) = text.split_once(':').filter(|_| text.len() < 60)?;
            Some(format!("write {{name: {name}, path: {path}}}"))
        }
        (Value::Text(_), "a mapping") if field == Some("image") => {
            Some("a container's image is a field of 'container': indent it further".to_owned())
        }
        _ => None,
    }
}

/// The name that is nearest to what is none.
pub(super) fn form(form: Form, text: &str, longest: Option<usize>) -> Option<String> {
    if !matches!(form, Form::Name | Form::EndpointName) {
        return None;
    }
    let near = label(text, longest.unwrap_or(63));
    (!near.is_empty() && near != text).then(|| format!("did you mean '{near}'?"))
}
