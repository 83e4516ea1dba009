//! Records in memory: of workspaces, with something that starts them, and of people.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use tokio::sync::watch;

use dormer_core::account::{Digest, Key, Link, Session, Token, User};
use dormer_core::directory::Directory;
use dormer_core::name::{UserName, WorkspaceName};
use dormer_core::phase::Phase;
use dormer_core::ports::accounts::{AccountError, Accounts, Everybody};
use dormer_core::ports::store::{Change, Event, Store, StoreError};
use dormer_core::workspace::{Spec, Status, Workspace};
use dormer_wire::door::Door;
use dormer_wire::report::{Activity, Step, StepState};

/// How a workspace starts.
#[derive(Clone)]
pub enum Start {
    /// It takes so long, and then it is up.
    Up(Duration, Door),
    /// It takes so long, and then it has failed.
    Fails(Duration),
}

#[derive(Default)]
pub struct Workspaces {
    records: Mutex<HashMap<WorkspaceName, Workspace>>,
    starts: Mutex<HashMap<WorkspaceName, Start>>,
    pub directory: Arc<Directory>,
    myself: OnceLock<std::sync::Weak<Workspaces>>,
}

impl Workspaces {
    pub fn new() -> Arc<Workspaces> {
        let workspaces = Arc::new(Workspaces::default());
        let _ = workspaces.myself.set(Arc::downgrade(&workspaces));
        workspaces
    }

    pub fn add(&self, workspace: Workspace, start: Start) {
        self.starts.lock().unwrap().insert(workspace.name.clone(), start);
        self.write(workspace);
    }

    pub fn remove(&self, name: &str) {
        let name: WorkspaceName = name.parse().unwrap();
        self.records.lock().unwrap().remove(&name);
        self.directory.apply(Change::Gone(name));
    }

    /// Changes a record as anybody might.
    pub fn change(&self, name: &WorkspaceName, change: impl FnOnce(&mut Workspace)) -> Workspace {
        let mut workspace = self.records.lock().unwrap()[name].clone();
        change(&mut workspace);
        workspace.version += 1;
        self.write(workspace.clone());
        workspace
    }

    fn write(&self, workspace: Workspace) {
        self.records.lock().unwrap().insert(workspace.name.clone(), workspace.clone());
        self.directory.apply(Change::Put(Arc::new(workspace)));
    }

    async fn start(&self, name: WorkspaceName) {
        let start = self.starts.lock().unwrap()[&name].clone();
        let step = |detail: &str| Step {
            step: "clone".into(),
            state: StepState::Running,
            since: Timestamp::UNIX_EPOCH,
            detail: Some(detail.into()),
        };
        let (Start::Up(time, _) | Start::Fails(time)) = &start;
        for detail in ["10 %", "90 %"] {
            self.change(&name, |workspace| {
                workspace.status.phase = Phase::Starting;
                workspace.status.progress = vec![step(detail)];
            });
            tokio::time::sleep(*time / 2).await;
        }
        self.change(&name, |workspace| match start {
            Start::Up(_, door) => {
                workspace.status.phase = Phase::Running;
                workspace.status.door = Some(door);
            }
            Start::Fails(_) => {
                workspace.spec.running = false;
                workspace.status.phase = Phase::Failed;
                workspace.status.reason = Some("CloneFailed".into());
                workspace.status.message = Some("the clone failed".into());
                workspace.status.log_tail = Some("fatal: repository not found\n".into());
            }
        });
    }
}

#[async_trait]
impl Store for Workspaces {
    async fn create(&self, _: &WorkspaceName, _: Spec) -> Result<Workspace, StoreError> {
        unimplemented!()
    }
    async fn get(&self, name: &WorkspaceName) -> Result<Workspace, StoreError> {
        self.records.lock().unwrap().get(name).cloned().ok_or_else(|| StoreError::NotFound(name.clone()))
    }
    async fn list(&self) -> Result<Vec<Workspace>, StoreError> {
        unimplemented!()
    }
    async fn put_spec(&self, name: &WorkspaceName, version: u64, spec: Spec) -> Result<Workspace, StoreError> {
        if self.get(name).await?.version != version {
            return Err(StoreError::Conflict(name.clone()));
        }
        let written = self.change(name, |workspace| workspace.spec = spec);
        let myself = self.myself.get().unwrap().upgrade().unwrap();
        let name = name.clone();
        tokio::spawn(async move { myself.start(name).await });
        Ok(written)
    }
    async fn put_status(&self, _: &WorkspaceName, _: u64, _: Status) -> Result<Workspace, StoreError> {
        unimplemented!()
    }
    async fn put_activity(&self, _: &[(WorkspaceName, Activity)]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn mark_deleted(&self, _: &WorkspaceName) -> Result<(), StoreError> {
        unimplemented!()
    }
    async fn remove(&self, _: &WorkspaceName) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn watch(&self) -> BoxStream<'static, Change> {
        unimplemented!()
    }
    async fn note(&self, _: &WorkspaceName, _: Event) -> Result<(), StoreError> {
        Ok(())
    }
    async fn events(&self, _: &WorkspaceName) -> Result<Vec<Event>, StoreError> {
        unimplemented!()
    }
}

#[derive(Default)]
pub struct People {
    everybody: Mutex<Everybody>,
    changed: watch::Sender<u64>,
}

impl People {
    pub fn change(&self, change: impl FnOnce(&mut Everybody)) {
        change(&mut self.everybody.lock().unwrap());
        self.changed.send_modify(|n| *n += 1);
    }
}

#[async_trait]
impl Accounts for People {
    async fn load(&self) -> Result<Everybody, AccountError> {
        Ok(self.everybody.lock().unwrap().clone())
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
    async fn add_user(&self, _: User) -> Result<(), AccountError> {
        unimplemented!()
    }
    async fn put_user(&self, _: User) -> Result<(), AccountError> {
        unimplemented!()
    }
    async fn remove_user(&self, _: &UserName) -> Result<(), AccountError> {
        unimplemented!()
    }
    async fn add_token(&self, _: Token) -> Result<(), AccountError> {
        unimplemented!()
    }
    async fn remove_token(&self, _: &str) -> Result<(), AccountError> {
        unimplemented!()
    }
    async fn add_key(&self, _: Key) -> Result<(), AccountError> {
        unimplemented!()
    }
    async fn remove_key(&self, _: &str) -> Result<(), AccountError> {
        unimplemented!()
    }
    async fn add_session(&self, _: Session) -> Result<(), AccountError> {
        unimplemented!()
    }
    async fn remove_session(&self, _: &str) -> Result<(), AccountError> {
        unimplemented!()
    }
    async fn add_link(&self, _: Link) -> Result<(), AccountError> {
        unimplemented!()
    }
    async fn take_link(&self, _: &Digest, _: Timestamp) -> Result<Option<Link>, AccountError> {
        unimplemented!()
    }
    async fn tidy(&self, _: &[(String, Timestamp)], _: Timestamp) -> Result<(), AccountError> {
        Ok(())
    }
}
