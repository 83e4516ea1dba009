//! Nodes made in code.

use crate::node::{Entry, Map, Node, Value};
use crate::source::Span;
use std::sync::Arc;

/// The component that a workspace of one container has.
pub(super) const COMPONENT: &str = "dev";

pub(super) fn text(span: Span, text: impl AsRef<str>) -> Node {
    Node::new(span, Value::Text(Arc::from(text.as_ref())))
}

pub(super) fn flag(span: Span, value: bool) -> Node {
    Node::new(span, Value::Bool(value))
}

pub(super) fn number(span: Span, number: u64) -> Node {
    Node::new(span, Value::Number(number.into()))
}

pub(super) fn list(span: Span, items: Vec<Node>) -> Node {
    Node::new(span, Value::List(items))
}

/// A mapping; fields without a value are left out.
pub(super) fn map<const N: usize>(span: Span, fields: [(&str, Option<Node>); N]) -> Node {
    let fields = fields.into_iter().filter_map(|(name, node)| node.map(|node| (name.to_owned(), node)));
    entries(span, fields)
}

pub(super) fn entries(span: Span, fields: impl IntoIterator<Item = (String, Node)>) -> Node {
    let entry = |(name, node): (String, Node)| (Arc::from(name), Entry { key: node.span, node });
    Node::new(span, Value::Map(fields.into_iter().map(entry).collect::<Map>()))
}

/// Nothing, where there is nothing in it.
pub(super) fn unless_empty(node: Node) -> Option<Node> {
    let empty = node.items().is_empty() && node.as_map().is_none_or(Map::is_empty);
    (!empty).then_some(node)
}

/// A text, or a number or truth value as it would be written.
pub(super) fn written(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// A command for the shell of the container, in the project's folder.
pub(super) fn exec(span: Span, id: &str, line: &str, once: bool) -> Node {
    let exec = map(
        span,
        [
            ("component", Some(text(span, COMPONENT))),
            ("commandLine", Some(text(span, line))),
            ("workingDir", Some(text(span, "${PROJECT_SOURCE}"))),
        ],
    );
    map(span, [("id", Some(text(span, id))), ("attributes", attributes(span, once)), ("exec", Some(exec))])
}

/// Commands together.
pub(super) fn composite(span: Span, id: &str, commands: &[String], parallel: bool, once: bool) -> Node {
    let commands = commands.iter().map(|id| text(span, id)).collect();
    let composite = map(span, [("commands", Some(list(span, commands))), ("parallel", Some(flag(span, parallel)))]);
    map(span, [("id", Some(text(span, id))), ("attributes", attributes(span, once)), ("composite", Some(composite))])
}

fn attributes(span: Span, once: bool) -> Option<Node> {
    once.then(|| map(span, [("dormer.dev/once", Some(flag(span, true)))]))
}
