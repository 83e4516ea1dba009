//! What a devfile says about itself.

use super::Attributes;
use serde::{Deserialize, Serialize};

/// Metadata of a devfile. Keys that the specification does not know are kept in `other`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Version of this devfile, in semantic versioning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Description for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Processors that the devfile runs on; all of them if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub architectures: Vec<String>,
    /// Address of an icon, or a path to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Memory for the whole workspace (deprecated by the specification).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global_memory_limit: Option<String>,
    /// Kind of project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_type: Option<String>,
    /// Programming language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Who provides the devfile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Where to get help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support_url: Option<String>,
    /// Free-form data (deprecated here by the specification; it belongs to the top level).
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// Everything else.
    #[serde(flatten)]
    pub other: Attributes,
}
