//! The last lines of a container, for when nobody can tell more.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::Api;
use kube::api::LogParams;

use dormer_core::workspace::Workspace;

use super::{PodRuntime, slot};
use crate::render;

/// Lines.
const LINES: i64 = 60;
/// Octets.
const OCTETS: i64 = 8_000;
/// A kubelet that does not answer in this time is not waited for.
const ANSWER: Duration = Duration::from_secs(2);

impl PodRuntime {
    pub(super) async fn tail(&self, workspace: &Workspace, pod: &Pod) -> Option<String> {
        let status = pod.status.as_ref()?;
        let bad = |status: &&ContainerStatus| {
            let end = |state: &Option<k8s_openapi::api::core::v1::ContainerState>| {
                state.as_ref().and_then(|state| state.terminated.as_ref()).is_some_and(|end| end.exit_code != 0)
            };
            end(&status.state) || end(&status.last_state)
        };
        let main = slot::main(pod);
        let failed = status.init_container_statuses.iter().flatten().find(bad);
        let found = failed.or_else(|| status.container_statuses.iter().flatten().find(|status| status.name == main))?;
        let restarted = found.restart_count > 0 && found.state.as_ref().is_none_or(|state| state.terminated.is_none());
        let params = LogParams {
            container: Some(found.name.clone()),
            previous: restarted,
            tail_lines: Some(LINES),
            limit_bytes: Some(OCTETS),
            ..LogParams::default()
        };
        let api: Api<Pod> = self.cluster().within(&self.namespace(workspace));
        let logs = tokio::time::timeout(ANSWER, api.logs(&render::name(workspace), &params)).await;
        logs.ok()?.ok().filter(|text| !text.trim().is_empty())
    }
}
