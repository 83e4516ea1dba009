//! Numbers for those who watch over a gateway, on a listener of their own: names of workspaces and people are not among
//! them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio_util::sync::CancellationToken;

use dormer_core::directory::Directory;
use dormer_core::phase::Phase;

use crate::serve::backend::Way;

/// Between two counts.
const EVERY: Duration = Duration::from_secs(5);

const PHASES: [Phase; 9] = [
    Phase::Pending,
    Phase::Starting,
    Phase::Running,
    Phase::Dozing,
    Phase::Stopping,
    Phase::Stopped,
    Phase::Archived,
    Phase::Deleting,
    Phase::Failed,
];

/// Binds the listener. What is returned serves until the shutdown.
pub fn bind(listen: SocketAddr, directory: Arc<Directory>, shutdown: CancellationToken) -> Result<Way> {
    let (recorder, exporter) = PrometheusBuilder::new()
        .with_http_listener(listen)
        .build()
        .with_context(|| format!("cannot listen for metrics on {listen}"))?;
    // Another gateway in this process (a test's) counts there already: its numbers are the process's.
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::debug!("metrics are counted already");
    }
    metrics::describe_gauge!("dormer_workspaces", "Workspaces by phase, as this gateway knows them");
    metrics::describe_gauge!("dormer_sessions", "Open sessions through this gateway");
    Ok(Box::pin(async move {
        let count = async {
            loop {
                count(&directory);
                tokio::time::sleep(EVERY).await;
            }
        };
        tokio::select! {
            ended = exporter => if ended.is_err() { tracing::error!("metrics are not told any longer") },
            () = count => {}
            () = shutdown.cancelled() => {}
        }
    }))
}

fn count(directory: &Directory) {
    let entries = directory.all();
    for phase in PHASES {
        let count = entries.iter().filter(|entry| entry.peek().status.phase == phase).count();
        metrics::gauge!("dormer_workspaces", "phase" => phase.to_string()).set(count as f64);
    }
    let sessions: usize = entries.iter().map(|entry| entry.live.sessions()).sum();
    metrics::gauge!("dormer_sessions").set(sessions as f64);
}
