//! The records of workspaces.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;

use dormer_wire::report::Activity;

use crate::name::WorkspaceName;
use crate::workspace::{Spec, Status, Workspace};

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another record has this name. The caller's mistake: choose another.
    #[error("a workspace named '{0}' exists already")]
    Taken(WorkspaceName),
    /// There is no such record.
    #[error("there is no workspace named '{0}'")]
    NotFound(WorkspaceName),
    /// Somebody else changed it meanwhile. Read it again, decide again.
    #[error("'{0}' was changed by somebody else at the same time")]
    Conflict(WorkspaceName),
    /// The store takes no such record. The caller's mistake, which the words name.
    #[error("{0}")]
    Refused(String),
    /// The store does not answer now (disk full, database locked, API server away). Retry later.
    #[error("the records cannot be reached: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A record that cannot be understood. Nobody's retry helps.
    #[error("the record of '{name}' is damaged: {message}")]
    Damaged {
        /// Whose.
        name: String,
        /// What is wrong.
        message: String,
    },
}

/// A change of a record.
#[derive(Debug, Clone)]
pub enum Change {
    /// All of them: at the beginning, and again whenever single changes may have been missed.
    All(Vec<Arc<Workspace>>),
    /// One is new or changed.
    Put(Arc<Workspace>),
    /// One is gone.
    Gone(WorkspaceName),
}

/// Something that happened, for `dormer events`.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// One CamelCase word.
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// Who did it; None for the gateway itself.
    pub by: Option<String>,
}

/// The records of workspaces. A write that has returned is not lost by a crash.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Creates a record.
    async fn create(&self, name: &WorkspaceName, spec: Spec) -> Result<Workspace, StoreError>;

    /// Reads one.
    async fn get(&self, name: &WorkspaceName) -> Result<Workspace, StoreError>;

    /// Reads all.
    async fn list(&self) -> Result<Vec<Workspace>, StoreError>;

    /// Writes a spec that is based on `version`; [`StoreError::Conflict`] when the record is another by now.
    async fn put_spec(&self, name: &WorkspaceName, version: u64, spec: Spec) -> Result<Workspace, StoreError>;

    /// Writes a status that is based on `version`. For the reconciler only.
    async fn put_status(&self, name: &WorkspaceName, version: u64, status: Status) -> Result<Workspace, StoreError>;

    /// Writes when people last did something, for many workspaces in one go, without conflicts; unknown names are
    /// passed over, and an older activity never replaces a newer one.
    async fn put_activity(&self, activity: &[(WorkspaceName, Activity)]) -> Result<(), StoreError>;

    /// Marks a record as to be deleted. The reconciler does the rest.
    async fn mark_deleted(&self, name: &WorkspaceName) -> Result<(), StoreError>;

    /// Removes a record for good. For the reconciler only.
    async fn remove(&self, name: &WorkspaceName) -> Result<(), StoreError>;

    /// All records, then every change. The stream ends only with the store.
    fn watch(&self) -> BoxStream<'static, Change>;

    /// Notes that something happened. Kept for a while, a bounded number for each workspace.
    async fn note(&self, name: &WorkspaceName, event: Event) -> Result<(), StoreError>;

    /// What happened, oldest first.
    async fn events(&self, name: &WorkspaceName) -> Result<Vec<Event>, StoreError>;
}

/// Changes a spec, reading and deciding again as often as somebody else was faster. `change` returns whether there is
/// anything to write; what it returns last is the answer's second part.
pub async fn modify(
    store: &dyn Store,
    name: &WorkspaceName,
    mut change: impl FnMut(&Workspace, &mut Spec) -> bool + Send,
) -> Result<(Workspace, bool), StoreError> {
    loop {
        let workspace = store.get(name).await?;
        let mut spec = workspace.spec.clone();
        if !change(&workspace, &mut spec) {
            return Ok((workspace, false));
        }
        match store.put_spec(name, workspace.version, spec).await {
            Ok(written) => return Ok((written, true)),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
}
