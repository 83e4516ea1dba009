//! Projects.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Member;

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
