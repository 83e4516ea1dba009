//! A devfile as types.
//!
//! The types say what can be said in any version of the specification; what a given version allows is the business of
//! the [schema](crate::schema). A field that a devfile may leave out is an `Option` or an empty list; what its absence
//! means is a method beside it (`container.mounts_sources()`), so that writing a model gives back what was written.

pub mod command;
pub mod component;
pub mod endpoint;
pub mod event;
pub mod import;
pub mod metadata;
pub mod project;

use crate::model::command::Command;
use crate::model::component::Component;
use crate::model::event::Events;
use crate::model::import::Parent;
use crate::model::metadata::Metadata;
use crate::model::project::{Project, StarterProject};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Free-form data that tools attach to an element: any JSON under any key.
pub type Attributes = IndexMap<String, serde_json::Value>;

/// A whole devfile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Devfile {
    /// The version of the specification, as written: `2.2.0`, `2.2.0-latest`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub schema_version: String,
    /// What the devfile is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The devfile that this one builds on. A flattened devfile has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Values for `{{ name }}` elsewhere in the devfile.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub variables: IndexMap<String, String>,
    /// Free-form data about the whole devfile.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub attributes: Attributes,
    /// What the workspace is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    /// What can be done in the workspace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
    /// Commands that run by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Events>,
    /// Sources that are there when the workspace starts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<Project>,
    /// Sources that a new project may begin from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub starter_projects: Vec<StarterProject>,
    /// Sources that the projects need beside them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependent_projects: Vec<Project>,
}

impl Devfile {
    /// The name in the metadata.
    pub fn name(&self) -> Option<&str> {
        self.metadata.as_ref()?.name.as_deref()
    }

    /// A component by its name.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.name == name)
    }

    /// A command by its id. References to commands ignore case, as the reference library does.
    pub fn command(&self, id: &str) -> Option<&Command> {
        self.commands.iter().find(|command| command.id.eq_ignore_ascii_case(id))
    }
}
