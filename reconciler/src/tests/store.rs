//! Records in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use jiff::Timestamp;
use tokio::sync::mpsc;

use dormer_core::name::WorkspaceName;
use dormer_core::ports::store::{Change, Event, Store, StoreError};
use dormer_core::workspace::{Spec, Status, Workspace};
use dormer_wire::report::Activity;

#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    records: BTreeMap<WorkspaceName, Workspace>,
    watchers: Vec<mpsc::UnboundedSender<Change>>,
    events: Vec<(WorkspaceName, Event)>,
    activity_writes: usize,
    status_writes: usize,
    broken: bool,
}

impl MemoryStore {
    /// Whether nothing can be written.
    pub fn set_broken(&self, broken: bool) {
        self.inner.lock().unwrap().broken = broken;
    }

    pub fn reasons(&self, name: &str) -> Vec<String> {
        let inner = self.inner.lock().unwrap();
        inner.events.iter().filter(|(of, _)| of.as_str() == name).map(|(_, event)| event.reason.clone()).collect()
    }

    pub fn activity_writes(&self) -> usize {
        self.inner.lock().unwrap().activity_writes
    }

    pub fn status_writes(&self) -> usize {
        self.inner.lock().unwrap().status_writes
    }

    pub fn insert(&self, workspace: Workspace) {
        let mut inner = self.inner.lock().unwrap();
        inner.records.insert(workspace.name.clone(), workspace.clone());
        inner.tell(Change::Put(Arc::new(workspace)));
    }

    fn change(
        &self,
        name: &WorkspaceName,
        version: Option<u64>,
        change: impl FnOnce(&mut Workspace),
    ) -> Result<Workspace, StoreError> {
        let mut inner = self.inner.lock().unwrap();
        if inner.broken {
            return Err(StoreError::Unavailable("the disk is full".into()));
        }
        let record = inner.records.get_mut(name).ok_or_else(|| StoreError::NotFound(name.clone()))?;
        if version.is_some_and(|version| version != record.version) {
            return Err(StoreError::Conflict(name.clone()));
        }
        change(record);
        record.version += 1;
        let record = record.clone();
        inner.tell(Change::Put(Arc::new(record.clone())));
        Ok(record)
    }
}

impl Inner {
    fn tell(&mut self, change: Change) {
        self.watchers.retain(|watcher| watcher.send(change.clone()).is_ok());
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create(&self, name: &WorkspaceName, spec: Spec) -> Result<Workspace, StoreError> {
        let workspace = Workspace {
            uid: format!("uid-{name}"),
            name: name.clone(),
            created_at: Timestamp::UNIX_EPOCH,
            version: 1,
            deleted: false,
            spec,
            status: Status::default(),
        };
        self.insert(workspace.clone());
        Ok(workspace)
    }

    async fn get(&self, name: &WorkspaceName) -> Result<Workspace, StoreError> {
        let inner = self.inner.lock().unwrap();
        inner.records.get(name).cloned().ok_or_else(|| StoreError::NotFound(name.clone()))
    }

    async fn list(&self) -> Result<Vec<Workspace>, StoreError> {
        Ok(self.inner.lock().unwrap().records.values().cloned().collect())
    }

    async fn put_spec(&self, name: &WorkspaceName, version: u64, spec: Spec) -> Result<Workspace, StoreError> {
        self.change(name, Some(version), |record| record.spec = spec)
    }

    async fn put_status(&self, name: &WorkspaceName, version: u64, status: Status) -> Result<Workspace, StoreError> {
        self.inner.lock().unwrap().status_writes += 1;
        self.change(name, Some(version), |record| record.status = status)
    }

    async fn put_activity(&self, activity: &[(WorkspaceName, Activity)]) -> Result<(), StoreError> {
        self.inner.lock().unwrap().activity_writes += 1;
        for (name, activity) in activity {
            self.change(name, None, |record| record.status.last_activity = Some(activity.clone()))?;
        }
        Ok(())
    }

    async fn mark_deleted(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        self.change(name, None, |record| record.deleted = true).map(drop)
    }

    async fn remove(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        let mut inner = self.inner.lock().unwrap();
        inner.records.remove(name).ok_or_else(|| StoreError::NotFound(name.clone()))?;
        inner.tell(Change::Gone(name.clone()));
        Ok(())
    }

    fn watch(&self) -> BoxStream<'static, Change> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut inner = self.inner.lock().unwrap();
        let all = inner.records.values().cloned().map(Arc::new).collect();
        inner.watchers.push(sender);
        let rest = stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
        stream::once(async { Change::All(all) }).chain(rest).boxed()
    }

    async fn note(&self, name: &WorkspaceName, event: Event) -> Result<(), StoreError> {
        self.inner.lock().unwrap().events.push((name.clone(), event));
        Ok(())
    }

    async fn events(&self, name: &WorkspaceName) -> Result<Vec<Event>, StoreError> {
        let inner = self.inner.lock().unwrap();
        Ok(inner.events.iter().filter(|(of, _)| of == name).map(|(_, event)| event.clone()).collect())
    }
}
