//! The port `Runtime`, over pods.
//!
//! A start reads nothing that is not known already (class and pod are kept by watches), applies what a pod needs at once,
//! and makes the pod; where it will be is told by the watch as soon as the kubelet says it, before the pod is ready.

mod apply;
mod cleaner;
mod erase;
mod files;
mod pods;
mod slot;
mod stop;
mod tail;
mod tools;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::jiff::Timestamp;
use kube::api::ListParams;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use dormer_core::plan::Plan;
use dormer_core::plan::devfile;
use dormer_core::ports::runtime::{Runtime, RuntimeError, Seen, Trouble};
use dormer_core::workspace::Workspace;
use dormer_wire::dial::Dialer;
use dormer_wire::door::Door;
use dormer_wire::tls::Master;

use crate::cluster::Cluster;
use crate::policy::PodPolicy;
use crate::render::settings::{Settings, Tools};
use crate::render::{self, Rendered, Subject, annotation};
use crate::resource::class::WorkspaceClassSpec;
use crate::truth::{self, Happened, Sight};
use pods::Pods;
use slot::Slot;

/// Before that, a pod that is not up is nothing to ask the API server about.
const YOUNG: Duration = Duration::from_secs(2);
/// Events of one pod are asked for this often at most.
const EVENTS: Duration = Duration::from_secs(1);
/// The most events that are looked at.
const MOST_EVENTS: u32 = 100;

/// The namespace of a workspace.
pub type NamespaceOf = Arc<dyn Fn(&Workspace) -> String + Send + Sync>;
/// The class of that name.
pub type ClassOf = Arc<dyn Fn(&str) -> Option<Arc<WorkspaceClassSpec>> + Send + Sync>;

/// What a runtime over pods needs.
#[derive(Clone)]
pub struct Parts {
    /// Where pods are.
    pub cluster: Cluster,
    /// In which namespaces.
    pub namespace: NamespaceOf,
    /// What their classes say.
    pub class: ClassOf,
    /// What the installation says.
    pub settings: Settings,
    /// What the keys of their doors follow from.
    pub master: Master,
    /// Opens doors.
    pub dialer: Dialer,
}

/// Workspaces as pods. Cheap to clone.
#[derive(Clone)]
pub struct PodRuntime {
    parts: Arc<Parts>,
    pods: Pods,
    tools: Arc<OnceCell<Tools>>,
}

impl PodRuntime {
    /// Over a cluster. Nothing is watched before it is asked for; then until `closed`.
    pub fn new(parts: Parts, closed: CancellationToken) -> PodRuntime {
        let pods = Pods::new(parts.cluster.all(), closed);
        PodRuntime { parts: Arc::new(parts), pods, tools: Arc::default() }
    }

    fn cluster(&self) -> &Cluster {
        &self.parts.cluster
    }

    fn namespace(&self, workspace: &Workspace) -> String {
        (self.parts.namespace)(workspace)
    }

    fn policy(&self, workspace: &Workspace) -> Result<PodPolicy, RuntimeError> {
        let name = &workspace.spec.class;
        match (self.parts.class)(name) {
            Some(class) => Ok(PodPolicy::from(&*class)),
            None => Err(RuntimeError::Impossible {
                reason: "ClassMissing",
                message: format!("there is no class '{name}'; `dormer class ls` tells which there are"),
            }),
        }
    }

    async fn render(&self, workspace: &Workspace, instance: &str, plan: &Plan) -> Result<Rendered, RuntimeError> {
        let policy = self.policy(workspace)?;
        let peer = render::peer(workspace, instance);
        let keys = self.parts.master.agent_keys(&peer).map_err(|error| RuntimeError::Impossible {
            reason: "Internal",
            message: format!("its door can have no keys: {error}"),
        })?;
        let namespace = self.namespace(workspace);
        let settings = self.settled(&namespace).await;
        let subject = Subject {
            workspace,
            instance,
            plan,
            policy: &policy,
            settings: &settings,
            namespace: &namespace,
            keys: &keys,
        };
        Ok(render::render(&subject)?)
    }

    /// What happened to its pod and its claim: both have its name.
    async fn events(&self, workspace: &Workspace, slot: &Slot) -> Vec<Happened> {
        if let Some(known) = slot.events_since(EVENTS) {
            return known;
        }
        let api: kube::Api<Event> = self.cluster().within(&self.namespace(workspace));
        let params = ListParams::default()
            .fields(&format!("involvedObject.name={}", render::name(workspace)))
            .limit(MOST_EVENTS);
        let pod = slot.pod().and_then(|pod| pod.metadata.uid.clone());
        let mut events: Vec<Happened> = match api.list(&params).await {
            Ok(list) => list
                .items
                .iter()
                // Of an earlier pod of this name nothing is to be said.
                .filter(|event| {
                    event.involved_object.kind.as_deref() != Some("Pod") || event.involved_object.uid == pod
                })
                .filter_map(Happened::of)
                .collect(),
            Err(error) => {
                tracing::debug!(workspace = %workspace.name, %error, "cannot ask for events");
                Vec::new()
            }
        };
        events.sort_by_key(|event| event.at);
        slot.keep_events(events.clone());
        events
    }
}

#[async_trait]
impl Runtime for PodRuntime {
    async fn start(&self, workspace: &Workspace, instance: &str, plan: &Plan) -> Result<Option<Door>, RuntimeError> {
        let slot = self.pods.slot(workspace).await?;
        if let Some(pod) = slot.pod() {
            let same = slot::instance(&pod) == Some(instance) && !truth::has_ended(&pod, slot::main(&pod));
            if same {
                return Ok(slot::door(workspace, &pod));
            }
            self.stop(workspace, Duration::from_secs(2)).await?;
        }
        let rendered = self.render(workspace, instance, plan).await?;
        for note in &rendered.notes {
            tracing::info!(workspace = %workspace.name, note, "of its plan");
        }
        let begun = Instant::now();
        let pod = self.apply(workspace, rendered).await?;
        tracing::debug!(workspace = %workspace.name, took = ?begun.elapsed(), "its pod is made");
        let door = slot::door(workspace, &pod);
        slot.wrote(pod);
        Ok(door)
    }

    async fn look(&self, workspace: &Workspace) -> Result<Seen, RuntimeError> {
        let slot = self.pods.slot(workspace).await?;
        slot.mark_told();
        let Some(pod) = slot.pod() else { return Ok(Seen::Absent) };
        if truth::has_ended(&pod, slot::main(&pod)) {
            return Ok(Seen::Lost);
        }
        let instance = slot::instance(&pod).unwrap_or_default().to_owned();
        Ok(match slot::door(workspace, &pod) {
            Some(door) => Seen::Alive { instance, door },
            None => Seen::Coming { instance },
        })
    }

    async fn stop(&self, workspace: &Workspace, grace: Duration) -> Result<(), RuntimeError> {
        self.stop_pods(workspace, grace).await
    }

    async fn erase(&self, workspace: &Workspace) -> Result<(), RuntimeError> {
        self.erase_all(workspace).await?;
        self.pods.forget(workspace);
        Ok(())
    }

    async fn trouble(&self, workspace: &Workspace) -> Option<Trouble> {
        let slot = self.pods.slot(workspace).await.ok()?;
        let pod = slot.pod()?;
        let now = Timestamp::now();
        let main = slot::main(&pod);
        let age = pod.metadata.creation_timestamp.as_ref().map_or(0, |made| now.as_second() - made.0.as_second());
        let runs = slot::runs(&pod, main);
        let told = |events: &[Happened]| truth::of(&Sight { pod: &pod, main, events, now });
        // Most is in the pod itself; the rest is worth a question only where the pod does not come up.
        match u64::try_from(age) {
            Ok(age) if age >= YOUNG.as_secs() && !runs => told(&self.events(workspace, &slot).await),
            _ => told(&[]),
        }
    }

    async fn changed(&self, workspace: &Workspace) {
        match self.pods.slot(workspace).await {
            Ok(slot) => slot.changed().await,
            Err(_) => std::future::pending().await,
        }
    }

    async fn is_outdated(&self, workspace: &Workspace, plan: &Plan) -> bool {
        let Ok(slot) = self.pods.slot(workspace).await else { return false };
        let Some(pod) = slot.pod() else { return false };
        let Some(instance) = slot::instance(&pod) else { return false };
        let mark = |pod: &k8s_openapi::api::core::v1::Pod| {
            pod.metadata.annotations.as_ref().and_then(|all| all.get(annotation::RENDERED)).cloned()
        };
        match self.render(workspace, instance, plan).await {
            Ok(rendered) => mark(&rendered.pod) != mark(&pod),
            // It cannot be started as it is: another thing than what runs.
            Err(_) => true,
        }
    }

    async fn notes(&self, workspace: &Workspace, plan: &Plan) -> Vec<String> {
        // Why it cannot be rendered, its start says.
        self.render(workspace, "0", plan).await.map(|rendered| rendered.notes).unwrap_or_default()
    }

    async fn log_tail(&self, workspace: &Workspace) -> Option<String> {
        let slot = self.pods.slot(workspace).await.ok()?;
        self.tail(workspace, &*slot.pod()?).await
    }

    fn projects_root(&self, workspace: &Workspace) -> PathBuf {
        let plan = devfile::plan(workspace).unwrap_or_default();
        let main = plan.containers.iter().find(|container| container.name == plan.main);
        main.map_or("/projects", render::projects_root).into()
    }
}
