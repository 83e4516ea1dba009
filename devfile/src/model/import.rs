//! References to other devfiles, and what is changed in them.

use super::Attributes;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The devfile that this one builds on.
pub type Parent = Plugin;

/// Another devfile, with overrides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Plugin {
    /// Which devfile.
    #[serde(flatten)]
    pub reference: ImportReference,
    /// What is changed in it: fragments of its lists, by name or id. Applied when flattening.
    #[serde(flatten)]
    pub overrides: Attributes,
}

/// A reference to a devfile: exactly one of `uri`, `id` and `kubernetes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImportReference {
    /// Its address, or a path relative to the devfile that refers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its id in a registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A `DevWorkspaceTemplate` in a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<KubernetesReference>,
    /// The registry, with `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_url: Option<String>,
    /// The version in the registry, with `id`: `latest` or a semantic version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A `DevWorkspaceTemplate` in a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct KubernetesReference {
    /// Its name.
    pub name: String,
    /// Its namespace; the caller's own if it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// The words that provenance attributes use for the reference.
impl fmt::Display for ImportReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(uri) = &self.uri {
            write!(f, "uri: {uri}")
        } else if let Some(id) = &self.id {
            write!(f, "id: {id}, registryURL: {}", self.registry_url.as_deref().unwrap_or_default())
        } else if let Some(reference) = &self.kubernetes {
            let namespace = reference.namespace.as_deref().unwrap_or_default();
            write!(f, "name: {}, namespace: {namespace}", reference.name)
        } else {
            f.write_str("main devfile")
        }
    }
}
