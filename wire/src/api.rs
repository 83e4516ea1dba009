//! The JSON of the HTTP API, `/api/v1`.

mod account;
mod class;
mod login;
mod project;
mod secret;
mod source;
mod workspace;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use account::{Audited, CreateKey, CreateToken, CreateUser, Identity, Key, Me, PatchUser, Session, Token, User};
pub use class::{Class, ClassDefaults, ClassLimits, ClassSays, CreateClass};
pub use login::{BeginDevice, DeviceBegun, ExchangeToken, RedeemCode, SignInLink};
pub use project::{CreateProject, PatchProject, Project};
pub use secret::{CreateSecret, Secret, SecretRef};
pub use source::{CommitInfo, Existing, RequestInfo, ResolveSource, ResolvedSource, Running, Source};
pub use workspace::{
    CreateWorkspace, Lifecycle, Member, PatchWorkspace, Port, Resources, Storage, Usage, Variable, VariableKind,
    Workspace,
};

/// A page of a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: usize,
    /// `?page=` of the next page, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<usize>,
}

/// An event of `GET /workspaces/{name}/events` (`event: event`); `event: workspace` carries a [`Workspace`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// One CamelCase word: `Woken`, `Ready`, `Stopped`…
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// Who did it, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// An error (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that names the kind: `/problems/<slug>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, and what to do.
    pub detail: String,
    /// Each field that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// A field that is wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// Which, as a JSON pointer (RFC 6901).
    pub field: String,
    /// Why, and what would do.
    pub reason: String,
}
