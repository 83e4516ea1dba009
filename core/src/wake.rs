//! Waking: one change of one record, and waiting for what comes of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dormer_wire::door::Door;

use crate::directory::{Directory, Entry};
use crate::name::WorkspaceName;
use crate::phase::Phase;
use crate::ports::clock::Clock;
use crate::ports::store::{Event, Store, StoreError, modify};
use crate::workspace::Workspace;

/// Wakes workspaces. Any number of callers may wake one at the same time: one of them writes, all of them wait for the
/// same record.
pub struct Waker {
    store: Arc<dyn Store>,
    directory: Arc<Directory>,
    clock: Arc<dyn Clock>,
    looks: Looks,
}

/// Whoever asks for a workspace that the directory does not know waits so long, at most, for news of it.
const NEWS: Duration = Duration::from_secs(3);
/// So often a second is the store asked for what the directory does not know.
const LOOKS: u32 = 20;

/// How often the store may still be asked for names that may not exist, in which second.
#[derive(Default)]
struct Looks(Mutex<(u32, i64)>);

impl Looks {
    fn take(&self, second: i64) -> bool {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.1 != second {
            *looks = (0, second);
        }
        looks.0 += 1;
        looks.0 <= LOOKS
    }
}

/// Why a workspace did not wake.
#[derive(Debug, thiserror::Error)]
pub enum WakeError {
    /// There is none of that name (any more).
    #[error("there is no workspace named '{0}'")]
    NotFound(WorkspaceName),
    /// It is archived: a person has to take it back first.
    #[error("'{0}' is archived; `dormer unarchive {0}` brings it back")]
    Archived(WorkspaceName),
    /// Its start failed.
    #[error("{message}")]
    Failed {
        /// One CamelCase word.
        reason: String,
        /// A sentence.
        message: String,
        /// The last lines of the log that tells more.
        log_tail: Option<String>,
    },
    /// Somebody stopped it while it started.
    #[error("'{0}' was stopped while it was starting")]
    Stopped(WorkspaceName),
    /// It took longer than the caller waits.
    #[error("'{0}' is not up yet")]
    TimedOut(WorkspaceName),
    /// The record could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Waker {
    /// A waker over a store and the directory that follows it.
    pub fn new(store: Arc<dyn Store>, directory: Arc<Directory>, clock: Arc<dyn Clock>) -> Self {
        Waker { store, directory, clock, looks: Looks::default() }
    }

    /// The workspace of that name. One that the directory does not know may have been made a moment ago, through another
    /// gateway over the same records: then the store is asked once, within limits, since a name may be anything.
    pub async fn find(&self, name: &str) -> Option<Arc<Entry>> {
        if let Some(entry) = self.directory.get(name) {
            return Some(entry);
        }
        let name: WorkspaceName = name.parse().ok()?;
        if !self.looks.take(self.clock.now().as_second()) {
            return None;
        }
        let mut news = self.directory.subscribe();
        let known = async {
            self.store.get(&name).await.ok()?;
            loop {
                if let Some(entry) = self.directory.get(name.as_str()) {
                    return Some(entry);
                }
                news.changed().await.ok()?;
            }
        };
        tokio::time::timeout(NEWS, known).await.ok().flatten()
    }

    /// Sees to it that the record says `running`, and gives the record that does. Whoever changed it is noted in the
    /// workspace's events.
    pub async fn ask(&self, name: &WorkspaceName, by: &str) -> Result<Workspace, WakeError> {
        let (workspace, changed) = modify(&*self.store, name, |workspace, spec| {
            let ask = !workspace.deleted && !spec.archived && !spec.running;
            spec.running = spec.running || ask;
            ask
        })
        .await
        .map_err(|error| match error {
            StoreError::NotFound(name) => WakeError::NotFound(name),
            error => WakeError::Store(error),
        })?;
        if workspace.deleted {
            return Err(WakeError::NotFound(name.clone()));
        }
        if workspace.spec.archived {
            return Err(WakeError::Archived(name.clone()));
        }
        if changed {
            let event = Event {
                at: self.clock.now(),
                reason: "Woken".into(),
                message: format!("{by} woke it"),
                by: Some(by.to_string()),
            };
            // The wake itself is written: a note that is missing from the events is no reason to refuse it.
            if let Err(error) = self.store.note(name, event).await {
                tracing::warn!(workspace = %name, %error, "could not note the wake");
            }
        }
        Ok(workspace)
    }

    /// Wakes it and waits until it is up, or is not going to be, at most `limit`. `progress` sees each record on the way.
    pub async fn wake(
        &self,
        name: &WorkspaceName,
        by: &str,
        limit: Duration,
        progress: impl FnMut(&Workspace) + Send,
    ) -> Result<Door, WakeError> {
        let entry = self.directory.get(name.as_str()).ok_or_else(|| WakeError::NotFound(name.clone()))?;
        // Subscribed before asking: what comes of it cannot be missed.
        let news = entry.subscribe();
        let asked = self.ask(name, by).await?;
        let waiting = wait(&entry, news, asked.version, progress);
        tokio::time::timeout(limit, waiting).await.unwrap_or_else(|_| Err(WakeError::TimedOut(name.clone())))
    }
}

/// Waits until `entry` is up. Records from before `version`, at which it was asked to run, say nothing about that.
async fn wait(
    entry: &Entry,
    mut news: tokio::sync::watch::Receiver<u64>,
    version: u64,
    mut progress: impl FnMut(&Workspace) + Send,
) -> Result<Door, WakeError> {
    loop {
        let record = entry.record();
        if entry.is_gone() {
            return Err(WakeError::NotFound(record.name.clone()));
        }
        if record.version >= version {
            progress(&record);
            if let Some(outcome) = outcome(&record) {
                return outcome;
            }
        }
        if news.changed().await.is_err() {
            return Err(WakeError::NotFound(record.name.clone()));
        }
    }
}

/// What has come of a wake, by a record from after it. None: nothing yet.
fn outcome(record: &Workspace) -> Option<Result<Door, WakeError>> {
    let status = &record.status;
    if record.deleted {
        return Some(Err(WakeError::NotFound(record.name.clone())));
    }
    match (status.phase, &status.door) {
        (Phase::Running, Some(door)) if record.spec.running => Some(Ok(door.clone())),
        // Whoever gave it up took `running` back.
        (Phase::Failed, _) if !record.spec.running => Some(Err(WakeError::Failed {
            reason: status.reason.clone().unwrap_or_else(|| "Failed".into()),
            message: status.message.clone().unwrap_or_else(|| "it could not be started".into()),
            log_tail: status.log_tail.clone(),
        })),
        (Phase::Stopping | Phase::Stopped | Phase::Archived, _) if !record.spec.running => {
            Some(Err(WakeError::Stopped(record.name.clone())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::clock::{clock, pass};
    use crate::fixture::records::Records;
    use crate::workspace::{Spec, fixture};

    #[tokio::test(start_paused = true)]
    async fn what_another_gateway_made_is_found_and_what_nobody_made_is_not_asked_for_without_end() {
        let (store, directory) = (Arc::new(Records::default()), Arc::new(Directory::default()));
        let (clock, hand) = clock();
        let waker = Waker::new(store.clone(), directory.clone(), clock);
        assert!(waker.find("hello").await.is_none());
        let name: WorkspaceName = "hello".parse().unwrap();
        let spec = Spec::new("ann".parse().unwrap(), "team".parse().unwrap());
        let made = store.create(&name, spec).await.unwrap();
        let find = tokio::spawn(async move { (waker.find("hello").await.is_some(), waker) });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!find.is_finished(), "it waits for the news that are on their way");
        directory.apply(crate::ports::store::Change::Put(Arc::new(made)));
        let (found, waker) = find.await.unwrap();
        assert!(found);
        for _ in 2..LOOKS {
            assert!(waker.find("nobody").await.is_none());
        }
        let other: WorkspaceName = "other".parse().unwrap();
        let made = store.create(&other, Spec::new("ann".parse().unwrap(), "team".parse().unwrap())).await.unwrap();
        let find = waker.find("other");
        assert!(find.await.is_none(), "of this second nothing is left: the store is not asked");
        pass(&hand, Duration::from_secs(1));
        let find = tokio::spawn(async move { waker.find("other").await.is_some() });
        tokio::task::yield_now().await;
        directory.apply(crate::ports::store::Change::Put(Arc::new(made)));
        assert!(find.await.unwrap());
    }

    #[test]
    fn what_came_of_it() {
        let door: Door = "unix:/d".parse().unwrap();
        let words = |outcome: Option<Result<Door, WakeError>>| match outcome {
            None => "wait",
            Some(Ok(_)) => "up",
            Some(Err(WakeError::Failed { .. })) => "failed",
            Some(Err(WakeError::Stopped(_))) => "stopped",
            Some(Err(_)) => "other",
        };
        for (running, phase, with_door, want) in [
            (true, Phase::Stopped, false, "wait"),
            (true, Phase::Stopping, true, "wait"),
            (true, Phase::Failed, false, "wait"),
            (true, Phase::Starting, true, "wait"),
            (true, Phase::Running, true, "up"),
            (false, Phase::Running, true, "wait"),
            (false, Phase::Starting, false, "wait"),
            (false, Phase::Failed, false, "failed"),
            (false, Phase::Stopped, false, "stopped"),
        ] {
            let mut record = fixture("hello", "ann");
            record.spec.running = running;
            record.status.phase = phase;
            record.status.door = with_door.then(|| door.clone());
            assert_eq!(words(outcome(&record)), want, "{running} {phase}");
        }
    }
}
