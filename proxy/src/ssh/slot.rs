//! What the session loop keeps of one channel.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use dormer_wire::door::Pty;

use super::activity::Source;
use super::environment::Environment;
use super::inbox::Inbox;
use super::output::Output;

/// One channel.
pub(super) struct Slot {
    /// What came in on it.
    pub(super) inbox: Arc<Inbox>,
    /// Cancelled when the client has closed it, or left.
    pub(super) gone: CancellationToken,
    /// Who is at the other end.
    pub(super) source: Source,
    /// What a session collects until it is told what to run.
    pub(super) setup: Option<Setup>,
}

/// What a session collects until it is told what to run.
pub(super) struct Setup {
    pub(super) output: Output,
    pub(super) environment: Environment,
    pub(super) pty: Option<Pty>,
    /// Whether the client offers its ssh-agent.
    pub(super) ssh_agent: bool,
}
