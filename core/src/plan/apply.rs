//! What a backend applies or builds beside the containers.

use serde::{Deserialize, Serialize};

/// A `kubernetes` or `openshift` component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Its name.
    pub name: String,
    /// Whether its objects are OpenShift's.
    pub openshift: bool,
    /// Where the objects are.
    pub content: Content,
    /// Whether it is applied with the start of the workspace. Otherwise `apply` commands do it.
    pub at_start: bool,
}

/// Objects as text, or where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// YAML, of one or more documents.
    Inlined(String),
    /// An address, or a path relative to the devfile.
    Uri(String),
}

/// An `image` component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Its name.
    pub name: String,
    /// What is built, as containers name it.
    pub image: String,
    /// Where the Dockerfile is.
    pub dockerfile: Dockerfile,
    /// The context's folder: relative to the devfile, or to the repository of the Dockerfile.
    pub context: Option<String>,
    /// Arguments of the build, as its command line has them.
    pub args: Vec<String>,
    /// Whether the build needs root.
    pub root_required: bool,
    /// Whether it is built with the start of the workspace. Otherwise `apply` commands do it.
    pub at_start: bool,
}

/// A Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dockerfile {
    /// At an address, or at a path relative to the devfile.
    Uri(String),
    /// Of a devfile in a registry.
    Registry {
        /// The devfile's id.
        id: String,
        /// The registry.
        registry: Option<String>,
    },
    /// In a repository.
    Git {
        /// Its remotes, by name and URL.
        remotes: Vec<(String, String)>,
        /// The remote to check out from.
        remote: Option<String>,
        /// A branch, tag or commit.
        revision: Option<String>,
        /// Where in it.
        path: Option<String>,
    },
}
