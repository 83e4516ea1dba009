//! Connections that last: what is registered of each, so that it ends when the right to it does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use dormer_auth::known::Known;
use dormer_core::directory::{Directory, Entry, Live, SessionGuard};
use dormer_core::principal::Principal;

use super::Gate;
use super::admit::Right;

/// A connection that lasts (an upgrade, a shell). It counts as a session for as long as this lives.
#[derive(Debug)]
pub struct Open {
    /// Cancelled when the credential is revoked, the right is taken away, or the workspace is gone.
    pub ended: CancellationToken,
    id: u64,
    registry: Arc<Registry>,
    _session: SessionGuard,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.registry.lock().open.remove(&self.id);
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    open: HashMap<u64, Registered>,
}

#[derive(Debug)]
struct Registered {
    entry: Arc<Entry>,
    who: Option<Arc<Principal>>,
    right: Right,
    /// Of the record by which the right was last looked at.
    version: u64,
    ended: CancellationToken,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it can leave the map half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lock().open.len()
    }

    /// Ends those to which the right is gone.
    pub(super) fn sweep(&self, directory: &Directory) {
        let mut state = self.lock();
        for registered in state.open.values_mut() {
            let record = registered.entry.peek();
            let newest = directory.get(record.name.as_str());
            let gone = newest.is_none_or(|newest| !Arc::ptr_eq(&newest, &registered.entry));
            if gone {
                registered.ended.cancel();
            } else if record.version != registered.version {
                let kept = registered.right.check(registered.who.as_deref(), &record);
                if kept.is_err() {
                    registered.ended.cancel();
                }
                registered.version = record.version;
            }
        }
    }
}

impl Gate {
    /// Registers a connection that lasts. `right` is that to which it was admitted.
    pub fn open(&self, entry: &Arc<Entry>, who: Option<&Known>, right: impl Into<Right>) -> Open {
        let right = right.into();
        let ended = who.map_or_else(CancellationToken::new, |known| known.revoked.child_token());
        let registered = Registered {
            entry: Arc::clone(entry),
            who: who.map(|known| Arc::clone(&known.principal)),
            right,
            // None that a record has: whatever changed between admission and now is looked at by the next sweep.
            version: 0,
            ended: ended.clone(),
        };
        let id = {
            let mut state = self.registry.lock();
            state.next += 1;
            let id = state.next;
            state.open.insert(id, registered);
            id
        };
        // And if nothing changes after now, there may be no next sweep. Looked at after it was registered, so that
        // no change falls between the two.
        let kept = right.check(who.map(|known| &*known.principal), &entry.peek());
        let there = self.directory.get(entry.peek().name.as_str()).is_some_and(|newest| Arc::ptr_eq(&newest, entry));
        if kept.is_err() || !there {
            ended.cancel();
        }
        Open { ended, id, registry: Arc::clone(&self.registry), _session: Live::session(entry) }
    }
}
