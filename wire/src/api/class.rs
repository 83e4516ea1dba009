//! Classes: what an administrator decides for workspaces.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Lifecycle, Resources, Storage};

/// A class: what an administrator decides for workspaces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Whether workspaces get it that name none.
    #[serde(default)]
    pub default: bool,
    /// When it was made; missing where nobody made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// What it says. Only administrators are told more than its description.
    #[serde(flatten)]
    pub says: ClassSays,
}

/// What a class says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClassSays {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The image of workspaces whose devfile names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The devfile of workspaces whose repository has none, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devfile: Option<String>,
    /// What a workspace gets that does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defaults: Option<ClassDefaults>,
    /// What it may ask for at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<ClassLimits>,
    /// What only the class decides, as paths: `resources.memory`, `storage.size`, `lifecycle.idleTimeout`, `devfile`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<String>,
    /// In a cluster, where pods go and as what they run, as in a `WorkspaceClass`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<serde_json::Value>,
    /// In a cluster, what workspaces may do within their pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<serde_json::Value>,
    /// In a cluster, where workspaces may connect to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<serde_json::Value>,
    /// In a cluster, accelerators by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerators: Option<serde_json::Value>,
    /// In a cluster, kinds of objects that a devfile may bring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_kinds: Option<Vec<String>>,
}

/// What a workspace gets that does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClassDefaults {
    /// What each of its containers may use.
    pub resources: Resources,
    /// What is kept.
    pub storage: Storage,
    /// When it sleeps.
    pub lifecycle: Lifecycle,
}

/// What a workspace may ask for at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClassLimits {
    /// Processor time of a container: `2`, `500m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory of a container: `4Gi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Accelerators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// Storage: `20Gi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// In a cluster, pods of one project that run at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<u32>,
    /// Seconds without activity, before it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<u64>,
    /// Seconds since its start, before it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_lifetime: Option<u64>,
}

/// The body of `POST /classes`: a class.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateClass {
    /// Its name: a label.
    pub name: String,
    /// What it says.
    #[serde(flatten)]
    pub says: ClassSays,
}
