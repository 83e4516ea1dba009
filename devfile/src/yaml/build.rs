//! Parser events into nodes, with a stack of our own: no recursion, and every value paid for.

use super::scalar;
use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::limits::Limits;
use crate::node::{Entry, Map, Node, Value};
use crate::source::Span;
use granit_parser::{Event, ScalarStyle, Tag};
use std::collections::HashMap;
use std::sync::Arc;

/// Why the document can't be read at all.
pub(super) struct Refusal {
    pub(super) rule: Rule,
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) fix: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(rule: Rule, span: Span, message: String) -> Self {
        Self { rule, span, message, fix: None }
    }
}

/// What a value costs: an alias pays again for all that it repeats.
#[derive(Clone, Copy, Default)]
struct Cost {
    nodes: usize,
    bytes: usize,
}

enum Open {
    List { span: Span, items: Vec<Node>, anchor: usize, before: Cost },
    Map { span: Span, map: Map, key: Option<Key>, merges: Vec<Node>, anchor: usize, before: Cost },
}

/// A key that waits for its value.
struct Key {
    text: Arc<str>,
    span: Span,
    merge: bool,
}

pub(super) struct Builder<'a> {
    limits: &'a Limits,
    stack: Vec<Open>,
    anchors: HashMap<usize, (Node, Cost)>,
    spent: Cost,
    root: Option<Node>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self { limits, stack: Vec::new(), anchors: HashMap::new(), spent: Cost::default(), root: None }
    }

    pub(super) fn finish(&mut self) -> Option<Node> {
        self.root.take()
    }

    pub(super) fn event(&mut self, event: Event<'_>, span: Span, report: &mut Report) -> Result<(), Refusal> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.wants_key() && tag.is_none() {
                    self.pay(Cost { nodes: 0, bytes: text.len() }, span)?;
                    return self.key(&text, style, anchor, span, report);
                }
                self.pay(Cost { nodes: 1, bytes: text.len() }, span)?;
                let node = Node::new(span, value(&text, style, tag.as_deref(), span)?);
                self.keep(anchor, &node, Cost { nodes: 1, bytes: text.len() })?;
                self.put(node)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(span, tag.as_deref(), "seq")?;
                self.stack.push(Open::List { span, items: Vec::new(), anchor, before: self.spent });
                Ok(())
            }
            Event::MappingStart(_, anchor, tag) => {
                self.open(span, tag.as_deref(), "map")?;
                let (map, merges, before) = (Map::new(), Vec::new(), self.spent);
                self.stack.push(Open::Map { span, map, key: None, merges, anchor, before });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span, report),
            _ => Ok(()),
        }
    }

    /// The beginning of a mapping.
    pub(super) fn open_map(&mut self, span: Span) -> Result<(), Refusal> {
        self.open(span, None, "map")?;
        let (map, merges, before) = (Map::new(), Vec::new(), self.spent);
        self.stack.push(Open::Map { span, map, key: None, merges, anchor: 0, before });
        Ok(())
    }

    /// The beginning of a list.
    pub(super) fn open_list(&mut self, span: Span) -> Result<(), Refusal> {
        self.open(span, None, "seq")?;
        self.stack.push(Open::List { span, items: Vec::new(), anchor: 0, before: self.spent });
        Ok(())
    }

    /// A field's name.
    pub(super) fn field(&mut self, name: &str, span: Span, report: &mut Report) -> Result<(), Refusal> {
        self.pay(Cost { nodes: 0, bytes: name.len() }, span)?;
        self.key(name, ScalarStyle::DoubleQuoted, 0, span, report)
    }

    /// A value that is neither mapping nor list.
    pub(super) fn value(&mut self, node: Node) -> Result<(), Refusal> {
        let bytes = node.as_text().map_or(0, str::len);
        self.pay(Cost { nodes: 1, bytes }, node.span)?;
        self.put(node)
    }

    fn wants_key(&self) -> bool {
        matches!(self.stack.last(), Some(Open::Map { key: None, .. }))
    }

    fn pay(&mut self, cost: Cost, span: Span) -> Result<(), Refusal> {
        self.spent.nodes = self.spent.nodes.saturating_add(cost.nodes);
        self.spent.bytes = self.spent.bytes.saturating_add(cost.bytes);
        let (nodes, bytes) = (self.limits.nodes, self.limits.expanded_bytes);
        if self.spent.nodes > nodes {
            let message = format!("the document has more than {nodes} values (aliases count for all that they repeat)");
            return Err(Refusal::new(Rule::Limit, span, message));
        }
        if self.spent.bytes > bytes {
            let message = format!("with its aliases expanded the document has more than {bytes} bytes");
            return Err(Refusal::new(Rule::Limit, span, message));
        }
        Ok(())
    }

    fn open(&mut self, span: Span, tag: Option<&Tag>, expected: &str) -> Result<(), Refusal> {
        if self.wants_key() {
            let message = "a key must be a word, not a list or a mapping".to_owned();
            let mut refusal = Refusal::new(Rule::YamlFeature, span, message);
            // `{{name}}` without quotes is a mapping with a mapping as its key.
            let inner = matches!(self.stack.last(), Some(Open::Map { map, span: outer, .. }) if map.is_empty() && outer.start + 1 == span.start);
            refusal.fix = inner.then_some("a variable goes in quotes: \"{{name}}\"");
            return Err(refusal);
        }
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema_tag(expected) && tag.original() != "!") {
            return Err(unknown_tag(tag, span));
        }
        if self.stack.len() >= self.limits.depth {
            let message = format!("the document is nested deeper than {} levels", self.limits.depth);
            return Err(Refusal::new(Rule::Limit, span, message));
        }
        self.pay(Cost { nodes: 1, bytes: 0 }, span)
    }

    fn key(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        span: Span,
        report: &mut Report,
    ) -> Result<(), Refusal> {
        let text: Arc<str> = Arc::from(text);
        self.keep(anchor, &Node::new(span, Value::Text(text.clone())), Cost { nodes: 1, bytes: text.len() })?;
        let merge = &*text == "<<" && style == ScalarStyle::Plain;
        if let Some(Open::Map { map, key, .. }) = self.stack.last_mut() {
            if let Some(first) = map.get(&text).filter(|_| !merge) {
                let place = report.place(first.key);
                let message = format!("'{text}' stands twice in one mapping");
                report.error(Rule::DuplicateField, span, message).related(place, "it stands here already");
            }
            *key = Some(Key { text, span, merge });
        }
        Ok(())
    }

    /// Remembers an anchored value; the copy is paid for, since anchors can be nested in anchors.
    fn keep(&mut self, anchor: usize, node: &Node, cost: Cost) -> Result<(), Refusal> {
        if anchor != 0 {
            self.pay(cost, node.span)?;
            self.anchors.insert(anchor, (node.clone(), cost));
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, span: Span, report: &mut Report) -> Result<(), Refusal> {
        let cost = self.anchors.get(&id).map(|(_, cost)| *cost).unwrap_or_default();
        // Paid before it is copied: that is what makes a bomb cheap to refuse.
        self.pay(cost, span)?;
        let Some((node, _)) = self.anchors.get(&id) else {
            let message = "an alias inside of what it stands for".to_owned();
            return Err(Refusal::new(Rule::Yaml, span, message));
        };
        let node = node.clone();
        if node.depth(self.limits.depth) + self.stack.len() > self.limits.depth {
            let message = format!("with its aliases expanded the document is deeper than {} levels", self.limits.depth);
            return Err(Refusal::new(Rule::Limit, span, message));
        }
        if self.wants_key() {
            let Some(text) = node.as_text().map(Arc::<str>::from) else {
                let message = "a key must be a word, not a list or a mapping".to_owned();
                return Err(Refusal::new(Rule::YamlFeature, span, message));
            };
            return self.key(&text, ScalarStyle::DoubleQuoted, 0, span, report);
        }
        self.put(node)
    }

    pub(super) fn close(&mut self, end: Span) -> Result<(), Refusal> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let (node, anchor, before) = match open {
            Open::List { span, items, anchor, before } => {
                (Node::new(until(span, end), Value::List(items)), anchor, before)
            }
            Open::Map { span, mut map, merges, anchor, before, .. } => {
                for merged in merges {
                    self.merge(&mut map, merged)?;
                }
                (Node::new(until(span, end), Value::Map(map)), anchor, before)
            }
        };
        let cost = Cost {
            nodes: self.spent.nodes.saturating_sub(before.nodes) + 1,
            bytes: self.spent.bytes.saturating_sub(before.bytes),
        };
        self.keep(anchor, &node, cost)?;
        self.put(node)
    }

    /// `<<`: what stands in the mapping itself wins, then the earlier of the merged ones.
    fn merge(&mut self, map: &mut Map, merged: Node) -> Result<(), Refusal> {
        match merged.value {
            Value::Map(other) => {
                for (key, entry) in other {
                    map.entry(key).or_insert(entry);
                }
                Ok(())
            }
            Value::List(items) if items.iter().all(|item| item.as_map().is_some()) => {
                items.into_iter().try_for_each(|item| self.merge(map, item))
            }
            Value::Null => Ok(()),
            _ => {
                let message = "'<<' merges a mapping or a list of mappings".to_owned();
                Err(Refusal::new(Rule::YamlFeature, merged.span, message))
            }
        }
    }

    fn put(&mut self, node: Node) -> Result<(), Refusal> {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { map, key, merges, .. }) => match key.take() {
                Some(key) if key.merge => merges.push(node),
                Some(key) => {
                    let entry =
                        map.entry(key.text).or_insert(Entry { key: key.span, node: Node::new(key.span, Value::Null) });
                    // Of two equal keys the first that says something counts; that there are two is reported.
                    if entry.node.is_null() {
                        *entry = Entry { key: key.span, node };
                    }
                }
                None => {
                    let message = "a key must be a plain word".to_owned();
                    return Err(Refusal::new(Rule::YamlFeature, node.span, message));
                }
            },
        }
        Ok(())
    }
}

impl Node {
    /// Levels below this value, counted no further than one over the limit.
    fn depth(&self, limit: usize) -> usize {
        let below = |nodes: &mut dyn Iterator<Item = &Node>| nodes.map(|n| n.depth(limit - 1)).max().unwrap_or(0);
        match &self.value {
            _ if limit == 0 => 0,
            Value::List(items) => 1 + below(&mut items.iter()),
            Value::Map(map) => 1 + below(&mut map.values().map(|e| &e.node)),
            _ => 0,
        }
    }
}

fn until(start: Span, end: Span) -> Span {
    Span { end: end.end.max(start.end), ..start }
}

fn value(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, Refusal> {
    let as_text = || Value::Text(Arc::from(text));
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain { scalar::plain(text) } else { as_text() });
    };
    let wrong = || {
        let message = format!("'{text}' is not what its tag {} says", tag.original());
        Refusal::new(Rule::YamlFeature, span, message)
    };
    match tag.core_suffix() {
        Some("str") => Ok(as_text()),
        Some("null") => Ok(Value::Null),
        Some("bool") => match scalar::plain(text) {
            value @ Value::Bool(_) => Ok(value),
            _ => Err(wrong()),
        },
        Some("int" | "float") => scalar::number(text).map(Value::Number).ok_or_else(wrong),
        _ if tag.original() == "!" => Ok(as_text()),
        _ => Err(unknown_tag(tag, span)),
    }
}

fn unknown_tag(tag: &Tag, span: Span) -> Refusal {
    Refusal::new(Rule::YamlFeature, span, format!("the tag {} means nothing in a devfile", tag.original()))
}
