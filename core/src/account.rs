//! The records of people and their credentials. Every secret is stored as a hash only.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::{ProjectName, UserName};
use crate::principal::Scope;
use crate::workspace::Role;

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
    /// When it was last used, to the hour; that of an apex session counts the use of those below it.
    pub last_used_at: Option<Timestamp>,
    /// What signed in, in words for its owner: `Chromium on Linux`.
    pub label: Option<String>,
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

/// What gateways of one installation tell each other for some minutes: that a ticket was used, what a person said to a
/// command line. What it says is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// What it is found by: the hash of something that cannot be guessed.
    pub key: Digest,
    /// What it says, sealed; empty where it is enough that it is there.
    pub sealed: Vec<u8>,
    /// From when on it counts for nothing.
    pub expires_at: Timestamp,
}

/// An account at a provider by which a user may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider's name in the configuration.
    pub provider: String,
    /// What the provider calls the person for ever: never a name or an address, which may change hands.
    pub subject: String,
    /// Who it is here.
    pub user: UserName,
    /// The name there, for people.
    pub login: String,
    /// A name for people.
    pub name: Option<String>,
    /// The mail address, where the provider says that it is the person's.
    pub mail: Option<String>,
    /// Groups there, each as `<provider>/<group>`: two providers may have groups of one name.
    pub groups: Vec<String>,
    /// Whether the provider's groups make an administrator of them.
    pub admin: bool,
    /// Whether the provider said no when it was last asked.
    pub blocked: bool,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When the provider last answered for it.
    pub checked_at: Timestamp,
}

/// A tenant: people with roles, secrets that they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The name.
    pub name: ProjectName,
    /// A name for people.
    pub display_name: Option<String>,
    /// Who is in it.
    pub members: Vec<ProjectMember>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Somebody, or a group, in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectMember {
    /// A user, or
    pub user: Option<UserName>,
    /// a group.
    pub group: Option<String>,
    /// As what.
    pub role: Role,
}

/// Whose a secret is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Holder {
    /// One person's, for their own workspaces.
    User(UserName),
    /// A project's, for the workspaces in it.
    Project(ProjectName),
}

/// What a secret is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretKind {
    /// A variable or file of workspaces.
    Variable,
    /// What its owner signs in to a git host with.
    ForgeToken {
        /// The host, with its port where it is not the scheme's own; lower case.
        host: String,
        /// The name that goes with it.
        username: String,
    },
}

/// A secret. Its value is sealed with a key that is not among the records.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// What names it.
    pub id: String,
    /// Whose it is.
    pub holder: Holder,
    /// Its name, one of a kind with its holder.
    pub name: String,
    /// What it is for.
    pub kind: SecretKind,
    /// The sealed value.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredSecret").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Something that was done with rights, for those who have to answer for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// When.
    pub at: Timestamp,
    /// Who; empty where nobody was known.
    pub user: String,
    /// By which credential, as a word and an id: `token 4f…`.
    pub via: String,
    /// What, as `noun.verb`.
    pub action: String,
    /// With what.
    pub target: String,
    /// More, in words. Never a secret.
    pub detail: String,
}
