//! What the gateway writes to standard error.

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::config::Log;

/// Starts logging.
pub fn start(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.level).with_context(|| format!("log.level = \"{}\"", log.level))?;
    let base = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A second start in one process (up serving after something else did) is no harm.
    let _ = match log.format.as_str() {
        "json" => base.json().try_init(),
        _ => base.with_ansi(colours).with_target(false).try_init(),
    };
    Ok(())
}
