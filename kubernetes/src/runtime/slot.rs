//! What is known of one workspace's pod.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use tokio::sync::watch;
use tokio::time::Instant;

use dormer_core::workspace::Workspace;
use dormer_wire::door::Door;

use crate::render::{self, DOOR_PORT, annotation};
use crate::truth::Happened;

/// What is known of one workspace's pod.
#[derive(Debug)]
pub struct Slot {
    state: watch::Sender<State>,
    /// The revision that whoever drives the workspace knows.
    told: AtomicU64,
    events: Mutex<Option<(Instant, Vec<Happened>)>>,
}

#[derive(Debug, Clone, Default)]
struct State {
    pod: Option<Arc<Pod>>,
    /// The pod that went last: an older word of it must not bring it back.
    gone: Option<String>,
    revision: u64,
}

fn version(pod: &Pod) -> u64 {
    pod.metadata.resource_version.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default()
}

impl Default for Slot {
    fn default() -> Self {
        Slot { state: watch::Sender::new(State::default()), told: AtomicU64::new(0), events: Mutex::new(None) }
    }
}

impl Slot {
    /// The pod.
    pub fn pod(&self) -> Option<Arc<Pod>> {
        self.state.borrow().pod.clone()
    }

    /// Takes in what was written, or seen.
    pub fn wrote(&self, pod: Pod) {
        self.state.send_if_modified(|state| {
            let newer = state.pod.as_ref().is_none_or(|known| version(known) < version(&pod));
            let dead = state.gone.is_some() && state.gone == pod.metadata.uid;
            if newer && !dead {
                state.pod = Some(Arc::new(pod));
                state.revision += 1;
            }
            newer && !dead
        });
    }

    /// Takes in that a pod is gone; None: whatever there is.
    pub fn gone(&self, uid: Option<&str>) {
        self.state.send_if_modified(|state| {
            let known = state.pod.as_ref().and_then(|pod| pod.metadata.uid.as_deref());
            let same = known.is_some() && (uid.is_none() || uid == known);
            if same {
                state.gone = known.map(str::to_owned);
                state.pod = None;
                state.revision += 1;
            }
            same
        });
    }

    /// What is known now is known to whoever asked.
    pub fn mark_told(&self) {
        self.told.store(self.state.borrow().revision, Ordering::Release);
    }

    /// Waits for something that is not known to whoever asks; it is then.
    pub async fn changed(&self) {
        let mut state = self.state.subscribe();
        let told = self.told.load(Ordering::Acquire);
        if let Ok(now) = state.wait_for(|state| state.revision > told).await {
            self.told.store(now.revision, Ordering::Release);
        }
    }

    /// Waits until there is no pod.
    pub async fn absent(&self) {
        // The sender is here: there is no other end than that.
        let _ = self.state.subscribe().wait_for(|state| state.pod.is_none()).await;
    }

    /// Events that were asked for not longer ago than that.
    pub fn events_since(&self, age: Duration) -> Option<Vec<Happened>> {
        let known = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(at, _)| at.elapsed() < age).map(|(_, events)| events.clone())
    }

    /// Keeps events for a moment.
    pub fn keep_events(&self, events: Vec<Happened>) {
        *self.events.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), events));
    }
}

/// The start that a pod belongs to.
pub fn instance(pod: &Pod) -> Option<&str> {
    pod.metadata.annotations.as_ref()?.get(annotation::INSTANCE).map(String::as_str)
}

/// The name of its main container: the first.
pub fn main(pod: &Pod) -> &str {
    pod.spec.as_ref().and_then(|spec| spec.containers.first()).map_or("", |container| &container.name)
}

/// Whether its main container runs.
pub fn runs(pod: &Pod, main: &str) -> bool {
    let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
    let status = statuses.into_iter().flatten().find(|status| status.name == main);
    status.and_then(|status| status.state.as_ref()).is_some_and(|state| state.running.is_some())
}

/// Whether containers of it run what no agent stops.
pub fn has_others(pod: &Pod) -> bool {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let agent = |command: &Vec<String>| command.first().is_some_and(|program| program.ends_with("/dormer-agent"));
    containers.into_iter().any(|container| !container.command.as_ref().is_some_and(agent))
}

/// Where its agent is, once it has an address.
pub fn door(workspace: &Workspace, pod: &Pod) -> Option<Door> {
    let address: IpAddr = pod.status.as_ref()?.pod_ip.as_deref()?.parse().ok()?;
    let peer = render::peer(workspace, instance(pod)?);
    Some(Door::Tls { address: SocketAddr::new(address, DOOR_PORT), peer })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(uid: &str, version: u64) -> Pod {
        let mut pod = Pod::default();
        pod.metadata.uid = Some(uid.into());
        pod.metadata.resource_version = Some(version.to_string());
        pod
    }

    #[tokio::test]
    async fn whoever_drives_a_workspace_hears_of_each_change_once() {
        let slot = Slot::default();
        let pending = || tokio::time::timeout(Duration::from_millis(20), slot.changed());
        assert!(pending().await.is_err());
        slot.wrote(pod("a", 1));
        assert!(pending().await.is_ok());
        assert!(pending().await.is_err(), "it was told");
        slot.wrote(pod("a", 1));
        assert!(pending().await.is_err(), "that is no news");
        slot.wrote(pod("a", 2));
        slot.mark_told();
        assert!(pending().await.is_err(), "it was seen");
        slot.gone(Some("b"));
        assert!(slot.pod().is_some(), "another one went");
        slot.gone(Some("a"));
        assert!(pending().await.is_ok() && slot.pod().is_none());
        slot.wrote(pod("a", 3));
        assert!(slot.pod().is_none(), "an older word of it does not bring it back");
        slot.wrote(pod("c", 4));
        assert!(slot.pod().is_some());
        slot.gone(None);
        slot.absent().await;
    }
}
