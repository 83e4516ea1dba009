//! What the gateway itself says on a channel: always on standard error, so that no program that reads the output is
//! ever disturbed by it.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use dormer_core::wake::WakeError;
use dormer_wire::dial::DialError;

use super::output::{Closed, Output};
use super::progress::{Line, clean, clean_tail};
use super::reach::ReachError;

/// How long a command without a terminal is left in peace: most wake-ups of a paused workspace are over by then.
const PATIENCE: Duration = Duration::from_secs(2);
/// Lines of a log that are shown after a failed start.
const TAIL: usize = 20;
/// Forgets the line in which the cursor is.
const CLEAR: &str = "\r\x1b[K";

/// How progress is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// On a terminal of so many columns: one line that changes.
    InPlace(u16),
    /// A line for each step.
    Lines,
    /// A line for each step, when it takes long.
    Late,
}

/// Tells how a wake goes on.
pub(super) struct Teller {
    manner: Manner,
    from: Instant,
    last: Option<Line>,
    /// The last one that was told.
    told: Option<Line>,
}

impl Teller {
    pub(super) fn new(manner: Manner) -> Teller {
        let from = if manner == Manner::Late { Instant::now() + PATIENCE } else { Instant::now() };
        Teller { manner, from, last: None, told: None }
    }

    /// When something that was kept back is to be told, if anything is.
    pub(super) async fn due(&self) {
        match &self.last {
            Some(last) if self.told.as_ref() != Some(last) => sleep_until(self.from).await,
            _ => std::future::pending().await,
        }
    }

    /// Tells where it is now, or keeps it for later.
    pub(super) async fn tell(&mut self, line: Line, output: &mut Output) -> Result<(), Closed> {
        self.last = Some(line);
        if Instant::now() >= self.from { self.flush(output).await } else { Ok(()) }
    }

    /// Tells what was kept back.
    pub(super) async fn flush(&mut self, output: &mut Output) -> Result<(), Closed> {
        let Some(line) = &self.last else { return Ok(()) };
        let news = match self.manner {
            Manner::InPlace(columns) => Some(in_place(&line.full, columns)),
            _ if self.told.as_ref().is_some_and(|told| told.step == line.step) => None,
            _ => Some(format!("dormer: {}\n", line.step)),
        };
        self.told = self.last.clone();
        match news {
            Some(news) => output.stderr(Bytes::from(news)).await,
            None => Ok(()),
        }
    }

    /// Leaves the terminal as it was, so that the shell begins as if nothing had happened.
    pub(super) async fn done(&mut self, output: &mut Output) -> Result<(), Closed> {
        match self.manner {
            Manner::InPlace(_) if self.told.is_some() => output.stderr(Bytes::from_static(CLEAR.as_bytes())).await,
            _ => Ok(()),
        }
    }
}

fn in_place(text: &str, columns: u16) -> String {
    // A line that is too long would wrap, and could not be taken back.
    let room = if columns == 0 { 79 } else { usize::from(columns).saturating_sub(1) };
    let text: String = format!("dormer: {text}").chars().take(room).collect();
    format!("{CLEAR}{text}")
}

/// Says something, as lines of their own.
pub(super) async fn say(lines: &[String], terminal: bool, output: &mut Output) -> Result<(), Closed> {
    // A terminal at the other end is in raw mode: it wants to be told to go back to the first column.
    let end = if terminal { "\r\n" } else { "\n" };
    let text: String = lines.iter().flat_map(|line| [line.as_str(), end]).collect();
    output.stderr(Bytes::from(text)).await
}

/// Why there is no stream, in lines.
pub(super) fn failure(name: &str, error: &ReachError) -> Vec<String> {
    let mut lines = vec![format!("dormer: {}", summary(name, error))];
    if let ReachError::Wake(WakeError::Failed { log_tail: Some(tail), .. }) = error {
        lines.extend(clean_tail(tail, TAIL).into_iter().map(|line| format!("  {line}")));
    }
    lines
}

/// The same in one line.
pub(super) fn summary(name: &str, error: &ReachError) -> String {
    match error {
        ReachError::Wake(WakeError::Failed { reason, message, .. }) => {
            format!("{name} could not be started: {} ({})", clean(message), clean(reason))
        }
        ReachError::Wake(WakeError::Store(error)) => {
            // What exactly is broken is the administrator's business.
            tracing::warn!(workspace = name, %error, "a wake could not be written");
            format!("{name} cannot be woken at the moment; try again later")
        }
        ReachError::Wake(error) => clean(&error.to_string()),
        ReachError::Dial(DialError::Refused(refusal)) => clean(&refusal.message),
        ReachError::Dial(error) => {
            tracing::warn!(workspace = name, %error, "a door did not open");
            format!("{name} does not answer")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_place_never_wraps() {
        assert_eq!(in_place("hello is starting", 10), "\r\x1b[Kdormer: h");
        assert!(in_place(&"x".repeat(500), 0).len() < 90);
    }

    #[test]
    fn a_failed_start_shows_its_log() {
        let error = ReachError::Wake(WakeError::Failed {
            reason: "CloneFailed".into(),
            message: "the clone failed".into(),
            log_tail: Some("fatal: no such \x1b[31mrepository\n".into()),
        });
        let want =
            ["dormer: hello could not be started: the clone failed (CloneFailed)", "  fatal: no such [31mrepository"];
        assert_eq!(failure("hello", &error), want);
    }
}
