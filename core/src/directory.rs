//! Every workspace as readers see it: kept from a store's changes by one task, read by every connection without a lock.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use tokio::sync::watch;

use dormer_wire::report::{Activity, ActivityKind};

use crate::name::WorkspaceName;
use crate::ports::store::Change;
use crate::workspace::Workspace;

/// Every workspace, by name.
#[derive(Debug)]
pub struct Directory {
    entries: ArcSwap<HashMap<WorkspaceName, Arc<Entry>>>,
    changed: watch::Sender<u64>,
}

/// One workspace: its newest record, and what is going on at this gateway.
#[derive(Debug)]
pub struct Entry {
    record: ArcSwap<Workspace>,
    /// Rises with each change of the record, and once more when the workspace is gone.
    changed: watch::Sender<u64>,
    gone: AtomicBool,
    /// What people do in it through this gateway.
    pub live: Live,
}

/// What is going on in a workspace at this gateway.
#[derive(Debug, Default)]
pub struct Live {
    activity_ms: AtomicI64,
    activity_kind: AtomicU8,
    sessions: AtomicUsize,
}

const KINDS: [ActivityKind; 7] = [
    ActivityKind::Start,
    ActivityKind::Navigation,
    ActivityKind::Editor,
    ActivityKind::Terminal,
    ActivityKind::Ssh,
    ActivityKind::Api,
    ActivityKind::Busy,
];

impl Live {
    /// Notes that a person did something. Cheap enough for each request.
    pub fn touch(&self, at: Timestamp, kind: ActivityKind) {
        if self.activity_ms.fetch_max(at.as_millisecond(), Ordering::Relaxed) < at.as_millisecond() {
            let index = KINDS.iter().position(|k| *k == kind).unwrap_or_default();
            self.activity_kind.store(index as u8, Ordering::Relaxed);
        }
    }

    /// The last thing that a person did through this gateway.
    pub fn activity(&self) -> Option<Activity> {
        let at = match self.activity_ms.load(Ordering::Relaxed) {
            0 => return None,
            at => Timestamp::from_millisecond(at).ok()?,
        };
        let kind = KINDS.get(usize::from(self.activity_kind.load(Ordering::Relaxed))).copied()?;
        Some(Activity { at, kind })
    }

    /// Counts a session (a terminal, an editor's socket) for as long as the answer lives.
    pub fn session(entry: &Arc<Entry>) -> SessionGuard {
        entry.live.sessions.fetch_add(1, Ordering::Relaxed);
        SessionGuard(Arc::clone(entry))
    }

    /// How many sessions are open.
    pub fn sessions(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }
}

/// An open session.
#[derive(Debug)]
pub struct SessionGuard(Arc<Entry>);

impl Drop for SessionGuard {
    fn drop(&mut self) {
        self.0.live.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Entry {
    fn new(workspace: Arc<Workspace>) -> Arc<Entry> {
        Arc::new(Entry {
            changed: watch::Sender::new(workspace.version),
            record: ArcSwap::new(workspace),
            gone: AtomicBool::new(false),
            live: Live::default(),
        })
    }

    /// The newest record.
    pub fn record(&self) -> Arc<Workspace> {
        self.record.load_full()
    }

    /// The newest record, borrowed for a moment: for the way of a request.
    pub fn peek(&self) -> arc_swap::Guard<Arc<Workspace>> {
        self.record.load()
    }

    /// Whether the workspace is gone. Those who hold an entry keep it alive, so that its end has to be said.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Tells of each change of the record, and of the workspace's end ([`Entry::is_gone`]).
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

impl Default for Directory {
    fn default() -> Self {
        Directory { entries: ArcSwap::default(), changed: watch::Sender::new(0) }
    }
}

impl Directory {
    /// The workspace of that name.
    pub fn get(&self, name: &str) -> Option<Arc<Entry>> {
        self.entries.load().get(name).cloned()
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<Entry>> {
        self.entries.load().values().cloned().collect()
    }

    /// Tells of each change of any record.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Follows a store's changes until they end. One task of the server runs this.
    pub async fn follow(&self, mut changes: BoxStream<'static, Change>) {
        while let Some(change) = changes.next().await {
            self.apply(change);
        }
    }

    /// Takes in one change. Only one task may call this, or changes could overtake each other.
    pub fn apply(&self, change: Change) {
        match change {
            Change::All(records) => {
                let before = self.entries.load_full();
                let mut after = HashMap::with_capacity(records.len());
                for record in records {
                    let name = record.name.clone();
                    let entry = match before.get(&name) {
                        Some(entry) if entry.peek().uid == record.uid => {
                            entry.renew(record);
                            Arc::clone(entry)
                        }
                        _ => Entry::new(record),
                    };
                    after.insert(name, entry);
                }
                let ended: Vec<Arc<Entry>> = before
                    .iter()
                    .filter(|(name, entry)| !after.get(*name).is_some_and(|now| Arc::ptr_eq(now, entry)))
                    .map(|(_, entry)| Arc::clone(entry))
                    .collect();
                self.entries.store(Arc::new(after));
                ended.iter().for_each(|entry| entry.end());
            }
            Change::Put(record) => {
                let entries = self.entries.load_full();
                match entries.get(&record.name) {
                    Some(entry) if entry.peek().uid == record.uid => entry.renew(record),
                    _ => {
                        let mut entries = HashMap::clone(&entries);
                        let before = entries.insert(record.name.clone(), Entry::new(record));
                        self.entries.store(Arc::new(entries));
                        before.iter().for_each(|entry| entry.end());
                    }
                }
            }
            Change::Gone(name) => {
                let mut entries = HashMap::clone(&self.entries.load());
                let before = entries.remove(&name);
                self.entries.store(Arc::new(entries));
                before.iter().for_each(|entry| entry.end());
            }
        }
        self.changed.send_modify(|revision| *revision += 1);
    }
}

impl Entry {
    fn end(&self) {
        self.gone.store(true, Ordering::Release);
        self.changed.send_modify(|version| *version += 1);
    }

    fn renew(&self, record: Arc<Workspace>) {
        // An answer to a write may overtake the watch: an older record never replaces a newer one.
        if self.peek().version < record.version {
            let version = record.version;
            self.record.store(record);
            self.changed.send_replace(version);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fixture;

    #[test]
    fn follows_changes() {
        let directory = Directory::default();
        let mut workspace = fixture("hello", "ann");
        directory.apply(Change::All(vec![Arc::new(workspace.clone())]));
        let entry = directory.get("hello").unwrap();
        let mut news = entry.subscribe();
        workspace.version = 2;
        workspace.spec.running = true;
        directory.apply(Change::Put(Arc::new(workspace.clone())));
        assert!(entry.peek().spec.running && news.has_changed().unwrap());
        news.mark_unchanged();
        workspace.version = 1;
        workspace.spec.running = false;
        directory.apply(Change::Put(Arc::new(workspace.clone())));
        assert!(entry.peek().spec.running, "an older record came later");
        directory.apply(Change::Gone(workspace.name.clone()));
        assert!(directory.get("hello").is_none());
        assert!(entry.is_gone() && news.has_changed().unwrap(), "those who wait for a workspace that is gone are told");
        workspace.uid = "another".into();
        directory.apply(Change::Put(Arc::new(workspace)));
        assert!(!directory.get("hello").unwrap().peek().spec.running, "the same name, another workspace");
    }

    #[test]
    fn activity_only_goes_forward() {
        let live = Live::default();
        assert_eq!(live.activity(), None);
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        live.touch(at(20), ActivityKind::Ssh);
        live.touch(at(10), ActivityKind::Api);
        assert_eq!(live.activity(), Some(Activity { at: at(20), kind: ActivityKind::Ssh }));
    }
}
