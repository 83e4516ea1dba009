//! `dormer-agent`: the small program inside every workspace, and its only door.
//!
//! It prepares the workspace (clone, commands, editor), serves shells, files, ports and logs to the gateway, tells how
//! things stand, and takes everything down again in order. [`agent`] is where the parts meet:
//!
//! * [`assignment`], [`workspace`]: what it was told to be, and what follows from that
//! * [`door`]: the socket that the gateway comes through; [`exec`], [`sftp`], [`ports`], [`logs`] are behind it
//! * [`start`], [`editor`], [`entrypoint`], [`stop`]: the life of a workspace
//! * [`siblings`]: the agents in its other containers
//! * [`credential`]: what git signs in with, from the gateway, each time anew
//! * [`process`]: starting, reaping and finding processes
//! * [`status`], [`activity`], [`busy`], [`mod@health`]: what it tells about itself
//! * [`tools`]: what an image may lack; [`detach`]: being there beside what a container runs by itself

mod activity;
mod agent;
mod assignment;
mod busy;
mod credential;
mod detach;
mod door;
mod editor;
mod entrypoint;
mod env;
mod exec;
mod health;
mod logs;
mod passwd;
mod ports;
mod process;
mod sftp;
mod siblings;
mod start;
mod status;
mod stop;
mod tools;
mod workspace;

use std::io::Write as _;
use std::path::{Path, PathBuf};
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
        /// Do so in the background, and return once it listens.
        #[arg(long)]
        detach: bool,
    },
    /// Tell by the exit status how an agent is: 0 ready, 1 not ready, 2 not there.
    Health {
        /// The file that the agent was given.
        #[arg(long, value_name = "FILE")]
        assignment: PathBuf,
        /// Ask only whether it is there.
        #[arg(long)]
        live: bool,
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
        Action::Run { assignment, detach: true } => detach::run(&assignment),
        Action::Run { assignment, detach: false } => agent::run(&assignment),
        Action::Health { assignment, live } => return health(&assignment, live),
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

fn health(assignment: &Path, live: bool) -> ExitCode {
    let said = assignment::load(assignment).map(|assignment| health::ask(&assignment.run));
    let word = match &said {
        Ok(said) => said.clone().unwrap_or_else(|| "nobody answers".to_owned()),
        Err(error) => error.to_string(),
    };
    // The exit status says what matters.
    let _ = writeln!(std::io::stdout(), "{word}");
    health::judge(said.ok().flatten().as_deref(), live)
}
