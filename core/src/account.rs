//! The records of people and their credentials. Every secret is stored as a hash only.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::UserName;
use crate::principal::Scope;

/// SHA-256 of a secret of at least 128 random bits: such a secret needs no slow hash.
pub type Digest = [u8; 32];

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name.
    pub name: UserName,
    /// A name for people.
    pub display_name: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
    /// Whether this user administrates the installation.
    pub admin: bool,
    /// Whether this user is shut out.
    pub disabled: bool,
    /// When the user was added.
    pub created_at: Timestamp,
}

/// An API token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What names it.
    pub id: String,
    /// Whose it is.
    pub user: UserName,
    /// What it is for.
    pub name: String,
    /// Hash of the whole token text.
    pub digest: Digest,
    /// What it is good for.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is no good.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
}

/// An SSH public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What names it.
    pub id: String,
    /// Whose it is.
    pub user: UserName,
    /// A name for people.
    pub name: String,
    /// `SHA256:…`, as OpenSSH prints it.
    pub fingerprint: String,
    /// Algorithm and key in base64, as in `authorized_keys`, without options or comment.
    pub key: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
}

/// A browser's session. The apex has one per sign-in; each workspace host gets its own below it, so that none works
/// on another host, and all end with the apex's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What names it.
    pub id: String,
    /// Whose it is.
    pub user: UserName,
    /// Hash of the cookie's value.
    pub digest: Digest,
    /// The host (without port, lower case) that the cookie is good for.
    pub host: String,
    /// The apex session below which this one is; None for an apex session.
    pub parent: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is no good.
    pub expires_at: Timestamp,
}

/// A one-time link to sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Hash of the secret in the link's fragment.
    pub digest: Digest,
    /// Who is signed in by it.
    pub user: UserName,
    /// From when on it is no good.
    pub expires_at: Timestamp,
}
