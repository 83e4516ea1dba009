//! The records of people and their credentials.

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::account::{Digest, Key, Link, Session, Token, User};
use crate::name::UserName;

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
}

/// The records of people. A write that has returned is not lost by a crash, and is seen by the next [`Accounts::load`].
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Reads everything but links.
    async fn load(&self) -> Result<Everybody, AccountError>;

    /// A number that rises with each change; whoever keeps a snapshot loads again when it does.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Adds a user.
    async fn add_user(&self, user: User) -> Result<(), AccountError>;
    /// Changes a user.
    async fn put_user(&self, user: User) -> Result<(), AccountError>;
    /// Removes a user with tokens, keys, sessions and links.
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

    /// Adds a one-time link.
    async fn add_link(&self, link: Link) -> Result<(), AccountError>;
    /// Takes a one-time link: of any number of callers at the same time exactly one gets it, and none once it expired.
    async fn take_link(&self, digest: &Digest, now: Timestamp) -> Result<Option<Link>, AccountError>;

    /// Notes when credentials (tokens, keys by id) were last used, and removes what expired before `now`.
    async fn tidy(&self, used: &[(String, Timestamp)], now: Timestamp) -> Result<(), AccountError>;
}
