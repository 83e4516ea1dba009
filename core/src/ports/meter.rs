//! What workspaces use of the machine that they run on.

use std::time::Duration;

use async_trait::async_trait;

use crate::workspace::Workspace;

/// What the processes of a workspace use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time so far, of those that live.
    pub cpu: Duration,
    /// Memory that is theirs, in octets.
    pub memory: u64,
    /// How many there are.
    pub processes: usize,
}

/// Measures workspaces.
#[async_trait]
pub trait Meter: Send + Sync + 'static {
    /// What a workspace uses now. None: nothing of it runs, or nobody knows.
    async fn usage(&self, workspace: &Workspace) -> Option<Usage>;
}

/// Knows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMeter;

#[async_trait]
impl Meter for NoMeter {
    async fn usage(&self, _: &Workspace) -> Option<Usage> {
        None
    }
}
