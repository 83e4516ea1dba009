//! Commands that run by themselves.

use serde::{Deserialize, Serialize};

/// Ids of commands for the moments of a workspace's life.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Events {
    /// Before the containers start: `apply` commands, whose containers are init containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pre_start: Vec<String>,
    /// Once the containers run: `exec` commands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_start: Vec<String>,
    /// Before the containers stop: `exec` commands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pre_stop: Vec<String>,
    /// After the containers stopped: `apply` commands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_stop: Vec<String>,
}
