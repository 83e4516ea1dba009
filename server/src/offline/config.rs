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
        /// What the image is: one that is there, or one that is made from a list of packages
        #[arg(long, value_enum, default_value = "base_image")]
        init: Image,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
}

/// Where the image of a workspace.yaml comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum Image {
    /// One that is there
    BaseImage,
    /// One that is made from a list of packages, where a builder is configured
    CustomImage,
}

const BASE_IMAGE: &str = "\
# An image with the tools that you need.
container_image: ghcr.io/dormer/workspace-base:latest
";

const CUSTOM_IMAGE: &str = "\
# An image that is made from packages where a builder is configured; elsewhere the image of this name is taken.
container_image:
  name: my-image
  builder: envd
  base_image: ghcr.io/dormer/workspace-base:latest
  packages:
    - numpy
    - pandas
";

/// A workspace.yaml to edit.
fn template(image: Image) -> String {
    let image = match image {
        Image::BaseImage => BASE_IMAGE,
        Image::CustomImage => CUSTOM_IMAGE,
    };
    format!(
        "\
# A workspace, as `dormer create -f workspace.yaml` takes it.
name: my-workspace
description: What it is for
# The project that it belongs to, and one of that project's environments.
# project: my-project
# domain: development
# A repository to work on, and where in it the devfile is; without one, this file alone says what there is.
# source: https://git.example.org/group/repository.git
# devfile: .devfile.yaml
{image}\
resources:
  cpu: 2
  mem: 4Gi
#   gpu: 1
# accelerator: nvidia-l4
# Runs once the workspace is up: a command, a list of commands, or a script's path in the repository.
on_startup: echo ready
# Seconds without activity after which it is stopped.
ttl_seconds: 1200
# Secrets of yours or of the project, as a variable or as a file.
# secrets:
#   - key: my-secret
#     env_var: MY_SECRET
#   - key: my-certificate
#     mount_file: /etc/secrets/certificate.pem
"
    )
}

/// Runs it.
pub fn run(args: &ConfigArgs) -> Result<()> {
    let ConfigCommand::Init { path, init, force } = &args.command;
    if path.exists() && !force {
        bail!("{} is there already; --force replaces it", path.display());
    }
    std::fs::write(path, template(*init))?;
    say::line(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_devfile::limits::Limits;
    use dormer_devfile::resolve::NoResolver;

    #[test]
    fn what_is_written_is_read_without_a_word() {
        let read = |text: &str| {
            dormer_devfile::load_any("workspace.yaml", text.as_bytes(), &NoResolver, &Limits::default()).unwrap()
        };
        assert_eq!(read(&template(Image::BaseImage)).warnings().to_string(), "");
        let built = read(&template(Image::CustomImage)).warnings().to_string();
        assert!(built.contains("only where a builder is configured"), "{built}");
        // The lines that are commented out are right as well.
        let field = |line: &&str| {
            let word = line.trim_start().trim_start_matches("- ").split(' ').next().unwrap_or_default();
            word.strip_suffix(':').is_some_and(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        };
        let text = template(Image::BaseImage);
        let all: Vec<&str> = text.lines().map(|line| line.strip_prefix("# ").filter(field).unwrap_or(line)).collect();
        assert!(all.contains(&"  gpu: 1") && all.contains(&"    mount_file: /etc/secrets/certificate.pem"), "{all:#?}");
        let said =
            dormer_devfile::load_any("workspace.yaml", all.join("\n").as_bytes(), &NoResolver, &Limits::default());
        assert!(said.is_ok(), "{}\n{}", all.join("\n"), said.unwrap_err());
    }
}
