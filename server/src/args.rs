//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::doctor::DoctorArgs;
use crate::offline::config::ConfigArgs;
use crate::offline::devfile::DevfileArgs;
use crate::offline::resolve::ResolveArgs;
use crate::up::UpArgs;

/// Development workspaces that wake when you come and sleep when you leave.
///
/// `dormer up` on a repository starts everything on this machine and opens an editor in it.
#[derive(Debug, Parser)]
#[command(name = "dormer", version, max_term_width = 100, propagate_version = false)]
pub struct Args {
    #[command(flatten)]
    pub globals: dormer_cli::Globals,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve here if nothing serves, create or wake the workspace of a source, and open it
    Up(UpArgs),
    /// Run the gateway in the foreground
    Serve(ServeArgs),
    /// Check, flatten or plan a devfile, a workspace.yaml or a devcontainer.json; needs no server
    Devfile(DevfileArgs),
    /// Tell what a source means: repository, ref, commit, devfile; needs no server
    Resolve(ResolveArgs),
    /// Write a configuration to edit
    Config(ConfigArgs),
    /// Print the custom resource definitions of the Kubernetes backend
    Crds,
    /// Tell what is missing or wrong here, and what to do about it
    Doctor(DoctorArgs),
    /// Print a completion script for a shell
    Completion {
        /// Which shell
        shell: Shell,
    },
    /// Print the version
    Version,
    #[command(flatten)]
    Person(dormer_cli::Command),
}

/// What `serve` and `up` can be told in place of the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServeArgs {
    /// A configuration file, in place of /etc/dormer/config.toml and ~/.config/dormer/config.toml
    #[arg(long, value_name = "FILE", env = "DORMER_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where records, keys and workspaces are
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Where to listen for browsers; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub http: Option<SocketAddr>,
    /// Where to listen for ssh; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub ssh: Option<SocketAddr>,
    /// The domain below which workspaces have their hosts
    #[arg(long, value_name = "DOMAIN")]
    pub domain: Option<String>,
    /// Where workspaces run
    #[arg(long, value_name = "BACKEND", value_parser = ["local", "kubernetes"])]
    pub backend: Option<String>,
    /// Print the configuration that is in force, and where it can be changed, and end
    #[arg(long)]
    pub print_config: bool,
}

/// Prints a completion script.
pub fn completion(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "dormer", &mut script);
    crate::say::text(&String::from_utf8_lossy(&script))
}

/// The version, and of what.
pub fn version() -> String {
    format!("dormer {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}
