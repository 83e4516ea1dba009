//! The JSON of the HTTP API, `/api/v1`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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

/// What a workspace was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The URL to clone from.
    pub url: String,
    /// A branch, tag or commit.
    #[serde(rename = "ref", default)]
    pub reference: Option<String>,
    /// The number of a merge or pull request.
    #[serde(default)]
    pub merge_request: Option<u64>,
    /// The commit it was resolved to. Given at a creation, it is that very commit, though its branch went on.
    #[serde(default)]
    pub commit: Option<String>,
    /// The page that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The request's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The branch that the request is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The repository of that branch, where it is a fork.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<String>,
    /// `merged` or `closed`, once the request is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Clone only so many commits deep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Clone without the contents of old files; they come when they are looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Check out only these folders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sparse: Vec<String>,
    /// Leave its submodules out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_submodules: bool,
}

/// The body of `POST /resolve`: what would be made from this?
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolveSource {
    /// The source.
    pub source: Source,
    /// Where in the repository the devfile is.
    #[serde(default)]
    pub devfile_path: Option<String>,
}

/// The answer to `POST /resolve`. Texts in it are other people's: show them as text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ResolvedSource {
    /// The repository's name.
    pub repository: String,
    /// The source, at its commit: what to create from.
    pub source: Source,
    /// Who made the commit, by its own word.
    pub commit: Option<CommitInfo>,
    /// The request, where it is one and its host tells.
    pub request: Option<RequestInfo>,
    /// The devfile that was found.
    pub devfile_path: Option<String>,
    /// Its page.
    pub devfile_page: Option<String>,
    /// What is wrong with it, as `file:line:column: …`.
    pub devfile_problem: Option<String>,
    /// The page of the line that is wrong.
    pub devfile_problem_page: Option<String>,
    /// Other devfiles to choose from.
    pub other_devfiles: Vec<String>,
    /// What runs by itself: commands at the start, entry points of containers.
    pub runs: Vec<Running>,
    /// The containers' images.
    pub images: Vec<String>,
    /// Ports that it names.
    pub ports: Vec<String>,
    /// Other repositories that the devfile clones.
    pub also_clones: Vec<String>,
    /// The name that it would get.
    pub name: Option<String>,
    /// Workspaces of the caller's that were made from the same.
    pub existing: Vec<Existing>,
    /// Whether an administrator trusts where it comes from.
    pub trusted: bool,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Who made a commit. Whoever pushed could write there what they liked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CommitInfo {
    /// The author's name.
    pub author: String,
    /// The author's mail address.
    pub email: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The first line of its message.
    pub subject: String,
}

/// A merge or pull request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RequestInfo {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its author's account.
    pub author: String,
    /// `open`, `closed` or `merged`.
    pub state: String,
    /// The branch that it is to be merged into.
    pub target: Option<String>,
    /// Whether the fork that it came from is gone.
    pub fork_gone: bool,
}

/// Something that runs by itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// When: `start`, `ready`, `stop`.
    pub when: String,
    /// The command's id, or the container's name.
    pub id: String,
    /// The line.
    pub line: String,
}

/// A workspace that is there already.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Existing {
    /// Its name.
    pub name: String,
    /// Where to open it.
    pub url: String,
    /// Its phase.
    pub phase: String,
    /// The commit that it was checked out at.
    pub commit: Option<String>,
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

/// A class: what an administrator decides for workspaces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Whether workspaces get it that name none.
    #[serde(default)]
    pub default: bool,
    /// When it was made; missing where nobody made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// What it says. Only administrators are told more than its description.
    #[serde(flatten)]
    pub says: ClassSays,
}

/// What a class says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClassSays {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The image of workspaces whose devfile names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The devfile of workspaces whose repository has none, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devfile: Option<String>,
    /// What a workspace gets that does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defaults: Option<ClassDefaults>,
    /// What it may ask for at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<ClassLimits>,
    /// What only the class decides, as paths: `resources.memory`, `storage.size`, `lifecycle.idleTimeout`, `devfile`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<String>,
    /// In a cluster, where pods go and as what they run, as in a `WorkspaceClass`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<serde_json::Value>,
    /// In a cluster, what workspaces may do within their pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<serde_json::Value>,
    /// In a cluster, where workspaces may connect to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<serde_json::Value>,
    /// In a cluster, accelerators by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerators: Option<serde_json::Value>,
    /// In a cluster, kinds of objects that a devfile may bring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_kinds: Option<Vec<String>>,
}

/// What a workspace gets that does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClassDefaults {
    /// What each of its containers may use.
    pub resources: Resources,
    /// What is kept.
    pub storage: Storage,
    /// When it sleeps.
    pub lifecycle: Lifecycle,
}

/// What a workspace may ask for at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClassLimits {
    /// Processor time of a container: `2`, `500m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory of a container: `4Gi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Accelerators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// Storage: `20Gi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// In a cluster, pods of one project that run at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<u32>,
    /// Seconds without activity, before it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<u64>,
    /// Seconds since its start, before it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_lifetime: Option<u64>,
}

/// The body of `POST /classes`: a class.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateClass {
    /// Its name: a label.
    pub name: String,
    /// What it says.
    #[serde(flatten)]
    pub says: ClassSays,
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

/// A page of a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: usize,
    /// `?page=` of the next page, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<usize>,
}

/// The body of `POST /tokens`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateToken {
    /// What it is for.
    pub name: String,
    /// `all`, `read`, `ssh` or `workspace:<name>`; `all` when it is missing.
    #[serde(default)]
    pub scope: Option<String>,
    /// Seconds until it expires; 30 days when it is missing.
    #[serde(default)]
    pub expires_in: Option<u64>,
    /// Whose it is; the caller's when it is missing. Another's for administrators only.
    #[serde(default)]
    pub user: Option<String>,
}

/// A token. `token` itself is there once, in the answer to its creation.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Its scope.
    pub scope: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
    /// The secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// The body of `POST /keys`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateKey {
    /// A public key as in `authorized_keys`.
    pub key: String,
    /// A name; the key's comment when it is missing.
    #[serde(default)]
    pub name: Option<String>,
}

/// An SSH key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// Algorithm and key as in `authorized_keys`.
    pub key: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
}

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's name: a DNS label.
    pub name: String,
    /// A name for people.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether the user administrates the installation.
    #[serde(default)]
    pub admin: bool,
    /// Whether the user may sign in.
    #[serde(default)]
    pub disabled: bool,
    /// When the user was added.
    pub created_at: Timestamp,
    /// A one-time link to sign in with; only in the answer to the creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_link: Option<String>,
}

/// The body of `POST /users`, for administrators.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateUser {
    /// The user's name: a DNS label.
    pub name: String,
    /// A name for people.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether the user administrates the installation.
    #[serde(default)]
    pub admin: bool,
}

/// `GET /me`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The user's name.
    pub user: String,
    /// A name for people.
    pub display_name: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
    /// Whether the user administrates the installation.
    pub admin: bool,
    /// The scope of the credential used.
    pub scope: String,
    /// The domain of this installation.
    pub domain: String,
    /// Where workspaces live: `local` or `kubernetes`.
    pub backend: String,
    /// The SSH host and port.
    pub ssh_host: String,
    /// The SSH port.
    pub ssh_port: u16,
    /// The gateway's SSH host keys, as in `known_hosts` without the host.
    pub ssh_host_keys: Vec<String>,
    /// The gateway's version.
    pub version: String,
}

/// A secret of the owner or the project, as a variable of a workspace's processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretRef {
    /// The secret's name.
    pub secret: String,
    /// The variable's name.
    pub name: String,
    /// `env` (default) or `file`.
    #[serde(default)]
    pub kind: VariableKind,
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

/// A project.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its name: a DNS label.
    pub name: String,
    /// A name for people.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The caller's role in it.
    #[serde(default)]
    pub role: Option<String>,
    /// Who is in it.
    pub members: Vec<Member>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The body of `POST /projects`, for administrators.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateProject {
    /// Its name: a DNS label.
    pub name: String,
    /// A name for people.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Who is in it; whoever makes it, as its admin, when nobody is named.
    #[serde(default)]
    pub members: Vec<Member>,
}

/// The body of `PATCH /projects/{name}`, for the project's admins.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchProject {
    /// Who is in it, all of them.
    pub members: Vec<Member>,
}

/// The body of `PATCH /users/{name}`, for administrators.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PatchUser {
    /// Shut the user out, or let them in again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Make the user an administrator, or take that back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<bool>,
}

/// The body of `POST /secrets`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateSecret {
    /// Its name; of a token for a git host, the host when it is missing.
    #[serde(default)]
    pub name: Option<String>,
    /// The value. It is never shown again.
    pub value: String,
    /// The project whose secret it is; the caller's own when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// `variable` (default) or `forge-token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Of a `forge-token`: the git host, such as `git.example.org`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Of a `forge-token`: the name that goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

impl std::fmt::Debug for CreateSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A secret, without its value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `variable` or `forge-token`.
    pub kind: String,
    /// The project whose secret it is; the caller's own when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Of a `forge-token`: the git host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A browser's session.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id.
    pub id: String,
    /// What signed in.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When it was last used, to the hour.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
}

/// An account at a provider by which the caller may sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The provider.
    pub provider: String,
    /// What the provider calls the person.
    pub subject: String,
    /// The name there.
    pub login: String,
    /// Whether the provider said no when it was last asked.
    pub blocked: bool,
    /// When it was linked.
    pub created_at: Timestamp,
}

/// Something that was done, for administrators.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Audited {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub user: String,
    /// By which credential.
    pub via: String,
    /// What, as `noun.verb`.
    pub action: String,
    /// With what.
    pub target: String,
    /// More, in words.
    pub detail: String,
}

/// The body of `POST /login/device`: a command line wants to be signed in by a browser elsewhere (after RFC 8628).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BeginDevice {
    /// The machine's name, for the person who is asked.
    pub machine: String,
}

/// The answer: what to show, and what to ask with.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeviceBegun {
    /// What the command line asks with. A secret.
    pub device_code: String,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// Seconds until it is over.
    pub expires_in: u64,
    /// Seconds between two questions.
    pub interval: u64,
}

/// The body of `POST /login/token`: a device code, or a code that the browser handed over with its verifier.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedeemCode {
    /// From [`DeviceBegun`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_code: Option<String>,
    /// From the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the challenge was the digest of (RFC 7636).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<String>,
}

/// The body of `POST /login/exchange`: a personal token of a git host, for one of ours.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExchangeToken {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The personal token. It is asked about once, and kept nowhere.
    pub token: String,
    /// What the new token is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `all`, `read`, `ssh` or `workspace:<name>`; `read` when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Seconds until it expires: an hour when it is missing, a day at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// The answer to `POST /me/link`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SignInLink {
    /// Signs a browser in as the caller: once, and for some minutes. The secret is in its fragment.
    pub sign_in_link: String,
}

/// An event of `GET /workspaces/{name}/events` (`event: event`); `event: workspace` carries a [`Workspace`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// One CamelCase word: `Woken`, `Ready`, `Stopped`…
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// Who did it, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// An error (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that names the kind: `/problems/<slug>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, and what to do.
    pub detail: String,
    /// Each field that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// A field that is wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// Which, as a JSON pointer (RFC 6901).
    pub field: String,
    /// Why, and what would do.
    pub reason: String,
}
