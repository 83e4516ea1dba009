//! What a file says about its workspace as a whole.

use serde::{Deserialize, Serialize};

/// How volumes are kept (`controller.devfile.io/storage-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorageKind {
    /// One claim for all workspaces of a project (`common`, `per-user`).
    Common,
    /// One claim a workspace.
    PerWorkspace,
    /// Empty at each start, filled and saved by a companion.
    Async,
    /// Empty at each start.
    Ephemeral,
}

/// What a file says about its workspace as a whole. What the record or a person says wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// A name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The project it belongs to.
    pub project: Option<String>,
    /// One of the project's environments.
    pub domain: Option<String>,
    /// Seconds without activity before it stops; 0 is never.
    pub idle_timeout: Option<u64>,
    /// Which accelerator `gpu` counts.
    pub accelerator: Option<String>,
    /// Shared secrets that its processes get.
    pub secrets: Vec<SecretUse>,
    /// Extensions of the editor, by id.
    pub extensions: Vec<String>,
    /// Settings of the editor.
    pub editor_settings: serde_json::Map<String, serde_json::Value>,
    /// The repository that the workspace is of.
    pub source: Option<SourceUse>,
    /// Where in that repository its devfile is.
    pub devfile: Option<String>,
}

/// A repository, at a ref or a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceUse {
    /// Its address, or that of a page of it.
    pub url: String,
    /// A branch, tag or commit.
    #[serde(default, rename = "ref")]
    pub reference: Option<String>,
    /// A merge or pull request.
    #[serde(default)]
    pub merge_request: Option<u64>,
}

/// A secret of the project or of its owner, given to the processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretUse {
    /// Its name.
    pub key: String,
    /// As a variable of this name.
    pub env: Option<String>,
    /// As a file at this path.
    pub file: Option<String>,
}
