//! Objects of one kind, kept by a watch. Whoever writes one puts the answer in, so that what has been written is seen by
//! the next look even where the watch is slower.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::{KubeError, because};

/// Between two tries to reach the API server: the first, and at most.
const RETRY: Duration = Duration::from_millis(200);
const SLOWEST_RETRY: Duration = Duration::from_secs(3);
/// The first look at everything may take so long.
const FIRST: Duration = Duration::from_secs(60);

/// Objects of one kind, by name. Cheap to clone.
#[derive(Debug)]
pub struct Cache<K> {
    inner: Arc<Inner<K>>,
}

impl<K> Clone for Cache<K> {
    fn clone(&self) -> Self {
        Cache { inner: Arc::clone(&self.inner) }
    }
}

#[derive(Debug)]
struct Inner<K> {
    state: Mutex<State<K>>,
    changed: watch::Sender<u64>,
    whole: watch::Sender<bool>,
}

#[derive(Debug)]
struct State<K> {
    objects: HashMap<String, Arc<K>>,
    listed: HashMap<String, Arc<K>>,
    /// Those that we deleted, until the watch knows it: an older word of it must not bring them back.
    deleted: HashSet<String>,
}

/// A bound that every kind of ours meets.
pub trait Kind:
    ResourceExt + Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static
{
}
impl<K> Kind for K where
    K: ResourceExt + Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static
{
}

fn version<K: ResourceExt>(object: &K) -> u64 {
    object.resource_version().and_then(|text| text.parse().ok()).unwrap_or_default()
}

impl<K: Kind> Cache<K> {
    /// Begins to watch, and returns once everything is known. The watch goes on until `closed`.
    pub async fn open(api: Api<K>, select: watcher::Config, closed: &CancellationToken) -> Result<Cache<K>, KubeError> {
        let state = State { objects: HashMap::new(), listed: HashMap::new(), deleted: HashSet::new() };
        let inner = Arc::new(Inner {
            state: Mutex::new(state),
            changed: watch::Sender::new(0),
            whole: watch::Sender::new(false),
        });
        let cache = Cache { inner };
        let (task, closed) = (cache.clone(), closed.clone());
        let mut whole = cache.inner.whole.subscribe();
        tokio::spawn(async move { closed.run_until_cancelled(task.follow(api, select)).await });
        match tokio::time::timeout(FIRST, whole.wait_for(|whole| *whole)).await {
            Ok(Ok(_)) => {}
            _ => {
                let kind = K::kind(&());
                return Err(KubeError::Damaged(format!("objects of kind {kind} could not be listed")));
            }
        }
        Ok(cache)
    }

    async fn follow(&self, api: Api<K>, select: watcher::Config) {
        let mut events = pin!(watcher(api, select));
        let mut wait = RETRY;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    wait = RETRY;
                    self.take(event);
                }
                Err(error) => {
                    tracing::warn!(kind = %K::kind(&()), error = because(&error), "cannot watch; trying again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(SLOWEST_RETRY);
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, event: Event<K>) {
        let mut whole = false;
        let changed = {
            let mut state = self.state();
            match event {
                Event::Init => {
                    state.listed.clear();
                    false
                }
                Event::InitApply(object) => {
                    state.listed.insert(object.name_any(), Arc::new(object));
                    false
                }
                Event::InitDone => {
                    let mut listed = std::mem::take(&mut state.listed);
                    listed.retain(|_, object| object.uid().is_none_or(|uid| !state.deleted.contains(&uid)));
                    // What is not in a list that began after the deletion is known to be gone.
                    state.deleted.clear();
                    state.objects = listed;
                    whole = true;
                    true
                }
                Event::Apply(object) => state.put(object),
                Event::Delete(object) => {
                    let uid = object.uid().unwrap_or_default();
                    state.deleted.remove(&uid);
                    state.forget(&object.name_any(), &uid)
                }
            }
        };
        if changed {
            self.tell();
        }
        if whole {
            self.inner.whole.send_replace(true);
        }
    }

    fn tell(&self) {
        self.inner.changed.send_modify(|revision| *revision += 1);
    }

    /// Rises with each change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<Arc<K>> {
        self.state().objects.get(name).cloned()
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<K>> {
        self.state().objects.values().cloned().collect()
    }

    /// Takes in what was written.
    pub fn wrote(&self, object: K) {
        let changed = self.state().put(object);
        if changed {
            self.tell();
        }
    }

    /// Takes in that one was deleted.
    pub fn deleted(&self, name: &str, uid: &str) {
        let changed = {
            let mut state = self.state();
            let known = state.forget(name, uid);
            if known {
                state.deleted.insert(uid.to_string());
            }
            known
        };
        if changed {
            self.tell();
        }
    }
}

impl<K: Kind> State<K> {
    fn put(&mut self, object: K) -> bool {
        let uid = object.uid().unwrap_or_default();
        if self.deleted.contains(&uid) {
            return false;
        }
        let name = object.name_any();
        let newer = self.objects.get(&name).is_none_or(|known| version(&**known) < version(&object));
        if newer {
            self.objects.insert(name, Arc::new(object));
        }
        newer
    }

    fn forget(&mut self, name: &str, uid: &str) -> bool {
        let same = self.objects.get(name).is_some_and(|known| known.uid().as_deref() == Some(uid));
        if same {
            self.objects.remove(name);
        }
        same
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Secret;

    fn cache() -> Cache<Secret> {
        let state = State { objects: HashMap::new(), listed: HashMap::new(), deleted: HashSet::new() };
        let inner =
            Inner { state: Mutex::new(state), changed: watch::Sender::new(0), whole: watch::Sender::new(false) };
        Cache { inner: Arc::new(inner) }
    }

    fn secret(name: &str, uid: &str, version: u64) -> Secret {
        let mut secret = Secret::default();
        secret.metadata.name = Some(name.into());
        secret.metadata.uid = Some(uid.into());
        secret.metadata.resource_version = Some(version.to_string());
        secret
    }

    #[test]
    fn what_was_deleted_does_not_come_back_with_an_older_word() {
        let cache = cache();
        cache.wrote(secret("a", "1", 5));
        let mut changes = cache.changes();
        changes.mark_unchanged();
        cache.take(Event::Apply(secret("a", "1", 5)));
        assert!(!changes.has_changed().unwrap(), "what we wrote is no news when the watch brings it");
        cache.deleted("a", "1");
        assert!(changes.has_changed().unwrap() && cache.get("a").is_none());
        cache.take(Event::Apply(secret("a", "1", 5)));
        assert!(cache.get("a").is_none(), "the watch is behind");
        cache.take(Event::Delete(secret("a", "1", 6)));
        cache.take(Event::Apply(secret("a", "2", 7)));
        assert!(cache.get("a").is_some(), "another of that name");
        cache.take(Event::Delete(secret("a", "1", 8)));
        assert!(cache.get("a").is_some(), "the end of an earlier one is not its end");
    }

    #[test]
    fn a_list_is_everything() {
        let cache = cache();
        cache.wrote(secret("a", "1", 5));
        cache.take(Event::Init);
        cache.take(Event::InitApply(secret("b", "2", 6)));
        assert!(cache.get("a").is_some(), "until it is whole");
        cache.take(Event::InitDone);
        assert!(cache.get("a").is_none() && cache.get("b").is_some());
    }
}
