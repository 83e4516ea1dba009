//! `User` and `Project`: people, and what they share. Credentials are no resources of their own: see
//! [`crate::accounts`].

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::class::{Limits, Network};
use super::workspace::Member;

/// A person.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[kube(
    group = "dormer.dev",
    version = "v1alpha1",
    kind = "User",
    doc = "A person who may sign in to Dormer.",
    namespaced,
    category = "dormer",
    derive = "PartialEq",
    cel,
    validation = Rule::new("size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')")
        .message("a user's name is a DNS label of at most 63 characters"),
    printcolumn(name = "Name for people", type_ = "string", json_path = ".spec.displayName"),
    printcolumn(name = "Admin", type_ = "boolean", json_path = ".spec.admin"),
    printcolumn(name = "Disabled", type_ = "boolean", json_path = ".spec.disabled"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct UserSpec {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub display_name: Option<String>,
    /// Groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub groups: Vec<String>,
    /// Whether this user administrates the installation.
    #[serde(default)]
    pub admin: bool,
    /// Whether this user is shut out.
    #[serde(default)]
    pub disabled: bool,
}

/// A tenant: people with roles, secrets that they share, a namespace of its own.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[kube(
    group = "dormer.dev",
    version = "v1alpha1",
    kind = "Project",
    doc = "A tenant of Dormer: people with roles, secrets that they share, a namespace of its own.",
    namespaced,
    category = "dormer",
    derive = "PartialEq",
    cel,
    validation = Rule::new("size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')")
        .message("a project's name is a DNS label of at most 63 characters"),
    printcolumn(name = "Name for people", type_ = "string", json_path = ".spec.displayName"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct ProjectSpec {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub display_name: Option<String>,
    /// Who is in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub members: Vec<Member>,
    /// What all its workspaces together may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Where its workspaces may connect to, beyond what their class allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
}
