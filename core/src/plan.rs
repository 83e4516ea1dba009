//! The plan: what to run, whatever runs it. Made from a devfile, a workspace and its class in one place.

pub mod apply;
pub mod devfile;
pub mod environment;
pub mod left_out;
pub mod merge;
pub mod settings;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use dormer_devfile::quantity::Quantity;

use crate::plan::apply::{Image, Manifest};
use crate::plan::settings::{Settings, StorageKind};
use crate::workspace::Cloning;
use crate::workspace::Share;

/// What to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The containers, in the devfile's order.
    pub containers: Vec<Container>,
    /// The one that editor, shells and clones are in: a name of `containers`.
    pub main: String,
    /// What is cloned into the projects' root.
    pub projects: Vec<Project>,
    /// The folder in which editor and shells begin, relative to the projects' root.
    pub working_dir: String,
    /// The commands.
    pub commands: Vec<Command>,
    /// Which run when.
    pub events: Events,
    /// Volumes beside home and projects.
    pub volumes: Vec<Volume>,
    /// Ports with a name.
    pub ports: Vec<Port>,
    /// Whether there is an editor.
    pub editor: bool,
    /// What a person should know: parts that have no meaning here, variables that are not defined.
    pub warnings: Vec<String>,
    /// What runs to its end before the containers start, in order. A container stands here once for each `preStart`
    /// command that applies it.
    pub init: Vec<Init>,
    /// Variables of all containers (the attribute `workspaceEnv`), after each one's own.
    pub env: Vec<EnvVar>,
    /// `pod-overrides`, merged into the rendered pod template one after the other: the later one wins.
    pub pod_overrides: Vec<PodOverride>,
    /// Cluster objects beside the pods.
    pub manifests: Vec<Manifest>,
    /// Images that are built.
    pub images: Vec<Image>,
    /// How volumes are kept, where the devfile says it.
    pub storage: Option<StorageKind>,
    /// The runtime class of the pods (`controller.devfile.io/runtime-class`).
    pub runtime_class: Option<String>,
    /// Nothing is cloned (`controller.devfile.io/project-clone: disable`); the projects still say which folder is the
    /// project's.
    pub skip_clone: bool,
    /// What the file says about the workspace as a whole. The record's own word wins.
    pub settings: Settings,
}

/// A container that runs to its end before the others start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Init {
    /// Its name in the pod, as the reference library makes it: `<container>-<command>-<position>`.
    pub name: String,
    /// Which container.
    pub container: String,
    /// The command that applies it.
    pub command: String,
}

/// A strategic merge patch of a pod template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodOverride {
    /// The component whose attribute it is; None for the devfile's own. A component in a pod of its own means that pod.
    pub component: Option<String>,
    /// The patch: `metadata` and `spec`.
    pub patch: serde_json::Value,
}

/// When a container runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// As long as the workspace.
    #[default]
    Main,
    /// Before the others, to its end.
    Init,
    /// Once the workspace has stopped.
    AfterStop,
}

/// Annotations of what is made for a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Annotations {
    /// Of the pod (the reference's deployment).
    pub deployment: BTreeMap<String, String>,
    /// Of the service.
    pub service: BTreeMap<String, String>,
}

/// A container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// What it runs in place of its image's entry point.
    pub command: Option<Vec<String>>,
    /// With which arguments.
    pub args: Option<Vec<String>>,
    /// Its variables, in order.
    pub env: Vec<EnvVar>,
    /// Where volumes are mounted.
    pub mounts: Vec<Mount>,
    /// Whether projects are in it.
    pub mount_sources: bool,
    /// Where they are.
    pub source_mapping: String,
    /// Whether it has a pod of its own.
    pub dedicated: bool,
    /// Runs before the others and ends: `role` is `Init`.
    pub init: bool,
    /// When it runs.
    pub role: Role,
    /// Kubernetes quantities.
    pub memory_limit: Option<String>,
    /// Kubernetes quantities.
    pub memory_request: Option<String>,
    /// Kubernetes quantities.
    pub cpu_limit: Option<String>,
    /// Kubernetes quantities.
    pub cpu_request: Option<String>,
    /// Accelerators, by number.
    pub gpu: Option<String>,
    /// The user that it runs as, by name or number; None is the image's.
    pub user: Option<String>,
    /// Annotations of its objects.
    pub annotations: Annotations,
    /// The one of `images` that builds its image.
    pub built_by: Option<String>,
    /// `container-overrides`, merged strategically into the rendered container.
    pub overrides: Option<serde_json::Value>,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A volume in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Which volume.
    pub volume: String,
    /// Where.
    pub path: String,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// A Kubernetes quantity.
    pub size: Option<String>,
    /// Whether a stop empties it.
    pub ephemeral: bool,
}

/// A repository, or an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Its folder, relative to the projects' root.
    pub path: String,
    /// Remotes by name; the first is cloned from unless `checkout_remote` says another.
    pub remotes: Vec<(String, String)>,
    /// The remote to check out from.
    pub checkout_remote: Option<String>,
    /// A branch, tag or commit.
    pub revision: Option<String>,
    /// A ref to fetch beside the branches.
    pub fetch: Option<String>,
    /// The commit that was resolved.
    pub commit: Option<String>,
    /// An archive in place of a repository.
    pub archive: Option<String>,
    /// The folder whose content becomes the project's, in place of the whole.
    pub sub_dir: Option<String>,
    /// The remote and branch that the local branch (the third) follows.
    #[serde(default)]
    pub tracks: Option<(String, String, String)>,
    /// How much of it is cloned.
    #[serde(default)]
    pub cloning: Cloning,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Its id.
    pub id: String,
    /// A name for people.
    pub label: Option<String>,
    /// Its group's kind and whether it is the group's default.
    pub group: Option<(String, bool)>,
    /// What it does.
    pub run: Run,
    /// Runs in the life of a workspace once, not at each start.
    #[serde(default)]
    pub once: bool,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Run {
    /// A line for the shell of a container.
    Exec {
        /// Which container.
        component: String,
        /// The line.
        line: String,
        /// The folder.
        working_dir: Option<String>,
        /// Variables.
        env: Vec<EnvVar>,
    },
    /// A component that is applied: an init container, a resource, an image.
    Apply {
        /// Which component.
        component: String,
    },
    /// Other commands.
    Composite {
        /// Which.
        commands: Vec<String>,
        /// At the same time.
        parallel: bool,
    },
}

/// Ids of commands by event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    /// Before the workspace starts.
    pub pre_start: Vec<String>,
    /// Once it is up.
    pub post_start: Vec<String>,
    /// Before it stops.
    pub pre_stop: Vec<String>,
    /// After it stopped.
    pub post_stop: Vec<String>,
}

/// A port with a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// The endpoint's name.
    pub name: String,
    /// Its number.
    pub port: u16,
    /// In which container.
    pub container: String,
    /// Who is to reach it.
    pub exposure: Exposure,
    /// `http`, `https`, `ws`, `wss`, `tcp`, `udp`.
    pub protocol: String,
    /// The path of its page.
    pub path: Option<String>,
    /// Whether it asks to be behind a sign-in. Here every port is.
    pub secure: bool,
    /// Annotations of what exposes it.
    pub annotations: BTreeMap<String, String>,
    /// Who may open it (`dormer.dev/share`), where the devfile says it. The record's word wins.
    pub share: Option<Share>,
}

/// Who is to reach a port, as a devfile says it. `Public` is an address of its own, behind Dormer's sign-in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// From outside the workspace.
    #[default]
    Public,
    /// From the workspace's other containers.
    Internal,
    /// From its own container.
    None,
}
