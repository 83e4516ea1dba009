//! Serving: the workers' threads, from the first connection to the end of the drain.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::bind::Bound;
use super::worker::Worker;

impl Bound {
    /// Serves until `shutdown`; then takes nothing new, and lets what is under way end for at most `drain`. Upgrades
    /// that are still open then are closed.
    pub async fn serve(self, shutdown: CancellationToken, drain: Duration) -> io::Result<()> {
        let mut ends = Vec::new();
        let mut threads = Vec::new();
        for (number, listeners) in self.workers.into_iter().enumerate() {
            let worker = Arc::new(Worker::new(
                Arc::clone(&self.site),
                self.tls.as_ref().map(|tls| tls.acceptor.clone()),
                shutdown.clone(),
            ));
            let (end, ended) = oneshot::channel();
            let thread = std::thread::Builder::new().name(format!("http-{number}")).spawn(move || {
                // Nobody waits any more where the receiver is gone.
                let _ = end.send(run(worker, listeners, drain));
            });
            match thread {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    shutdown.cancel();
                    return Err(error);
                }
            }
            ends.push(ended);
        }
        let follow = self.tls.map(|tls| tokio::spawn(tls.follow(shutdown.clone())));
        let mut outcome = Ok(());
        for end in ends {
            let ended = end.await.unwrap_or_else(|_| Err(io::Error::other("a worker's thread panicked")));
            if ended.is_err() {
                // One core less is no state to go on in: whoever runs this starts it again.
                shutdown.cancel();
                outcome = ended;
            }
        }
        if let Some(follow) = follow {
            // It ends with the same shutdown.
            let _ = follow.await;
        }
        outcome
    }
}

fn run(worker: Arc<Worker>, listeners: Vec<TcpListener>, drain: Duration) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // What is still there when this returns goes with the runtime.
    runtime.block_on(worker.run(listeners, drain))
}
