//! Overrides: a strategic merge as Kubernetes does it, driven by the schema's tables.
//!
//! Mappings merge field by field; lists of named elements merge element by element; other lists are replaced;
//! each attribute is replaced whole; of fields that exclude each other the overriding one stays.

use super::LISTS;
use super::merge::singular;
use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::node::{Map, Node, Value};
use crate::schema::{Mode, Need, Object, Shape, content};
use std::collections::{HashMap, HashSet};

/// Refuses overrides of what is not there. True if there is none.
pub(super) fn only_existing(original: &Node, overrides: &Node, what: &str, report: &mut Report) -> bool {
    let before = report.errors();
    let fix = "define it in the devfile itself, not among the overrides";
    for (list, key) in LISTS {
        let there: HashSet<&str> = names(original, list, key).filter_map(Node::as_text).collect();
        for name in names(overrides, list, key) {
            if !name.as_text().is_some_and(|text| there.contains(text)) {
                let shown = name.as_text().unwrap_or_default();
                let message =
                    format!("{} '{shown}' overrides nothing: the {what} has none of this name", singular(list));
                report.error(Rule::OverrideUnknown, name.span, message).fix(fix);
            }
        }
    }
    for (field, word) in [("variables", "variable"), ("attributes", "attribute")] {
        let there = original.get(field).and_then(Node::as_map);
        for (name, entry) in overrides.get(field).and_then(Node::as_map).into_iter().flatten() {
            if !there.is_some_and(|map| map.contains_key(name)) {
                let message = format!("{word} '{name}' overrides nothing: the {what} has none of this name");
                report.error(Rule::OverrideUnknown, entry.key, message).fix(fix);
            }
        }
    }
    report.errors() == before
}

fn names<'a>(tree: &'a Node, list: &str, key: &'a str) -> impl Iterator<Item = &'a Node> {
    let items = tree.get(list).map(Node::items).unwrap_or_default();
    items.iter().filter_map(move |item| item.get(key))
}

/// Applies overrides to a flattened document.
pub(crate) fn apply(original: Node, overrides: Node) -> Node {
    object(original, overrides, content())
}

fn object(mut original: Node, patch: Node, of: &'static Object) -> Node {
    let span = patch.span;
    let Value::Map(patch) = patch.value else { return original };
    let Some(map) = original.as_map_mut() else { return Node::new(span, Value::Map(patch)) };
    let members = of.one_of(Mode::ParentOverride);
    if patch.keys().any(|key| members.contains(&&**key)) {
        map.retain(|key, _| !members.contains(&&**key) || patch.contains_key(key));
    }
    for (key, entry) in patch {
        if entry.node.is_null() || is_empty(&entry.node) {
            continue;
        }
        let shape = of.field(&key).map(|field| field.shape);
        match (map.get_mut(&key), shape) {
            (Some(there), Some(shape)) => {
                let here = std::mem::replace(&mut there.node, Node::new(span, Value::Null));
                there.node = value(here, entry.node, shape);
            }
            _ => {
                map.insert(key, entry);
            }
        }
    }
    original
}

/// The reference leaves empty texts and lists out when it writes overrides down, so they override nothing.
fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

fn value(original: Node, patch: Node, shape: Shape) -> Node {
    match shape {
        Shape::Object(of) => object(original, patch, of()),
        Shape::Texts | Shape::Free => entries(original, patch),
        Shape::List(Shape::Object(of)) => match of().fields.iter().find(|field| field.need == Need::Key) {
            Some(key) => elements(original, patch, key.name, of()),
            None => patch,
        },
        _ => patch,
    }
}

/// Free mappings: each value is replaced whole, and `null` takes one away.
fn entries(mut original: Node, patch: Node) -> Node {
    let span = patch.span;
    let Value::Map(patch) = patch.value else { return original };
    let Some(map) = original.as_map_mut() else { return Node::new(span, Value::Map(patch)) };
    let (removed, set): (Map, Map) = patch.into_iter().partition(|(_, entry)| entry.node.is_null());
    map.extend(set);
    if !removed.is_empty() {
        map.retain(|key, _| !removed.contains_key(key));
    }
    original
}

/// Named elements, in the order that Kubernetes gives them: the overriding ones in their own order, the others between
/// them where they stood.
fn elements(original: Node, patch: Node, key: &str, of: &'static Object) -> Node {
    let span = original.span;
    let (Value::List(mut merged), Value::List(patch)) = (original.value, patch.value) else {
        return Node::new(span, Value::Null);
    };
    let mut place: HashMap<String, usize> = HashMap::new();
    for (index, item) in merged.iter().enumerate() {
        place.entry(name_of(item, key)).or_insert(index);
    }
    let originals = merged.len();
    let mut order: HashMap<String, usize> = HashMap::new();
    for item in patch {
        let name = name_of(&item, key);
        let next = order.len();
        order.entry(name.clone()).or_insert(next);
        match place.get(&name).and_then(|index| merged.get_mut(*index)) {
            Some(there) => {
                let here = std::mem::replace(there, Node::new(span, Value::Null));
                *there = object(here, item, of);
            }
            None => {
                place.insert(name, merged.len());
                merged.push(item);
            }
        }
    }
    // Where an element stood in the original; those that came new stood nowhere.
    let stood = |item: &Node| place.get(&name_of(item, key)).copied().filter(|index| *index < originals);
    let (mut overriding, others): (Vec<Node>, Vec<Node>) =
        merged.into_iter().partition(|item| order.contains_key(&name_of(item, key)));
    overriding.sort_by_key(|item| order.get(&name_of(item, key)).copied());
    let mut result = Vec::with_capacity(overriding.len() + others.len());
    let mut others = others.into_iter().peekable();
    for item in overriding {
        if let Some(mine) = stood(&item) {
            while let Some(other) = others.next_if(|other| stood(other).is_some_and(|theirs| theirs < mine)) {
                result.push(other);
            }
        }
        result.push(item);
    }
    result.extend(others);
    Node::new(span, Value::List(result))
}

fn name_of(item: &Node, key: &str) -> String {
    let name = item.get(key).and_then(Node::as_text);
    name.unwrap_or_default().to_owned()
}
