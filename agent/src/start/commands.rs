//! The devfile's commands.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;

use dormer_wire::assignment::{Command, EnvVar, Run};
use dormer_wire::report::Failure;
use tokio::task::JoinSet;

use crate::env;
use crate::logs;
use crate::process::spawn::exit_number;
use crate::siblings;
use crate::workspace::Workspace;

/// How deep commands may be composed of others. A cycle is deeper than any.
const MAX_DEPTH: usize = 16;
const REASON: &str = "CommandFailed";

/// Runs a command, whatever it consists of, to its end.
pub async fn run(workspace: &Arc<Workspace>, id: &str) -> Result<(), Failure> {
    run_nested(Arc::clone(workspace), id.to_owned(), 0).await
}

/// Boxed, since a composite command runs others in the same way.
fn run_nested(
    workspace: Arc<Workspace>,
    id: String,
    depth: usize,
) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>> {
    Box::pin(async move {
        if depth > MAX_DEPTH {
            return Err(failure(&workspace, &id, format!("the command '{id}' is composed of itself")));
        }
        let found = workspace.assignment.commands.iter().find(|command| command.id == id);
        let Some(Command { run, once, container, .. }) = found else {
            return Err(failure(&workspace, &id, format!("there is no command '{id}'")));
        };
        let done = once.then(|| once_file(&workspace, &id));
        if done.as_ref().is_some_and(|done| done.exists()) {
            return Ok(());
        }
        let outcome = match run {
            Run::Exec { .. } if let Some(container) = container => elsewhere(&workspace, &id, container).await,
            Run::Exec { line, working_dir, env } => exec(&workspace, &id, line, working_dir.as_deref(), env).await,
            Run::Composite { commands, parallel: false } => {
                let mut outcome = Ok(());
                for part in commands {
                    outcome = run_nested(Arc::clone(&workspace), part.clone(), depth + 1).await;
                    if outcome.is_err() {
                        break;
                    }
                }
                outcome
            }
            Run::Composite { commands, parallel: true } => {
                let mut running = JoinSet::new();
                for part in commands {
                    running.spawn(run_nested(Arc::clone(&workspace), part.clone(), depth + 1));
                }
                let mut outcome = Ok(());
                while let Some(ended) = running.join_next().await {
                    let ended = ended.unwrap_or_else(|error| Err(failure(&workspace, &id, error.to_string())));
                    outcome = outcome.and(ended);
                }
                outcome
            }
        };
        if let (Ok(()), Some(done)) = (&outcome, done) {
            let marked = done.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&done, ""));
            if let Err(error) = marked {
                tracing::warn!(%error, command = id, "it is not remembered that a command has run; the next start runs it again");
            }
        }
        outcome
    })
}

/// What is there once a command that runs once has come to a good end. It is part of the home, as what such commands do.
fn once_file(workspace: &Workspace, id: &str) -> std::path::PathBuf {
    workspace.assignment.home.join(".local/state/dormer/once").join(logs::of_command(id))
}

/// In another container.
async fn elsewhere(workspace: &Workspace, id: &str, container: &str) -> Result<(), Failure> {
    workspace.board.command(id, None);
    let ended = siblings::run(workspace, container, id).await;
    workspace.board.command(id, Some(ended.exit));
    if ended.exit == 0 {
        return Ok(());
    }
    let log = logs::of_command(id);
    Err(Failure { reason: REASON.to_owned(), message: ended.message, log, tail: ended.tail, transient: false })
}

async fn exec(
    workspace: &Workspace,
    id: &str,
    line: &str,
    working_dir: Option<&str>,
    extra: &[EnvVar],
) -> Result<(), Failure> {
    let started = |error: std::io::Error| failure(workspace, id, format!("cannot run '{id}': {error}"));
    let mut variables = workspace.variables.clone();
    let mut known = variables.clone();
    env::extend(&mut variables, &mut known, extra);
    let mut folder = workspace.folder().to_owned();
    if let Some(wanted) = working_dir {
        folder = folder.join(env::substitute(wanted, &variables));
    }
    let mut log = workspace.logs.create(&logs::of_command(id)).map_err(started)?;
    if !folder.is_dir() {
        let message = format!("the command '{id}' is to run in {}, which is no folder", folder.display());
        // The log is where people look.
        let _ = writeln!(log, "{message}");
        workspace.board.command(id, Some(127));
        return Err(failure(workspace, id, message));
    }
    let mut command = workspace.command(workspace.sh());
    command.env_clear().envs(&variables).current_dir(&folder).arg("-c").arg(line);
    let copy = log.try_clone().map_err(started)?;
    command.stdin(Stdio::null()).stdout(log).stderr(copy);
    workspace.board.command(id, None);
    let ended = match workspace.processes.spawn(&mut command, false) {
        Ok(mut process) => Ok(process.wait().await),
        Err(error) => Err(error),
    };
    let exit = ended.as_ref().map_or(127, |status| exit_number(*status));
    workspace.board.command(id, Some(exit));
    ended.map_err(started)?;
    match exit {
        0 => Ok(()),
        exit => Err(failure(workspace, id, format!("the command '{id}' ended with {exit}"))),
    }
}

fn failure(workspace: &Workspace, id: &str, message: String) -> Failure {
    let log = logs::of_command(id);
    let tail = workspace.logs.tail(&log);
    Failure { reason: REASON.to_owned(), message, log, tail, transient: false }
}
