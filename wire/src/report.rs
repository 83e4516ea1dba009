//! What an agent tells about itself: its whole status, again after each change (at most ten times a second), so that
//! whoever listens needs no history.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An agent's status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentStatus {
    /// The assignment's instance.
    pub instance: String,
    /// The agent's own version.
    pub version: String,
    /// Where it stands.
    pub state: AgentState,
    /// The steps of its start, in order.
    pub steps: Vec<Step>,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Ports on which processes of this workspace listen, sorted.
    #[serde(default)]
    pub listening: Vec<u16>,
    /// The last thing that a person did in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
    /// Whether a process of it is at work, where that counts.
    #[serde(default)]
    pub busy: bool,
    /// The commit that the main project was checked out at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The devfile's commands that ran or run.
    #[serde(default)]
    pub commands: Vec<CommandStatus>,
    /// The workspace's other containers, where there are some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<ContainerStatus>,
}

/// Where an agent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentState {
    /// Clone, commands, editor.
    Starting,
    /// The editor answers, shells can be had.
    Ready,
    /// The start failed; the agent stays so that logs can be read, until it is stopped.
    Failed,
    /// It has been told to stop.
    Stopping,
}

/// A step of a start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// `clone`, `commands`, `editor`; the gateway puts its own before them.
    pub step: String,
    /// How far it is.
    pub state: StepState,
    /// Since when.
    pub since: Timestamp,
    /// A word for people: `Receiving objects: 45 %`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Not needed.
    Skipped,
}

/// Why a start failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// A word for programs, in CamelCase: `CloneFailed`, `CommandFailed`, `EditorFailed`.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// The name of the log that tells more.
    pub log: String,
    /// The last lines of that log.
    pub tail: String,
    /// Whether trying again could help (a network, not a mistake).
    pub transient: bool,
}

/// Something that a person did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: ActivityKind,
}

/// What counts as activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ActivityKind {
    /// It was started.
    Start,
    /// A page was opened.
    Navigation,
    /// The window of the editor was worked in.
    Editor,
    /// A terminal was typed into.
    Terminal,
    /// A command came, or was typed, over SSH.
    Ssh,
    /// The API or the CLI was used on it.
    Api,
    /// A process is at work.
    Busy,
}

/// A command that ran or runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandStatus {
    /// Its id.
    pub id: String,
    /// Whether it still runs.
    pub running: bool,
    /// How it ended: an exit status, or 128 and the signal's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
}

/// Another container of the workspace, as the main container's agent sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerStatus {
    /// Its name in the devfile.
    pub name: String,
    /// Whether its agent answers. What it ran has ended where it does not any more.
    pub up: bool,
    /// How its own command ended, where it has one and it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// A sentence for people, where something is not as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
