//! From a credential to who it is, on the way of every request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use dormer_core::account::{Holder, Identity, Project, StoredSecret, User};
use dormer_core::name::{ProjectName, UserName};
use dormer_core::ports::accounts::{AccountError, Accounts};
use dormer_core::ports::clock::Clock;
use dormer_core::principal::{Principal, Via};
use dormer_core::workspace::Role;

use crate::known::Known;
use crate::snapshot::Snapshot;

/// How often last uses are written and expired records removed.
const TIDY: Duration = Duration::from_secs(300);
/// How long to wait after the records could not be read.
const RETRY: Duration = Duration::from_secs(1);

/// Knows everybody: a snapshot of the records, swapped whole when they change. Every look-up is synchronous and takes
/// no lock.
pub struct Authenticator {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    snapshot: ArcSwap<Snapshot>,
    /// How long a session may lie unused, in seconds; 0: for ever.
    idle: AtomicU64,
    /// Loads that were asked for.
    asked: AtomicU64,
    /// Up to which of them the snapshot answers. Held while one is made, so that an older can't replace a newer.
    loaded: Mutex<u64>,
}

impl Authenticator {
    /// Reads the records once.
    pub async fn open(accounts: Arc<dyn Accounts>, clock: Arc<dyn Clock>) -> Result<Arc<Self>, AccountError> {
        let authenticator = Arc::new(Authenticator {
            accounts,
            clock,
            snapshot: ArcSwap::default(),
            idle: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            loaded: Mutex::new(0),
        });
        authenticator.refresh().await?;
        Ok(authenticator)
    }

    /// Ends sessions that lie unused for so long, from the next look at the records on.
    pub fn end_idle_sessions(&self, after: Option<Duration>) {
        self.idle.store(after.map_or(0, |after| after.as_secs()), Ordering::SeqCst);
    }

    /// Reads the records again: when this returns, what was written before the call is known, and what was removed
    /// before it is not. Calls at the same time share the work.
    pub async fn refresh(&self) -> Result<(), AccountError> {
        let ticket = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut loaded = self.loaded.lock().await;
        if *loaded >= ticket {
            return Ok(());
        }
        let upto = self.asked.load(Ordering::SeqCst);
        let everybody = self.accounts.load().await?;
        let after = Snapshot::build(everybody, &self.snapshot.load(), self.clock.now(), self.idle());
        self.snapshot.store(Arc::new(after));
        *loaded = upto;
        Ok(())
    }

    fn idle(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.idle.load(Ordering::SeqCst))).filter(|idle| !idle.is_zero())
    }

    /// Keeps the snapshot fresh until `shutdown`: reads again at each change, fires the signals of what expires, and
    /// writes down what was used.
    pub async fn follow(self: Arc<Self>, shutdown: CancellationToken) {
        let mut changes = self.accounts.changes();
        // What changed between the opening and here would be told to nobody.
        self.refresh_until_it_works(&shutdown).await;
        let mut tidy = tokio::time::interval(TIDY);
        tidy.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let expiry = self.until_expiry();
            tokio::select! {
                () = shutdown.cancelled() => break,
                changed = changes.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    self.refresh_until_it_works(&shutdown).await;
                }
                () = tokio::time::sleep(expiry) => self.snapshot.load().expire(self.clock.now()),
                _ = tidy.tick() => self.tidy().await,
            }
        }
        self.tidy().await;
    }

    async fn refresh_until_it_works(&self, shutdown: &CancellationToken) {
        while let Err(error) = self.refresh().await {
            tracing::warn!(%error, "could not read who may sign in; trying again");
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    /// At most a minute, since the clock may jump; at least a moment, since it may stand.
    fn until_expiry(&self) -> Duration {
        let now = self.clock.now();
        let next = self.snapshot.load().next_expiry().unwrap_or(Timestamp::MAX);
        let left = next.duration_since(now).unsigned_abs();
        left.clamp(Duration::from_millis(100), Duration::from_secs(60))
    }

    async fn tidy(&self) {
        let used = self.snapshot.load().take_used();
        if let Err(error) = self.accounts.tidy(&used, self.clock.now()).await {
            tracing::warn!(%error, "could not note which credentials were used");
        }
    }

    /// Who a token's text is.
    pub fn token(&self, text: &str) -> Option<Known> {
        let digest = crate::token::digest(text)?;
        self.snapshot.load().tokens.get(&digest)?.at(self.clock.now())
    }

    /// Who a session cookie's value is on `host`, which is lower case and without port (`route::bare`).
    pub fn session(&self, cookie_value: &str, host: &str) -> Option<Known> {
        // What we give out is much shorter: a long one is not worth hashing.
        if cookie_value.len() > 100 {
            return None;
        }
        let digest = crate::digest::digest(cookie_value);
        let snapshot = self.snapshot.load();
        let session = snapshot.sessions.get(&digest)?;
        if session.host.as_deref() != Some(host) {
            return None;
        }
        session.at(self.clock.now())
    }

    /// Who an SSH key is: `ssh-ed25519 AAAA…`, without comment. Whoever asks has proven to have the private half.
    pub fn key(&self, openssh_public_key: &str) -> Option<Known> {
        self.snapshot.load().keys.get(openssh_public_key)?.at(self.clock.now())
    }

    /// A user for whom somebody else has vouched, and by what (`Via::Certificate`). Ends when the user is shut out.
    pub fn vouched(&self, user: &UserName, via: Via) -> Option<Known> {
        let known = self.snapshot.load().vouched.get(user)?.at(self.clock.now())?;
        let principal = Principal { via, ..Principal::clone(&known.principal) };
        Some(Known { principal: Arc::new(principal), ..known })
    }

    /// Who somebody is by a session or a token that is known by its id: what was said with it is done elsewhere.
    pub(crate) fn by(&self, user: &UserName, via: &Via) -> Option<Known> {
        let snapshot = self.snapshot.load();
        let mut all = snapshot.sessions.values().chain(snapshot.tokens.values());
        let found = all.find(|one| one.known.principal.via == *via && one.known.principal.user == *user)?;
        found.at(self.clock.now())
    }

    /// A user who is not shut out.
    pub fn user(&self, name: &UserName) -> Option<Arc<User>> {
        self.snapshot.load().users.get(name).cloned()
    }

    /// Accounts of a user at providers.
    pub fn identities(&self, user: &UserName) -> Vec<Identity> {
        self.snapshot.load().identities.iter().filter(|identity| identity.user == *user).cloned().collect()
    }

    /// All accounts at providers.
    pub fn all_identities(&self) -> Vec<Identity> {
        self.snapshot.load().identities.clone()
    }

    /// A project.
    pub fn project(&self, name: &str) -> Option<Arc<Project>> {
        self.snapshot.load().projects.get(name).cloned()
    }

    /// All projects, by name.
    pub fn projects(&self) -> Vec<Arc<Project>> {
        let mut projects: Vec<Arc<Project>> = self.snapshot.load().projects.values().cloned().collect();
        projects.sort_by(|a, b| a.name.cmp(&b.name));
        projects
    }

    /// What a user is in a project.
    pub fn role(&self, user: &UserName, project: &ProjectName) -> Option<Role> {
        let snapshot = self.snapshot.load();
        let (user, project) = (snapshot.users.get(user)?, snapshot.projects.get(project)?);
        crate::snapshot::membership(user, project)
    }

    /// A holder's secret of that name, sealed.
    pub fn secret(&self, holder: &Holder, name: &str) -> Option<StoredSecret> {
        self.snapshot.load().secrets.get(&(holder.clone(), name.to_string())).cloned()
    }

    /// All secrets, sealed, by name.
    pub fn secrets(&self) -> Vec<StoredSecret> {
        let mut secrets: Vec<StoredSecret> = self.snapshot.load().secrets.values().cloned().collect();
        secrets.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        secrets
    }

    /// Whether somebody's session, by its id, is good.
    pub fn session_lives(&self, id: &str) -> bool {
        self.session_end(id).is_some()
    }

    /// When a session ends, by its id: for what is made below it.
    pub(crate) fn session_end(&self, id: &str) -> Option<Timestamp> {
        let now = self.clock.now();
        let snapshot = self.snapshot.load();
        let session = snapshot.sessions.values().find(|session| session.id == id)?;
        session.at(now)?;
        session.expires_at
    }
}

#[cfg(test)]
mod tests;
