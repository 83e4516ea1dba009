//! What a workspace is made from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
