//! When people last did something: written beside everything else, whoever writes what meanwhile.

use futures::StreamExt as _;
use futures::stream;
use kube::Api;
use kube::api::Patch;
use serde_json::json;

use dormer_core::name::WorkspaceName;
use dormer_core::ports::store::StoreError;
use dormer_wire::report::Activity;

use super::Inner;
use super::based::{explain, record};
use super::store::writes;
use crate::resource::workspace::Workspace;

/// Written at the same time.
const AT_ONCE: usize = 8;
/// How often one is tried again that others write to at the same time. The next minute brings another.
const TRIES: usize = 5;

/// Writes them. One that cannot be written keeps no other from it.
pub(super) async fn put(inner: &Inner, activity: &[(WorkspaceName, Activity)]) -> Result<(), StoreError> {
    let writes = stream::iter(activity.to_vec())
        .map(|(name, activity)| async move { one(inner, &name, &activity).await })
        .buffer_unordered(AT_ONCE);
    let outcomes: Vec<Result<(), StoreError>> = writes.collect().await;
    outcomes.into_iter().find(Result::is_err).unwrap_or(Ok(()))
}

async fn one(inner: &Inner, name: &WorkspaceName, activity: &Activity) -> Result<(), StoreError> {
    let Some(mut kept) = inner.index().holder(name.as_str()) else { return Ok(()) };
    for _ in 0..TRIES {
        let known = record(name, &kept)?;
        if known.status.last_activity.as_ref().is_some_and(|known| known.at >= activity.at) {
            return Ok(());
        }
        let api: Api<Workspace> = inner.cluster.within(&kept.namespace);
        let patch = json!({
            "metadata": { "resourceVersion": known.version.to_string() },
            "status": { "lastActivity": activity },
        });
        match api.patch_status(name.as_str(), &writes(), &Patch::Merge(&patch)).await.map_err(|e| explain(name, e)) {
            Ok(_) | Err(StoreError::NotFound(_)) => return Ok(()),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
        kept = match inner.find(name).await {
            Ok(kept) => kept,
            Err(StoreError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
    }
    tracing::debug!(workspace = %name, "others write to it all the time: its activity is written later");
    Ok(())
}
