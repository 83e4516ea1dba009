//! What can be done in a workspace.

use super::Attributes;
use crate::model::component::EnvVar;
use serde::{Deserialize, Serialize};

/// One command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Id, unique among the commands.
    pub id: String,
    /// What it does.
    #[serde(flatten)]
    pub kind: CommandKind,
    /// Free-form data.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl Command {
    /// The group that it belongs to.
    pub fn group(&self) -> Option<&Group> {
        match &self.kind {
            CommandKind::Exec(exec) => exec.group.as_ref(),
            CommandKind::Apply(apply) => apply.group.as_ref(),
            CommandKind::Composite(composite) => composite.group.as_ref(),
            CommandKind::Custom(custom) | CommandKind::VscodeTask(custom) | CommandKind::VscodeLaunch(custom) => {
                custom.group.as_ref()
            }
        }
    }

    /// Its name for people, or its id.
    pub fn label(&self) -> &str {
        let label = match &self.kind {
            CommandKind::Exec(exec) => exec.label.as_deref(),
            CommandKind::Apply(apply) => apply.label.as_deref(),
            CommandKind::Composite(composite) => composite.label.as_deref(),
            CommandKind::Custom(custom) | CommandKind::VscodeTask(custom) | CommandKind::VscodeLaunch(custom) => {
                custom.label.as_deref()
            }
        };
        label.filter(|label| !label.is_empty()).unwrap_or(&self.id)
    }
}

/// The kinds of commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum CommandKind {
    /// Runs a command line in a container.
    Exec(Exec),
    /// Applies a component: starts an init container, applies manifests, builds an image.
    Apply(Apply),
    /// Runs other commands.
    Composite(Composite),
    /// Something that only its own tool understands (in a `DevWorkspaceTemplate`). Not valid to run.
    Custom(CustomCommand),
    /// A task of VS Code (2.0.0 only). Not valid to run.
    VscodeTask(CustomCommand),
    /// A launch configuration of VS Code (2.0.0 only). Not valid to run.
    VscodeLaunch(CustomCommand),
}

impl CommandKind {
    /// The field that holds it: `exec`.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Exec(_) => "exec",
            Self::Apply(_) => "apply",
            Self::Composite(_) => "composite",
            Self::Custom(_) => "custom",
            Self::VscodeTask(_) => "vscodeTask",
            Self::VscodeLaunch(_) => "vscodeLaunch",
        }
    }
}

/// A command line in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Exec {
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The command line, for a shell.
    pub command_line: String,
    /// The container component.
    pub component: String,
    /// The folder, in which `$PROJECTS_ROOT` and `$PROJECT_SOURCE` may be used; `$PROJECT_SOURCE` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// More environment, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Whether what it runs reloads changed sources by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hot_reload_capable: Option<bool>,
    /// The group that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
}

/// Applies a component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Apply {
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The component.
    pub component: String,
    /// The group that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
}

/// Runs other commands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Composite {
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The ids of the commands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// Whether all run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel: Option<bool>,
    /// The group that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
}

impl Composite {
    /// Whether all run at once: one after the other, unless it says so.
    pub fn is_parallel(&self) -> bool {
        self.parallel.unwrap_or(false)
    }
}

/// A command that only its own tool understands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomCommand {
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The group that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Attributes,
}

/// The group that a command belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Which.
    pub kind: GroupKind,
    /// Whether it is the one to run when the group is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
}

impl Group {
    /// Whether it is the one to run when the group is asked for.
    pub fn is_default(&self) -> bool {
        self.is_default.unwrap_or(false)
    }
}

/// The groups of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// Building.
    Build,
    /// Running.
    Run,
    /// Testing.
    Test,
    /// Debugging.
    Debug,
    /// Deploying.
    Deploy,
}

impl GroupKind {
    /// The word for it: `build`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Run => "run",
            Self::Test => "test",
            Self::Debug => "debug",
            Self::Deploy => "deploy",
        }
    }
}
