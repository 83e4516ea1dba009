//! Streams of a log.

use std::io::SeekFrom;
use std::time::Duration;

use dormer_wire::door::{Refusal, RefusalCode};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{accept, refusal};
use crate::logs::{self, AGENT, CONTAINER, KEPT};
use crate::status::STEPS;
use crate::workspace::Workspace;

/// How often a log is looked at for more.
const POLL: Duration = Duration::from_millis(200);

/// Sends a log, and with `follow` what is added to it.
pub async fn serve(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    workspace: &Workspace,
    name: &str,
    tail: Option<u64>,
    follow: bool,
) -> Result<(), Refusal> {
    let unknown = || refusal(RefusalCode::NotFound, format!("there is no log named '{name}'"));
    if !logs::is_name(name) {
        return Err(unknown());
    }
    let path = workspace.logs.path(name);
    if !path.is_file() && !is_expected(workspace, name) {
        return Err(unknown());
    }
    if !accept(stream).await {
        return Ok(());
    }
    let (mut reader, mut writer) = tokio::io::split(stream);
    let send = async {
        let mut log = loop {
            match File::open(&path).await {
                Ok(log) => break log,
                Err(_) if follow => tokio::time::sleep(POLL).await,
                Err(error) => return Err(error),
            }
        };
        let length = log.metadata().await?.len();
        let mut at = length.saturating_sub(tail.unwrap_or(length));
        log.seek(SeekFrom::Start(at)).await?;
        let mut buffer = vec![0u8; 64 * 1024];
        loop {
            let n = log.read(&mut buffer).await?;
            if n > 0 {
                at += n as u64;
                writer.write_all(buffer.get(..n).unwrap_or_default()).await?;
                continue;
            }
            if !follow {
                break;
            }
            writer.flush().await?;
            tokio::time::sleep(POLL).await;
            let length = log.metadata().await?.len();
            if length < at {
                // Begun anew, or cut down to its end, which has been sent already.
                at = if length >= KEPT { length } else { 0 };
                log.seek(SeekFrom::Start(at)).await?;
            }
        }
        writer.shutdown().await
    };
    let mut nothing = [0u8; 64];
    let gone = async { while reader.read(&mut nothing).await.is_ok_and(|n| n > 0) {} };
    tokio::select! {
        result = send => {
            if let Err(error) = result {
                tracing::debug!(%error, log = name, "a log could not be sent to its end");
            }
        }
        // Whoever only reads may end its half: that alone is no reason to stop sending what is there.
        () = gone, if follow => {}
    }
    Ok(())
}

/// Whether a log of this name may still come.
fn is_expected(workspace: &Workspace, name: &str) -> bool {
    let commands = &workspace.assignment.commands;
    let container = name == CONTAINER && workspace.assignment.entrypoint.is_some();
    container
        || name == AGENT
        || STEPS.contains(&name)
        || commands.iter().any(|command| logs::of_command(&command.id) == name)
}
