//! `mounts`: volumes stay, what is of another machine does not.

use super::super::make::{flag, list, map, text};
use super::super::shell::label;
use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::node::Node;
use std::collections::HashMap;

#[derive(Default)]
struct Mount {
    kind: String,
    source: String,
    target: String,
}

/// The mounts of the container, and the volume components.
pub(super) fn of(tree: &Node, report: &mut Report) -> (Node, Vec<Node>) {
    let items = tree.get("mounts").map(Node::items).unwrap_or_default();
    let mut names: HashMap<String, String> = HashMap::new();
    let mut taken: HashMap<String, usize> = HashMap::new();
    let (mut mounts, mut volumes) = (Vec::new(), Vec::new());
    for item in items {
        let span = item.span;
        let Some(mount) = read(item, report) else { continue };
        if mount.kind == "bind" {
            let message = format!("'{}' is a folder of another machine; the mount is left out", mount.source);
            report.warning(Rule::Unsupported, span, message).fix("mount a volume: type=volume");
            continue;
        }
        let ephemeral = mount.kind == "tmpfs";
        let source = if ephemeral || mount.source.is_empty() { mount.target.clone() } else { mount.source.clone() };
        let name = match names.get(&source) {
            Some(name) => name.clone(),
            None => {
                let name = free(&source.replace("${devcontainerId}", ""), &mut taken);
                let volume = map(span, [("ephemeral", ephemeral.then(|| flag(span, true)))]);
                volumes.push(map(span, [("name", Some(text(span, &name))), ("volume", Some(volume))]));
                names.insert(source, name.clone());
                name
            }
        };
        mounts.push(map(span, [("name", Some(text(span, name))), ("path", Some(text(span, mount.target)))]));
    }
    (list(tree.span, mounts), volumes)
}

/// A name that no other volume has, and no component of ours. `taken` has the names, each with how often it was wanted.
fn free(source: &str, taken: &mut HashMap<String, usize>) -> String {
    let base = match label(source, 50) {
        base if base.is_empty() || base == "dev" || base == "image" => {
            format!("volume-{base}").trim_end_matches('-').to_owned()
        }
        base => base,
    };
    let mut name = base.clone();
    while taken.contains_key(&name) {
        let wanted = taken.entry(base.clone()).or_insert(1);
        *wanted += 1;
        name = format!("{base}-{wanted}");
    }
    taken.insert(name.clone(), 1);
    name
}

fn read(item: &Node, report: &mut Report) -> Option<Mount> {
    let mut mount = Mount { kind: "volume".to_owned(), ..Mount::default() };
    if let Some(line) = item.as_text() {
        for part in line.split(',') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name.trim() {
                "type" => value.clone_into(&mut mount.kind),
                "source" | "src" => value.clone_into(&mut mount.source),
                "target" | "destination" | "dst" => value.clone_into(&mut mount.target),
                _ => {}
            }
        }
    } else {
        let field = |name: &str| item.get(name).and_then(Node::as_text).map(str::to_owned);
        mount.kind = field("type").unwrap_or(mount.kind);
        mount.source = field("source").unwrap_or_default();
        mount.target = field("target").unwrap_or_default();
    }
    let problem = if !matches!(mount.kind.as_str(), "volume" | "bind" | "tmpfs") {
        format!("a mount of type '{}' is not known: it is volume, bind or tmpfs", mount.kind)
    } else if !mount.target.starts_with('/') && mount.kind != "bind" {
        "a mount needs a target that begins with '/': source=name,target=/path,type=volume".to_owned()
    } else {
        return Some(mount);
    };
    report.error(Rule::Format, item.span, problem);
    None
}
