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
        /// With an image as it is, or with one that is built from a list of packages
        #[arg(long, value_name = "KIND", default_value = "base_image")]
        init: Image,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
}

/// What the workspace's container is made from.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum Image {
    BaseImage,
    CustomImage,
}

const HEAD: &str = "\
# A workspace, as `dormer create -f workspace.yaml` takes it.
name: my-workspace
description: What it is for
# A repository to clone; leave it out for a workspace with nothing but tools.
# source: https://git.example.com/team/app.git
";

const BASE: &str = "\
# An image with the tools that you need.
container_image: ghcr.io/dormer/workspace-base:latest
";

const CUSTOM: &str = "\
# An image that is built from a list of packages, where a builder is configured.
container_image:
  name: my-image
  builder: default
  packages:
    - numpy
    - pandas
";

const REST: &str = "\
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
    let ConfigCommand::Init { path, init, force } = &args.command;
    if path.exists() && !force {
        bail!("{} is there already; --force replaces it", path.display());
    }
    std::fs::write(path, template(*init))?;
    say::line(&path.display().to_string())
}

fn template(image: Image) -> String {
    let image = match image {
        Image::BaseImage => BASE,
        Image::CustomImage => CUSTOM,
    };
    format!("{HEAD}{image}{REST}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::plan::devfile::alone;

    #[test]
    fn what_is_written_can_be_read() {
        for image in [Image::BaseImage, Image::CustomImage] {
            let plan = alone("workspace.yaml", &template(image)).unwrap();
            let settings = &plan.settings;
            assert_eq!((settings.name.as_deref(), settings.idle_timeout), (Some("my-workspace"), Some(1200)));
            assert_eq!(plan.containers.len(), 1);
        }
    }
}
