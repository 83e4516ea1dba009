//! The record of a workspace: what it should be (spec) and what it is (status).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use dormer_wire::door::Door;
use dormer_wire::report::{Activity, Step};

use crate::name::{ProjectName, UserName, WorkspaceName};
use crate::phase::Phase;

/// One development environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    /// Unique for ever, also among workspaces of the same name.
    pub uid: String,
    /// The name.
    pub name: WorkspaceName,
    /// When it was created.
    pub created_at: Timestamp,
    /// Rises with each change of spec or status; a write names the one it is based on.
    pub version: u64,
    /// Set once it is to be deleted.
    #[serde(default)]
    pub deleted: bool,
    /// What it should be.
    pub spec: Spec,
    /// What it is. Written by the reconciler only.
    #[serde(default)]
    pub status: Status,
}

/// What a workspace should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// Who owns it.
    pub owner: UserName,
    /// The project it belongs to.
    pub project: ProjectName,
    /// A name for people.
    #[serde(default)]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether it should run.
    #[serde(default)]
    pub running: bool,
    /// Whether it is put away.
    #[serde(default)]
    pub archived: bool,
    /// The start (an instance of the status) that another one is to take the place of: a restart, as one change of the
    /// record. What it says of an instance that is gone means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<String>,
    /// What it is made from.
    #[serde(default)]
    pub source: Option<Source>,
    /// The devfile, as text; the default one when it is missing.
    #[serde(default)]
    pub devfile: Option<String>,
    /// Where in the repository the devfile was found.
    #[serde(default)]
    pub devfile_path: Option<String>,
    /// Its class.
    #[serde(default = "default_class")]
    pub class: String,
    /// Its editor.
    #[serde(default)]
    pub editor: EditorKind,
    /// Variables of its processes.
    #[serde(default)]
    pub variables: Vec<Variable>,
    /// Secrets that are variables of its processes, by name: values are looked up at each start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretRef>,
    /// Limits.
    #[serde(default)]
    pub resources: Resources,
    /// What is kept.
    #[serde(default)]
    pub storage: Storage,
    /// When it sleeps.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// Ports that are named or shared.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Who else may use it.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Merged over its pods, after what its devfile says of them and as far as its class lets either: `metadata` and
    /// `spec` of a pod, where it runs as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<serde_json::Value>,
}

fn default_class() -> String {
    "default".into()
}

/// What a workspace is made from, resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The URL to clone from.
    pub url: String,
    /// A branch, tag or commit.
    #[serde(default)]
    pub reference: Option<String>,
    /// The number of a merge or pull request.
    #[serde(default)]
    pub merge_request: Option<u64>,
    /// The ref that holds the request's commits, such as `refs/pull/7/head`.
    #[serde(default)]
    pub fetch: Option<String>,
    /// The commit.
    #[serde(default)]
    pub commit: Option<String>,
    /// The branch that the request is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The repository of that branch, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<String>,
    /// The page that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The request's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `merged` or `closed`, once the request was seen so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Whether the URL is that of a devfile by itself: nothing is cloned from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub document: bool,
    /// How much of the repository is cloned.
    #[serde(default, skip_serializing_if = "Cloning::is_default")]
    pub cloning: Cloning,
}

/// How much of a repository is cloned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cloning {
    /// Only so many commits deep.
    pub depth: Option<u32>,
    /// Without the contents of old files; they come when they are looked at.
    pub partial: bool,
    /// Only these folders of it.
    pub sparse: Vec<String>,
    /// Without its submodules.
    pub without_submodules: bool,
}

impl Cloning {
    /// All of it, with its submodules.
    pub fn is_default(&self) -> bool {
        *self == Cloning::default()
    }
}

/// An editor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EditorKind {
    /// A VS Code server.
    #[default]
    Vscode,
    /// None: shells and ports only.
    None,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// As a file whose path is in the environment, rather than in the environment itself.
    #[serde(default)]
    pub file: bool,
}

/// A secret of the owner or the project, as a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// The secret's name.
    pub secret: String,
    /// The variable's name.
    pub name: String,
    /// As a file whose path is in the environment, rather than in the environment itself.
    #[serde(default)]
    pub file: bool,
}

/// Limits, as Kubernetes quantities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resources {
    /// Processor time.
    pub cpu: Option<String>,
    /// Memory.
    pub memory: Option<String>,
    /// Accelerators, by number.
    pub gpu: Option<String>,
    /// Which accelerator.
    pub accelerator: Option<String>,
}

/// What is kept over a stop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Storage {
    /// A Kubernetes quantity.
    pub size: Option<String>,
    /// A storage class.
    pub class: Option<String>,
    /// How claims are shared.
    pub strategy: Option<String>,
}

/// When a workspace sleeps. Seconds; None is the class's default, 0 is never.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle {
    /// Without activity, before it is stopped.
    pub idle_timeout: Option<u64>,
    /// Since its start, before it is stopped whatever happens in it.
    pub max_lifetime: Option<u64>,
    /// After a stop, before it is deleted.
    pub delete_after_stopped: Option<u64>,
    /// Whether a process at work counts as activity.
    pub keep_alive_when_busy: Option<bool>,
}

/// A port that is named or shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// Its number.
    pub port: u16,
    /// A name, that the host may have in place of the number.
    #[serde(default)]
    pub name: Option<String>,
    /// Who may open it.
    #[serde(default)]
    pub share: Share,
}

/// Who may open a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Share {
    /// Those who may open the workspace.
    #[default]
    Owner,
    /// Members of its project, and of the workspace itself, viewers included.
    Project,
    /// Everybody who is signed in.
    SignedIn,
    /// Everybody.
    Public,
}

/// Somebody else who may use a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// A user, or
    #[serde(default)]
    pub user: Option<UserName>,
    /// a group.
    #[serde(default)]
    pub group: Option<String>,
    /// What they may.
    pub role: Role,
}

/// What a member may. Each role may what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// See it.
    Viewer,
    /// Enter it, start and stop it.
    User,
    /// Change it.
    Editor,
    /// Delete it, share it.
    Admin,
}

/// What a workspace is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// Where it is in its life.
    pub phase: Phase,
    /// Why, as one CamelCase word.
    pub reason: Option<String>,
    /// The same as a sentence.
    pub message: Option<String>,
    /// In this phase since.
    pub since: Option<Timestamp>,
    /// Tells one start from another.
    pub instance: Option<String>,
    /// Where its door is, from the moment it can be dialled.
    pub door: Option<Door>,
    /// The last thing that a person did in it.
    pub last_activity: Option<Activity>,
    /// The steps of the last start.
    pub progress: Vec<Step>,
    /// The last lines of the log that tells why it failed.
    pub log_tail: Option<String>,
    /// The commit that it was checked out at.
    pub commit: Option<String>,
    /// Ports on which it listens.
    pub listening: Vec<u16>,
    /// Ports that its devfile names.
    pub endpoints: Vec<Port>,
    /// Its project's folder inside the workspace, where the editor and shells begin.
    pub folder: Option<String>,
    /// Starts that failed in a row.
    pub failures: u32,
    /// Whatever a backend wants to keep.
    pub notes: BTreeMap<String, String>,
}

impl Workspace {
    /// Whether what runs of it is to be stopped and started anew.
    pub fn is_to_restart(&self) -> bool {
        self.spec.restart.is_some() && self.spec.restart == self.status.instance
    }

    /// What is said of a port: the spec before the devfile. None where neither names it.
    pub fn port(&self, number: u16) -> Option<&Port> {
        self.spec.ports.iter().chain(&self.status.endpoints).find(|port| port.port == number)
    }

    /// The port of that name.
    pub fn port_named(&self, name: &str) -> Option<&Port> {
        self.spec.ports.iter().chain(&self.status.endpoints).find(|port| port.name.as_deref() == Some(name))
    }

    /// Who may open a port.
    pub fn share(&self, number: u16) -> Share {
        self.port(number).map(|port| port.share).unwrap_or_default()
    }
}

/// A workspace for tests: stopped, of `owner`.
#[cfg(any(test, feature = "fixtures"))]
#[allow(clippy::unwrap_used, reason = "only tests call it, with names that they wrote")]
pub fn fixture(name: &str, owner: &str) -> Workspace {
    Workspace {
        uid: format!("uid-{name}"),
        name: name.parse().unwrap(),
        created_at: Timestamp::UNIX_EPOCH,
        version: 1,
        deleted: false,
        spec: Spec::new(owner.parse().unwrap(), "default".parse().unwrap()),
        status: Status { phase: Phase::Stopped, ..Status::default() },
    }
}

impl Spec {
    /// A spec with nothing but an owner and a project.
    pub fn new(owner: UserName, project: ProjectName) -> Spec {
        Spec {
            owner,
            project,
            display_name: None,
            description: None,
            running: false,
            archived: false,
            restart: None,
            source: None,
            devfile: None,
            devfile_path: None,
            class: default_class(),
            editor: EditorKind::default(),
            variables: Vec::new(),
            secrets: Vec::new(),
            resources: Resources::default(),
            storage: Storage::default(),
            lifecycle: Lifecycle::default(),
            ports: Vec::new(),
            members: Vec::new(),
            pod: None,
        }
    }
}
