//! Deleting the folder of a workspace on a claim that it shares: a pod does it, since nobody else sees the files.

use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use kube::runtime::wait::await_condition;

use dormer_core::ports::runtime::RuntimeError;
use dormer_core::workspace::Workspace;

use super::PodRuntime;
use super::apply::failed;
use crate::error::{Answer, answer};
use crate::names::MANAGER;
use crate::render;

/// It may take so long.
const LIMIT: Duration = Duration::from_secs(120);

impl PodRuntime {
    /// Deletes its folder on the shared claim, where its project has one.
    pub(super) async fn clean_common(&self, workspace: &Workspace, namespace: &str) -> Result<(), RuntimeError> {
        const WHAT: &str = "the end of its files";
        let claims: Api<PersistentVolumeClaim> = self.cluster().within(namespace);
        let known = claims.get_metadata_opt(render::common_claim()).await;
        match known {
            Ok(None) => return Ok(()),
            Err(error) if answer(&error) == Answer::NotFound => return Ok(()),
            Err(error) => return Err(failed(WHAT, &error)),
            Ok(Some(_)) => {}
        }
        let policy = self.policy(workspace).unwrap_or_default();
        let pod = render::cleaner(workspace, namespace, &policy, &self.parts.settings);
        let name = pod.metadata.name.clone().unwrap_or_default();
        let api: Api<Pod> = self.cluster().within(namespace);
        let params = PostParams { field_manager: Some(MANAGER.into()), ..PostParams::default() };
        match api.create(&params, &pod).await {
            Ok(_) => {}
            Err(error) if answer(&error) == Answer::Exists => {}
            Err(error) => return Err(failed(WHAT, &error)),
        }
        let ended = |pod: Option<&Pod>| {
            let phase = pod.and_then(|pod| pod.status.as_ref()).and_then(|status| status.phase.as_deref());
            pod.is_none() || matches!(phase, Some("Succeeded" | "Failed"))
        };
        let done = tokio::time::timeout(LIMIT, await_condition(api.clone(), &name, ended)).await;
        let succeeded = match done {
            Ok(Ok(pod)) => {
                pod.and_then(|pod| pod.status).and_then(|status| status.phase).as_deref() == Some("Succeeded")
            }
            _ => false,
        };
        if let Err(error) = api.delete(&name, &DeleteParams::default().grace_period(1)).await
            && answer(&error) != Answer::NotFound
        {
            return Err(failed(WHAT, &error));
        }
        match succeeded {
            true => Ok(()),
            false => Err(RuntimeError::Failed {
                reason: "EraseFailed",
                message: format!("its files on the shared claim could not be deleted; see pod '{name}'"),
            }),
        }
    }
}
