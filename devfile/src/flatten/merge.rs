//! The devfile's own content after that of its parent and plugins.

use super::LISTS;
use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::node::{Entry, Map, Node, Value};
use crate::source::Span;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A flattened, overridden import.
pub(super) struct Import {
    pub(super) tree: Node,
    /// The plugin component's name; none for the parent.
    pub(super) plugin: Option<String>,
}

/// Merges: the parent's elements, the plugins', the devfile's own. What two of them define is refused.
pub(super) fn merge(main: Node, imports: Vec<Import>, report: &mut Report) -> Node {
    let parent = imports.iter().find(|import| import.plugin.is_none());
    for import in &imports {
        conflicts(&main, import, report);
        if let Some(parent) = parent.filter(|_| import.plugin.is_some()) {
            conflicts(&parent.tree, import, report);
        }
    }
    let span = main.span;
    let Value::Map(mut result) = main.value else { return main };
    for (list, _) in LISTS {
        let own = result.get_mut(list);
        let imported = imports.iter().filter_map(|import| import.tree.get(list)).flat_map(Node::items).cloned();
        let mut all: Vec<Node> = imported.collect();
        match own {
            Some(entry) => {
                if let Value::List(items) = &mut entry.node.value {
                    all.extend(std::mem::take(items).into_iter().filter(|item| item.get("plugin").is_none()));
                    *items = all;
                }
            }
            None if !all.is_empty() => {
                let place = all.first().map_or(span, |node| node.span);
                insert(&mut result, list, place, Value::List(all));
            }
            None => {}
        }
        if result.get(list).is_some_and(|entry| matches!(&entry.node.value, Value::List(items) if items.is_empty())) {
            result.shift_remove(list);
        }
    }
    for field in ["variables", "attributes"] {
        let maps = imports.iter().filter_map(|import| import.tree.get(field)?.as_map().cloned());
        let mut all: Map = maps.flatten().collect();
        let own = result.get(field).and_then(|entry| entry.node.as_map().cloned());
        all.extend(own.into_iter().flatten());
        if !all.is_empty() {
            insert(&mut result, field, span, Value::Map(all));
        }
    }
    events(&mut result, &imports, span);
    Node::new(span, Value::Map(result))
}

/// Puts a value at a field, in the place that the field has already.
fn insert(map: &mut Map, field: &str, span: Span, value: Value) {
    match map.get_mut(field) {
        Some(entry) => entry.node.value = value,
        None => {
            map.insert(field.into(), Entry { key: span, node: Node::new(span, value) });
        }
    }
}

/// Each event's commands: the parent's, the plugins', the devfile's own, each once.
fn events(result: &mut Map, imports: &[Import], span: Span) {
    let own = result.get("events").map(|entry| entry.node.clone());
    let contents: Vec<&Node> =
        imports.iter().filter_map(|import| import.tree.get("events")).chain(own.as_ref()).collect();
    let Some(first) = contents.first() else { return };
    let mut all = Map::new();
    for event in ["preStart", "postStart", "preStop", "postStop"] {
        let mut seen: HashSet<&str> = HashSet::new();
        let commands = contents.iter().filter_map(|content| content.get(event)).flat_map(|node| node.items());
        let commands: Vec<Node> =
            commands.filter(|node| node.as_text().is_some_and(|id| seen.insert(id))).cloned().collect();
        if !commands.is_empty() {
            let place = contents.iter().rev().find_map(|c| c.as_map()?.get(event)).map_or(first.span, |e| e.key);
            all.insert(event.into(), Entry { key: place, node: Node::new(place, Value::List(commands)) });
        }
    }
    if own.is_some() || !all.is_empty() {
        insert(result, "events", span, Value::Map(all));
    }
}

/// Refuses what a document and its import both define.
fn conflicts(main: &Node, import: &Import, report: &mut Report) {
    let scope = import.plugin.as_ref().map_or_else(|| "parent".to_owned(), |name| format!("plugin '{name}'"));
    let mut refuse = |what: &str, name: &str, at: Span, there: Span| {
        let place = report.place(there);
        let message = format!("{what} '{name}' is already defined by the {scope}");
        let diagnostic = report.error(Rule::ImportConflict, at, message);
        let section = if import.plugin.is_some() { "plugin" } else { "parent" };
        diagnostic.related(place, "it is defined here").fix(format!("to change it, put it under '{section}'"));
    };
    for (list, key) in LISTS {
        let there = named(&import.tree, list, key);
        for (name, at) in named(main, list, key) {
            if let Some(there) = there.get(&name) {
                refuse(singular(list), &name, at, *there);
            }
        }
    }
    for (field, what) in [("variables", "variable"), ("attributes", "attribute")] {
        let (Some(mine), Some(theirs)) = (map_of(main, field), map_of(&import.tree, field)) else { continue };
        for (name, entry) in mine {
            if let Some(there) = theirs.get(name) {
                refuse(what, name, entry.key, there.key);
            }
        }
    }
}

fn map_of<'a>(tree: &'a Node, field: &str) -> Option<&'a Map> {
    tree.get(field)?.as_map()
}

fn named(tree: &Node, list: &str, key: &str) -> HashMap<Arc<str>, Span> {
    let items = tree.get(list).map(Node::items).unwrap_or_default();
    let names =
        items.iter().filter_map(|item| item.get(key)).filter_map(|node| Some((node.as_text()?.into(), node.span)));
    names.collect()
}

/// One element of a list, in words.
pub(super) fn singular(list: &str) -> &'static str {
    match list {
        "components" => "component",
        "commands" => "command",
        "projects" => "project",
        "starterProjects" => "starter project",
        _ => "dependent project",
    }
}
