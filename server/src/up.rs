//! `dormer up`: from a repository to an open editor in one command.

use std::process::ExitCode;

use anyhow::Result;
use tokio_util::sync::CancellationToken;

use crate::args::ServeArgs;
use crate::config::Config;
use crate::{say, serve};

/// Serve here if nothing serves, create or wake the workspace of SOURCE, open it
#[derive(Debug, clap::Args)]
pub struct UpArgs {
    /// A folder, a clone URL, or the page of a branch or merge request
    #[arg(default_value = ".")]
    pub source: String,
    /// Its name, a part of its address; by default made from repository and ref
    #[arg(long)]
    pub name: Option<String>,
    /// Do not open a browser
    #[arg(long)]
    pub no_open: bool,
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// Runs it. Where a gateway serves this data folder already, the workspace is made there and this ends; else this is
/// the gateway until Ctrl-C.
pub async fn run(args: UpArgs, globals: dormer_cli::Globals) -> ExitCode {
    match start(args, globals).await {
        Ok(code) => code,
        Err(error) => say::failed(&error),
    }
}

async fn start(args: UpArgs, mut globals: dormer_cli::Globals) -> Result<ExitCode> {
    let config = serve::configure(&args.serve)?;
    if args.serve.print_config {
        say::text(&config.show()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let elsewhere = globals.server.clone().or_else(|| serving(&config));
    if let Some(url) = elsewhere {
        globals.server = Some(url);
        return Ok(open(&args, globals, false).await);
    }
    crate::log::start(&config.log)?;
    let signal = serve::signal::either();
    // Once: whoever takes their key away later does not find it back.
    let first = serve::is_new(&config);
    let gateway = serve::Gateway::start(config, CancellationToken::new()).await?;
    globals.server = Some(gateway.url());
    say::note(&format!("\nSign in here once, in a browser:  {}\n", gateway.sign_in_link().await?));
    let workspace = tokio::spawn(open_here(args, globals, first));
    let stopped = gateway.serve_until(signal).await;
    // Whoever pressed Ctrl-C while the workspace started does not wait for it.
    workspace.abort();
    stopped?;
    Ok(ExitCode::SUCCESS)
}

async fn open_here(args: UpArgs, globals: dormer_cli::Globals, first: bool) {
    if open(&args, globals, first).await == ExitCode::SUCCESS {
        say::note("\nCtrl-C stops everything; `dormer up` finds it again.");
    } else {
        say::note("\nThe gateway serves on without it; Ctrl-C stops it.");
    }
}

async fn open(args: &UpArgs, globals: dormer_cli::Globals, first: bool) -> ExitCode {
    let (source, name) = (args.source.clone(), args.name.clone());
    let wanted = dormer_cli::up::Wanted { source, name, open: !args.no_open, first };
    dormer_cli::up::run(wanted, globals).await
}

/// The address of a gateway that serves the same data folder on this machine.
fn serving(config: &Config) -> Option<String> {
    serve::register::of(&config.data).map(|server| server.url.to_string())
}
