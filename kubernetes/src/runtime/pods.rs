//! The pods of all workspaces, kept by one watch that begins when somebody first asks.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;

use dormer_core::ports::runtime::RuntimeError;
use dormer_core::workspace::Workspace;

use super::slot::Slot;
use crate::error::because;
use crate::names::UID;

/// Between two tries to reach the API server: the first, and at most.
const RETRY: Duration = Duration::from_millis(200);
const SLOWEST_RETRY: Duration = Duration::from_secs(3);
/// The first look at everything may take so long.
const FIRST: Duration = Duration::from_secs(20);
/// What marks the pods of workspaces.
const SELECTOR: &str = "app.kubernetes.io/name=dormer-workspace,app.kubernetes.io/managed-by=dormer";

/// The pods of all workspaces. Cheap to clone.
#[derive(Clone)]
pub struct Pods {
    inner: Arc<Inner>,
}

struct Inner {
    api: Api<Pod>,
    closed: CancellationToken,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    begun: OnceCell<()>,
    whole: watch::Sender<bool>,
}

impl Pods {
    /// Of a cluster.
    pub fn new(api: Api<Pod>, closed: CancellationToken) -> Pods {
        let inner =
            Inner { api, closed, slots: Mutex::default(), begun: OnceCell::new(), whole: watch::Sender::new(false) };
        Pods { inner: Arc::new(inner) }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot_of(&self, uid: &str) -> Arc<Slot> {
        Arc::clone(self.slots().entry(uid.to_owned()).or_default())
    }

    /// What is known of a workspace's pod, once anything is known.
    pub async fn slot(&self, workspace: &Workspace) -> Result<Arc<Slot>, RuntimeError> {
        self.inner
            .begun
            .get_or_init(|| async {
                let (this, closed) = (self.clone(), self.inner.closed.clone());
                tokio::spawn(async move { closed.run_until_cancelled(this.follow()).await });
            })
            .await;
        let mut whole = self.inner.whole.subscribe();
        match tokio::time::timeout(FIRST, whole.wait_for(|whole| *whole)).await {
            Ok(Ok(_)) => Ok(self.slot_of(&workspace.uid)),
            _ => Err(RuntimeError::Failed {
                reason: "ApiUnreachable",
                message: "the API server does not tell which pods there are".into(),
            }),
        }
    }

    /// Forgets a workspace.
    pub fn forget(&self, workspace: &Workspace) {
        self.slots().remove(&workspace.uid);
    }

    async fn follow(&self) {
        let select = watcher::Config::default().labels(SELECTOR);
        let mut events = pin!(watcher(self.inner.api.clone(), select));
        let (mut wait, mut listed) = (RETRY, HashSet::new());
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    wait = RETRY;
                    self.take(event, &mut listed);
                }
                Err(error) => {
                    tracing::warn!(error = because(&error), "cannot watch pods; trying again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(SLOWEST_RETRY);
                }
            }
        }
    }

    fn take(&self, event: Event<Pod>, listed: &mut HashSet<String>) {
        match event {
            Event::Init => listed.clear(),
            Event::InitApply(pod) => {
                if let Some(owner) = owner(&pod) {
                    listed.insert(owner.clone());
                    self.slot_of(&owner).wrote(trimmed(pod));
                }
            }
            Event::InitDone => {
                let missing: Vec<Arc<Slot>> = {
                    let slots = self.slots();
                    slots.iter().filter(|(uid, _)| !listed.contains(*uid)).map(|(_, slot)| Arc::clone(slot)).collect()
                };
                missing.iter().for_each(|slot| slot.gone(None));
                listed.clear();
                self.inner.whole.send_replace(true);
            }
            Event::Apply(pod) => {
                if let Some(owner) = owner(&pod) {
                    self.slot_of(&owner).wrote(trimmed(pod));
                }
            }
            Event::Delete(pod) => {
                if let Some(owner) = owner(&pod) {
                    self.slot_of(&owner).gone(pod.metadata.uid.as_deref());
                }
            }
        }
    }
}

/// The workspace whose main pod it is. What a devfile brings may carry its labels, but not its name.
fn owner(pod: &Pod) -> Option<String> {
    let labels = pod.metadata.labels.as_ref()?;
    let uid = labels.get(UID)?;
    let name = labels.get(crate::names::WORKSPACE)?;
    (pod.metadata.name.as_deref() == Some(&format!("ws-{name}"))).then(|| uid.clone())
}

/// Without what nobody here reads: of ten thousand pods it is most of the memory.
fn trimmed(mut pod: Pod) -> Pod {
    pod.metadata.managed_fields = None;
    if let Some(spec) = &mut pod.spec {
        spec.volumes = None;
        spec.tolerations = None;
        for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
            container.env = None;
            container.volume_mounts = None;
            container.lifecycle = None;
            container.readiness_probe = None;
            container.security_context = None;
        }
    }
    pod
}
