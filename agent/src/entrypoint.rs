//! What a container of the devfile runs by itself: a server, say, or just something that does not end.

use std::process::Stdio;
use std::sync::Arc;

use crate::logs::CONTAINER;
use crate::process::spawn::exit_number;
use crate::workspace::Workspace;

/// Runs it, where there is something, and tells how it ended. That it has ended ends nothing else.
pub async fn run(workspace: Arc<Workspace>) {
    let Some((program, arguments)) = workspace.assignment.entrypoint.as_deref().and_then(<[String]>::split_first)
    else {
        return;
    };
    let board = &workspace.board;
    board.command(CONTAINER, None);
    let spawned = workspace.logs.create(CONTAINER).and_then(|log| {
        let mut command = workspace.command(program);
        // The image's own folder, which the agent was started in.
        command.args(arguments).current_dir(&workspace.began_in);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        workspace.processes.spawn(&mut command, false)
    });
    let exit = match spawned {
        Ok(mut process) => exit_number(process.wait().await),
        Err(error) => {
            tracing::warn!(%error, program, "what the container runs could not be started");
            127
        }
    };
    tracing::info!(exit, "what the container runs has ended");
    board.command(CONTAINER, Some(exit));
}
