//! Stopping in order: preStop commands, TERM to every process, KILL to what is left, postStop commands.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::process::family;
use crate::start::commands;
use crate::workspace::Workspace;

/// Seconds between TERM and KILL when nobody says.
pub const DEFAULT_GRACE: u32 = 10;
/// How long the commands of an event may take at least, whatever the grace.
const EVENT_LIMIT: Duration = Duration::from_secs(10);
/// How often the processes that are left are looked for.
const LOOK: Duration = Duration::from_millis(50);
/// How long processes that do not even end when killed (stuck in the kernel) are waited for.
const GIVE_UP: Duration = Duration::from_secs(10);
/// How long the last output and the last status may take to reach whoever listens.
const FAREWELL: Duration = Duration::from_millis(150);

/// Requests to stop. The shortest grace that was asked for counts.
#[derive(Debug, Clone)]
pub struct StopRequests(Arc<watch::Sender<Option<u32>>>);

impl StopRequests {
    /// None yet.
    pub fn new() -> Self {
        StopRequests(Arc::new(watch::Sender::new(None)))
    }

    /// Asks to stop.
    pub fn request(&self, grace_seconds: u32) {
        self.0.send_if_modified(|grace| {
            let shortest = grace.map_or(grace_seconds, |grace| grace.min(grace_seconds));
            grace.replace(shortest) != Some(shortest)
        });
    }

    /// Waits until somebody asks.
    pub async fn requested(&self) {
        // Fails only when the sender is gone, which this is.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(self.0.borrow().unwrap_or(DEFAULT_GRACE).into())
    }
}

/// Stops everything that came from here.
pub async fn run(workspace: &Arc<Workspace>, requests: &StopRequests) {
    let events = &workspace.assignment.events;
    run_event(workspace, &events.pre_stop, requests.grace()).await;
    let left = end_all(requests).await;
    if left > 0 {
        tracing::error!(left, "processes are left that do not end");
    }
    if !events.post_stop.is_empty() {
        run_event(workspace, &events.post_stop, requests.grace()).await;
        end_all(requests).await;
    }
    sleep(FAREWELL).await;
}

async fn run_event(workspace: &Arc<Workspace>, ids: &[String], grace: Duration) {
    for id in ids {
        let limit = grace.max(EVENT_LIMIT);
        match tokio::time::timeout(limit, commands::run(workspace, id)).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => tracing::warn!(command = id, message = failure.message, "a command failed"),
            Err(_) => tracing::warn!(command = id, ?limit, "a command took too long"),
        }
    }
}

/// TERM to all and a grace, then KILL until none is left. Says how many are left all the same.
async fn end_all(requests: &StopRequests) -> usize {
    let began = Instant::now();
    let mut left = family::ask_descendants_to_end();
    while left > 0 && began.elapsed() < requests.grace() {
        sleep(LOOK).await;
        left = family::descendants(family::own_pid()).len();
    }
    let killing = Instant::now();
    while left > 0 && killing.elapsed() < GIVE_UP {
        // Again and again, since what is killed may have forked in between.
        left = family::signal_descendants(Signal::SIGKILL);
        sleep(LOOK / 5).await;
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_shortest_grace_counts() {
        let requests = StopRequests::new();
        assert!(tokio::time::timeout(Duration::from_millis(10), requests.requested()).await.is_err());
        for (asked, expected) in [(30, 30), (5, 5), (60, 5), (0, 0)] {
            requests.request(asked);
            assert_eq!(requests.grace(), Duration::from_secs(expected));
        }
        requests.requested().await;
    }
}
