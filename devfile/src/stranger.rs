//! Files that are taken for devfiles and are none: told by name, since a list of their unknown fields would help nobody.

use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::node::Node;

/// What a file without a `schemaVersion` is, if it is one that people mix up with a devfile. Then the report says so.
pub(crate) fn told(tree: &Node, report: &mut Report) -> bool {
    let key = |name: &str| tree.as_map().and_then(|map| map.get(name)).map(|entry| entry.key);
    let kind = tree.get("kind").and_then(Node::as_text);
    let version = tree.get("apiVersion").and_then(Node::as_text).unwrap_or_default();
    let (at, message, fix) = match kind {
        Some("DevWorkspace" | "DevWorkspaceTemplate") => (
            key("kind"),
            "this is an object of Kubernetes that holds a devfile, not a devfile".to_owned(),
            "a devfile is its 'spec' (of a DevWorkspace: 'spec.template') with a 'schemaVersion'",
        ),
        Some(_) if key("apiVersion").is_some() => (
            key("kind"),
            "this is an object of Kubernetes, not a devfile".to_owned(),
            "a devfile has a 'schemaVersion'",
        ),
        _ if version.starts_with("1.") => (
            key("apiVersion"),
            format!("this is a devfile of version {version}; those from 2.0.0 on are read"),
            "write it anew: components are 'container', 'volume', …, and commands have an 'id' and an 'exec'",
        ),
        _ if tree.get("services").is_some_and(|services| services.as_map().is_some()) => (
            key("services"),
            "this is a file for Docker Compose, not a devfile".to_owned(),
            "write a devfile with a container component for each service",
        ),
        _ => return false,
    };
    report.error(Rule::SchemaVersion, at.unwrap_or(tree.span), message).fix(fix);
    true
}
