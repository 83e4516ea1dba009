//! The gateway: every part made and joined, served, and ended in order.
//!
//! Bind, then serve: when [`Gateway::start`] returns, every address is taken and every record read, so that what fails
//! at the beginning fails with one clear line, and before anything says that it is ready.

pub mod paths;
pub mod register;
pub mod signal;

mod backend;
mod commands;
mod logs;
mod metrics;
mod parts;
mod providers;
mod requests;
mod secrets;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::args::ServeArgs;
use crate::config::Config;
use crate::say;
use crate::serve::parts::Parts;
use crate::serve::signal::Signal;

/// How long open requests and connections may go on after a signal.
const DRAIN: Duration = Duration::from_secs(10);
/// The same where a person pressed Ctrl-C and waits for the prompt: what is still open then is a tab's live view of a
/// workspace that was stopped a moment ago.
const HURRIED: Duration = Duration::from_secs(1);

/// `dormer serve`.
pub async fn run(args: ServeArgs) -> Result<()> {
    let config = configure(&args)?;
    if args.print_config {
        return say::text(&config.show()?);
    }
    crate::log::start(&config.log)?;
    let signal = signal::either();
    let gateway = Gateway::start(config, CancellationToken::new()).await?;
    say::note(&format!("Dormer serves {} and ssh on {}.", gateway.url(), gateway.parts.ssh_address));
    if gateway.parts.personal {
        say::note(&format!("Sign in, once and within 15 minutes:  {}", gateway.sign_in_link().await?));
    } else {
        // What is written here is collected and kept by others: a link that signs in has no place in it.
        say::note("Sign in with what `dormer login-link` prints, where this gateway runs.");
    }
    gateway.serve_until(signal).await
}

/// The configuration in force: files, environment, then the command line.
pub fn configure(args: &ServeArgs) -> Result<Config> {
    let names: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let mut config = Config::read(args.config.as_deref(), &|name| std::env::var(name).ok(), &names)?;
    if let Some(data) = &args.data {
        config.data = std::path::absolute(data)?;
    }
    config.http.listen = args.http.unwrap_or(config.http.listen);
    config.ssh.listen = args.ssh.unwrap_or(config.ssh.listen);
    config.http.domain = args.domain.clone().unwrap_or(config.http.domain);
    config.backend = args.backend.clone().unwrap_or(config.backend);
    config.check()?;
    Ok(config)
}

/// Whether no gateway of this machine kept records in this data folder before.
pub fn is_new(config: &Config) -> bool {
    config.backend == "local" && !config.data.join(dormer_local::records::FILE).exists()
}

/// The user's cache, where editors are kept.
pub fn cache() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))
}

/// With fewer files than these a handful of people with editors open comes to the end of them.
const FEW_FILES: u64 = 4096;

/// Waits until a deadline for a part that was told to end.
async fn ended(name: &str, way: JoinHandle<()>, deadline: Instant, hurried: bool) {
    match tokio::time::timeout_at(deadline, way).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(part = name, %error, "ended badly"),
        Err(_) if hurried => tracing::debug!(part = name, "was left to end with the process"),
        Err(_) => tracing::warn!(part = name, "did not end in time"),
    }
}

/// A gateway that serves.
pub struct Gateway {
    parts: Parts,
    shutdown: CancellationToken,
    /// Both ways in, and the web part; each ends by itself after the shutdown.
    serving: Vec<(&'static str, JoinHandle<()>)>,
    register: register::Registered,
}

impl Gateway {
    /// Makes every part, binds every address, and begins to serve.
    pub async fn start(config: Config, shutdown: CancellationToken) -> Result<Gateway> {
        // Each connection takes two, an SSH session some more.
        let files = dormer_wire::descriptors::raise();
        if files < FEW_FILES {
            tracing::warn!(
                files,
                "few files may be open at once (ulimit -n): that many connections, and less, go well"
            );
        }
        let (parts, ways) = parts::make(config, &shutdown).await?;
        let register = register::write(&parts).await.context("cannot record the running gateway")?;
        let mut serving = Vec::new();
        for (name, way) in ways {
            serving.push((name, tokio::spawn(way)));
        }
        Ok(Gateway { parts, shutdown, serving, register })
    }

    /// Where it is reached: `http://localhost:7080`.
    pub fn url(&self) -> String {
        self.parts.info.origin()
    }

    /// A new one-time link that signs the person who started it in.
    pub async fn sign_in_link(&self) -> Result<String> {
        let secret = self.parts.links.mint(&self.parts.owner, dormer_auth::link::START_LIFE).await?;
        Ok(self.parts.info.sign_in_link(secret.expose()))
    }

    /// Serves until a signal, then ends in order: nothing new comes in, what is open may finish for a while, workspaces
    /// are stopped where a person pressed Ctrl-C, records are closed.
    pub async fn serve_until(self, signal: impl Future<Output = std::io::Result<Signal>>) -> Result<()> {
        let Gateway { parts, shutdown, serving, register } = self;
        let signal = tokio::select! {
            signal = signal => Some(signal.context("cannot wait for signals")?),
            () = shutdown.cancelled() => None,
        };
        tracing::info!(?signal, "ending");
        drop(register);
        if !parts.personal {
            register::withdraw(&parts).await;
        }
        if signal == Some(Signal::Interrupt) {
            // Before the reconciler ends: it is the only one that stops workspaces.
            parts.stop_all().await;
        }
        shutdown.cancel();
        // Shells last: they need no records any more, and may go on for long, while the next gateway takes those over.
        let (shells, others): (Vec<_>, Vec<_>) = serving.into_iter().partition(|(name, _)| *name == "ssh");
        let hurried = signal == Some(Signal::Interrupt);
        // Of all parts together: they end side by side.
        let until = |drain| Instant::now() + if hurried { HURRIED } else { drain + Duration::from_secs(5) };
        let deadline = until(DRAIN);
        for (name, way) in others {
            ended(name, way, deadline, hurried).await;
        }
        parts.house.close().await;
        tracing::info!("records are closed: another gateway may take over; open ssh connections go on for a while");
        for (name, way) in shells {
            ended(name, way, until(parts.drain), hurried).await;
        }
        if signal.is_none() {
            anyhow::bail!("a part of the gateway failed; the lines above say which and why");
        }
        Ok(())
    }
}
