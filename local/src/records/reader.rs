//! The one thread that reads, on a connection of its own: a read never waits for a write to reach the disk.

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::database::OpenError;
use super::failure::Failure;

/// Reads that may wait before callers do.
const QUEUE: usize = 1024;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// Asks the reading thread.
#[derive(Debug)]
pub struct Reader {
    reads: mpsc::Sender<Option<Read>>,
}

impl Reader {
    /// Starts the thread.
    pub fn start(connection: Connection) -> Result<Reader, OpenError> {
        let (reads, mut inbox) = mpsc::channel::<Option<Read>>(QUEUE);
        std::thread::Builder::new()
            .name("records-read".into())
            .spawn(move || {
                while let Some(Some(read)) = inbox.blocking_recv() {
                    read(&connection);
                }
                // Closed before those who wait for the channel's end are told.
                drop(connection);
                drop(inbox);
            })
            .map_err(OpenError::Thread)?;
        Ok(Reader { reads })
    }

    /// Does `read`, which sees every write that has returned.
    pub async fn read<T, E>(&self, read: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let read: Read = Box::new(move |connection| {
            // Nobody waits for it any more.
            let _ = reply.send(read(connection));
        });
        self.reads.send(Some(read)).await.map_err(|_| Failure::Closed)?;
        answer.await.unwrap_or_else(|_| Err(Failure::Closed.into()))
    }

    /// Ends the thread after what was asked before.
    pub async fn close(&self) {
        if self.reads.send(None).await.is_ok() {
            self.reads.closed().await;
        }
    }
}
