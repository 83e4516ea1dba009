//! A `workspace.yaml` as a devfile.

use super::make::{self, COMPONENT, composite, entries, exec, list, map, text, unless_empty, written};
use super::shell::quoted;
use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::node::{Node, Value};
use crate::source::Span;

/// Seconds without activity, where the file says nothing.
const IDLE: u64 = 1200;

pub(super) fn devfile(tree: &Node, report: &mut Report) -> Node {
    let span = tree.span;
    let field = |name: &str| tree.get(name).cloned();
    let commands = startup(tree, report);
    let events = commands.last().and_then(|last| last.get("id").cloned()).map(|id| {
        let at = id.span;
        map(at, [("postStart", Some(list(at, vec![id])))])
    });
    let idle = field("ttl_seconds").unwrap_or_else(|| make::number(span, IDLE));
    let attributes = map(
        span,
        [
            ("dormer.dev/project", field("project")),
            ("dormer.dev/domain", field("domain")),
            ("dormer.dev/accelerator", field("accelerator")),
            ("dormer.dev/idle-timeout", Some(idle)),
            ("dormer.dev/secrets", secrets(tree)),
            ("dormer.dev/source", source(tree)),
            ("dormer.dev/devfile", field("devfile")),
        ],
    );
    let metadata = map(span, [("name", field("name")), ("description", field("description"))]);
    map(
        span,
        [
            ("schemaVersion", Some(text(span, "2.3.0"))),
            ("metadata", unless_empty(metadata)),
            ("attributes", Some(attributes)),
            ("components", Some(list(span, vec![component(tree, report)]))),
            ("commands", unless_empty(list(span, commands))),
            ("events", events),
        ],
    )
}

fn component(tree: &Node, report: &mut Report) -> Node {
    let span = tree.span;
    let image = tree.get("container_image");
    let at = image.map_or(span, |image| image.span);
    // Without an image it is the one of whoever runs the workspace.
    let name =
        image.and_then(|image| image.as_text().map(str::to_owned).or_else(|| image.get("name").and_then(written)));
    let recipe = image.filter(|image| image.as_map().is_some());
    if recipe.is_some_and(|recipe| recipe.as_map().is_some_and(|fields| fields.len() > 1)) {
        let message = "the image is built from its list of packages only where a builder is configured; elsewhere it is taken as it is";
        report.warning(Rule::Unsupported, at, message);
    }
    let resources = tree.get("resources");
    let amount = |names: &[&str]| {
        let node = names.iter().find_map(|name| resources?.get(name))?;
        written(node).filter(|text| !text.is_empty()).map(|value| text(node.span, value))
    };
    let (cpu, memory) = (amount(&["cpu"]), amount(&["mem", "memory"]));
    let container = map(
        at,
        [
            ("image", Some(text(at, name.unwrap_or_default()))),
            ("memoryLimit", memory.clone()),
            ("memoryRequest", memory),
            ("cpuLimit", cpu.clone()),
            ("cpuRequest", cpu),
        ],
    );
    let attributes = map(at, [("dormer.dev/gpu", amount(&["gpu"])), ("dormer.dev/image", recipe.cloned())]);
    map(
        at,
        [("name", Some(text(at, COMPONENT))), ("attributes", unless_empty(attributes)), ("container", Some(container))],
    )
}

/// The commands of `on_startup`, the one to run last.
fn startup(tree: &Node, report: &mut Report) -> Vec<Node> {
    let Some(node) = tree.get("on_startup") else { return Vec::new() };
    match &node.value {
        Value::Text(line) if !line.trim().is_empty() => vec![exec(node.span, "on-startup", &line_of(line), false)],
        Value::List(items) if !items.is_empty() => {
            let mut commands = Vec::new();
            let mut ids = Vec::new();
            for (line, span) in items.iter().filter_map(|item| Some((item.as_text()?, item.span))) {
                let id = format!("on-startup-{}", ids.len() + 1);
                commands.push(exec(span, &id, &line_of(line), false));
                ids.push(id);
            }
            commands.push(composite(node.span, "on-startup", &ids, false, false));
            commands
        }
        Value::Text(_) | Value::List(_) => {
            report.warning(Rule::Unsupported, node.span, "'on_startup' is empty, so nothing is run");
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// A command as it is; a script's path as what runs it, whether its mode says that it is a program or not.
fn line_of(line: &str) -> String {
    let line = line.trim();
    let path = !line.contains(|c: char| c.is_whitespace() || ";|&$`'\"<>()*?".contains(c));
    let script = line.ends_with(".sh") || line.starts_with("./") || line.starts_with("../");
    if !path || !script {
        return line.to_owned();
    }
    let program = if line.contains('/') { quoted(line) } else { format!("./{}", quoted(line)) };
    format!("if [ -f {program} ] && [ ! -x {program} ]; then exec sh {program}; fi; exec {program}")
}

/// The repository: its address alone, or with a ref or a request.
fn source(tree: &Node) -> Option<Node> {
    let node = tree.get("source")?;
    if node.as_text().is_some() {
        return Some(map(node.span, [("url", Some(node.clone()))]));
    }
    let field = |name: &str| node.get(name).cloned();
    Some(map(node.span, [("url", field("url")), ("ref", field("ref")), ("mergeRequest", field("merge_request"))]))
}

fn secrets(tree: &Node) -> Option<Node> {
    let items = tree.get("secrets")?;
    let secret = |item: &Node| -> Option<Node> {
        let key = item.get("key")?;
        let (env, file) = (item.get("env_var"), item.get("mount_file"));
        // One that says neither is a variable of its own name.
        let own = (env.is_none() && file.is_none()).then(|| variable(key)).flatten();
        let fields = [("key", Some(key.clone())), ("env", env.cloned().or(own)), ("file", file.cloned())];
        let fields = fields.into_iter().filter_map(|(name, node)| Some((name.to_owned(), node?)));
        Some(entries(item.span, fields))
    };
    unless_empty(list(items.span, items.items().iter().filter_map(secret).collect()))
}

fn variable(key: &Node) -> Option<Node> {
    let span: Span = key.span;
    let name: String =
        key.as_text()?.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    Some(text(span, name))
}
