//! `start`, `stop`, `restart`, `archive`, `unarchive`: one change of the record each, then a wait.

use std::time::Duration;

use clap::Args;
use dormer_wire::api::{PatchWorkspace, Workspace};
use serde_json::Value;

use crate::client::Client;
use crate::context::Context;
use crate::error::CliError;
use crate::globals::Format;
use crate::output::{clean, read};
use crate::value::{self, Name};
use crate::wait::{Goal, Wait};

/// Whether to wait, and how long.
#[derive(Debug, Clone, Args)]
pub struct Waiting {
    /// Do not wait until it is done
    #[arg(long)]
    pub no_wait: bool,
    /// Wait so long at most, then exit with 5
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = value::duration)]
    pub timeout: u64,
}

impl Waiting {
    /// Seconds; `never` is as good as for ever.
    pub fn at_most(&self) -> u64 {
        if self.timeout == 0 { 365 * 86_400 } else { self.timeout }
    }
}

macro_rules! change {
    ($(#[$doc:meta])* $type:ident, $patch:expr, $goal:expr) => {
        $(#[$doc])*
        #[derive(Debug, Args)]
        pub struct $type {
            /// Workspaces
            #[arg(required = true, value_name = "NAME")]
            pub names: Vec<Name>,
            #[command(flatten)]
            waiting: Waiting,
        }

        impl $type {
            /// Does it to each.
            pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
                change(context, &self.names, &$patch, $goal, &self.waiting).await
            }
        }
    };
}

change!(
    /// Start workspaces.
    Start,
    PatchWorkspace { running: Some(true), ..PatchWorkspace::default() },
    Some(Goal::Running)
);
change!(
    /// Stop workspaces.
    Stop,
    PatchWorkspace { running: Some(false), ..PatchWorkspace::default() },
    Some(Goal::Stopped)
);
change!(
    /// Restart workspaces.
    Restart,
    PatchWorkspace { restart: Some(true), ..PatchWorkspace::default() },
    Some(Goal::RunningAnew)
);
change!(
    /// Archive workspaces.
    Archive,
    PatchWorkspace { archived: Some(true), ..PatchWorkspace::default() },
    Some(Goal::Archived)
);
change!(
    /// Unarchive workspaces.
    Unarchive,
    PatchWorkspace { archived: Some(false), ..PatchWorkspace::default() },
    None
);

/// Changes all records first, so that the workspaces move side by side, then waits for each.
async fn change(
    context: &mut Context,
    names: &[Name],
    patch: &PatchWorkspace,
    goal: Option<Goal>,
    waiting: &Waiting,
) -> Result<(), CliError> {
    let client = context.client()?;
    let (mut asked, mut done, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for name in names {
        match ask(&client, name, patch).await {
            Ok((before, value)) => asked.push((name, before, value)),
            Err(error) => failures.push(error),
        }
    }
    let deadline = tokio::time::Instant::now() + Duration::from_secs(waiting.at_most());
    for (name, before, value) in asked {
        let (Some(goal), false) = (goal, waiting.no_wait) else {
            done.push(value);
            continue;
        };
        let at_most = deadline.saturating_duration_since(tokio::time::Instant::now());
        let wait = Wait { client: &client, goal, before: Some(&before), at_most };
        match wait.run(name, &mut context.output).await {
            Ok(now) => done.push(now.unwrap_or(value)),
            Err(error) => failures.push(error),
        }
    }
    if !done.is_empty() {
        match goal {
            Some(Goal::Running | Goal::RunningAnew) => ready(context, &done)?,
            _ => phases(context, &done)?,
        }
    }
    context.each_failed(names.len(), failures)
}

async fn ask(client: &Client, name: &Name, patch: &PatchWorkspace) -> Result<(Workspace, Value), CliError> {
    let path = ["workspaces", name.as_str()];
    let before = read(&client.get(&path, &[]).await?)?;
    Ok((before, client.patch(&path, patch).await?))
}

/// Prints how to come in: URL and `ssh` line.
pub fn ready(context: &mut Context, values: &[Value]) -> Result<(), CliError> {
    if context.output.format != Format::Table {
        return several(context, values);
    }
    for value in values {
        let workspace: Workspace = read(value)?;
        context.output.line(&clean(&workspace.url))?;
        context.output.line(&clean(&workspace.ssh))?;
    }
    Ok(())
}

/// Prints name and phase.
fn phases(context: &mut Context, values: &[Value]) -> Result<(), CliError> {
    if context.output.format != Format::Table {
        return several(context, values);
    }
    for value in values {
        let workspace: Workspace = read(value)?;
        context.output.line(&format!("{} {}", clean(&workspace.name), clean(&workspace.phase)))?;
    }
    Ok(())
}

/// An object for one, a list for several.
pub fn several(context: &mut Context, values: &[Value]) -> Result<(), CliError> {
    match values {
        [one] => context.output.one::<Workspace>(one),
        _ => context.output.list::<Workspace>(values),
    }
}
