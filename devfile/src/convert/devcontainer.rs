//! A `devcontainer.json` as a devfile.

mod command;
mod image;
mod mount;
mod port;
mod variable;

use super::make::{COMPONENT, list, map, text, unless_empty};
use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::node::{Map, Node, Value};
use crate::source::Span;
use variable::Style;

pub(super) fn devfile(tree: &Node, report: &mut Report) -> Node {
    let span = tree.span;
    refuse(tree, report);
    let (image, built) = image::of(tree, report);
    let (mounts, volumes) = mount::of(tree, report);
    let (commands, events) = command::of(tree, report);
    let container = map(
        span,
        [
            ("image", Some(image)),
            ("env", unless_empty(environment(tree, report))),
            ("volumeMounts", unless_empty(mounts)),
            ("memoryRequest", requirement(tree, "memory", report)),
            ("cpuRequest", tree.get("hostRequirements").and_then(|of| of.get("cpus")).and_then(amount)),
            ("endpoints", unless_empty(port::of(tree, report))),
        ],
    );
    let component = map(
        span,
        [
            ("name", Some(text(span, COMPONENT))),
            ("attributes", unless_empty(attributes(tree))),
            ("container", Some(container)),
        ],
    );
    let components = std::iter::once(component).chain(built).chain(volumes).collect();
    let name = tree.get("name").map(|name| map(name.span, [("name", Some(name.clone()))]));
    map(
        span,
        [
            ("schemaVersion", Some(text(span, "2.3.0"))),
            ("metadata", name),
            ("attributes", unless_empty(editor(tree))),
            ("components", Some(list(span, components))),
            ("commands", unless_empty(list(span, commands))),
            ("events", events),
        ],
    )
}

/// What nothing here can do: an error where the workspace would not be what was meant, else a warning.
fn refuse(tree: &Node, report: &mut Report) {
    let key = |name: &str| tree.as_map().and_then(|map| map.get(name)).map(|entry| entry.key);
    if let Some(features) = tree.get("features").and_then(Node::as_map).filter(|features| !features.is_empty()) {
        let names: Vec<&str> = features.keys().map(|name| &**name).take(10).collect();
        let message = format!("features are not installed here: {}", names.join(", "));
        let fix = "put what they bring into the image, or into a Dockerfile named by 'build'";
        report.error(Rule::Unsupported, key("features").unwrap_or(tree.span), message).fix(fix);
    }
    if let Some(span) = key("dockerComposeFile") {
        let fix = "name an 'image' or a 'build', or write a devfile with a component for each service";
        report.error(Rule::Unsupported, span, "Docker Compose files are not read here").fix(fix);
    }
    for (name, why) in [
        ("initializeCommand", "it is meant for the machine of whoever opens the workspace, and there is none here"),
        ("runArgs", "they are arguments of Docker's, and none is run here"),
        ("securityOpt", "they are options of Docker's, and none is run here"),
        ("workspaceMount", "the project is cloned into the workspace"),
        ("workspaceFolder", "the project is where ${containerWorkspaceFolder} says"),
    ] {
        if let Some(span) = key(name) {
            report.warning(Rule::Unsupported, span, format!("'{name}' is left out: {why}"));
        }
    }
}

/// `containerEnv`, then `remoteEnv`, which wins. A variable of `remoteEnv` that is `null` is taken away.
fn environment(tree: &Node, report: &mut Report) -> Node {
    let mut variables: Map = Map::new();
    for field in ["containerEnv", "remoteEnv"] {
        let said = tree.get(field).and_then(Node::as_map).into_iter().flatten();
        variables.extend(said.map(|(name, entry)| (name.clone(), entry.clone())));
    }
    variables.retain(|_, entry| !entry.node.is_null());
    let variable = |(name, entry): (&std::sync::Arc<str>, &crate::node::Entry)| {
        let value = entry.node.as_text().unwrap_or_default();
        let value = variable::substituted(value, Style::Environment, entry.node.span, report);
        map(entry.key, [("name", Some(text(entry.key, name))), ("value", Some(text(entry.node.span, value)))])
    };
    list(tree.span, variables.iter().map(variable).collect())
}

/// Attributes of the container: its user, its accelerators, its rights.
fn attributes(tree: &Node) -> Node {
    let user = tree.get("remoteUser").or_else(|| tree.get("containerUser"));
    let gpu = tree
        .get("hostRequirements")
        .and_then(|of| of.get("gpu"))
        .filter(|gpu| matches!(gpu.value, Value::Bool(true) | Value::Map(_)));
    let privileged = tree.get("privileged").filter(|node| matches!(node.value, Value::Bool(true)));
    let add = tree.get("capAdd").filter(|node| !node.items().is_empty());
    let capabilities = add.map(|add| map(add.span, [("add", Some(add.clone()))]));
    let security = map(tree.span, [("privileged", privileged.cloned()), ("capabilities", capabilities)]);
    let overrides = unless_empty(security).map(|security| map(tree.span, [("securityContext", Some(security))]));
    map(
        tree.span,
        [
            ("dormer.dev/user", user.cloned()),
            ("dormer.dev/gpu", gpu.map(|gpu| text(gpu.span, "1"))),
            ("container-overrides", overrides),
        ],
    )
}

/// What `customizations` say to VS Code; older files say it at the top.
fn editor(tree: &Node) -> Node {
    let code = tree.get("customizations").and_then(|all| all.get("vscode"));
    let of = |name: &str| code.and_then(|code| code.get(name)).or_else(|| tree.get(name));
    let extensions = of("extensions").map(|all| {
        // One with a minus before it is taken out of what a feature or an image brings.
        let wanted = |item: &&Node| item.as_text().is_some_and(|id| !id.starts_with('-'));
        list(all.span, all.items().iter().filter(wanted).cloned().collect())
    });
    let settings = of("settings").filter(|settings| settings.as_map().is_some());
    map(
        tree.span,
        [
            ("dormer.dev/vscode-extensions", extensions.and_then(unless_empty)),
            ("dormer.dev/vscode-settings", settings.cloned().and_then(unless_empty)),
        ],
    )
}

fn amount(node: &Node) -> Option<Node> {
    super::make::written(node).map(|value| text(node.span, value))
}

/// `8gb` as `8Gi`.
fn requirement(tree: &Node, name: &str, report: &mut Report) -> Option<Node> {
    let node = tree.get("hostRequirements")?.get(name)?;
    let written = super::make::written(node)?;
    let number = written.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = written.get(number.len()..)?.trim().to_ascii_lowercase();
    let unit = match unit.as_str() {
        "" => "",
        "kb" => "Ki",
        "mb" => "Mi",
        "gb" => "Gi",
        "tb" => "Ti",
        _ => {
            let message = format!("'{written}' is not an amount of {name}: a number with kb, mb, gb or tb");
            report.error(Rule::Quantity, node.span, message);
            return None;
        }
    };
    Some(text(node.span, format!("{number}{unit}")))
}

/// Fields of a mapping with their places.
fn fields(node: &Node) -> impl Iterator<Item = (&str, Span, &Node)> {
    node.as_map().into_iter().flatten().map(|(name, entry)| (&**name, entry.key, &entry.node))
}

/// Attributes for an image's build: the arguments of Docker's command line.
fn build_argument(name: &str, value: &str) -> String {
    format!("--build-arg={name}={value}")
}
