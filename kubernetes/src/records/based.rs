//! What a write is based on: an object as it is now.

use std::sync::Arc;

use kube::Api;
use kube::api::ListParams;

use dormer_core::name::WorkspaceName;
use dormer_core::ports::store::StoreError;
use dormer_core::workspace as core;

use super::Inner;
use super::index::{Index, Kept};
use crate::error::{Answer, KubeError, answer};
use crate::resource::workspace::Workspace;

/// Objects are read by so many at once.
const PAGE: u32 = 500;

impl Inner {
    /// The object of a name as it is now, read from the API server.
    pub(super) async fn find(&self, name: &WorkspaceName) -> Result<Arc<Kept>, StoreError> {
        // The guard must not live over an await.
        let known = self.index().holder(name.as_str());
        if let Some(known) = known {
            let api: Api<Workspace> = self.cluster.within(&known.namespace);
            if let Some(object) = api.get_opt(name.as_str()).await.map_err(KubeError::from)? {
                let kept = self.keep(object);
                // Another that was made meanwhile may not hold the name.
                if kept.uid == known.uid && !kept.is_leaving() {
                    return Ok(Arc::new(kept));
                }
            }
        }
        self.search(name).await
    }

    /// The object that holds a name, looked for in all namespaces.
    async fn search(&self, name: &WorkspaceName) -> Result<Arc<Kept>, StoreError> {
        let index = self.list(&ListParams::default().fields(&format!("metadata.name={name}"))).await?;
        index.holder(name.as_str()).ok_or_else(|| StoreError::NotFound(name.clone()))
    }

    /// The object that a write is based on; a conflict where it is another by now.
    pub(super) async fn based_on(&self, name: &WorkspaceName, version: u64) -> Result<Arc<Kept>, StoreError> {
        let known = self.index().holder(name.as_str());
        let same = |kept: &Kept| kept.record().is_some_and(|record| record.version == version);
        if let Some(known) = known.filter(|known| same(known)) {
            return Ok(known);
        }
        let found = self.find(name).await?;
        if same(&found) { Ok(found) } else { Err(StoreError::Conflict(name.clone())) }
    }

    /// Everything that a selection gives.
    pub(super) async fn list(&self, select: &ListParams) -> Result<Index, KubeError> {
        let api: Api<Workspace> = self.cluster.all();
        let mut index = self.index().clone_empty();
        let mut select = select.clone().limit(PAGE);
        loop {
            let page = api.list(&select).await?;
            for object in page.items {
                index.put(self.keep(object));
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => select = select.continue_token(&token),
                None => return Ok(index),
            }
        }
    }

    /// An object, as far as we need it.
    pub(super) fn keep(&self, object: Workspace) -> Kept {
        let project = self.index().project(object.metadata.namespace.as_deref().unwrap_or_default());
        Kept::new(object, project.as_ref())
    }

    /// An object that a write answered with, as a record.
    pub(super) fn written(&self, name: &WorkspaceName, object: Workspace) -> Result<core::Workspace, StoreError> {
        record(name, &self.keep(object))
    }
}

/// The record of an object.
pub(super) fn record(name: &WorkspaceName, kept: &Kept) -> Result<core::Workspace, StoreError> {
    match &kept.read {
        Ok(record) => Ok(core::Workspace::clone(record)),
        Err(refusal) => Err(StoreError::Damaged { name: name.to_string(), message: refusal.message(name.as_str()) }),
    }
}

/// What an answer means for who writes to `name`.
pub(super) fn explain(name: &WorkspaceName, error: kube::Error) -> StoreError {
    match answer(&error) {
        Answer::NotFound => StoreError::NotFound(name.clone()),
        Answer::Exists => StoreError::Taken(name.clone()),
        Answer::Conflict => StoreError::Conflict(name.clone()),
        Answer::Expired | Answer::Other => match KubeError::from(error) {
            KubeError::Refused(message) => StoreError::Refused(message),
            error => error.into(),
        },
    }
}
