//! `dormer-agent`: the small program inside every workspace, and its only door.
//!
//! It prepares the workspace (clone, commands, editor), serves shells, files, ports and logs to the gateway, tells how
//! things stand, and takes everything down again in order. [`agent`] is where the parts meet:
//!
//! * [`assignment`], [`workspace`]: what it was told to be, and what follows from that
//! * [`door`]: the socket that the gateway comes through; [`exec`], [`sftp`], [`ports`], [`logs`] are behind it
//! * [`start`], [`editor`], [`stop`]: the life of a workspace
//! * [`credential`]: what git signs in with, from the gateway, each time anew
//! * [`process`]: starting, reaping and finding processes
//! * [`status`], [`activity`], [`busy`]: what it tells about itself

mod activity;
mod agent;
mod assignment;
mod busy;
mod credential;
mod door;
mod editor;
mod env;
mod exec;
mod logs;
mod passwd;
mod ports;
mod process;
mod sftp;
mod start;
mod status;
mod stop;
mod workspace;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The program inside every Dormer workspace.
#[derive(Parser)]
#[command(name = "dormer-agent", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Prepare and serve one workspace until told to stop.
    Run {
        /// The JSON file that says what to do.
        #[arg(long, value_name = "FILE")]
        assignment: PathBuf,
    },
    /// Answer git, which asks what to sign in with (gitcredentials(7)).
    #[command(hide = true)]
    Credential {
        /// The agent's socket.
        socket: PathBuf,
        /// `get`, `store` or `erase`.
        operation: String,
    },
    /// Print the version.
    Version,
}

fn main() -> ExitCode {
    let Arguments { action } = Arguments::parse();
    let result = match action {
        Action::Run { assignment } => agent::run(&assignment),
        Action::Credential { socket, operation } => credential::helper::run(&socket, &operation),
        Action::Version => {
            writeln!(std::io::stdout(), "dormer-agent {}", env!("CARGO_PKG_VERSION")).map_err(anyhow::Error::from)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell if even this fails.
            let _ = writeln!(std::io::stderr(), "dormer-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}
