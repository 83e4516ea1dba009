//! How a person or a supervisor ends the gateway.

use std::future::Future;

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, Ctrl-C: a person is done. Everything is stopped.
    Interrupt,
    /// SIGTERM: a supervisor restarts or stops the gateway. Workspaces go on; the next gateway takes them over.
    Terminate,
}

/// Waits for either.
pub fn either() -> impl Future<Output = std::io::Result<Signal>> {
    use tokio::signal::unix::{SignalKind, signal};
    // Registered now rather than at the first poll, so that none is missed meanwhile.
    let streams =
        signal(SignalKind::interrupt()).and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)));
    async move {
        let (mut interrupt, mut terminate) = streams?;
        Ok(tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
        })
    }
}
