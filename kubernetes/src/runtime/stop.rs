//! Stopping: the agent is asked first, since it knows the order; then the pod goes.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, ListParams};

use dormer_core::ports::runtime::RuntimeError;
use dormer_core::workspace::Workspace;
use dormer_wire::door::{Door, Want};
use dormer_wire::message;
use dormer_wire::report::AgentStatus;

use super::apply::failed;
use super::{PodRuntime, slot};
use crate::names::UID;
use crate::truth;

/// An agent that does not answer in this time will not.
const ANSWER: Duration = Duration::from_secs(2);
/// What an agent has not stopped (a database beside it) gets so long at most.
const OTHERS: Duration = Duration::from_secs(10);
/// A kubelet may take so long over a pod whose grace has passed.
const KUBELET: Duration = Duration::from_secs(20);

impl PodRuntime {
    pub(super) async fn stop_pods(&self, workspace: &Workspace, grace: Duration) -> Result<(), RuntimeError> {
        let slot = self.pods.slot(workspace).await?;
        let Some(pod) = slot.pod() else { return Ok(()) };
        let going = pod.metadata.deletion_timestamp.is_some();
        if !going
            && !truth::has_ended(&pod, slot::main(&pod))
            && slot::runs(&pod, slot::main(&pod))
            && let Some(door) = slot::door(workspace, &pod)
        {
            self.ask(workspace, &door, grace).await;
        }
        let rest = if slot::has_others(&pod) { grace.min(OTHERS) } else { grace.min(Duration::from_secs(1)) };
        self.delete(workspace, Some(rest)).await?;
        if tokio::time::timeout(rest + KUBELET, slot.absent()).await.is_ok() {
            return Ok(());
        }
        // Its node does not answer. What the API server forgets, the node ends when it comes back.
        tracing::warn!(workspace = %workspace.name, "its pod does not go; it is forgotten");
        self.delete(workspace, None).await?;
        match tokio::time::timeout(KUBELET, slot.absent()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(RuntimeError::Failed {
                reason: "PodLeft",
                message: "its pod does not go; something in its cluster holds it (a finalizer)".into(),
            }),
        }
    }

    /// Asks its agent to stop, and listens until it hangs up.
    async fn ask(&self, workspace: &Workspace, door: &Door, grace: Duration) {
        let grace_seconds = u32::try_from(grace.as_secs()).unwrap_or(u32::MAX);
        let asking = async {
            let mut stream = self.parts.dialer.dial(door, Want::Stop { grace_seconds }, ANSWER).await?;
            // What it says of itself meanwhile is heard by whoever follows its status; a broken stream is an end as well.
            while let Ok(Some(_)) = message::read::<AgentStatus>(&mut stream).await {}
            Ok::<(), dormer_wire::dial::DialError>(())
        };
        match tokio::time::timeout(grace + ANSWER, asking).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(workspace = %workspace.name, %error, "its agent was not asked to stop"),
            Err(_) => tracing::debug!(workspace = %workspace.name, "its agent did not stop in time"),
        }
    }

    /// Deletes its pods; without a grace, at once and whether their nodes know it or not.
    async fn delete(&self, workspace: &Workspace, grace: Option<Duration>) -> Result<(), RuntimeError> {
        let api: Api<Pod> = self.cluster().within(&self.namespace(workspace));
        let seconds = grace.map_or(0, |grace| u32::try_from(grace.as_secs().max(1)).unwrap_or(u32::MAX));
        let all = ListParams::default().labels(&format!("{UID}={}", workspace.uid));
        let params = DeleteParams::default().grace_period(seconds);
        api.delete_collection(&params, &all).await.map(drop).map_err(|error| failed("the end of its pods", &error))
    }
}
