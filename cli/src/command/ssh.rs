//! `ssh` and `ssh-config`.

use clap::Args;
use serde_json::Value;

use crate::client::Client;
use crate::context::Context;
use crate::error::CliError;
use crate::ssh::{self, config};
use crate::value::Name;

/// Shown below `--help`.
pub const EXAMPLES: &str = "\
Examples:
  dormer ssh hello                       a shell
  dormer ssh hello --container db        a shell in another of its containers
  dormer ssh hello -- make test          a command; its exit code is ours
  dormer ssh hello -- 'cd web && ls'     one argument is a line for the workspace's shell
As with ssh itself, several arguments are joined by spaces.";

/// Open a shell or run a command.
#[derive(Debug, Args)]
pub struct Ssh {
    /// The workspace
    pub name: Name,
    /// In this container, where the workspace has several
    #[arg(long, short, value_name = "CONTAINER")]
    pub container: Option<Name>,
    /// Ask for a terminal although there is a command
    #[arg(long, short)]
    pub tty: bool,
    /// A command, behind `--`
    #[arg(last = true)]
    pub command: Vec<String>,
}

impl Ssh {
    /// Becomes the system's `ssh`.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let client = context.client()?;
        exists(&client, &self.name).await?;
        let route = ssh::route(context, &client).await?;
        let mut more = if self.tty { vec!["-t".to_string()] } else { Vec::new() };
        if let Some(container) = &self.container {
            more.extend(["-o".into(), format!("SetEnv=DORMER_CONTAINER={}", container.as_str())]);
        }
        let mut arguments = route.arguments(context, &self.name, &more)?;
        arguments.extend(self.command);
        Err(ssh::become_ssh(arguments))
    }
}

/// Asked first, since ssh could not tell "no such workspace" (exit 3) from other refusals.
pub async fn exists(client: &Client, name: &Name) -> Result<Value, CliError> {
    client.get(&["workspaces", name.as_str()], &[]).await
}

/// OpenSSH's configuration.
#[derive(Debug, Args)]
pub struct SshConfig {
    /// Write it to a file of ours and include that from ~/.ssh/config; else it is only printed
    #[arg(long)]
    pub write: bool,
}

impl SshConfig {
    /// Prints or writes it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let client = context.client()?;
        let route = ssh::route(context, &client).await?;
        let names = names(&client).await?;
        if !self.write {
            let text = config::render(&context.environment, &route, &names)?;
            return context.output.raw(&text);
        }
        let path = config::write(context, &route, &names)?;
        context.output.note(&format!(
            "Wrote {} and included it from ~/.ssh/config. {} workspaces; 'create' and 'delete' keep it up to date.",
            path.display(),
            names.len()
        ));
        match names.first() {
            Some(name) => context.output.note(&format!("Try: ssh {}.dormer", name.as_str())),
            None => context.output.note("There is no workspace yet."),
        }
        Ok(())
    }
}

async fn names(client: &Client) -> Result<Vec<Name>, CliError> {
    let items = client.list(&["workspaces"], &[]).await?;
    // A name that is none never gets into a file.
    let name = |item: &Value| item.get("name").and_then(Value::as_str).and_then(|name| name.parse().ok());
    Ok(items.iter().filter_map(name).collect())
}

/// Writes our part again, where the person has asked for it once. Its failure is no failure of what was done.
pub async fn refresh(context: &mut Context, client: &Client) {
    if !context.environment.config.join("ssh_config").is_dir() {
        return;
    }
    let again = async {
        let route = ssh::route(context, client).await?;
        let names = names(client).await?;
        config::write(context, &route, &names).map(|_| ())
    };
    if let Err(error) = again.await {
        context.output.note(&format!("The SSH configuration was not brought up to date: {error}"));
    }
}
