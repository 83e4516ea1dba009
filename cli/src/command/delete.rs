//! `delete`.

use std::io::BufRead;
use std::time::Duration;

use clap::Args;
use dormer_wire::api::Workspace;

use crate::command::lifecycle::Waiting;
use crate::context::Context;
use crate::error::CliError;
use crate::globals::Format;
use crate::value::Name;
use crate::wait::{Goal, Wait};

/// Delete workspaces.
#[derive(Debug, Args)]
pub struct Delete {
    /// Workspaces
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<Name>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    waiting: Waiting,
}

impl Delete {
    /// Asks, deletes, and waits until they are gone.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        if !self.yes {
            confirm(context, &self.names)?;
        }
        let client = context.client()?;
        let (mut gone, mut failures) = (Vec::new(), Vec::new());
        for name in &self.names {
            match client.delete(&["workspaces", name.as_str()]).await {
                Ok(_) => gone.push(name),
                Err(error) => failures.push(error),
            }
        }
        let at_most = Duration::from_secs(self.waiting.at_most());
        for name in gone {
            let wait = Wait { client: &client, goal: Goal::Gone, before: None::<&Workspace>, at_most };
            if !self.waiting.no_wait
                && let Err(error) = wait.run(name, &mut context.output).await
            {
                failures.push(error);
                continue;
            }
            match context.output.format {
                Format::Name => context.output.line(name.as_str())?,
                _ => context.output.note(&format!("Deleted {}.", name.as_str())),
            }
        }
        crate::command::ssh::refresh(context, &client).await;
        context.each_failed(self.names.len(), failures)
    }
}

/// Asks on a terminal; elsewhere `--yes` must say it.
fn confirm(context: &mut Context, names: &[Name]) -> Result<(), CliError> {
    let names = names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    if !context.environment.can_ask {
        return Err(CliError::Usage(format!("this deletes {names} with all files; say so with --yes")));
    }
    context.output.draw(&format!("Delete {names} with all files? [y/N] "));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::Failed("nothing was deleted".into())),
    }
}
