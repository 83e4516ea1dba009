//! Running a command of the assignment for the agent of another container.

use std::sync::Arc;

use bytes::BytesMut;
use dormer_wire::door::{Refusal, RefusalCode};
use dormer_wire::frame::Frame;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{accept, refusal};
use crate::start::commands;
use crate::workspace::Workspace;

/// Runs it, and tells how it ended. Whoever asked may leave: it goes on.
pub async fn serve(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    workspace: &Arc<Workspace>,
    id: &str,
) -> Result<(), Refusal> {
    if !workspace.assignment.commands.iter().any(|command| command.id == id) {
        return Err(refusal(RefusalCode::NotFound, format!("there is no command '{id}' in this container")));
    }
    let (workspace, id) = (Arc::clone(workspace), id.to_owned());
    if !accept(stream).await {
        return Ok(());
    }
    let running = tokio::spawn(async move {
        let outcome = commands::run(&workspace, &id).await;
        (outcome, workspace.board.exit_of(&id))
    });
    let mut nothing = [0u8; 64];
    let gone = async { while stream.read(&mut nothing).await.is_ok_and(|n| n > 0) {} };
    let ended = tokio::select! {
        ended = running => ended,
        () = gone => return Ok(()),
    };
    let mut frames = BytesMut::new();
    match ended {
        Ok((Ok(()), _)) => Frame::Exit(0).encode(&mut frames),
        Ok((Err(failure), exit)) => {
            Frame::Stdout(failure.tail.into()).encode(&mut frames);
            Frame::Stderr(failure.message.into()).encode(&mut frames);
            let exit = exit.filter(|exit| *exit != 0).and_then(|exit| u32::try_from(exit).ok());
            Frame::Exit(exit.unwrap_or(1)).encode(&mut frames);
        }
        Err(error) => {
            Frame::Stderr(error.to_string().into()).encode(&mut frames);
            Frame::Exit(1).encode(&mut frames);
        }
    }
    // Whoever is gone does not need it.
    let _ = stream.write_all(&frames).await;
    let _ = stream.flush().await;
    Ok(())
}
