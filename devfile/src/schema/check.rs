//! A tree against the tables: every problem, not the first.
//!
//! The check also settles what the tables know and the tree does not: a `null` field is absent, `8080.0` is a port.

use super::devcontainer::DEVCONTAINER;
use super::tables::{DEVFILE, PARENT_OVERRIDES, PLUGIN_OVERRIDES};
use super::workspace::WORKSPACE;
use super::{Dialect, Field, Mode, Object, Shape};
use crate::diagnostic::rule::Rule;
use crate::diagnostic::{Report, Severity, nearest};
use crate::node::{Map, Node, Value};
use crate::source::Span;
use std::fmt;

/// Checks a whole document.
pub(crate) fn check(root: &mut Node, dialect: Dialect, report: &mut Report) {
    let (object, mode) = match dialect {
        Dialect::Devfile(_) | Dialect::Template => (&DEVFILE, Mode::Main),
        Dialect::ParentOverrides => (&PARENT_OVERRIDES, Mode::ParentOverride),
        Dialect::PluginOverrides => (&PLUGIN_OVERRIDES, Mode::PluginOverride),
        Dialect::WorkspaceFile => (&WORKSPACE, Mode::Main),
        Dialect::Devcontainer => (&DEVCONTAINER, Mode::Main),
    };
    Check { dialect, report }.object(root, object, mode, What::Document);
}

/// What a value is, for messages.
#[derive(Clone, Copy)]
enum What {
    Document,
    Field(&'static str),
    Item(&'static str),
}

impl What {
    fn item(self) -> Self {
        match self {
            Self::Field(name) | Self::Item(name) => Self::Item(name),
            Self::Document => self,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => f.write_str("the document"),
            Self::Field(name) => write!(f, "'{name}'"),
            Self::Item(name) => write!(f, "an item of '{name}'"),
        }
    }
}

struct Check<'a> {
    dialect: Dialect,
    report: &'a mut Report,
}

impl Check<'_> {
    fn shape(&mut self, node: &mut Node, shape: Shape, mode: Mode, what: What) {
        match shape {
            Shape::Object(object) => self.object(node, object(), mode, what),
            Shape::List(of) | Shape::Set(of) => {
                let Value::List(items) = &mut node.value else { return self.wrong(node, "a list", what) };
                for node in items.iter_mut() {
                    self.shape(node, *of, mode, what.item());
                }
                if matches!(shape, Shape::Set(_)) {
                    self.distinct(node, what);
                }
            }
            Shape::Free if node.as_map().is_none() => self.wrong(node, "a mapping", what),
            Shape::Free => {}
            Shape::Any => {}
            Shape::Count => {
                if !matches!(&node.value, Value::Number(number) if number.is_u64()) {
                    self.wrong(node, "a whole number", what);
                }
            }
            Shape::Either(shapes, words) => match shapes.iter().find(|shape| shape.fits(node)) {
                Some(fitting) => self.shape(node, *fitting, mode, what),
                None => self.wrong(node, words, what),
            },
            Shape::MapOf(of) => {
                let Value::Map(map) = &mut node.value else { return self.wrong(node, "a mapping", what) };
                for entry in map.values_mut().filter(|entry| !entry.node.is_null()) {
                    self.shape(&mut entry.node, *of, mode, what.item());
                }
            }
            Shape::Texts => self.texts(node, what),
            Shape::Text => {
                if node.as_text().is_none() {
                    self.wrong(node, "a text", what);
                }
            }
            Shape::Bool => {
                if !matches!(node.value, Value::Bool(_)) {
                    self.wrong(node, "true or false", what);
                }
            }
            Shape::Port => self.port(node, what),
            Shape::Form(form) => match node.as_text() {
                None => self.wrong(node, "a text", what),
                Some(text) => {
                    if let Some(complaint) = form.complaint(text, self.dialect) {
                        self.report.error(Rule::Format, node.span, format!("{what}: {complaint}"));
                    }
                }
            },
            Shape::Choice(words) => self.choice(node, words, what),
        }
    }

    fn object(&mut self, node: &mut Node, object: &'static Object, mode: Mode, what: What) {
        let span = node.span;
        let Value::Map(map) = &mut node.value else { return self.wrong(node, "a mapping", what) };
        // Fields that are probably there under a wrong name: they are not missed a second time.
        let mut meant: Vec<&str> = Vec::new();
        for (key, entry) in map.iter_mut() {
            match object.field(key).filter(|field| field.known_to(self.dialect, mode)) {
                Some(_) if entry.node.is_null() => {}
                Some(field) => self.shape(&mut entry.node, field.shape, field.mode(mode), What::Field(field.name)),
                None if object.open => {}
                None => meant.extend(self.unknown(key, entry.key, object, mode)),
            }
        }
        let absent: Vec<(std::sync::Arc<str>, Span)> =
            map.iter().filter(|(_, e)| e.node.is_null()).map(|(key, e)| (key.clone(), e.key)).collect();
        if absent.is_empty() {
            // As it should be: nothing to take out.
        } else if !object.open {
            map.retain(|_, entry| !entry.node.is_null());
        } else {
            map.retain(|key, entry| !entry.node.is_null() || object.field(key).is_none());
        }
        for field in object.fields.iter().filter(|f| f.known_to(self.dialect, mode) && f.required_in(mode)) {
            if !map.contains_key(field.name) && !meant.contains(&field.name) {
                let place = absent.iter().find(|(key, _)| &**key == field.name).map_or(head(span, map), |(_, at)| *at);
                let message = format!("{} needs '{}'", object.name, field.name);
                self.report.error(Rule::MissingField, place, message);
            }
        }
        if !object.one_of(mode).iter().any(|member| meant.contains(member)) {
            self.one_of(map, span, object, mode);
        }
    }

    fn one_of(&mut self, map: &Map, span: Span, object: &'static Object, mode: Mode) {
        let known = |name: &&&str| object.field(name).is_some_and(|f| f.known_to(self.dialect, mode));
        let members: Vec<&str> = object.one_of(mode).iter().filter(known).copied().collect();
        let mut present = members.iter().filter_map(|name| map.get(*name).map(|entry| (*name, entry.key)));
        let (first, second) = (present.next(), present.next());
        match (first, second) {
            _ if members.is_empty() => {}
            (None, _) => {
                let message = match members.as_slice() {
                    [one] => format!("{} needs '{one}'", object.name),
                    _ => format!("{} needs one of {}", object.name, words(&members)),
                };
                self.report.error(Rule::OneOf, head(span, map), message);
            }
            (Some((first, at)), Some((second, also))) => {
                let place = self.report.place(at);
                let message = format!("{} has '{first}' or '{second}', not both", object.name);
                self.report.error(Rule::OneOf, also, message).related(place, format!("'{first}' stands here"));
            }
            (Some(_), None) => {}
        }
    }

    /// Reports an unknown field; gives the one that was probably meant.
    fn unknown(&mut self, key: &str, span: Span, object: &'static Object, mode: Mode) -> Option<&'static str> {
        if self.report.is_full() {
            // It is only counted, so nobody reads what may have been meant.
            if self.dialect != Dialect::Devcontainer {
                self.report.error(Rule::UnknownField, span, "");
            }
            return None;
        }
        let shown: String = key.chars().take(60).collect();
        let dialect = self.dialect;
        let elsewhere = object.field(key).filter(|f| f.modes.contains(&mode)).and_then(Field::editions);
        if let (Some((from, until)), Dialect::Devfile(edition)) = (elsewhere, dialect) {
            let message = format!("schemaVersion {edition} has no '{shown}' in {}", object.name);
            let diagnostic = self.report.error(Rule::UnknownField, span, message);
            if edition < from {
                diagnostic.fix(format!("it came with schemaVersion {from}"));
            } else {
                diagnostic.fix(format!("it went after schemaVersion {until}"));
            }
            return object.field(key).map(|field| field.name);
        }
        let known: Vec<&'static str> =
            object.fields.iter().filter(|f| f.known_to(dialect, mode)).map(|field| field.name).collect();
        let message = format!("unknown field '{shown}' in {}", object.name);
        let diagnostic = self.report.error(Rule::UnknownField, span, message);
        // Tools may read fields of their own out of a devcontainer.json, and its specification grows.
        if dialect == Dialect::Devcontainer {
            diagnostic.severity = Severity::Warning;
        }
        let near = nearest(key, &known);
        match near {
            Some(near) => diagnostic.fix(format!("did you mean '{near}'?")),
            None => diagnostic.fix(format!("it may have {}", words(&known))),
        };
        near
    }

    fn texts(&mut self, node: &mut Node, what: What) {
        let Value::Map(map) = &mut node.value else { return self.wrong(node, "a mapping of texts", what) };
        map.retain(|_, entry| !entry.node.is_null());
        for entry in map.values() {
            if entry.node.as_text().is_none() {
                self.wrong(&entry.node, "a text", what.item());
            }
        }
    }

    fn distinct(&mut self, node: &Node, what: What) {
        let mut seen: Vec<&Node> = Vec::new();
        for item in node.items().iter().take(64) {
            if let Some(first) = seen.iter().find(|other| **other == item) {
                let place = self.report.place(first.span);
                let message = format!("{} stands twice in {what}", item.as_text().unwrap_or("a value"));
                self.report.error(Rule::DuplicateItem, item.span, message).related(place, "it stands here already");
            }
            seen.push(item);
        }
    }

    fn port(&mut self, node: &mut Node, what: What) {
        let Value::Number(number) = &node.value else { return self.wrong(node, "a port number", what) };
        let port = number.as_u64().or_else(|| {
            let value = number.as_f64().filter(|v| v.fract() == 0.0 && (0.0..=65535.0).contains(v))?;
            format!("{value:.0}").parse().ok()
        });
        match port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0) {
            Some(port) => node.value = Value::Number(port.into()),
            None => {
                self.report.error(Rule::Type, node.span, format!("{what} must be a port: 1 to 65535"));
            }
        }
    }

    fn choice(&mut self, node: &Node, all: &'static [(&'static str, super::Edition)], what: What) {
        let Some(text) = node.as_text() else { return self.wrong(node, "a word", what) };
        let edition = self.dialect.edition();
        let allowed: Vec<&str> = all.iter().filter(|(_, from)| *from <= edition).map(|(word, _)| *word).collect();
        if allowed.contains(&text) {
            return;
        }
        let shown: String = text.chars().take(60).collect();
        let message = format!("{what} is '{shown}'; it must be one of {}", words(&allowed));
        let diagnostic = self.report.error(Rule::Choice, node.span, message);
        if let Some((_, from)) = all.iter().find(|(word, _)| *word == text) {
            diagnostic.fix(format!("'{shown}' came with schemaVersion {from}"));
        } else if let Some(near) = nearest(text, &allowed) {
            diagnostic.fix(format!("did you mean '{near}'?"));
        }
    }

    fn wrong(&mut self, node: &Node, expected: &str, what: What) {
        let written: String = self.report.sources.text(node.span).trim().chars().take(60).collect();
        let message = format!("{what} must be {expected}, not {}", node.kind());
        let diagnostic = self.report.error(Rule::Type, node.span, message);
        match (&node.value, expected) {
            (Value::Bool(_) | Value::Number(_), "a text" | "a word") if !written.is_empty() => {
                diagnostic.fix(format!("put it in quotes: '{written}'"));
            }
            (Value::Text(text), "true or false") => {
                let meant = match text.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "y" | "true" => "true",
                    "no" | "off" | "n" | "false" => "false",
                    _ => return,
                };
                diagnostic.fix(format!("write {meant}, without quotes"));
            }
            (Value::Text(text), "a port number") if text.parse::<u16>().is_ok() => {
                diagnostic.fix("write it without quotes");
            }
            _ => {}
        }
    }
}

impl Shape {
    /// Whether a value is of the kind that the shape is about, right or wrong.
    fn fits(self, node: &Node) -> bool {
        match (self, &node.value) {
            (Shape::Any, _)
            | (Shape::Text | Shape::Form(_) | Shape::Choice(_), Value::Text(_))
            | (Shape::Bool, Value::Bool(_))
            | (Shape::Port | Shape::Count, Value::Number(_))
            | (Shape::List(_) | Shape::Set(_), Value::List(_))
            | (Shape::Free | Shape::Texts | Shape::MapOf(_) | Shape::Object(_), Value::Map(_)) => true,
            (Shape::Either(shapes, _), _) => shapes.iter().any(|shape| shape.fits(node)),
            _ => false,
        }
    }
}

/// The beginning of a mapping: its first key, which a person recognises better than the whole.
fn head(span: Span, map: &Map) -> Span {
    map.values().next().map_or(span, |entry| if entry.key.source == span.source { entry.key } else { span })
}

fn words(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}
