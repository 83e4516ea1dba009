//! People, and what they sign in with.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
