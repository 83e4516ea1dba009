//! `logs` and `events`.

use clap::Args;
use dormer_wire::api::{self, Workspace};
use dormer_wire::report::StepState;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CliError;
use crate::globals::Format;
use crate::output::{clean, read};
use crate::value::Name;

/// Show logs.
#[derive(Debug, Args)]
pub struct Logs {
    /// The workspace
    pub name: Name,
    /// A command of its devfile, or a step of its start: clone, editor, agent. By default the step that failed or runs
    #[arg(value_parser = log_name)]
    pub command: Option<String>,
    /// Go on while it grows
    #[arg(long, short)]
    pub follow: bool,
    /// Only so many octets from its end
    #[arg(long, value_name = "OCTETS")]
    pub tail: Option<u64>,
}

impl Logs {
    /// Prints the log as it is.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let client = context.client()?;
        let command = match self.command {
            Some(command) => command,
            None => {
                let workspace: Workspace = read(&client.get(&["workspaces", self.name.as_str()], &[]).await?)?;
                let command = interesting(&workspace);
                context.output.note(&format!("The log '{}':", clean(&command)));
                command
            }
        };
        let tail = self.tail.map(|octets| octets.to_string());
        let mut query = tail.iter().map(|tail| ("tail", tail.as_str())).collect::<Vec<_>>();
        if self.follow {
            query.push(("follow", "true"));
        }
        let mut events = client.stream(&["workspaces", self.name.as_str(), "logs", &command], &query).await?;
        while let Some(event) = events.next().await? {
            match event.kind.as_str() {
                "log" => {
                    let text = serde_json::from_str::<String>(&event.data);
                    let text = text.map_err(|_| CliError::Failed("the log cannot be understood".into()))?;
                    context.output.raw(&text)?;
                }
                "end" => return Ok(()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The log that somebody who names none wants to see.
fn interesting(workspace: &Workspace) -> String {
    let by = |state| workspace.progress.iter().find(|step| step.state == state);
    let step = by(StepState::Failed).or_else(|| by(StepState::Running));
    step.map_or_else(|| "agent".into(), |step| step.step.clone())
}

fn log_name(text: &str) -> Result<String, String> {
    let good = (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if good { Ok(text.into()) } else { Err("that is no name of a command or step".into()) }
}

/// Show events.
#[derive(Debug, Args)]
pub struct Events {
    /// The workspace
    pub name: Name,
    /// Go on with what happens from now on, until the workspace is gone or Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
}

impl Events {
    /// Prints a line for each.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let client = context.client()?;
        let follow = if self.follow { "true" } else { "false" };
        let path = ["workspaces", self.name.as_str(), "events"];
        let mut events = client.stream(&path, &[("follow", follow)]).await?;
        let mut phase = None::<String>;
        while let Some(event) = events.next().await? {
            if event.kind == "gone" {
                context.output.note(&format!("{} is gone.", self.name.as_str()));
                return Ok(());
            }
            let Ok(value) = serde_json::from_str::<Value>(&event.data) else { continue };
            match event.kind.as_str() {
                "event" => self.event(context, &value)?,
                "workspace" => {
                    let now: Workspace = read(&value)?;
                    // As it is now is not what happened to it.
                    let changed = phase.replace(now.phase.clone()).as_ref() != Some(&now.phase);
                    if self.follow && changed {
                        self.phase(context, &now)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn event(&self, context: &mut Context, value: &Value) -> Result<(), CliError> {
        // One object a line, so that a program can read them while they come.
        if matches!(context.output.format, Format::Json | Format::Yaml) {
            return context.output.line(&value.to_string());
        }
        let event: api::Event = read(value)?;
        let by = event.by.map(|by| format!(" (by {})", clean(&by))).unwrap_or_default();
        let at = event.at.strftime("%Y-%m-%d %H:%M:%SZ");
        context.output.line(&format!("{at}  {:16}{}{by}", clean(&event.reason), clean(&event.message)))
    }

    fn phase(&self, context: &mut Context, now: &Workspace) -> Result<(), CliError> {
        let at = jiff::Timestamp::now();
        if matches!(context.output.format, Format::Json | Format::Yaml) {
            let message = now.message.clone().unwrap_or_default();
            let event = json!({"at": at, "reason": "Phase", "message": message, "phase": now.phase});
            return context.output.line(&event.to_string());
        }
        let message = now.message.as_ref().map(|message| format!("  {}", clean(message))).unwrap_or_default();
        let at = at.strftime("%Y-%m-%d %H:%M:%SZ");
        context.output.line(&format!("{at}  {:16}{}", format!("is {}", clean(&now.phase)), message.trim_start()))
    }
}
