//! Git hosts.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::name::UserName;
use crate::secret::Secret;
use crate::workspace::Source;

/// Why a source could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// The text is no source. The caller's mistake.
    #[error("{0}")]
    Invalid(String),
    /// The host is not one that this gateway may ask. An administrator's decision.
    #[error("{0}")]
    NotAllowed(String),
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
    /// The host wants to be asked less often. Retry then.
    #[error("{host} asks for fewer requests{}", .retry_after.map(|s| format!(": again in {s} s")).unwrap_or_default())]
    RateLimited {
        /// Which.
        host: String,
        /// In so many seconds, where it said so.
        retry_after: Option<u64>,
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
    /// Whether `file:`, paths and the network of this machine are allowed: the person owns it.
    pub local: bool,
    /// Who asks: their credentials open what is not public.
    pub by: Option<UserName>,
    /// The commit to be at, where it was resolved before.
    pub commit: Option<String>,
}

/// What it means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The source, with its commit where the repository is not empty.
    pub source: Source,
    /// The repository's name, for people and for a workspace's name.
    pub repository: String,
    /// The devfile at that commit: its path and text.
    pub devfile: Option<(String, String)>,
    /// Other devfiles that could have been meant.
    pub others: Vec<String>,
    /// The devfile with its parents and plugins brought in, where it has any; or what is wrong with it, with the place.
    pub whole: Option<Result<String, String>>,
    /// Who made the commit, and when.
    pub commit: Option<Commit>,
    /// The request, as far as its host tells.
    pub request: Option<Request>,
    /// The devfile's page at that commit, where its host is known to have one.
    pub devfile_page: Option<String>,
    /// What a person should know before going on.
    pub notes: Vec<String>,
}

/// A commit, as its author wrote it: none of it is proved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// Its author's name.
    pub author: String,
    /// Its author's mail address.
    pub email: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The first line of its message.
    pub subject: String,
}

/// A merge or pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its author's account.
    pub author: String,
    /// Where it stands.
    pub state: RequestState,
    /// Its page.
    pub page: Option<String>,
    /// The branch that it is made of; None where that is gone.
    pub branch: Option<String>,
    /// The repository of that branch, to clone from, where it is another one.
    pub fork: Option<String>,
    /// Whether that repository is gone.
    pub fork_gone: bool,
    /// The branch that it is to be merged into.
    pub target: Option<String>,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RequestState {
    /// Open.
    #[default]
    Open,
    /// Closed without a merge.
    Closed,
    /// Merged.
    Merged,
}

impl RequestState {
    /// As one word.
    pub fn as_str(self) -> &'static str {
        match self {
            RequestState::Open => "open",
            RequestState::Closed => "closed",
            RequestState::Merged => "merged",
        }
    }
}

/// Git hosts: what a source means, now.
#[async_trait]
pub trait Forge: Send + Sync + 'static {
    /// Resolves a source to a commit and finds its devfile.
    async fn resolve(&self, asked: &Asked) -> Result<Resolved, ForgeError>;

    /// Where the request of a source stands now. None where its host does not tell, or it is of no request.
    async fn request(&self, source: &Source, by: Option<&UserName>) -> Result<Option<Request>, ForgeError> {
        let (_, _) = (source, by);
        Ok(None)
    }

    /// A devfile that belongs to no repository, with its parents and plugins brought in; or what is wrong with it.
    async fn whole(&self, name: &str, text: &str) -> Result<Option<String>, String> {
        let (_, _) = (name, text);
        Ok(None)
    }
}

/// What people sign in to git hosts with.
#[async_trait]
pub trait ForgeCredentials: Send + Sync + 'static {
    /// What `user` signs in to `host` with now (`git.example.com`, `git.example.com:8443`; lower case). None where
    /// nothing is kept for it, or the user may not any more.
    async fn for_host(&self, user: &UserName, host: &str) -> Option<Credential>;

    /// Name and mail address for a user's commits in a workspace of a source at `host`: as that host knows them, where
    /// it does.
    async fn identity(&self, user: &UserName, host: Option<&str>) -> Option<Identity> {
        let (_, _) = (user, host);
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
