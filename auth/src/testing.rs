//! Records in memory and a clock that is set by hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use dormer_core::account::{Digest, Key, Link, Session, Token, User};
use dormer_core::name::UserName;
use dormer_core::ports::accounts::{AccountError, Accounts, Everybody};
use dormer_core::ports::clock::Clock;

/// A clock and the hand that sets it, in seconds.
pub(crate) fn clock() -> (Arc<dyn Clock>, Arc<AtomicI64>) {
    let hand = Arc::new(AtomicI64::new(1_000_000));
    let read = Arc::clone(&hand);
    (Arc::new(move || Timestamp::from_second(read.load(Ordering::SeqCst)).unwrap()), hand)
}

/// Moves the hand.
pub(crate) fn pass(hand: &AtomicI64, time: Duration) {
    hand.fetch_add(time.as_secs() as i64, Ordering::SeqCst);
}

#[derive(Default)]
pub(crate) struct Memory {
    everybody: Mutex<Everybody>,
    links: Mutex<Vec<Link>>,
    pub used: Mutex<Vec<(String, Timestamp)>>,
    changed: watch::Sender<u64>,
}

impl Memory {
    fn change(&self, change: impl FnOnce(&mut Everybody)) -> Result<(), AccountError> {
        change(&mut self.everybody.lock().unwrap());
        self.changed.send_modify(|n| *n += 1);
        Ok(())
    }
}

#[async_trait]
impl Accounts for Memory {
    async fn load(&self) -> Result<Everybody, AccountError> {
        Ok(self.everybody.lock().unwrap().clone())
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
    async fn add_user(&self, user: User) -> Result<(), AccountError> {
        if self.everybody.lock().unwrap().users.iter().any(|u| u.name == user.name) {
            return Err(AccountError::Taken(user.name.to_string()));
        }
        self.change(|all| all.users.push(user))
    }
    async fn put_user(&self, user: User) -> Result<(), AccountError> {
        self.change(|all| {
            all.users.retain(|u| u.name != user.name);
            all.users.push(user);
        })
    }
    async fn remove_user(&self, name: &UserName) -> Result<(), AccountError> {
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
        if self.everybody.lock().unwrap().keys.iter().any(|k| k.fingerprint == key.fingerprint) {
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
        self.change(|all| all.sessions.retain(|session| session.id != id))
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
    async fn tidy(&self, used: &[(String, Timestamp)], _now: Timestamp) -> Result<(), AccountError> {
        self.used.lock().unwrap().extend_from_slice(used);
        Ok(())
    }
}

/// Somebody without rights.
pub(crate) fn user(name: &str) -> User {
    let (groups, created_at) = (vec!["blue".to_string()], Timestamp::UNIX_EPOCH);
    User { name: name.parse().unwrap(), display_name: None, groups, admin: false, disabled: false, created_at }
}
