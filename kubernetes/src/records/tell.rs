//! Telling those who made an object that is no workspace why it is none. The leader's business.

use std::time::Duration;

use jiff::Timestamp;
use kube::Api;
use kube::api::Patch;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::index::Kept;
use super::refusal::{self, Refusal};
use super::store::writes;
use super::{Inner, Records};
use crate::error::KubeError;
use crate::resource::workspace::Workspace;

/// Changes come in crowds.
const CROWD: Duration = Duration::from_millis(200);
/// What could not be written is tried again after this.
const RETRY: Duration = Duration::from_secs(5);

impl Records {
    /// Writes why into the status of each object that is not accepted, until `stop`.
    pub async fn tell_refused(&self, stop: CancellationToken) {
        let inner = &self.inner;
        let mut changes = inner.refusals.subscribe();
        let telling = async {
            loop {
                changes.mark_unchanged();
                let refused = inner.index().refused();
                let mut failed = false;
                for (kept, why) in refused.iter().filter(|(kept, why)| kept.said.as_ref() != Some(why)) {
                    tracing::info!(namespace = kept.namespace, name = kept.name, reason = why.reason(), "not accepted");
                    if let Err(error) = tell(inner, kept, why).await {
                        tracing::warn!(namespace = kept.namespace, name = kept.name, %error, "could not say why");
                        failed = true;
                    }
                }
                let wait = if failed { RETRY } else { Duration::MAX };
                tokio::select! {
                    changed = changes.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(wait) => {}
                }
                tokio::time::sleep(CROWD).await;
            }
        };
        stop.run_until_cancelled(telling).await;
    }
}

async fn tell(inner: &Inner, kept: &Kept, why: &Refusal) -> Result<(), KubeError> {
    let api: Api<Workspace> = inner.cluster.within(&kept.namespace);
    let status = refusal::status(why, &kept.name, kept.generation, &kept.conditions, Timestamp::now());
    let patch = json!({ "metadata": { "uid": kept.uid }, "status": status });
    api.patch_status(&kept.name, &writes(), &Patch::Merge(&patch)).await?;
    Ok(())
}
