//! `dormer config init`.

use anyhow::{Result, bail};

use crate::say;

/// Write a configuration to edit
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ConfigCommand {
    /// Write a workspace.yaml to edit, into this folder
    Init {
        /// Where to write it
        #[arg(default_value = "workspace.yaml")]
        path: std::path::PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
}

const TEMPLATE: &str = "\
# A workspace, as `dormer create -f workspace.yaml` takes it.
name: my-workspace
description: What it is for
# An image with the tools that you need.
container_image: ghcr.io/dormer/workspace-base:latest
resources:
  cpu: 2
  mem: 4Gi
# Runs once the workspace is up: a command, a list of commands, or a script's path in the repository.
on_startup: echo ready
# Seconds without activity after which it is stopped.
ttl_seconds: 1200
# secrets:
#   - key: my-secret
#     env_var: MY_SECRET
";

/// Runs it.
pub fn run(args: &ConfigArgs) -> Result<()> {
    let ConfigCommand::Init { path, force } = &args.command;
    if path.exists() && !force {
        bail!("{} is there already; --force replaces it", path.display());
    }
    std::fs::write(path, TEMPLATE)?;
    say::line(&path.display().to_string())
}
