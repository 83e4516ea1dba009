//! Secrets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::VariableKind;

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
