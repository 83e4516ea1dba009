//! From a channel to a stream in the workspace, which is woken where it sleeps.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use dormer_core::directory::Entry;
use dormer_core::principal::Principal;
use dormer_core::wake::WakeError;
use dormer_core::workspace::Workspace;
use dormer_wire::dial::{DialError, DoorStream};
use dormer_wire::door::{RefusalCode, Want};

use crate::gate::Gate;

/// How long the record may say that it runs while nobody is behind its door: its agent has just ended, or is told to.
const SETTLE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReachError {
    /// It did not wake.
    #[error(transparent)]
    Wake(#[from] WakeError),
    /// Its door did not open.
    #[error(transparent)]
    Dial(#[from] DialError),
}

/// Wakes it where it sleeps, and opens a stream through its door.
pub(super) async fn reach(
    gate: &Gate,
    entry: &Arc<Entry>,
    by: &Principal,
    want: Want,
    limit: Duration,
    mut progress: impl FnMut(&Workspace) + Send,
) -> Result<DoorStream, ReachError> {
    let start = Instant::now();
    let mut settled = None;
    loop {
        let mut news = entry.subscribe();
        gate.wake(entry, by, limit.saturating_sub(start.elapsed()), &mut progress).await?;
        let error = match gate.dial(entry, want.clone()).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let until = *settled.get_or_insert_with(|| Instant::now() + SETTLE);
        if !passes(&error) || Instant::now() >= until {
            return Err(error.into());
        }
        // A change of the record, or a moment.
        let _ = tokio::time::timeout(PAUSE, news.changed()).await;
        tokio::time::sleep(PAUSE / 4).await;
    }
}

/// Whether it may be otherwise in a moment.
fn passes(error: &DialError) -> bool {
    match error {
        DialError::Absent(_) => true,
        DialError::Refused(refusal) => matches!(refusal.code, RefusalCode::NotReady | RefusalCode::Stopping),
        DialError::TimedOut(_) | DialError::Protocol(_) => false,
    }
}
