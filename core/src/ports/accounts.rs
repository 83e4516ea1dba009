//! The records of people and their credentials.

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::account::{Audited, Brief, Digest, Identity, Key, Link, Project, Session, StoredSecret, Token, User};
use crate::name::{ProjectName, UserName};

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A user of this name, or a key with this fingerprint, exists already.
    #[error("{0} exists already")]
    Taken(String),
    /// There is no such record.
    #[error("there is no {0}")]
    NotFound(String),
    /// The store does not answer now. Retry later.
    #[error("the records cannot be reached: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Everything by which somebody can be known, for a snapshot in memory.
#[derive(Debug, Clone, Default)]
pub struct Everybody {
    /// The users.
    pub users: Vec<User>,
    /// Their tokens.
    pub tokens: Vec<Token>,
    /// Their keys.
    pub keys: Vec<Key>,
    /// Their sessions.
    pub sessions: Vec<Session>,
    /// Their accounts at providers.
    pub identities: Vec<Identity>,
    /// The projects.
    pub projects: Vec<Project>,
    /// The secrets, sealed.
    pub secrets: Vec<StoredSecret>,
}

/// The records of people. A write that has returned is not lost by a crash, and is seen by the next [`Accounts::load`].
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Reads everything but links and briefs.
    async fn load(&self) -> Result<Everybody, AccountError>;

    /// A number that rises with each change; whoever keeps a snapshot loads again when it does.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Adds a user.
    async fn add_user(&self, user: User) -> Result<(), AccountError>;
    /// Changes a user.
    async fn put_user(&self, user: User) -> Result<(), AccountError>;
    /// Removes a user with tokens, keys, sessions, links, accounts at providers and secrets.
    async fn remove_user(&self, name: &UserName) -> Result<(), AccountError>;

    /// Adds a token.
    async fn add_token(&self, token: Token) -> Result<(), AccountError>;
    /// Removes a token.
    async fn remove_token(&self, id: &str) -> Result<(), AccountError>;

    /// Adds a key. A key can be one user's only: it says who somebody is.
    async fn add_key(&self, key: Key) -> Result<(), AccountError>;
    /// Removes a key.
    async fn remove_key(&self, id: &str) -> Result<(), AccountError>;

    /// Adds a session.
    async fn add_session(&self, session: Session) -> Result<(), AccountError>;
    /// Removes a session and those below it.
    async fn remove_session(&self, id: &str) -> Result<(), AccountError>;

    /// Removes the apex sessions of a user, and those below them; `but` stays.
    async fn remove_sessions(&self, user: &UserName, but: Option<&str>) -> Result<(), AccountError>;

    /// Adds an account at a provider, or changes it. One that is somebody else's already is [`AccountError::Taken`].
    async fn put_identity(&self, identity: Identity) -> Result<(), AccountError>;
    /// Removes an account at a provider, with what is kept to act for it.
    async fn remove_identity(&self, provider: &str, subject: &str) -> Result<(), AccountError>;
    /// Keeps what acts for an account at a provider, sealed. None: nothing any more. Nobody is told.
    async fn put_grant(&self, provider: &str, subject: &str, sealed: Option<Vec<u8>>) -> Result<(), AccountError>;
    /// What is kept to act for an account at a provider, sealed.
    async fn grant(&self, provider: &str, subject: &str) -> Result<Option<Vec<u8>>, AccountError>;

    /// Adds a project.
    async fn add_project(&self, project: Project) -> Result<(), AccountError>;
    /// Changes a project.
    async fn put_project(&self, project: Project) -> Result<(), AccountError>;
    /// Removes a project with its secrets.
    async fn remove_project(&self, name: &ProjectName) -> Result<(), AccountError>;

    /// Adds a secret. Its holder has none of that name yet.
    async fn add_secret(&self, secret: StoredSecret) -> Result<(), AccountError>;
    /// Removes a secret.
    async fn remove_secret(&self, id: &str) -> Result<(), AccountError>;

    /// Writes down what was done. Kept for a year, and a bounded number.
    async fn audit(&self, audited: Audited) -> Result<(), AccountError>;
    /// What was done, newest first: so many, older than `before`.
    async fn audited(&self, before: Option<Timestamp>, most: usize) -> Result<Vec<Audited>, AccountError>;

    /// Adds a one-time link.
    async fn add_link(&self, link: Link) -> Result<(), AccountError>;
    /// Takes a one-time link: of any number of callers at the same time exactly one gets it, and none once it expired.
    async fn take_link(&self, digest: &Digest, now: Timestamp) -> Result<Option<Link>, AccountError>;

    /// Keeps a brief. Of any number of callers with the same key, at the same time or later, exactly one is told that
    /// it was the first. Nobody else is told.
    async fn keep_brief(&self, brief: Brief) -> Result<bool, AccountError>;
    /// What a brief says, until it expires.
    async fn brief(&self, key: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, AccountError>;
    /// Takes a brief: of any number of callers at the same time exactly one gets it, and none once it expired.
    async fn take_brief(&self, key: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, AccountError>;

    /// Notes when credentials (tokens, keys, sessions by id) were last used, and removes what expired before `now`.
    async fn tidy(&self, used: &[(String, Timestamp)], now: Timestamp) -> Result<(), AccountError>;
}
