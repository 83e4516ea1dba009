//! Everybody who can be known, at one moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use dormer_core::account::{Digest, Holder, Identity, Project, Session, StoredSecret, User};
use dormer_core::name::{ProjectName, UserName};
use dormer_core::ports::accounts::Everybody;
use dormer_core::principal::{Principal, Scope, Via};
use dormer_core::workspace::Role;

use crate::known::Known;

/// Every credential by what it is looked up with. Built whole and swapped in; nothing in it changes but [`Usage`].
#[derive(Default)]
pub(crate) struct Snapshot {
    pub users: HashMap<UserName, Arc<User>>,
    pub projects: HashMap<ProjectName, Arc<Project>>,
    pub identities: Vec<Identity>,
    pub secrets: HashMap<(Holder, String), StoredSecret>,
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
    /// Whether it is a session with none above it.
    pub apex: bool,
    /// How long it may lie unused.
    pub idle: Option<Duration>,
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

    /// What the records say of it.
    fn noted(&self, at: Timestamp) {
        let hour = at.as_second() / HOUR;
        self.hour.fetch_max(hour, Ordering::Relaxed);
        self.written.fetch_max(hour, Ordering::Relaxed);
    }

    /// When it ends if nobody uses it any more: an hour later than it might, since uses are known to the hour.
    fn idle_end(&self, idle: Duration) -> Timestamp {
        let last = self.hour.load(Ordering::Relaxed).saturating_add(1).saturating_mul(HOUR);
        let idle = i64::try_from(idle.as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(last.saturating_add(idle)).unwrap_or(Timestamp::MAX)
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
        if self.end().is_some_and(|at| at <= now) || self.known.revoked.is_cancelled() {
            return None;
        }
        self.usage.touch(now);
        Some(self.known.clone())
    }

    /// From when on it is no good, as things are.
    pub fn end(&self) -> Option<Timestamp> {
        let idle = self.idle.map(|idle| self.usage.idle_end(idle));
        [self.expires_at, idle].into_iter().flatten().min()
    }
}

impl Snapshot {
    /// Builds one from the records. Credentials that were in `before` keep their signal; those that are gone, expired,
    /// or whose user lost a right, fire it. Sessions may lie unused for `idle`.
    pub fn build(everybody: Everybody, before: &Snapshot, now: Timestamp, idle: Option<Duration>) -> Snapshot {
        let users = people(everybody.users, &everybody.identities);
        let mut after = Snapshot::default();
        let mut maker = Maker { users: &users, projects: &everybody.projects, now };

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
        let mut parents: HashMap<&str, (&UserName, Timestamp, Arc<Usage>)> = HashMap::new();
        let apex_first = |session: &&Session| session.parent.is_some();
        let mut sessions: Vec<&Session> = everybody.sessions.iter().collect();
        sessions.sort_by_key(apex_first);
        for session in sessions {
            let old = before.sessions.get(&session.digest).filter(|old| old.id == session.id);
            let (expires_at, usage) = match &session.parent {
                None => {
                    let usage = old.map(|old| Arc::clone(&old.usage)).unwrap_or_default();
                    usage.noted(session.last_used_at.unwrap_or(session.created_at));
                    parents.insert(&session.id, (&session.user, session.expires_at, Arc::clone(&usage)));
                    (session.expires_at, usage)
                }
                // What is done on a workspace's host is done in the session above it.
                Some(parent) => match parents.get(parent.as_str()) {
                    Some((user, end, usage)) if **user == session.user => {
                        (session.expires_at.min(*end), Arc::clone(usage))
                    }
                    _ => continue,
                },
            };
            if idle.is_some_and(|idle| usage.idle_end(idle) <= now) {
                continue;
            }
            let via = Via::Session(session.id.clone());
            let made = maker.make(old, &session.user, Scope::All, via, session.id.clone(), Some(expires_at));
            if let Some(made) = made {
                let made = Credential {
                    host: Some(session.host.clone()),
                    apex: session.parent.is_none(),
                    idle,
                    usage,
                    ..made
                };
                after.sessions.insert(session.digest, made);
            }
        }
        after.projects =
            everybody.projects.into_iter().map(|project| (project.name.clone(), Arc::new(project))).collect();
        let keyed = |secret: StoredSecret| ((secret.holder.clone(), secret.name.clone()), secret);
        after.secrets = everybody.secrets.into_iter().map(keyed).collect();
        after.identities = everybody.identities;
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
            if credential.end().is_some_and(|at| at <= now) {
                credential.known.revoked.cancel();
            }
        }
    }

    /// When the next credential expires.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.credentials()
            .filter(|credential| !credential.known.revoked.is_cancelled())
            .filter_map(Credential::end)
            .min()
    }

    /// Tokens, keys and apex sessions that were used since the last call, with when.
    pub fn take_used(&self) -> Vec<(String, Timestamp)> {
        // A session below shares what its parent counts, which must be taken under the parent's name.
        let apex = self.sessions.values().filter(|session| session.apex);
        self.tokens
            .values()
            .chain(self.keys.values())
            .chain(apex)
            .filter_map(|credential| Some((credential.id.clone(), credential.usage.take()?)))
            .collect()
    }
}

/// Who may sign in, with what their accounts at providers make of them. Somebody of whom every provider says that they
/// are gone is not among them; who never came by one is judged by their own record alone.
fn people(users: Vec<User>, identities: &[Identity]) -> HashMap<UserName, Arc<User>> {
    let mut of: HashMap<&UserName, Vec<&Identity>> = HashMap::new();
    for identity in identities {
        of.entry(&identity.user).or_default().push(identity);
    }
    let effective = |mut user: User| {
        let theirs = of.get(&user.name).map(Vec::as_slice).unwrap_or_default();
        if user.disabled || (!theirs.is_empty() && theirs.iter().all(|identity| identity.blocked)) {
            return None;
        }
        for identity in theirs.iter().filter(|identity| !identity.blocked) {
            user.admin |= identity.admin;
            user.groups.extend(identity.groups.iter().cloned());
        }
        user.groups.sort();
        user.groups.dedup();
        Some((user.name.clone(), Arc::new(user)))
    };
    users.into_iter().filter_map(effective).collect()
}

/// What somebody is in a project: of all that applies to them, the highest role.
pub(crate) fn membership(user: &User, project: &Project) -> Option<Role> {
    let theirs = project.members.iter().filter(|member| {
        member.user.as_ref() == Some(&user.name)
            || member.group.as_ref().is_some_and(|group| user.groups.contains(group))
    });
    theirs.map(|member| member.role).max()
}

fn memberships(user: &User, projects: &[Project]) -> Vec<(ProjectName, Role)> {
    let role = |project: &Project| Some((project.name.clone(), membership(user, project)?));
    projects.iter().filter_map(role).collect()
}

struct Maker<'a> {
    users: &'a HashMap<UserName, Arc<User>>,
    projects: &'a [Project],
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
        let (groups, projects) = (user.groups.clone(), memberships(user, self.projects));
        let principal = Principal { user: user.name.clone(), groups, projects, admin: user.admin, scope, via };
        let known = match old {
            Some(old) if *old.known.principal == principal => old.known.clone(),
            Some(old) if !lost(&old.known.principal, &principal, self.projects) => {
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
        Some(Credential { id, known, expires_at, host: None, apex: false, idle: None, usage })
    }
}

/// Whether `after` may less than `before`. A project that is gone took nothing away: nothing of it is left to reach.
fn lost(before: &Principal, after: &Principal, projects: &[Project]) -> bool {
    let there = |name: &ProjectName| projects.iter().any(|project| project.name == *name);
    before.user != after.user
        || before.scope != after.scope
        || (before.admin && !after.admin)
        || before.groups.iter().any(|group| !after.groups.contains(group))
        || before.projects.iter().any(|(name, role)| there(name) && after.role_in(name.as_str()) < Some(*role))
}
