//! The gate: who is it, may they, is it awake, open the door, what counts as activity.
//!
//! Both ways in enter through here and nothing else reaches a door. What a request needs is read from snapshots
//! without a lock; only the registering of a long-lived connection takes one, for a moment.

mod admit;
mod open;
mod settle;
mod sweep;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};

use dormer_core::directory::{Directory, Entry};
use dormer_core::phase::Phase;
use dormer_core::ports::clock::Clock;
use dormer_core::principal::Principal;
use dormer_core::wake::{WakeError, Waker};
use dormer_core::workspace::Workspace;
use dormer_wire::dial::{DialError, Dialer, DoorStream};
use dormer_wire::door::{Door, Want};
use dormer_wire::report::ActivityKind;

use crate::counts;

pub use admit::{Refusal, Right};
pub use open::Open;

/// How long a door may take to answer. An agent answers at once, or after one connection to a local port.
const DIAL_LIMIT: Duration = Duration::from_secs(10);

/// Through which everybody enters.
pub struct Gate {
    directory: Arc<Directory>,
    waker: Arc<Waker>,
    clock: Arc<dyn Clock>,
    dialer: Dialer,
    registry: Arc<open::Registry>,
    turns: settle::Turns,
    /// Ends the sweep with the gate.
    _sweep: DropGuard,
}

impl Gate {
    /// A gate over the directory of all workspaces.
    ///
    /// To be called within a runtime that lives as long as the gate: one task of it sees to it that connections end
    /// when the right to them does.
    pub fn new(directory: Arc<Directory>, waker: Arc<Waker>, clock: Arc<dyn Clock>, dialer: Dialer) -> Arc<Self> {
        let registry = Arc::new(open::Registry::default());
        let ended = CancellationToken::new();
        tokio::spawn(sweep::sweep(Arc::clone(&directory), Arc::clone(&registry), ended.clone()));
        let turns = settle::Turns::default();
        Arc::new(Gate { directory, waker, clock, dialer, registry, turns, _sweep: ended.drop_guard() })
    }

    /// Every workspace.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Whether there is a workspace of that name after all, that another gateway made a moment ago.
    pub async fn look_again(&self, name: &str) -> bool {
        self.directory.get(name).is_none() && self.waker.find(name).await.is_some()
    }

    /// The time.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// Notes that a person did something in it.
    pub fn touch(&self, entry: &Entry, kind: ActivityKind) {
        entry.live.touch(self.clock.now(), kind);
    }

    /// Sees to it that it is to run, without waiting for what comes of it.
    pub async fn ask(&self, entry: &Entry, by: &Principal) -> Result<(), WakeError> {
        let record = entry.record();
        if record.spec.running && !record.deleted {
            return Ok(());
        }
        self.waker.ask(&record.name, by.user.as_str()).await.map(drop)
    }

    /// Wakes it where it sleeps and waits until it is up, at most `limit`. `progress` sees each record on the way.
    pub async fn wake(
        &self,
        entry: &Arc<Entry>,
        by: &Principal,
        limit: Duration,
        progress: impl FnMut(&Workspace) + Send,
    ) -> Result<Door, WakeError> {
        if let Some(door) = door_of(&entry.peek()) {
            return Ok(door.clone());
        }
        let (name, begun) = (entry.peek().name.clone(), std::time::Instant::now());
        let woken = self.waker.wake(&name, by.user.as_str(), limit, progress).await;
        counts::wake(&woken, begun.elapsed());
        woken
    }

    /// For how long it has been in its phase.
    pub fn up_for(&self, entry: &Entry) -> Duration {
        let since = entry.peek().status.since;
        let span = since.map(|since| self.clock.now().duration_since(since));
        // Without a beginning, and with one that a clock which was set back has put into the future: long enough.
        span.and_then(|span| Duration::try_from(span).ok()).unwrap_or(Duration::MAX)
    }

    /// Opens a stream through the door of the newest record.
    pub async fn dial(&self, entry: &Entry, want: Want) -> Result<DoorStream, DialError> {
        let Some(door) = entry.peek().status.door.clone() else {
            return Err(DialError::Absent(std::io::ErrorKind::NotConnected.into()));
        };
        self.dialer.dial(&door, want, DIAL_LIMIT).await
    }
}

/// Where to dial, when it is up and is to stay so.
pub fn door_of(record: &Workspace) -> Option<&Door> {
    let up = record.status.phase == Phase::Running && record.spec.running && !record.deleted;
    record.status.door.as_ref().filter(|_| up)
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("open", &self.registry.len()).finish_non_exhaustive()
    }
}
