//! Everybody who can be known, at one moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use dormer_core::account::{Digest, User};
use dormer_core::name::UserName;
use dormer_core::ports::accounts::Everybody;
use dormer_core::principal::{Principal, Scope, Via};

use crate::known::Known;

/// Every credential by what it is looked up with. Built whole and swapped in; nothing in it changes but [`Usage`].
#[derive(Default)]
pub(crate) struct Snapshot {
    pub users: HashMap<UserName, Arc<User>>,
    pub tokens: HashMap<Digest, Credential>,
    pub keys: HashMap<String, Credential>,
    pub sessions: HashMap<Digest, Credential>,
    /// Users by the word of somebody who is trusted (an SSH certificate's authority).
    pub vouched: HashMap<UserName, Credential>,
}

/// One credential.
#[derive(Clone)]
pub(crate) struct Credential {
    pub id: String,
    pub known: Known,
    pub expires_at: Option<Timestamp>,
    /// The host that a session is good for.
    pub host: Option<String>,
    pub usage: Arc<Usage>,
}

/// When a credential was last used, to the hour.
#[derive(Default)]
pub(crate) struct Usage {
    hour: AtomicI64,
    written: AtomicI64,
}

const HOUR: i64 = 3600;

impl Usage {
    pub fn touch(&self, now: Timestamp) {
        let hour = now.as_second() / HOUR;
        // A load first: a line of cache that many cores read is only written once an hour.
        if self.hour.load(Ordering::Relaxed) < hour {
            self.hour.store(hour, Ordering::Relaxed);
        }
    }

    /// The hour, when it is newer than what was written. Taken: the next call has nothing.
    fn take(&self) -> Option<Timestamp> {
        let hour = self.hour.load(Ordering::Relaxed);
        (self.written.swap(hour, Ordering::Relaxed) < hour).then(|| Timestamp::from_second(hour * HOUR).ok()).flatten()
    }
}

impl Credential {
    /// Who it is, when it is still good.
    pub fn at(&self, now: Timestamp) -> Option<Known> {
        if self.expires_at.is_some_and(|at| at <= now) || self.known.revoked.is_cancelled() {
            return None;
        }
        self.usage.touch(now);
        Some(self.known.clone())
    }
}

impl Snapshot {
    /// Builds one from the records. Credentials that were in `before` keep their signal; those that are gone, expired,
    /// or whose user lost a right, fire it.
    pub fn build(everybody: Everybody, before: &Snapshot, now: Timestamp) -> Snapshot {
        let users: HashMap<UserName, Arc<User>> = everybody
            .users
            .into_iter()
            .filter(|user| !user.disabled)
            .map(|user| (user.name.clone(), Arc::new(user)))
            .collect();
        let mut after = Snapshot::default();
        let mut maker = Maker { users: &users, now };

        for token in everybody.tokens {
            let old = before.tokens.get(&token.digest).filter(|old| old.id == token.id);
            let via = Via::Token(token.id.clone());
            if let Some(made) = maker.make(old, &token.user, token.scope, via, token.id, token.expires_at) {
                after.tokens.insert(token.digest, made);
            }
        }
        for key in everybody.keys {
            let old = before.keys.get(&key.key).filter(|old| old.id == key.id);
            let via = Via::Key(key.fingerprint);
            if let Some(made) = maker.make(old, &key.user, Scope::All, via, key.id, None) {
                after.keys.insert(key.key, made);
            }
        }
        for name in users.keys() {
            let via = Via::Certificate(String::new());
            let made = maker.make(before.vouched.get(name), name, Scope::All, via, name.to_string(), None);
            after.vouched.extend(made.map(|made| (name.clone(), made)));
        }
        // Apex sessions, by id: one below them lives only with its parent, and never longer.
        let parents: HashMap<&str, (&UserName, Timestamp)> = everybody
            .sessions
            .iter()
            .filter(|session| session.parent.is_none())
            .map(|session| (session.id.as_str(), (&session.user, session.expires_at)))
            .collect();
        for session in &everybody.sessions {
            let expires_at = match &session.parent {
                None => session.expires_at,
                Some(parent) => match parents.get(parent.as_str()) {
                    Some((user, end)) if **user == session.user => session.expires_at.min(*end),
                    _ => continue,
                },
            };
            let old = before.sessions.get(&session.digest).filter(|old| old.id == session.id);
            let via = Via::Session(session.id.clone());
            let made = maker.make(old, &session.user, Scope::All, via, session.id.clone(), Some(expires_at));
            if let Some(made) = made {
                let made = Credential { host: Some(session.host.clone()), ..made };
                after.sessions.insert(session.digest, made);
            }
        }
        after.users = users;
        before.revoke_missing_from(&after);
        after
    }

    fn credentials(&self) -> impl Iterator<Item = &Credential> {
        self.tokens.values().chain(self.keys.values()).chain(self.sessions.values())
    }

    fn revoke_missing_from(&self, after: &Snapshot) {
        let gone = |map: &HashMap<_, Credential>, digest, old: &Credential| {
            map.get(digest).is_none_or(|new: &Credential| new.id != old.id)
        };
        for (digest, old) in &self.tokens {
            if gone(&after.tokens, digest, old) {
                old.known.revoked.cancel();
            }
        }
        for (digest, old) in &self.sessions {
            if gone(&after.sessions, digest, old) {
                old.known.revoked.cancel();
            }
        }
        for (name, old) in &self.vouched {
            if !after.vouched.contains_key(name) {
                old.known.revoked.cancel();
            }
        }
        for (key, old) in &self.keys {
            if after.keys.get(key).is_none_or(|new| new.id != old.id) {
                old.known.revoked.cancel();
            }
        }
    }

    /// Fires the signal of everything that has expired.
    pub fn expire(&self, now: Timestamp) {
        for credential in self.credentials() {
            if credential.expires_at.is_some_and(|at| at <= now) {
                credential.known.revoked.cancel();
            }
        }
    }

    /// When the next credential expires.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.credentials()
            .filter(|credential| !credential.known.revoked.is_cancelled())
            .filter_map(|credential| credential.expires_at)
            .min()
    }

    /// Tokens and keys that were used since the last call, with when.
    pub fn take_used(&self) -> Vec<(String, Timestamp)> {
        self.tokens
            .values()
            .chain(self.keys.values())
            .filter_map(|credential| Some((credential.id.clone(), credential.usage.take()?)))
            .collect()
    }
}

struct Maker<'a> {
    users: &'a HashMap<UserName, Arc<User>>,
    now: Timestamp,
}

impl Maker<'_> {
    fn make(
        &mut self,
        old: Option<&Credential>,
        user: &UserName,
        scope: Scope,
        via: Via,
        id: String,
        expires_at: Option<Timestamp>,
    ) -> Option<Credential> {
        let user = self.users.get(user)?;
        if expires_at.is_some_and(|at| at <= self.now) {
            return None;
        }
        let principal =
            Principal { user: user.name.clone(), groups: user.groups.clone(), admin: user.admin, scope, via };
        let known = match old {
            Some(old) if *old.known.principal == principal => old.known.clone(),
            Some(old) if !lost(&old.known.principal, &principal) => {
                Known { principal: Arc::new(principal), revoked: old.known.revoked.clone() }
            }
            // What was opened with the right that is gone ends; the credential itself goes on with what is left.
            Some(old) => {
                old.known.revoked.cancel();
                Known { principal: Arc::new(principal), revoked: CancellationToken::new() }
            }
            None => Known { principal: Arc::new(principal), revoked: CancellationToken::new() },
        };
        let usage = old.map(|old| Arc::clone(&old.usage)).unwrap_or_default();
        Some(Credential { id, known, expires_at, host: None, usage })
    }
}

/// Whether `after` may less than `before`.
fn lost(before: &Principal, after: &Principal) -> bool {
    before.user != after.user
        || before.scope != after.scope
        || (before.admin && !after.admin)
        || before.groups.iter().any(|group| !after.groups.contains(group))
}
