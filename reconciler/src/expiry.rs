//! Deleting what slept for too long.

use std::sync::Arc;
use std::time::Duration;

use dormer_core::directory::Entry;
use dormer_core::ports::store::{StoreError, modify};

use crate::context::Context;

/// Between two tries.
const RETRY: Duration = Duration::from_secs(30);

/// Deletes a workspace whose time has come, unless somebody has come back to it meanwhile.
pub(crate) async fn delete(context: &Context, entry: &Arc<Entry>) {
    while let Err(error) = decide(context, entry).await {
        if matches!(error, StoreError::NotFound(_)) {
            return;
        }
        tracing::warn!(workspace = %entry.peek().name, %error, "could not delete what nobody came back to; trying again");
        tokio::time::sleep(RETRY).await;
    }
}

async fn decide(context: &Context, entry: &Arc<Entry>) -> Result<(), StoreError> {
    let (name, uid) = (entry.peek().name.clone(), entry.peek().uid.clone());
    // Archived first, with a write that fails where somebody was faster: from then on nobody can wake what is about to
    // be deleted.
    let (record, due) = modify(&*context.store, &name, |latest, spec| {
        let due = context.deleted_at(latest).is_some_and(|at| at <= context.clock.now());
        spec.archived |= due && latest.uid == uid;
        spec.archived && !latest.spec.archived
    })
    .await?;
    if !due {
        return Ok(());
    }
    let slept =
        record.status.since.map(|since| context.clock.now().duration_since(since).as_hours()).unwrap_or_default();
    context.note(&name, "Expired", format!("nobody used it for {slept} h after it stopped: it is deleted")).await;
    context.store.mark_deleted(&name).await
}
