//! Where a workspace is in its life.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a workspace is in its life. Only the reconciler changes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// Recorded, nothing done yet.
    #[default]
    Pending,
    /// On its way to Running.
    Starting,
    /// Its door is open.
    Running,
    /// Its processes are paused and come back at once.
    Dozing,
    /// On its way to Stopped.
    Stopping,
    /// Nothing of it runs; its files are kept.
    Stopped,
    /// Stopped, and not to be woken by a visit.
    Archived,
    /// On its way out, files and all.
    Deleting,
    /// Its last start failed, or it ended by itself; nothing of it runs, its files are kept.
    Failed,
}

impl Phase {
    /// Whether nothing of it runs and a wake would be a change.
    pub fn is_asleep(self) -> bool {
        matches!(
            self,
            Phase::Pending | Phase::Dozing | Phase::Stopping | Phase::Stopped | Phase::Archived | Phase::Failed
        )
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
