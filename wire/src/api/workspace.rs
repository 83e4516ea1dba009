//! Workspaces, as they are told and as they are asked for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{SecretRef, Source};
use crate::report::{Activity, Step};

/// A workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    /// Its name: a DNS label, unique in the installation.
    pub name: String,
    /// The project (tenant) that it belongs to.
    pub project: String,
    /// The user who owns it.
    pub owner: String,
    /// A name for people.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its class.
    pub class: String,
    /// Its editor: `vscode` or `none`.
    pub editor: String,
    /// What it was made from.
    pub source: Option<Source>,
    /// Where in the repository its devfile was found.
    pub devfile_path: Option<String>,
    /// Whether it should run.
    pub running: bool,
    /// Whether it is archived.
    pub archived: bool,
    /// Pending, Starting, Running, Dozing, Stopping, Stopped, Archived, Deleting or Failed.
    pub phase: String,
    /// Why it is in this phase, as one CamelCase word.
    pub reason: Option<String>,
    /// The same as a sentence.
    pub message: Option<String>,
    /// The steps of its last start.
    pub progress: Vec<Step>,
    /// The last lines of the log that tells why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_tail: Option<String>,
    /// Where to open it.
    pub url: String,
    /// What to type to be in its shell.
    pub ssh: String,
    /// Its ports.
    pub ports: Vec<Port>,
    /// Who else may use it.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Secrets that are variables of its processes.
    #[serde(default)]
    pub secrets: Vec<SecretRef>,
    /// What it may use.
    pub resources: Resources,
    /// What it keeps.
    pub storage: Storage,
    /// When it sleeps.
    pub lifecycle: Lifecycle,
    /// What a person should know: parts of its devfile that were left out, and that a restart is pending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The last thing that a person did in it.
    pub last_activity: Option<Activity>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A port of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// Its number.
    pub port: u16,
    /// The endpoint's name, where it has one.
    #[serde(default)]
    pub name: Option<String>,
    /// Who may open it: `owner`, `project`, `signed-in` or `public`.
    #[serde(default = "owner")]
    pub share: String,
    /// Whether something listens on it now.
    #[serde(default)]
    pub listening: bool,
    /// Where to open it.
    #[serde(default)]
    pub url: String,
}

fn owner() -> String {
    "owner".into()
}

/// Limits, as Kubernetes quantities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Resources {
    /// Processor time: `2`, `500m`.
    pub cpu: Option<String>,
    /// Memory: `4Gi`.
    pub memory: Option<String>,
    /// Accelerators, by number.
    pub gpu: Option<String>,
    /// Which accelerator.
    pub accelerator: Option<String>,
}

/// What a workspace that runs uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Its name.
    pub name: String,
    /// When this was so.
    pub at: Timestamp,
    /// Processor time of its processes so far, in seconds.
    pub cpu_seconds: f64,
    /// Memory of its processes, in octets.
    pub memory: u64,
    /// How many processes there are.
    pub processes: usize,
    /// Terminals, editors and other connections that are open.
    pub sessions: usize,
    /// The last thing that a person did in it.
    pub last_activity: Option<Activity>,
}

/// What is kept over a stop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Storage {
    /// A Kubernetes quantity: `10Gi`.
    pub size: Option<String>,
    /// A storage class.
    pub class: Option<String>,
    /// `per-workspace`, `common` or `ephemeral`.
    pub strategy: Option<String>,
}

/// When a workspace sleeps, is stopped and deleted. Durations in seconds; 0 means never.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle {
    /// Seconds without activity after which it is stopped.
    pub idle_timeout: Option<u64>,
    /// Seconds since its start after which it is stopped whatever happens in it.
    pub max_lifetime: Option<u64>,
    /// Seconds after a stop when it is deleted.
    pub delete_after_stopped: Option<u64>,
    /// Whether a process at work counts as activity.
    pub keep_alive_when_busy: Option<bool>,
}

/// The body of `POST /workspaces`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateWorkspace {
    /// A name; made from the source when it is missing.
    #[serde(default)]
    pub name: Option<String>,
    /// The project; `default` when it is missing.
    #[serde(default)]
    pub project: Option<String>,
    /// A name for people.
    #[serde(default)]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// What to make it from.
    #[serde(default)]
    pub source: Option<Source>,
    /// A devfile in place of the repository's, as YAML or JSON text.
    #[serde(default)]
    pub devfile: Option<String>,
    /// Where in the repository the devfile is.
    #[serde(default)]
    pub devfile_path: Option<String>,
    /// Its class.
    #[serde(default)]
    pub class: Option<String>,
    /// `vscode` or `none`.
    #[serde(default)]
    pub editor: Option<String>,
    /// Variables of its processes.
    #[serde(default)]
    pub variables: Vec<Variable>,
    /// Secrets that are variables of its processes.
    #[serde(default)]
    pub secrets: Vec<SecretRef>,
    /// Ports to name or to share.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Limits.
    #[serde(default)]
    pub resources: Resources,
    /// Storage.
    #[serde(default)]
    pub storage: Storage,
    /// Lifecycle.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// In a cluster, what is merged over its pods as far as its class allows: `metadata` and `spec`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<serde_json::Value>,
    /// Whether to start it at once; true when it is missing.
    #[serde(default)]
    pub running: Option<bool>,
}

/// The body of `PATCH /workspaces/{name}`: what is missing stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PatchWorkspace {
    /// Start or stop it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// Archive or unarchive it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Variables, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<Vec<Variable>>,
    /// Secrets that are variables, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Vec<SecretRef>>,
    /// Who else may use it, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
    /// Ports, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<Port>>,
    /// Limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Lifecycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// Its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// `vscode` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub editor: Option<String>,
    /// A devfile in place of the one that it has, as YAML or JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devfile: Option<String>,
    /// In a cluster, what is merged over its pods as far as its class allows: `metadata` and `spec`; empty for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<serde_json::Value>,
    /// Stop it when it runs, then start it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<bool>,
}

/// A variable of a workspace's processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
    /// `env` (default) or `file`.
    #[serde(default)]
    pub kind: VariableKind,
}

/// How a variable reaches processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum VariableKind {
    /// In the environment.
    #[default]
    Env,
    /// As a file whose path is in the environment.
    File,
}

/// Somebody in a project or a workspace: a user or a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// A user, or
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// a group, as `<provider>/<group>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// `viewer`, `user`, `editor` or `admin`.
    pub role: String,
}
