//! Git hosts.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::name::UserName;
use crate::secret::Secret;
use crate::workspace::Source;

/// Why a source could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// The text is no source, or one that is not allowed here. The caller's mistake.
    #[error("{0}")]
    Invalid(String),
    /// No such repository, or no right to it: the same words, since the difference is nobody's business.
    #[error("there is no repository at {0}, or no right to read it")]
    NoRepository(String),
    /// The repository has no such branch, tag, commit or request.
    #[error("{url} has no {what}")]
    NoRef {
        /// The repository.
        url: String,
        /// `branch, tag or commit 'x'`, `merge request 7`.
        what: String,
    },
    /// The host does not answer. Retry later.
    #[error("{host} does not answer: {message}")]
    Unreachable {
        /// Which.
        host: String,
        /// What it said, or did not.
        message: String,
    },
    /// Something on this machine is missing or failed.
    #[error("git failed: {0}")]
    Failed(String),
}

/// What a person asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// A clone URL or the link of a page, as pasted.
    pub url: String,
    /// A branch, tag or commit, where one was given apart.
    pub reference: Option<String>,
    /// A request's number, where one was given apart.
    pub merge_request: Option<u64>,
    /// Where the devfile is, where that was given.
    pub devfile_path: Option<String>,
    /// Whether `file:` and paths of this machine are allowed.
    pub local: bool,
}

/// What it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The source, with its commit where the repository is not empty.
    pub source: Source,
    /// The repository's name, for people and for a workspace's name.
    pub repository: String,
    /// The devfile at that commit: its path and text.
    pub devfile: Option<(String, String)>,
    /// Other devfiles that could have been meant.
    pub others: Vec<String>,
}

/// Git hosts: what a source means, now.
#[async_trait]
pub trait Forge: Send + Sync + 'static {
    /// Resolves a source to a commit and finds its devfile.
    async fn resolve(&self, asked: &Asked) -> Result<Resolved, ForgeError>;
}

/// What people sign in to git hosts with.
#[async_trait]
pub trait ForgeCredentials: Send + Sync + 'static {
    /// What `user` signs in to `host` with now (`git.example.com`, `git.example.com:8443`; lower case). None where
    /// nothing is kept for it, or the user may not any more.
    async fn for_host(&self, user: &UserName, host: &str) -> Option<Credential>;

    /// Name and mail address for a user's commits.
    async fn identity(&self, user: &UserName) -> Option<Identity> {
        let _ = user;
        None
    }
}

/// What git signs in with.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The name: an account's, or what a host wants beside a token (`oauth2`, `x-access-token`).
    pub username: String,
    /// The token or password.
    pub password: Secret<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Who makes a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A name for people.
    pub name: String,
    /// A mail address.
    pub email: String,
}

/// Nobody has any.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCredentials;

#[async_trait]
impl ForgeCredentials for NoCredentials {
    async fn for_host(&self, _: &UserName, _: &str) -> Option<Credential> {
        None
    }
}
