//! The tree that a document is read into: plain data, and for each value the place it came from.
//!
//! Everything up to the typed [`model`](crate::model) works on this tree, so a value that was merged from a
//! parent or substituted from a variable still knows its own line.

pub(crate) mod de;
mod ser;

use crate::source::Span;
use indexmap::IndexMap;
use std::sync::Arc;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub value: Value,
}

/// What a node holds: JSON's kinds of values.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`, which a devfile reads as absent.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(Arc<str>),
    /// A list.
    List(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A mapping in the order in which it was written.
pub type Map = IndexMap<Arc<str>, Entry>;

/// One value of a mapping, with the place of its key.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where the key stands.
    pub key: Span,
    /// The value.
    pub node: Node,
}

/// One step of a path into a tree.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// A field of a mapping.
    Key(&'a str),
    /// An item of a list.
    Item(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(key: &'a str) -> Self {
        Step::Key(key)
    }
}

impl From<usize> for Step<'_> {
    fn from(item: usize) -> Self {
        Step::Item(item)
    }
}

impl Node {
    /// A node.
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, value }
    }

    /// The field of a mapping; `None` if it is absent, `null`, or this is no mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let node = &self.as_map()?.get(key)?.node;
        (!node.is_null()).then_some(node)
    }

    /// The mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The mapping, if it is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items of a list; none if this is no list.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The place of what a path leads to, or of the furthest step that exists.
    pub fn locate(&self, path: &[Step<'_>]) -> Span {
        let mut here = self;
        for step in path {
            let next = match (step, &here.value) {
                (Step::Key(key), Value::Map(map)) => map.get(*key).map(|entry| &entry.node),
                (Step::Item(item), Value::List(items)) => items.get(*item),
                _ => None,
            };
            match next {
                Some(node) => here = node,
                None => return here.span,
            }
        }
        here.span
    }

    /// Takes out the value at a place, with its field or item, if it is a single one. Whether there was one.
    pub(crate) fn take_value(&mut self, at: Span) -> bool {
        let single = |node: &Node| {
            node.span == at && node.as_map().is_none() && !node.items().iter().any(|item| item.as_map().is_some())
        };
        match &mut self.value {
            Value::List(items) => match items.iter().position(single) {
                Some(index) => {
                    items.remove(index);
                    true
                }
                None => items.iter_mut().any(|item| item.take_value(at)),
            },
            Value::Map(map) => match map.values().position(|entry| single(&entry.node)) {
                Some(index) => map.shift_remove_index(index).is_some(),
                None => map.values_mut().any(|entry| entry.node.take_value(at)),
            },
            _ => false,
        }
    }

    /// How many values there are in it, itself included.
    pub fn count(&self) -> usize {
        match &self.value {
            Value::List(items) => 1 + items.iter().map(Node::count).sum::<usize>(),
            Value::Map(map) => 1 + map.values().map(|entry| entry.node.count()).sum::<usize>(),
            _ => 1,
        }
    }

    /// What kind of value this is, in words for a person.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Equality of what is written, wherever it stands.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::List(a), Value::List(b)) => a == b,
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len() && a.iter().all(|(key, entry)| b.get(key).is_some_and(|e| e.node == entry.node))
            }
            _ => false,
        }
    }
}
