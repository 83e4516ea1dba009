//! The start of a workspace: folders, clone, commands, and beside these the editor. Each is a step that can be watched,
//! and the first that fails ends it, with a reason.

mod archive;
mod bound;
mod checkout;
mod clone;
pub mod commands;
mod git;
mod progress;
mod redact;

use std::sync::Arc;

use dormer_wire::report::{Failure, StepState};

use crate::editor::{self, EditorHandle};
use crate::logs::AGENT;
use crate::workspace::Workspace;

pub use clone::sweep;

/// Runs the start, and after it the commands that the workspace need not wait for.
pub async fn run(workspace: Arc<Workspace>, editor: Arc<EditorHandle>) {
    let board = &workspace.board;
    if let Err((step, failure)) = sequence(&workspace, &editor).await {
        tracing::error!(step, reason = failure.reason, message = failure.message, "the start failed");
        board.step(step, StepState::Failed, Some(failure.message.clone()));
        board.fail(failure);
        return;
    }
    tracing::info!("ready");
    board.ready();
    for id in &workspace.assignment.events.post_start {
        if let Err(failure) = commands::run(&workspace, id).await {
            tracing::warn!(command = id, message = failure.message, "a postStart command failed");
            board.step("commands", StepState::Failed, Some(failure.message));
        }
    }
}

type StepFailure = (&'static str, Failure);

async fn sequence(workspace: &Arc<Workspace>, editor: &Arc<EditorHandle>) -> Result<(), StepFailure> {
    make_folders(workspace).map_err(|failure| ("clone", failure))?;
    // The editor takes its time to answer, and needs nothing of the rest for that.
    let prepare = async {
        clone::run(workspace).await.map_err(|failure| ("clone", failure))?;
        pre_start(workspace).await.map_err(|failure| ("commands", failure))
    };
    let edit = async { editor::start(workspace, editor).await.map_err(|failure| ("editor", failure)) };
    tokio::try_join!(prepare, edit).map(drop)
}

fn make_folders(workspace: &Workspace) -> Result<(), Failure> {
    let assignment = &workspace.assignment;
    for folder in [&assignment.home, &assignment.projects_root] {
        let Err(error) = std::fs::create_dir_all(folder) else { continue };
        let message = format!("cannot make the folder {}: {error}", folder.display());
        // Beside a database nobody needs them.
        if assignment.projects.is_empty() && assignment.editor.is_none() {
            tracing::warn!("{message}");
            continue;
        }
        let (reason, log) = ("FolderFailed".to_owned(), AGENT.to_owned());
        return Err(Failure { reason, message, log, tail: String::new(), transient: false });
    }
    Ok(())
}

async fn pre_start(workspace: &Arc<Workspace>) -> Result<(), Failure> {
    let board = &workspace.board;
    let ids = &workspace.assignment.events.pre_start;
    if ids.is_empty() {
        board.step("commands", StepState::Skipped, None);
        return Ok(());
    }
    for id in ids {
        board.step("commands", StepState::Running, Some(id.clone()));
        commands::run(workspace, id).await?;
    }
    board.step("commands", StepState::Done, None);
    Ok(())
}
