//! Whether a workspace's files are still there. A claim that is gone is never made anew by itself: an empty home looks
//! like a start that went well. So the workspace's object bears which claim its files are in, and only a person takes that
//! back.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{ObjectMeta, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use dormer_core::ports::runtime::RuntimeError;
use dormer_core::workspace::Workspace;

use super::PodRuntime;
use super::apply::failed;
use crate::names::{CLAIM, MANAGER, UID};
use crate::render::common_claim;
use crate::resource::workspace::Workspace as Object;

const WHAT: &str = "its record";

/// Which claim a workspace's files are in, as its object says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known(Option<String>);

/// A claim, as that is written down.
fn mark(claim: &PersistentVolumeClaim) -> String {
    format!("{}/{}", claim.name_any(), claim.uid().unwrap_or_default())
}

impl Known {
    fn of(metadata: &ObjectMeta) -> Known {
        Known(metadata.annotations.as_ref().and_then(|all| all.get(CLAIM)).cloned())
    }

    /// Whether a start may go on with what there is of a claim. True: it is to be written down.
    pub(super) fn judge(
        &self,
        workspace: &Workspace,
        namespace: &str,
        name: &str,
        there: Option<&PersistentVolumeClaim>,
    ) -> Result<bool, RuntimeError> {
        let known = self.0.as_deref().and_then(|mark| mark.split_once('/')).filter(|(claim, _)| *claim == name);
        let lost = match (there, known) {
            (_, None) => false,
            (None, Some(_)) => true,
            // One that is shared may have been made anew by another workspace; one that is not, a person put back.
            (Some(claim), Some((_, uid))) => name == common_claim() && claim.uid().as_deref() != Some(uid),
        };
        if lost {
            let message = format!(
                "the claim '{name}' with its files is gone, and no empty one was put in its place. Restore it under that name; \
                 where nothing is to be restored, delete the workspace, or let it begin with empty files: \
                 kubectl -n {namespace} annotate workspace {} {CLAIM}-",
                workspace.name
            );
            return Err(RuntimeError::Impossible { reason: "ClaimMissing", message });
        }
        let Some(claim) = there else { return Ok(false) };
        if claim.metadata.deletion_timestamp.is_some() {
            let whose = if claim.labels().get(UID) == Some(&workspace.uid) {
                "is being deleted, and its files with it"
            } else {
                "of an earlier workspace of this name is still being deleted"
            };
            let message = format!("the claim '{name}' {whose}");
            return Err(RuntimeError::Failed { reason: "ClaimGoing", message });
        }
        if claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Lost") {
            let message = format!(
                "the volume behind the claim '{name}' is gone, and its files with it; whoever runs the cluster's storage may \
                 know more"
            );
            return Err(RuntimeError::Impossible { reason: "StorageLost", message });
        }
        Ok(self.0.as_deref() != Some(&mark(claim)))
    }
}

impl PodRuntime {
    /// What a workspace's object says of its files.
    pub(super) async fn known_claim(&self, workspace: &Workspace, namespace: &str) -> Result<Known, RuntimeError> {
        let api: Api<Object> = self.cluster().within(namespace);
        let object = api.get_metadata(workspace.name.as_str()).await.map_err(|error| failed(WHAT, &error))?;
        Ok(Known::of(&object.metadata))
    }

    /// Writes down which claim its files are in, before anything is written into them.
    pub(super) async fn remember(
        &self,
        workspace: &Workspace,
        namespace: &str,
        claim: &PersistentVolumeClaim,
    ) -> Result<(), RuntimeError> {
        let api: Api<Object> = self.cluster().within(namespace);
        let metadata = json!({ "uid": workspace.uid, "annotations": { CLAIM: mark(claim) } });
        let params = PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() };
        api.patch_metadata(workspace.name.as_str(), &params, &Patch::Merge(json!({ "metadata": metadata })))
            .await
            .map(drop)
            .map_err(|error| failed(WHAT, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::workspace::fixture;

    fn claim(name: &str, uid: &str, change: serde_json::Value) -> PersistentVolumeClaim {
        let mut object = json!({ "metadata": { "name": name, "uid": uid }, "status": {} });
        for (key, value) in change.as_object().unwrap() {
            object[key] = value.clone();
        }
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn files_that_are_gone_are_never_taken_for_none() {
        let workspace = fixture("hello", "ann");
        let (own, shared) = ("ws-hello", common_claim());
        let marked = |name: &str| Some(format!("{name}/a"));
        let going = json!({ "metadata": { "name": own, "uid": "a", "deletionTimestamp": "2026-01-01T00:00:00Z" } });
        for (known, name, there, want) in [
            (None, own, None, Ok(false)),
            (None, own, Some(claim(own, "a", json!({}))), Ok(true)),
            (marked(own), own, Some(claim(own, "a", json!({}))), Ok(false)),
            (marked(own), own, None, Err("ClaimMissing")),
            // Somebody put it back.
            (marked(own), own, Some(claim(own, "b", json!({}))), Ok(true)),
            // Its class keeps files elsewhere by now.
            (marked(own), shared, None, Ok(false)),
            (marked(shared), shared, Some(claim(shared, "a", json!({}))), Ok(false)),
            (marked(shared), shared, Some(claim(shared, "b", json!({}))), Err("ClaimMissing")),
            (marked(own), own, Some(claim(own, "a", going)), Err("ClaimGoing")),
            (marked(own), own, Some(claim(own, "a", json!({ "status": { "phase": "Lost" } }))), Err("StorageLost")),
        ] {
            let judged = Known(known.clone()).judge(&workspace, "dormer-team", name, there.as_ref());
            let reason = judged.map_err(|error| match error {
                RuntimeError::Impossible { reason, .. } | RuntimeError::Failed { reason, .. } => reason,
            });
            assert_eq!(reason, want, "{known:?} {name}");
        }
    }
}
