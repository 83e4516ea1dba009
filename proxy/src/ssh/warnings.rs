//! What the gateway says on a terminal in the middle of a session.

use bytes::Bytes;
use tokio::sync::watch;

use super::start::Context;

/// The warnings of one session.
pub(super) struct Warnings {
    /// None: it has no terminal.
    told: Option<watch::Receiver<Option<String>>>,
}

impl Warnings {
    /// Those of a session with or without a terminal: what a program reads is never disturbed.
    pub(super) fn of(context: &Context, terminal: bool) -> Warnings {
        Warnings { told: terminal.then(|| context.warning.subscribe()) }
    }

    /// The next one. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Bytes {
        let Some(told) = &mut self.told else { return std::future::pending().await };
        loop {
            if told.changed().await.is_err() {
                // Nobody is left who could warn.
                return std::future::pending().await;
            }
            if let Some(line) = told.borrow_and_update().as_deref() {
                // A line of its own, also in raw mode, with a bell for whoever looks elsewhere.
                return Bytes::from(format!("\r\n\x07{line}\r\n"));
            }
        }
    }
}
