//! `Workspace`: what one should be.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;
use super::schema;
use super::status::WorkspaceStatus;

/// A development environment: reached as `<name>.<domain>`, awake while it is used.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[kube(
    group = "dormer.dev",
    version = "v1alpha1",
    kind = "Workspace",
    doc = "A development environment: reached as <name>.<domain>, awake while it is used.",
    namespaced,
    status = "WorkspaceStatus",
    shortname = "ws",
    category = "dormer",
    category = "all",
    derive = "PartialEq",
    cel,
    validation = Rule::new(rules::LABEL).message(rules::LABEL_WHY),
    validation = Rule::new(rules::LENGTH).message(rules::LENGTH_WHY),
    validation = Rule::new(rules::DASHES).message(rules::DASHES_WHY),
    validation = Rule::new(rules::LETTER).message(rules::LETTER_WHY),
    validation = Rule::new(rules::reserved()).message(rules::RESERVED_WHY),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Owner", type_ = "string", json_path = ".spec.owner"),
    printcolumn(
        name = "Idle",
        type_ = "date",
        json_path = ".status.lastActivity.at",
        description = "Since somebody last did something in it"
    ),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.url"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.reason", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.message", priority = 1)
)]
#[x_kube(validation = Rule::new("!has(oldSelf.project) || (has(self.project) && self.project == oldSelf.project)")
    .message("the project of a workspace cannot change: create another one there"))]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceSpec {
    /// Who owns it: the name of a user. Cannot change.
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("the owner of a workspace cannot change"))]
    pub owner: String,
    /// The project that it belongs to: that of its namespace, which it need not say. Cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub project: Option<String>,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub description: Option<String>,
    /// Whether it should run. A visit sets it, idleness takes it back.
    #[serde(default)]
    pub running: bool,
    /// The start (`status.instance`) that another one is to take the place of: a restart, as one change of the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub restart: Option<String>,
    /// Whether it is put away: a visit does not wake it then.
    #[serde(default)]
    pub archived: bool,
    /// What it is made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The devfile, as text. Looked for in the source at the first start where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 400_000))]
    pub devfile: Option<String>,
    /// Where in the source the devfile is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub devfile_path: Option<String>,
    /// Its class: a WorkspaceClass.
    #[serde(default = "default_class")]
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub class: String,
    /// Its editor.
    #[serde(default)]
    pub editor: Editor,
    /// Variables of its processes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub variables: Vec<Variable>,
    /// Limits.
    #[serde(default, skip_serializing_if = "Resources::is_empty")]
    pub resources: Resources,
    /// What is kept.
    #[serde(default, skip_serializing_if = "Storage::is_empty")]
    pub storage: Storage,
    /// When it sleeps.
    #[serde(default, skip_serializing_if = "Lifecycle::is_empty")]
    pub lifecycle: Lifecycle,
    /// Ports that are named or shared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["port".into()]))]
    pub ports: Vec<Port>,
    /// Who else may use it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub members: Vec<Member>,
    /// Merged over its pods, after what its devfile says of them and as far as its class lets either: `metadata` and
    /// `spec` of a pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::anything")]
    pub pod: Option<serde_json::Value>,
}

fn default_class() -> String {
    "default".into()
}

/// What a workspace is made from.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// A git repository.
    pub git: Git,
}

/// A git repository, at a ref or a request.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Git {
    /// The URL to clone from, or the page of a branch or request.
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = Rule::new("!self.startsWith('-')").message("a URL does not begin with '-'"))]
    pub url: String,
    /// A branch, tag or commit.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255), regex(pattern = r"^[^-\s][^\s]*$"))]
    pub reference: Option<String>,
    /// The number of a merge or pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991u64))]
    pub merge_request: Option<u64>,
    /// The commit. Found out at the first start where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), regex(pattern = r"^[0-9a-f]{40,64}$"))]
    pub commit: Option<String>,
    /// The ref that holds the request's commits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub fetch: Option<String>,
    /// The branch that the request is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub branch: Option<String>,
    /// The repository of that branch, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub fork: Option<String>,
    /// The page that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub page: Option<String>,
    /// The request's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub title: Option<String>,
    /// `merged` or `closed`, once the request was seen so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub ended: Option<String>,
    /// Whether the URL is that of a devfile by itself: nothing is cloned from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub document: bool,
    /// How much of it is cloned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloning: Option<Cloning>,
}

/// How much of a repository is cloned.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Cloning {
    /// Only so many commits deep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Without the contents of old files.
    pub partial: bool,
    /// Only these folders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub sparse: Vec<String>,
    /// Without its submodules.
    pub without_submodules: bool,
}

/// An editor.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, Default, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Editor {
    /// A VS Code server.
    #[default]
    Vscode,
    /// None: shells and ports only.
    None,
}

/// A variable of its processes: with a value, or that of a secret of the owner or the project.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[x_kube(validation = Rule::new("has(self.value) != has(self.secretRef)")
    .message("a variable has either a value or a secretRef"))]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// Its name.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z_][A-Za-z0-9_.-]*$"))]
    pub name: String,
    /// Its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65_536))]
    pub value: Option<String>,
    /// A secret with its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// In the environment, or as a file whose path is in the environment.
    #[serde(default)]
    pub kind: VariableKind,
}

/// A secret by name, as `dormer secret` made it.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
pub struct SecretRef {
    /// Its name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
}

/// How a variable is given.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, Default, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum VariableKind {
    /// In the environment.
    #[default]
    Env,
    /// As a file whose path is in the environment.
    File,
}

/// Limits, as quantities.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Resources {
    /// Processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub cpu: Option<IntOrString>,
    /// Memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub memory: Option<IntOrString>,
    /// Accelerators, by number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub gpu: Option<IntOrString>,
    /// Which accelerator: a name of the class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub accelerator: Option<String>,
}

impl Resources {
    fn is_empty(&self) -> bool {
        *self == Resources::default()
    }
}

/// What is kept over a stop.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Storage {
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub size: Option<IntOrString>,
    /// A storage class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub class: Option<String>,
    /// How claims are shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
}

impl Storage {
    fn is_empty(&self) -> bool {
        *self == Storage::default()
    }
}

/// How claims are shared.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// A claim for each workspace.
    PerWorkspace,
    /// One claim for all workspaces of a project.
    Common,
    /// None: nothing is kept.
    Ephemeral,
}

/// When a workspace sleeps, in seconds. Missing: the class's; 0: never.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle {
    /// Without activity, before it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 31_622_400))]
    pub idle_timeout: Option<u64>,
    /// Since its start, before it is stopped whatever happens in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 31_622_400))]
    pub max_lifetime: Option<u64>,
    /// After a stop, before it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 316_224_000))]
    pub delete_after_stopped: Option<u64>,
    /// Whether a process at work counts as activity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_alive_when_busy: Option<bool>,
}

impl Lifecycle {
    fn is_empty(&self) -> bool {
        *self == Lifecycle::default()
    }
}

/// A port that is named or shared.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// Its number.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// A name, that the host may have in place of the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub name: Option<String>,
    /// Who may open it.
    #[serde(default)]
    pub share: Share,
}

/// Who may open a port.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, Default, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Share {
    /// Those who may open the workspace.
    #[default]
    Owner,
    /// Members of its project.
    Project,
    /// Everybody who is signed in.
    SignedIn,
    /// Everybody.
    Public,
}

/// Somebody, or a group, with a role.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[x_kube(validation = Rule::new("has(self.user) != has(self.group)").message("a member is either a user or a group"))]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// A user, or
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub user: Option<String>,
    /// a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub group: Option<String>,
    /// As what.
    pub role: Role,
}

/// What a member may. Each role may what those before it may.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, PartialEq)]
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

#[cfg(test)]
mod tests;
