//! `dormer`: the gateway, and what a person types. The composition root: the only place where all parts meet.

mod args;
mod config;
mod doctor;
mod log;
mod offline;
mod say;
mod serve;
mod up;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // One TLS provider for everything in this process; an error only means that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Args { globals, command } = Args::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return say::failed(&anyhow::anyhow!(error).context("cannot start the runtime")),
    };
    runtime.block_on(async {
        let result = match command {
            Command::Serve(args) => serve::run(args).await,
            Command::Up(args) => return up::run(args, globals).await,
            Command::Devfile(args) => return offline::devfile::run(&args, &globals),
            Command::Resolve(args) => return offline::resolve::run(args, &globals).await,
            Command::Config(args) => offline::config::run(&args),
            Command::Doctor(args) => return doctor::run(&args),
            Command::Crds => offline::crds::run(),
            Command::Completion { shell } => args::completion(shell),
            Command::Version => say::line(&args::version()),
            Command::Person(command) => return dormer_cli::run(command, globals).await,
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => say::failed(&error),
        }
    })
}
