//! Marks on elements that say where they come from, in the attributes that the reference library uses.

use super::LISTS;
use crate::node::{Entry, Map, Node, Value};
use crate::source::Span;
use std::sync::Arc;

/// On an element of an import: the reference to the import.
pub(super) const IMPORTED: &str = "api.devfile.io/imported-from";
/// On an element that a parent override changed: the document that holds the override.
pub(super) const PARENT_OVERRIDE: &str = "api.devfile.io/parent-override-from";
/// On an element that a plugin override changed: the document that holds the override.
pub(super) const PLUGIN_OVERRIDE: &str = "api.devfile.io/plugin-override-from";

/// Puts a mark on every element of the lists that the reference library marks: all but the dependent projects.
pub(super) fn mark(tree: &mut Node, key: &str, value: &str, span: Span) {
    let (key, value): (Arc<str>, Arc<str>) = (key.into(), value.into());
    let Some(map) = tree.as_map_mut() else { return };
    for (list, _) in LISTS.into_iter().filter(|(list, _)| *list != "dependentProjects") {
        let Some(Value::List(items)) = map.get_mut(list).map(|entry| &mut entry.node.value) else { continue };
        for element in items.iter_mut().filter_map(Node::as_map_mut) {
            let empty = || Entry { key: span, node: Node::new(span, Value::Map(Map::new())) };
            let attributes = element.entry("attributes".into()).or_insert_with(empty);
            if let Some(attributes) = attributes.node.as_map_mut() {
                let mark = Node::new(span, Value::Text(value.clone()));
                attributes.insert(key.clone(), Entry { key: span, node: mark });
            }
        }
    }
}
