//! Records in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use tokio::sync::{broadcast, watch};

use dormer_core::account::{Digest, Key, Link, Session, Token, User};
use dormer_core::name::{UserName, WorkspaceName};
use dormer_core::ports::accounts::{AccountError, Accounts, Everybody};
use dormer_core::ports::store::{Change, Event, Store, StoreError};
use dormer_core::workspace::{Spec, Status, Workspace};
use dormer_wire::report::Activity;

/// Workspaces.
pub struct Records {
    all: Mutex<BTreeMap<WorkspaceName, Workspace>>,
    changes: broadcast::Sender<Change>,
}

impl Default for Records {
    fn default() -> Self {
        Records { all: Mutex::default(), changes: broadcast::Sender::new(1024) }
    }
}

impl Records {
    /// Changes a record as the reconciler would.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut Workspace)) -> Workspace {
        let mut all = self.all.lock().unwrap();
        let record = all.get_mut(name).unwrap();
        change(record);
        record.version += 1;
        let _ = self.changes.send(Change::Put(Arc::new(record.clone())));
        record.clone()
    }

    fn checked(&self, name: &WorkspaceName, version: u64) -> Result<(), StoreError> {
        match self.all.lock().unwrap().get(name) {
            None => Err(StoreError::NotFound(name.clone())),
            Some(record) if record.version != version => Err(StoreError::Conflict(name.clone())),
            Some(_) => Ok(()),
        }
    }
}

#[async_trait]
impl Store for Records {
    async fn create(&self, name: &WorkspaceName, spec: Spec) -> Result<Workspace, StoreError> {
        let record = Workspace {
            uid: format!("uid-{name}"),
            name: name.clone(),
            created_at: Timestamp::UNIX_EPOCH,
            version: 1,
            deleted: false,
            spec,
            status: Status::default(),
        };
        self.all.lock().unwrap().insert(name.clone(), record.clone());
        let _ = self.changes.send(Change::Put(Arc::new(record.clone())));
        Ok(record)
    }
    async fn get(&self, name: &WorkspaceName) -> Result<Workspace, StoreError> {
        self.all.lock().unwrap().get(name).cloned().ok_or_else(|| StoreError::NotFound(name.clone()))
    }
    async fn list(&self) -> Result<Vec<Workspace>, StoreError> {
        Ok(self.all.lock().unwrap().values().cloned().collect())
    }
    async fn put_spec(&self, name: &WorkspaceName, version: u64, spec: Spec) -> Result<Workspace, StoreError> {
        self.checked(name, version)?;
        Ok(self.change(name.as_str(), |record| record.spec = spec))
    }
    async fn put_status(&self, name: &WorkspaceName, version: u64, status: Status) -> Result<Workspace, StoreError> {
        self.checked(name, version)?;
        Ok(self.change(name.as_str(), |record| record.status = status))
    }
    async fn put_activity(&self, _: &[(WorkspaceName, Activity)]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn mark_deleted(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        self.change(name.as_str(), |record| record.deleted = true);
        Ok(())
    }
    async fn remove(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        self.all.lock().unwrap().remove(name);
        let _ = self.changes.send(Change::Gone(name.clone()));
        Ok(())
    }
    fn watch(&self) -> BoxStream<'static, Change> {
        let changes = self.changes.subscribe();
        let all = self.all.lock().unwrap().values().cloned().map(Arc::new).collect();
        let rest = futures::stream::unfold(changes, |mut changes| async {
            changes.recv().await.ok().map(|change| (change, changes))
        });
        futures::stream::iter([Change::All(all)]).chain(rest).boxed()
    }
    async fn note(&self, _: &WorkspaceName, _: Event) -> Result<(), StoreError> {
        Ok(())
    }
    async fn events(&self, _: &WorkspaceName) -> Result<Vec<Event>, StoreError> {
        Ok(Vec::new())
    }
}

/// People.
#[derive(Default)]
pub struct People {
    all: Mutex<Everybody>,
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
        self.change(|all| all.users.push(user))
    }
    async fn put_user(&self, user: User) -> Result<(), AccountError> {
        self.change(|all| {
            all.users.retain(|other| other.name != user.name);
            all.users.push(user);
        })
    }
    async fn remove_user(&self, name: &UserName) -> Result<(), AccountError> {
        self.change(|all| all.users.retain(|user| user.name != *name))
    }
    async fn add_token(&self, token: Token) -> Result<(), AccountError> {
        self.change(|all| all.tokens.push(token))
    }
    async fn remove_token(&self, id: &str) -> Result<(), AccountError> {
        self.change(|all| all.tokens.retain(|token| token.id != id))
    }
    async fn add_key(&self, key: Key) -> Result<(), AccountError> {
        self.change(|all| all.keys.push(key))
    }
    async fn remove_key(&self, id: &str) -> Result<(), AccountError> {
        self.change(|all| all.keys.retain(|key| key.id != id))
    }
    async fn add_session(&self, session: Session) -> Result<(), AccountError> {
        self.change(|all| all.sessions.push(session))
    }
    async fn remove_session(&self, id: &str) -> Result<(), AccountError> {
        self.change(|all| all.sessions.retain(|session| session.id != id))
    }
    async fn add_link(&self, _: Link) -> Result<(), AccountError> {
        Ok(())
    }
    async fn take_link(&self, _: &Digest, _: Timestamp) -> Result<Option<Link>, AccountError> {
        Ok(None)
    }
    async fn tidy(&self, _: &[(String, Timestamp)], _: Timestamp) -> Result<(), AccountError> {
        Ok(())
    }
}
