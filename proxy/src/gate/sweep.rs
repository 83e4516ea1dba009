//! The sweep: one task that looks at all lasting connections when a record has changed.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use dormer_core::directory::Directory;

use super::open::Registry;

/// Between two sweeps. Records change in bursts (progress of a start): one look for all of them is enough, and a right
/// that is taken away is still gone well within a second.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn sweep(directory: Arc<Directory>, registry: Arc<Registry>, ended: CancellationToken) {
    let mut changes = directory.subscribe();
    let sweeping = async {
        while changes.changed().await.is_ok() {
            tokio::time::sleep(PAUSE).await;
            // What comes during the look is looked at by the next.
            changes.mark_unchanged();
            registry.sweep(&directory);
        }
    };
    ended.run_until_cancelled(sweeping).await;
}
