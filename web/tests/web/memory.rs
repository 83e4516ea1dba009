//! Records in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dormer_core::account::{Digest, Key, Link, Session, Token, User};
use dormer_core::name::{UserName, WorkspaceName};
use dormer_core::ports::accounts::{AccountError, Accounts, Everybody};
use dormer_core::ports::store::{Change, Event, Store, StoreError};
use dormer_core::workspace::{Spec, Status, Workspace};
use dormer_wire::report::Activity;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

#[derive(Default)]
pub struct Records {
    all: Mutex<HashMap<WorkspaceName, Workspace>>,
    events: Mutex<HashMap<WorkspaceName, Vec<Event>>>,
    watchers: Mutex<Vec<mpsc::UnboundedSender<Change>>>,
}

impl Records {
    pub fn put(&self, workspace: Workspace) {
        self.all.lock().unwrap().insert(workspace.name.clone(), workspace.clone());
        self.tell(Change::Put(Arc::new(workspace)));
    }

    pub fn change(&self, name: &str, change: impl FnOnce(&mut Workspace)) {
        let name: WorkspaceName = name.parse().unwrap();
        let mut workspace = self.all.lock().unwrap().get(&name).unwrap().clone();
        change(&mut workspace);
        workspace.version += 1;
        self.put(workspace);
    }

    pub fn forget(&self, name: &str) {
        let name: WorkspaceName = name.parse().unwrap();
        self.all.lock().unwrap().remove(&name);
        self.tell(Change::Gone(name));
    }

    fn tell(&self, change: Change) {
        self.watchers.lock().unwrap().retain(|watcher| watcher.send(change.clone()).is_ok());
    }

    fn edit(
        &self,
        name: &WorkspaceName,
        version: Option<u64>,
        edit: impl FnOnce(&mut Workspace),
    ) -> Result<Workspace, StoreError> {
        let mut all = self.all.lock().unwrap();
        let record = all.get_mut(name).ok_or_else(|| StoreError::NotFound(name.clone()))?;
        if version.is_some_and(|version| version != record.version) {
            return Err(StoreError::Conflict(name.clone()));
        }
        edit(record);
        record.version += 1;
        let record = record.clone();
        drop(all);
        self.tell(Change::Put(Arc::new(record.clone())));
        Ok(record)
    }
}

#[async_trait]
impl Store for Records {
    async fn create(&self, name: &WorkspaceName, spec: Spec) -> Result<Workspace, StoreError> {
        if self.all.lock().unwrap().contains_key(name) {
            return Err(StoreError::Taken(name.clone()));
        }
        let workspace = Workspace {
            uid: format!("uid-{name}"),
            name: name.clone(),
            created_at: Timestamp::now(),
            version: 1,
            deleted: false,
            spec,
            status: Status::default(),
        };
        self.put(workspace.clone());
        Ok(workspace)
    }
    async fn get(&self, name: &WorkspaceName) -> Result<Workspace, StoreError> {
        self.all.lock().unwrap().get(name).cloned().ok_or_else(|| StoreError::NotFound(name.clone()))
    }
    async fn list(&self) -> Result<Vec<Workspace>, StoreError> {
        Ok(self.all.lock().unwrap().values().cloned().collect())
    }
    async fn put_spec(&self, name: &WorkspaceName, version: u64, spec: Spec) -> Result<Workspace, StoreError> {
        self.edit(name, Some(version), |record| record.spec = spec)
    }
    async fn put_status(&self, name: &WorkspaceName, version: u64, status: Status) -> Result<Workspace, StoreError> {
        self.edit(name, Some(version), |record| record.status = status)
    }
    async fn put_activity(&self, _: &[(WorkspaceName, Activity)]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn mark_deleted(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        self.edit(name, None, |record| record.deleted = true).map(drop)
    }
    async fn remove(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        self.forget(name.as_str());
        Ok(())
    }
    fn watch(&self) -> BoxStream<'static, Change> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let all = self.all.lock().unwrap().values().cloned().map(Arc::new).collect();
        sender.send(Change::All(all)).unwrap();
        self.watchers.lock().unwrap().push(sender);
        stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) }).boxed()
    }
    async fn note(&self, name: &WorkspaceName, event: Event) -> Result<(), StoreError> {
        self.events.lock().unwrap().entry(name.clone()).or_default().push(event);
        Ok(())
    }
    async fn events(&self, name: &WorkspaceName) -> Result<Vec<Event>, StoreError> {
        Ok(self.events.lock().unwrap().get(name).cloned().unwrap_or_default())
    }
}

#[derive(Default)]
pub struct People {
    all: Mutex<Everybody>,
    links: Mutex<Vec<Link>>,
    changed: watch::Sender<u64>,
}

impl People {
    fn change(&self, change: impl FnOnce(&mut Everybody)) -> Result<(), AccountError> {
        change(&mut self.all.lock().unwrap());
        self.changed.send_modify(|n| *n += 1);
        Ok(())
    }
}

#[async_trait]
impl Accounts for People {
    async fn load(&self) -> Result<Everybody, AccountError> {
        Ok(self.all.lock().unwrap().clone())
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
    async fn add_user(&self, user: User) -> Result<(), AccountError> {
        if self.all.lock().unwrap().users.iter().any(|other| other.name == user.name) {
            return Err(AccountError::Taken(format!("a user named '{}'", user.name)));
        }
        self.change(|all| all.users.push(user))
    }
    async fn put_user(&self, user: User) -> Result<(), AccountError> {
        self.change(|all| {
            all.users.retain(|other| other.name != user.name);
            all.users.push(user);
        })
    }
    async fn remove_user(&self, name: &UserName) -> Result<(), AccountError> {
        if !self.all.lock().unwrap().users.iter().any(|user| user.name == *name) {
            return Err(AccountError::NotFound("user".into()));
        }
        self.change(|all| {
            all.users.retain(|user| user.name != *name);
            all.tokens.retain(|token| token.user != *name);
            all.keys.retain(|key| key.user != *name);
            all.sessions.retain(|session| session.user != *name);
        })
    }
    async fn add_token(&self, token: Token) -> Result<(), AccountError> {
        self.change(|all| all.tokens.push(token))
    }
    async fn remove_token(&self, id: &str) -> Result<(), AccountError> {
        self.change(|all| all.tokens.retain(|token| token.id != id))
    }
    async fn add_key(&self, key: Key) -> Result<(), AccountError> {
        if self.all.lock().unwrap().keys.iter().any(|other| other.fingerprint == key.fingerprint) {
            return Err(AccountError::Taken("this key".into()));
        }
        self.change(|all| all.keys.push(key))
    }
    async fn remove_key(&self, id: &str) -> Result<(), AccountError> {
        self.change(|all| all.keys.retain(|key| key.id != id))
    }
    async fn add_session(&self, session: Session) -> Result<(), AccountError> {
        self.change(|all| all.sessions.push(session))
    }
    async fn remove_session(&self, id: &str) -> Result<(), AccountError> {
        self.change(|all| all.sessions.retain(|s| s.id != id && s.parent.as_deref() != Some(id)))
    }
    async fn add_link(&self, link: Link) -> Result<(), AccountError> {
        self.links.lock().unwrap().push(link);
        Ok(())
    }
    async fn take_link(&self, digest: &Digest, now: Timestamp) -> Result<Option<Link>, AccountError> {
        let mut links = self.links.lock().unwrap();
        let found = links.iter().position(|link| link.digest == *digest).map(|at| links.remove(at));
        Ok(found.filter(|link| link.expires_at > now))
    }
    async fn tidy(&self, _: &[(String, Timestamp)], _: Timestamp) -> Result<(), AccountError> {
        Ok(())
    }
}
