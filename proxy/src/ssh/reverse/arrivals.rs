//! Channels that the client has just confirmed, on their way from the session loop to whoever opened them.
//!
//! The loop must know a channel before its first octet, and the task that opened it learns of it a moment before or
//! after that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use russh::ChannelId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::ssh::inbox::Inbox;

/// A channel that was confirmed.
pub(in crate::ssh) struct Arrived {
    /// What comes in on it.
    pub(in crate::ssh) inbox: Arc<Inbox>,
    /// Cancelled when the client has closed it, or left.
    pub(in crate::ssh) gone: CancellationToken,
}

/// Those that nobody has taken yet.
#[derive(Clone, Default)]
pub(in crate::ssh) struct Arrivals(Arc<State>);

#[derive(Default)]
struct State {
    all: Mutex<HashMap<ChannelId, Arrived>>,
    news: watch::Sender<()>,
}

impl Arrivals {
    fn lock(&self) -> MutexGuard<'_, HashMap<ChannelId, Arrived>> {
        // Nothing that holds it can leave it half-changed.
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A channel is there.
    pub(in crate::ssh) fn put(&self, id: ChannelId, arrived: Arrived) {
        self.lock().insert(id, arrived);
        self.0.news.send_replace(());
    }

    /// Waits for one.
    pub(super) async fn take(&self, id: ChannelId) -> Arrived {
        let mut news = self.0.news.subscribe();
        loop {
            if let Some(arrived) = self.lock().remove(&id) {
                return arrived;
            }
            // The sender lives as long as this.
            let _ = news.changed().await;
        }
    }

    /// Nobody is going to take it.
    pub(super) fn forget(&self, id: ChannelId) {
        if let Some(arrived) = self.lock().remove(&id) {
            arrived.inbox.finish();
        }
    }
}
