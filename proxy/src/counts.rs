//! What is counted of both ways in, for operators. Each handle is made once, so that to count is one addition, without a
//! look-up or a lock. Labels are words of ours: no name, no path, nothing that a client says.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use dormer_core::wake::WakeError;

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Request {
    /// It is for pages and API of the gateway's own.
    Own,
    /// It went to a workspace.
    Entered,
    /// It waited for a workspace to wake.
    Held,
    /// It woke a workspace, and got the page that waits for it.
    Woke,
    /// It got a page in place of what it asked for: sign in, not found, asleep.
    Page,
    /// It was refused.
    Refused,
}

/// What became of a login over SSH.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Login {
    /// Into a workspace.
    Workspace,
    /// Into the list of workspaces.
    Lobby,
    /// Refused.
    Refused,
    /// Known, and with too many connections open already.
    TooMany,
}

struct Counts {
    requests: [Counter; 6],
    upgrades: [Counter; 2],
    upgrades_open: Gauge,
    logins: [Counter; 4],
    ssh_open: Gauge,
    wakes: [Counter; 7],
    wake_seconds: Histogram,
}

static COUNTS: LazyLock<Counts> = LazyLock::new(|| Counts {
    requests: ["own", "entered", "held", "woke", "page", "refused"]
        .map(|outcome| counter!("dormer_http_requests_total", "outcome" => outcome)),
    upgrades: ["joined", "refused"].map(|outcome| counter!("dormer_http_upgrades_total", "outcome" => outcome)),
    upgrades_open: gauge!("dormer_http_upgrades_open"),
    logins: ["workspace", "lobby", "refused", "too_many"]
        .map(|outcome| counter!("dormer_ssh_logins_total", "outcome" => outcome)),
    ssh_open: gauge!("dormer_ssh_connections_open"),
    wakes: ["up", "not_found", "archived", "failed", "stopped", "timed_out", "store"]
        .map(|outcome| counter!("dormer_wakes_total", "outcome" => outcome)),
    wake_seconds: histogram!("dormer_wake_seconds"),
});

fn count(counters: &[Counter], index: usize) {
    if let Some(counter) = counters.get(index) {
        counter.increment(1);
    }
}

/// A request was decided upon.
pub(crate) fn request(outcome: Request) {
    count(&COUNTS.requests, outcome as usize);
}

/// An upgrade was answered.
pub(crate) fn upgrade(joined: bool) {
    count(&COUNTS.upgrades, usize::from(!joined));
}

/// Somebody tried to log in over SSH.
pub(crate) fn login(outcome: Login) {
    count(&COUNTS.logins, outcome as usize);
}

/// Somebody waited for a workspace to wake.
pub(crate) fn wake<T>(woken: &Result<T, WakeError>, took: Duration) {
    let outcome = match woken {
        Ok(_) => 0,
        Err(WakeError::NotFound(_)) => 1,
        Err(WakeError::Archived(_)) => 2,
        Err(WakeError::Failed { .. }) => 3,
        Err(WakeError::Stopped(_)) => 4,
        Err(WakeError::TimedOut(_)) => 5,
        Err(WakeError::Store(_)) => 6,
    };
    count(&COUNTS.wakes, outcome);
    if woken.is_ok() {
        COUNTS.wake_seconds.record(took.as_secs_f64());
    }
}

/// Something open, counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct Opened(fn() -> &'static Gauge);

impl Opened {
    fn new(gauge: fn() -> &'static Gauge) -> Opened {
        gauge().increment(1.0);
        Opened(gauge)
    }

    /// An upgrade.
    pub(crate) fn upgrade() -> Opened {
        Opened::new(|| &COUNTS.upgrades_open)
    }

    /// A connection over SSH whose user is known.
    pub(crate) fn ssh() -> Opened {
        Opened::new(|| &COUNTS.ssh_open)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        (self.0)().decrement(1.0);
    }
}
