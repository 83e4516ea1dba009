//! `Workspace`: what one is. The fields are those of the domain's status, and what only people with `kubectl` look at.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema;
use super::workspace::Port;

/// What a workspace is. Written by the gateway only.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkspaceStatus {
    /// Where it is in its life.
    pub phase: Phase,
    /// Why, as one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// In this phase since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::maybe_time")]
    pub since: Option<Timestamp>,
    /// Where it is opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The generation of the spec that this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Accepted`: it holds its name. `Ready`: it can be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Tells one start from another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Where its door is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<String>,
    /// The last thing that a person did in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_activity: Option<Activity>,
    /// The steps of the last start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<Step>,
    /// The last lines of the log that tells why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_tail: Option<String>,
    /// The commit that it was checked out at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Ports on which it listens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub listening: Vec<u16>,
    /// Ports that its devfile names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Port>,
    /// Its project's folder inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Starts that failed in a row.
    #[serde(skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// What the backend keeps.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Where a workspace is in its life.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, Default, PartialEq)]
pub enum Phase {
    /// Recorded, nothing done yet.
    #[default]
    Pending,
    /// On its way to Running.
    Starting,
    /// Its door is open.
    Running,
    /// Its processes are paused and come back at once.
    Dozing,
    /// On its way to Stopped.
    Stopping,
    /// Nothing of it runs; its files are kept.
    Stopped,
    /// Stopped, and not to be woken by a visit.
    Archived,
    /// On its way out, files and all.
    Deleting,
    /// Its last start failed, or it ended by itself, or it was not accepted.
    Failed,
}

/// Something that a person did.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
pub struct Activity {
    /// When.
    #[schemars(schema_with = "schema::time")]
    pub at: Timestamp,
    /// What.
    pub kind: String,
}

/// A step of a start.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
pub struct Step {
    /// Which.
    pub step: String,
    /// How far it is: `pending`, `running`, `done`, `failed`, `skipped`.
    pub state: String,
    /// Since when.
    #[schemars(schema_with = "schema::time")]
    pub since: Timestamp,
    /// A word for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
