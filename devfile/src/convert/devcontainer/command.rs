//! The commands of a life, in the order of the specification, each in its three forms.

use super::super::make::{composite, exec, list, map, text};
use super::super::shell::{label, quoted};
use super::fields;
use super::variable::{Style, reference, substituted};
use crate::diagnostic::Report;
use crate::node::{Node, Value};
use crate::source::Span;
use indexmap::IndexSet;

/// Field, id, and whether it runs once in the life of the workspace. A tool that attaches finds the workspace started,
/// so what is meant for it runs at the end of each start.
const PHASES: [(&str, &str, bool); 5] = [
    ("onCreateCommand", "on-create", true),
    ("updateContentCommand", "update-content", true),
    ("postCreateCommand", "post-create", true),
    ("postStartCommand", "post-start", false),
    ("postAttachCommand", "post-attach", false),
];

/// The commands and the events.
pub(super) fn of(tree: &Node, report: &mut Report) -> (Vec<Node>, Option<Node>) {
    let mut commands = Vec::new();
    let mut phases = Vec::new();
    for (field, id, once) in PHASES {
        let Some(node) = tree.get(field) else { continue };
        if phase(node, id, once, &mut commands, report) {
            phases.push(id.to_owned());
        }
    }
    if phases.is_empty() {
        return (commands, None);
    }
    let span = tree.span;
    let ids = phases.iter().map(|id| text(span, id)).collect();
    (commands, Some(map(span, [("postStart", Some(list(span, ids)))])))
}

fn phase(node: &Node, id: &str, once: bool, commands: &mut Vec<Node>, report: &mut Report) -> bool {
    let span = node.span;
    if let Some(line) = line(node, report) {
        commands.push(exec(span, id, &line, once));
        return true;
    }
    if !matches!(node.value, Value::Map(_)) {
        return false;
    }
    let mut parts: IndexSet<String> = IndexSet::new();
    for (name, _, node) in fields(node) {
        let Some(line) = line(node, report) else { continue };
        let name = match label(name, 40) {
            name if name.is_empty() || parts.contains(&format!("{id}-{name}")) => format!("{name}{}", parts.len() + 1),
            name => name,
        };
        let part = format!("{id}-{name}");
        commands.push(exec(node.span, &part, &line, false));
        parts.insert(part);
    }
    if parts.is_empty() {
        return false;
    }
    let parts: Vec<String> = parts.into_iter().collect();
    commands.push(composite(span, id, &parts, true, once));
    true
}

/// A text is for a shell; a list is a program and its arguments, which no shell reads.
fn line(node: &Node, report: &mut Report) -> Option<String> {
    let span: Span = node.span;
    match &node.value {
        Value::Text(line) if !line.trim().is_empty() => Some(substituted(line, Style::Shell, span, report)),
        Value::List(words) if !words.is_empty() => Some(
            words
                .iter()
                .filter_map(Node::as_text)
                .map(|word| argument(word, span, report))
                .collect::<Vec<_>>()
                .join(" "),
        ),
        _ => None,
    }
}

/// A word with what it refers to in double quotes, and all else as it is.
fn argument(word: &str, span: Span, report: &mut Report) -> String {
    let mut out = String::new();
    let mut plain = String::new();
    let mut rest = word;
    while let Some((before, from)) = rest.split_once("${") {
        plain.push_str(before);
        let Some((value, after)) = reference(from, Style::Shell, span, report) else {
            plain.push_str("${");
            rest = from;
            continue;
        };
        if !plain.is_empty() {
            out.push_str(&quoted(&plain));
            plain.clear();
        }
        match value.starts_with('$') {
            true => out.push_str(&format!("\"{value}\"")),
            false => out.push_str(&quoted(&value)),
        }
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() || out.is_empty() {
        out.push_str(&quoted(&plain));
    }
    out
}
