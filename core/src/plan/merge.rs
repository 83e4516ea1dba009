//! Strategic merge, as Kubernetes does it: what `container-overrides` and `pod-overrides` are merged with.
//!
//! A mapping is merged field by field and `null` takes a field away. A list is replaced, unless Kubernetes' types give
//! it a merge key: then items with one key are merged, and new ones come first. The directives `$patch`,
//! `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` mean what they mean there.

mod list;
mod schema;

use serde_json::{Map, Value};

pub use schema::Kind;

/// Merges `container-overrides` into a rendered container. Its name and image stay what they are.
pub fn container(rendered: &mut Value, patch: &Value) {
    let kept: Vec<(&str, Option<Value>)> =
        ["name", "image"].into_iter().map(|field| (field, rendered.get(field).cloned())).collect();
    merge(rendered, patch, Kind::Container);
    restore(rendered, kept);
}

/// Merges `pod-overrides` into a rendered pod template. Its containers and volumes stay what they are.
pub fn pod_template(rendered: &mut Value, patch: &Value) {
    const KEPT: [&str; 3] = ["containers", "initContainers", "volumes"];
    let spec = |template: &Value, field| template.get("spec").and_then(|spec| spec.get(field)).cloned();
    let kept: Vec<(&str, Option<Value>)> = KEPT.into_iter().map(|field| (field, spec(rendered, field))).collect();
    merge(rendered, patch, Kind::PodTemplate);
    match rendered.get_mut("spec") {
        Some(spec) => restore(spec, kept),
        None => {
            let kept = kept.into_iter().filter_map(|(field, value)| Some((field.to_string(), value?)));
            if let Some(map) = rendered.as_object_mut() {
                map.insert("spec".into(), Value::Object(kept.collect()));
            }
        }
    }
}

fn restore(into: &mut Value, kept: Vec<(&str, Option<Value>)>) {
    let Some(map) = into.as_object_mut() else { return };
    for (field, value) in kept {
        match value {
            Some(value) => map.insert(field.to_string(), value),
            None => map.remove(field),
        };
    }
}

/// Merges a patch into an object of a kind. What nests deeper than anything of Kubernetes is replaced, not merged.
pub fn merge(original: &mut Value, patch: &Value, kind: Kind) {
    merge_value(original, patch, Some(kind), 0);
}

/// The deepest place of a pod's types is about half of this.
const DEEPEST: usize = 32;

fn merge_value(original: &mut Value, patch: &Value, kind: Option<Kind>, depth: usize) {
    match (original, patch) {
        (Value::Object(original), Value::Object(patch)) if depth < DEEPEST => {
            merge_map(original, patch, kind, depth);
        }
        (original, patch) => *original = bare(patch, depth).unwrap_or_default(),
    }
}

fn merge_map(original: &mut Map<String, Value>, patch: &Map<String, Value>, kind: Option<Kind>, depth: usize) {
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            *original = fresh(patch, depth);
            return;
        }
        Some("delete") => {
            original.clear();
            return;
        }
        _ => {}
    }
    if let Some(keys) = patch.get("$retainKeys").and_then(Value::as_array) {
        original.retain(|key, _| keys.iter().any(|kept| kept.as_str() == Some(key)));
    }
    for (key, value) in patch {
        if let Some(field) = key.strip_prefix("$deleteFromPrimitiveList/") {
            list::without(original.get_mut(field), value);
        }
        if key.starts_with('$') {
            continue;
        }
        if value.is_null() {
            original.remove(key);
            continue;
        }
        let (kind, strategy) = kind.map_or((None, None), |kind| kind.field(key));
        match (original.get_mut(key), value) {
            (None, value) => {
                original.extend(bare(value, depth + 1).map(|value| (key.clone(), value)));
            }
            (Some(Value::Array(mine)), Value::Array(theirs)) if strategy.is_some() => {
                let order = patch.get(&format!("$setElementOrder/{key}")).and_then(Value::as_array);
                let by = strategy.unwrap_or_default();
                list::merge(mine, theirs, order, by, |mine, theirs| merge_value(mine, theirs, kind, depth + 2));
            }
            (Some(mine), theirs) => merge_value(mine, theirs, kind, depth + 1),
        }
    }
}

/// A value of a patch that meets nothing: without directives (what `$patch` is said of goes with it), and without
/// fields that are to be taken away.
fn bare(value: &Value, depth: usize) -> Option<Value> {
    Some(match value {
        Value::Object(map) if map.contains_key("$patch") => return None,
        Value::Object(map) if depth < DEEPEST => Value::Object(fresh(map, depth)),
        Value::Array(items) if depth < DEEPEST => {
            Value::Array(items.iter().filter_map(|item| bare(item, depth + 1)).collect())
        }
        value => value.clone(),
    })
}

fn fresh(map: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    map.iter()
        .filter(|(key, value)| !key.starts_with('$') && !value.is_null())
        .filter_map(|(key, value)| Some((key.clone(), bare(value, depth + 1)?)))
        .collect()
}

#[cfg(test)]
mod tests;
