//! What an agent is told to be: everything of a plan that is carried out inside one container (or process group) of a
//! workspace. The runtime writes it where only the agent can read it, since it holds the values of secrets.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::door::Door;
use crate::tls::AgentKeys;

/// An agent's whole task.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Assignment {
    /// The workspace's name.
    pub workspace: String,
    /// Tells this start of the workspace from all others. Marks its processes (`DORMER_INSTANCE`).
    pub instance: String,
    /// The container of the devfile that this agent is in.
    pub container: String,
    /// Where the agent is to listen.
    pub door: Door,
    /// The keys of a door in a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<AgentKeys>,
    /// The user's home; made when it is missing.
    pub home: PathBuf,
    /// Where projects are cloned to; made when it is missing.
    pub projects_root: PathBuf,
    /// Where shells and the editor begin: the main project's folder.
    pub working_dir: PathBuf,
    /// Where logs are written, one file `<name>.log` a command or step.
    pub logs: PathBuf,
    /// Where the agent keeps sockets and what else lives as long as it (mode 0700).
    pub run: PathBuf,
    /// Variables of every process, in the order in which they are set.
    pub env: Vec<EnvVar>,
    /// What to clone, in order. One that is there already is left as it is.
    #[serde(default)]
    pub projects: Vec<Project>,
    /// What one of them may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_limits: Option<ProjectLimits>,
    /// Every command of the plan that this agent can run.
    #[serde(default)]
    pub commands: Vec<Command>,
    /// Which of them run when.
    #[serde(default)]
    pub events: Events,
    /// The editor; None for a workspace without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub editor: Option<Editor>,
    /// Whether a process at work counts as activity (`lifecycle.keepAliveWhenBusy`).
    #[serde(default)]
    pub busy_counts: bool,
    /// The folder with what an image may lack: `bin` with a shell and git, `etc/ssl/certs`. None: there is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<PathBuf>,
    /// What the container runs beside the agent: program and arguments. Its log is named `container`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// The agents of the workspace's other containers. Only the main container's agent has some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub siblings: Vec<Sibling>,
    /// Whether all that this agent sees of network and shared folders is the workspace's own, as in a pod: whatever
    /// listens is a process of it then, and whoever reaches a Unix door belongs to it, whatever their user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole_network: bool,
}

/// The agent of another container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sibling {
    /// The container.
    pub container: String,
    /// Its agent's door, on a Unix socket that both see.
    pub door: Door,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value; `$(NAME)` refers to those before it, as in a Kubernetes container.
    pub value: String,
}

/// A repository to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Project {
    /// Its name, for people and logs.
    pub name: String,
    /// Its folder, relative to the projects' root; never outside it.
    pub path: String,
    /// The remotes, by name and URL. The first is the one to clone from unless `checkout_remote` says another.
    pub remotes: Vec<Remote>,
    /// The remote to check out from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout_remote: Option<String>,
    /// A branch, tag or commit. None: the remote's default branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// A ref that is fetched beside the branches, such as `refs/pull/7/head`, and what `revision` is looked up in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<String>,
    /// The commit to be at, once the source was resolved; the branch is set to it on the first checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch, of which remote, that the local branch follows and is pushed to: that of a request, perhaps in a fork.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracks: Option<Tracks>,
    /// Only so many commits deep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Without the contents of old files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Only these folders of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sparse: Vec<String>,
    /// Whether its submodules are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_submodules: bool,
    /// An archive to unpack in place of a clone (devfile `zip`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// The folder whose content becomes the project's, in place of the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_dir: Option<String>,
}

/// What a project may take while it is cloned or unpacked. What is left out is the agent's own choice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProjectLimits {
    /// On disk, in octets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub octets: Option<u64>,
    /// Files and folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Memory of one program, in octets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

/// A branch of a remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracks {
    /// The remote's name.
    pub remote: String,
    /// The branch's name there.
    pub branch: String,
    /// Its name here.
    pub local: String,
}

/// A remote of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Its name, as in `git remote`.
    pub name: String,
    /// Its URL.
    pub url: String,
}

/// A command of the devfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Its id.
    pub id: String,
    /// What it does.
    #[serde(flatten)]
    pub run: Run,
    /// The container that it runs in, where that is another than the agent's: one of the siblings has it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Runs once in the life of the workspace: where it has come to a good end, no start runs it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Run {
    /// A line for the shell.
    Exec {
        /// The line.
        line: String,
        /// The folder; absolute, or relative to the working folder; may name variables (`${PROJECT_SOURCE}`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        working_dir: Option<String>,
        /// Variables in addition to the workspace's.
        #[serde(default)]
        env: Vec<EnvVar>,
    },
    /// Other commands.
    Composite {
        /// Their ids.
        commands: Vec<String>,
        /// At the same time, rather than one after the other.
        #[serde(default)]
        parallel: bool,
    },
}

/// Ids of commands by event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    /// Before the workspace is ready.
    #[serde(default)]
    pub pre_start: Vec<String>,
    /// Once the workspace is up. The workspace is ready without waiting for their end.
    #[serde(default)]
    pub post_start: Vec<String>,
    /// Before it stops.
    #[serde(default)]
    pub pre_stop: Vec<String>,
    /// After it stopped.
    #[serde(default)]
    pub post_stop: Vec<String>,
}

/// The editor to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "adapter", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Editor {
    /// A VS Code server with openvscode-server's options.
    VscodeServer {
        /// The program and its first arguments, such as `node …/server-main.js`.
        program: Vec<String>,
        /// Where it keeps user data and extensions.
        data: PathBuf,
        /// A folder with extensions of ours to load beside the editor's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        extensions: Option<PathBuf>,
        /// Extensions to get from where the editor gets its own, by id.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        install: Vec<String>,
        /// Settings of this machine, beside the agent's own.
        #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
        settings: serde_json::Map<String, serde_json::Value>,
    },
}
