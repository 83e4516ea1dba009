//! Sources.

use super::Attributes;
use crate::model::component::Custom;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Sources that a workspace has, or that its projects depend on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Project {
    /// Name, and folder unless `clone_path` says otherwise.
    pub name: String,
    /// Folder below the projects' root; see [`Project::clone_path`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clone_path: Option<String>,
    /// Where they come from.
    #[serde(flatten)]
    pub source: ProjectSource,
    /// Folders to check out, all if empty (2.0.0 only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sparse_checkout_dirs: Vec<String>,
    /// Free-form data.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl Project {
    /// The folder below the projects' root: the name, unless it says otherwise.
    pub fn clone_path(&self) -> &str {
        self.clone_path.as_deref().filter(|path| !path.is_empty()).unwrap_or(&self.name)
    }
}

/// Sources that a new project may begin from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StarterProject {
    /// Name.
    pub name: String,
    /// Description for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The part of the sources to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_dir: Option<String>,
    /// Where they come from.
    #[serde(flatten)]
    pub source: ProjectSource,
    /// Free-form data.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// Where sources come from: exactly one of these.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectSource {
    /// A Git repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitSource>,
    /// A repository at GitHub (2.0.0 only; later versions say `git`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<GitSource>,
    /// A zip archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<ZipSource>,
    /// Something that only its own tool understands (in a `DevWorkspaceTemplate`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
}

impl ProjectSource {
    /// The Git repository, however it is written.
    pub fn git(&self) -> Option<&GitSource> {
        self.git.as_ref().or(self.github.as_ref())
    }
}

/// A Git repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GitSource {
    /// What to check out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout_from: Option<CheckoutFrom>,
    /// The remotes by name.
    pub remotes: IndexMap<String, String>,
}

impl GitSource {
    /// The remote to check out from, with its name: the one that `checkoutFrom` names, else the only one.
    pub fn checkout_remote(&self) -> Option<(&str, &str)> {
        let named = self.checkout_from.as_ref().and_then(|from| from.remote.as_deref()).filter(|name| !name.is_empty());
        let (name, url) = match named {
            Some(name) => self.remotes.get_key_value(name)?,
            None => self.remotes.first()?,
        };
        Some((name, url))
    }

    /// The branch, tag or commit to check out; the remote's default branch if none is named.
    pub fn revision(&self) -> Option<&str> {
        self.checkout_from.as_ref()?.revision.as_deref().filter(|revision| !revision.is_empty())
    }
}

/// What to check out of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CheckoutFrom {
    /// Branch, tag or commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Name of the remote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// A zip archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ZipSource {
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}
