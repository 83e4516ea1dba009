//! Attributes that mean something here, and how they are read.

use std::fmt;

use dormer_devfile::diagnostic::nearest;
use dormer_devfile::model::Attributes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::plan::Plan;

/// GitLab's word for the container that the editor is in.
pub const INJECT_EDITOR: &str = "gl/inject-editor";
/// A patch of the rendered container.
pub const CONTAINER_OVERRIDES: &str = "container-overrides";
/// A patch of the rendered pod template.
pub const POD_OVERRIDES: &str = "pod-overrides";
/// Variables of all containers.
pub const WORKSPACE_ENV: &str = "workspaceEnv";
/// How volumes are kept.
pub const STORAGE_TYPE: &str = "controller.devfile.io/storage-type";
/// The runtime class of the pods.
pub const RUNTIME_CLASS: &str = "controller.devfile.io/runtime-class";
/// `disable`: nothing is cloned.
pub const PROJECT_CLONE: &str = "controller.devfile.io/project-clone";
/// The starter project to begin with.
pub const STARTER_PROJECT: &str = "controller.devfile.io/use-starter-project";
/// A container that is merged into another one.
pub const CONTRIBUTION: &str = "controller.devfile.io/container-contribution";
/// The container that others are merged into.
pub const MERGE_CONTRIBUTION: &str = "controller.devfile.io/merge-contribution";
/// Which were merged into it.
pub const MERGED: &str = "controller.devfile.io/merged-contributions";

/// Dormer's own, each with where it may stand.
pub const OURS: [(&str, Place); 14] = [
    (GPU, Place::Container),
    (IMAGE, Place::Container),
    (USER, Place::Container),
    (SHARE, Place::Endpoint),
    (ONCE, Place::Command),
    (IDLE_TIMEOUT, Place::Top),
    (PROJECT, Place::Top),
    (DOMAIN, Place::Top),
    (ACCELERATOR, Place::Top),
    (SECRETS, Place::Top),
    (EXTENSIONS, Place::Top),
    (SETTINGS, Place::Top),
    (SOURCE, Place::Top),
    (DEVFILE, Place::Top),
];
/// Accelerators of a container, by number.
pub const GPU: &str = "dormer.dev/gpu";
/// How an image is made from a list of packages, for a builder.
pub const IMAGE: &str = "dormer.dev/image";
/// The user that a container runs as.
pub const USER: &str = "dormer.dev/user";
/// Who may open a port.
pub const SHARE: &str = "dormer.dev/share";
/// A command that runs once in the life of a workspace.
pub const ONCE: &str = "dormer.dev/once";
/// Seconds without activity before the workspace stops.
pub const IDLE_TIMEOUT: &str = "dormer.dev/idle-timeout";
/// The project it belongs to.
pub const PROJECT: &str = "dormer.dev/project";
/// One of the project's environments.
pub const DOMAIN: &str = "dormer.dev/domain";
/// Which accelerator.
pub const ACCELERATOR: &str = "dormer.dev/accelerator";
/// Shared secrets.
pub const SECRETS: &str = "dormer.dev/secrets";
/// Extensions of the editor.
pub const EXTENSIONS: &str = "dormer.dev/vscode-extensions";
/// Settings of the editor.
pub const SETTINGS: &str = "dormer.dev/vscode-settings";

/// The repository that the workspace is of.
pub const SOURCE: &str = "dormer.dev/source";
/// Where in the repository its devfile is.
pub const DEVFILE: &str = "dormer.dev/devfile";

/// Where an attribute may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the devfile's own attributes.
    Top,
    /// At a container component.
    Container,
    /// At an endpoint.
    Endpoint,
    /// At a command.
    Command,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::Top => "the devfile itself",
            Place::Container => "a container component",
            Place::Endpoint => "an endpoint",
            Place::Command => "a command",
        })
    }
}

/// Reads an attribute. One of the wrong form is told of and left out; `of` says whose it is.
pub fn read<T: DeserializeOwned>(plan: &mut Plan, attributes: &Attributes, name: &str, of: &str) -> Option<T> {
    let value = attributes.get(name).filter(|value| !value.is_null())?;
    match serde_json::from_value(value.clone()) {
        Ok(value) => Some(value),
        Err(error) => {
            plan.warnings.push(format!("attribute '{name}' of {of} is not read: {error}"));
            None
        }
    }
}

/// Whether an attribute says yes. Words count too, since the attributes of annotations are texts.
pub fn says(attributes: &Attributes, name: &str) -> Option<bool> {
    match attributes.get(name)? {
        Value::Bool(yes) => Some(*yes),
        Value::String(word) => word.parse().ok(),
        _ => None,
    }
}

/// Tells of attributes that look like ours and are not, or stand where they mean nothing.
pub fn unknown(plan: &mut Plan, attributes: &Attributes, place: Place, of: &str) {
    for (name, why) in attributes.keys().filter_map(|name| Some((name, complaint(name, place)?))) {
        let fix = why.fix.map(|fix| format!("; {fix}")).unwrap_or_default();
        plan.warnings.push(format!("attribute '{name}' of {of} {}{fix}", why.what));
    }
}

/// What is wrong with an attribute of ours.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    /// In words, after its name.
    pub what: &'static str,
    /// What was probably meant.
    pub fix: Option<String>,
}

/// What is wrong with an attribute at a place by its name, if it looks like one of ours.
pub fn complaint(name: &str, place: Place) -> Option<Complaint> {
    if !name.starts_with("dormer.dev/") {
        return None;
    }
    match OURS.iter().find(|(known, _)| *known == name) {
        Some((_, right)) if *right == place => None,
        Some((_, right)) => Some(Complaint { what: "means nothing there", fix: Some(format!("it is of {right}")) }),
        None => {
            let near = nearest(name, &OURS.map(|(known, _)| known));
            Some(Complaint { what: "is not known", fix: near.map(|near| format!("did you mean '{near}'?")) })
        }
    }
}
