//! The stream of changes: everything first, then each change in the order in which it was written, and everything
//! again when a watcher was too slow for that.

use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::broadcast::{self, error::RecvError};

use dormer_core::ports::store::Change;

use super::failure::Failure;
use super::writer::Watcher;

/// Between two tries to read everything.
const RETRY: Duration = Duration::from_millis(500);

/// The changes, until the records are closed.
pub fn changes(watcher: Watcher) -> BoxStream<'static, Change> {
    stream::unfold((watcher, None), |(watcher, changes)| async move {
        let (change, changes) = next(&watcher, changes).await?;
        Some((change, (watcher, Some(changes))))
    })
    .boxed()
}

async fn next(
    watcher: &Watcher,
    changes: Option<broadcast::Receiver<Change>>,
) -> Option<(Change, broadcast::Receiver<Change>)> {
    if let Some(mut changes) = changes {
        match changes.recv().await {
            Ok(change) => return Some((change, changes)),
            Err(RecvError::Closed) => return None,
            Err(RecvError::Lagged(_)) => {}
        }
    }
    loop {
        match watcher.snapshot().await {
            Ok((all, changes)) => return Some((Change::All(all), changes)),
            Err(Failure::Closed) => return None,
            Err(error) => {
                tracing::error!(%error, "cannot read the records; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
