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

/// The bounds of what is told of times.
const SECONDS: [f64; 12] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0];
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
        .set_buckets(&SECONDS)
        .context("buckets of histograms")?
        .build()
        .with_context(|| format!("cannot listen for metrics on {listen}"))?;
    // Another gateway in this process (a test's) counts there already: its numbers are the process's.
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::debug!("metrics are counted already");
    }
    describe();
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

/// Everything that some part of the gateway counts, in the words that an operator reads beside it.
fn describe() {
    use metrics::{Unit, describe_counter as counter, describe_gauge as gauge, describe_histogram as histogram};
    counter!("dormer_http_requests_total", "Requests by what became of them");
    counter!("dormer_http_upgrades_total", "Upgrades (WebSockets) by whether they were joined");
    gauge!("dormer_http_upgrades_open", "Upgrades that are open");
    counter!("dormer_ssh_logins_total", "Logins over SSH by outcome");
    gauge!("dormer_ssh_connections_open", "SSH connections whose user is known");
    counter!("dormer_wakes_total", "Requests and sessions that waited for a workspace to wake, by outcome");
    histogram!("dormer_wake_seconds", Unit::Seconds, "How long those waited that it woke for");
    counter!("dormer_starts_total", "Starts of workspaces that this gateway drove, by outcome");
    histogram!("dormer_start_seconds", Unit::Seconds, "From the start of a workspace until its agent was ready");
    counter!("dormer_reconcile_errors_total", "Rounds of a workspace's driver that did not come to their end");
    gauge!("dormer_leader", "Whether this gateway is the one that reconciles");
    counter!("dormer_kubernetes_requests_total", "Questions to the API server by verb and answer");
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
