//! One object, as far as we need it.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use dormer_core::name::ProjectName;
use dormer_core::workspace as core;

use crate::names::FINALIZER;
use crate::records::refusal::{self, Refusal};
use crate::resource::translate;
use crate::resource::workspace::Workspace;

/// One object, as far as we need it.
#[derive(Debug)]
pub struct Kept {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub created_at: Timestamp,
    pub generation: i64,
    pub finalizers: Vec<String>,
    deleting: bool,
    /// What only objects have of a status.
    pub conditions: Vec<Condition>,
    pub observed_generation: Option<i64>,
    pub url: Option<String>,
    /// Its status says that it is not accepted.
    pub said: Option<Refusal>,
    /// Its record, or why there is none.
    pub read: Result<Arc<core::Workspace>, Refusal>,
}

impl Kept {
    /// Of an object, in a namespace of `project`.
    pub fn new(mut object: Workspace, project: Option<&ProjectName>) -> Kept {
        let said = object.status.as_ref().and_then(refusal::said);
        if said.is_some()
            && let Some(status) = object.status.as_mut()
        {
            // What was said of an object that did not hold its name is not what the workspace is.
            status.phase = crate::resource::status::Phase::default();
            (status.reason, status.message, status.since) = (None, None, None);
        }
        let read = match project {
            None => Err(Refusal::NoProject),
            Some(project) => translate::record(&object, project)
                .map(Arc::new)
                .map_err(|error| Refusal::Invalid { message: error.to_string() }),
        };
        let meta = object.metadata;
        let status = object.status.unwrap_or_default();
        Kept {
            namespace: meta.namespace.unwrap_or_default(),
            name: meta.name.unwrap_or_default(),
            uid: meta.uid.unwrap_or_default(),
            created_at: meta.creation_timestamp.map(|at| at.0).unwrap_or_default(),
            generation: meta.generation.unwrap_or_default(),
            finalizers: meta.finalizers.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            conditions: status.conditions,
            observed_generation: status.observed_generation,
            url: status.url,
            said,
            read,
        }
    }

    /// The record, where there is one.
    pub fn record(&self) -> Option<&Arc<core::Workspace>> {
        self.read.as_ref().ok()
    }

    /// Whether this is that record, as it is.
    pub fn is(&self, record: &core::Workspace) -> bool {
        self.record().is_some_and(|own| own.uid == record.uid && own.version == record.version)
    }

    /// Whether it is kept from being deleted until nothing of the workspace is left.
    pub fn is_held(&self) -> bool {
        self.finalizers.iter().any(|finalizer| finalizer == FINALIZER)
    }

    /// Whether it could hold its name.
    pub fn is_able(&self) -> bool {
        self.read.is_ok() && !self.is_leaving()
    }

    /// Whether it goes, and we have nothing to do with that any more: others' finalizers may keep it for a while.
    pub fn is_leaving(&self) -> bool {
        self.deleting && !self.is_held()
    }
}
