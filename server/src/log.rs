//! What the gateway writes to standard error.

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::config::Log;

/// Libraries that write whole heads and packets below this level, credentials of people included: whatever
/// `log.level` says, they stay there.
const CAPPED: [&str; 8] = [
    "pingora=info",
    "russh=info",
    "hyper=info",
    "h2=info",
    "reqwest=info",
    "rustls=info",
    "tokio_rustls=info",
    "axum=info",
];

/// Starts logging.
pub fn start(log: &Log) -> Result<()> {
    let mut filter = EnvFilter::try_new(&log.level).with_context(|| format!("log.level = \"{}\"", log.level))?;
    for directive in CAPPED {
        filter = filter.add_directive(directive.parse().context("a directive of ours")?);
    }
    let base = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A second start in one process (up serving after something else did) is no harm.
    let _ = match log.format.as_str() {
        "json" => base.json().try_init(),
        _ => base.with_ansi(colours).with_target(false).try_init(),
    };
    Ok(())
}
