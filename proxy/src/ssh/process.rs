//! A process in the workspace behind a channel: [`dormer_wire::frame`] frames on one side, SSH's messages on the other.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use dormer_wire::dial::DoorStream;
use dormer_wire::frame::{Frame, FrameError};

use super::inbox::{Inbox, Item};
use super::output::{Closed, Output};
use super::warnings::Warnings;

/// How long what a client had sent before it left may still take to reach the workspace.
pub(super) const LINGER: Duration = Duration::from_secs(5);
/// What is read at once: little while little comes, so that an idle channel costs little.
const READ_LITTLE: usize = 4 * 1024;
const READ_MUCH: usize = 128 * 1024;

/// Why a channel ended otherwise than by what ran behind it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The client is gone. There is nobody to tell.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The workspace is gone.
    #[error("the connection to the workspace was lost: it was stopped, or its agent ended")]
    Lost,
    /// The agent does not speak our language.
    #[error("the workspace answered something that cannot be understood: {0}")]
    Frame(#[from] FrameError),
    /// The client did not keep to its window.
    #[error("too much input was sent that the workspace has not read yet; some of it was dropped")]
    Overrun,
}

/// A process that closes its output mostly ends with it, and how it ended has to come first: so long the end of its
/// output waits for that. One that goes on with its output closed is one whose client hears so a moment later.
const END: Duration = Duration::from_millis(100);

/// Carries everything to and fro until the process has ended, or the client has left.
pub(super) async fn run(
    stream: DoorStream,
    inbox: &Inbox,
    output: &mut Output,
    warnings: &mut Warnings,
    gone: &CancellationToken,
) -> Result<(), Broken> {
    let (reader, writer) = tokio::io::split(stream);
    let incoming = incoming(writer, inbox, gone);
    tokio::pin!(incoming);
    let outgoing = async {
        tokio::select! {
            result = outgoing(reader, output, warnings) => Some(result),
            () = gone.cancelled() => None,
        }
    };
    tokio::pin!(outgoing);
    let mut taking = true;
    loop {
        tokio::select! {
            result = &mut incoming, if taking => {
                taking = false;
                if matches!(result, Err(Broken::Overrun)) {
                    return result;
                }
                // The agent takes nothing more; how it ended comes on the other half.
                inbox.deafen();
            }
            result = &mut outgoing => match result {
                Some(result) => return result,
                None => break,
            },
        }
    }
    // The client has closed the channel: nothing can be said to it, but what it said still counts.
    inbox.end();
    if taking {
        let _ = tokio::time::timeout(LINGER, incoming).await;
    }
    Ok(())
}

async fn incoming(mut writer: impl AsyncWrite + Unpin, inbox: &Inbox, gone: &CancellationToken) -> Result<(), Broken> {
    let mut out = BytesMut::new();
    let mut ended = false;
    loop {
        let frame = if ended {
            tokio::select! {
                frame = inbox.next_control() => frame,
                () = gone.cancelled() => return Ok(()),
            }
        } else {
            match inbox.next().await {
                Item::Control(frame) => frame,
                Item::Data(data) => Frame::Stdin(data),
                Item::Overrun => return Err(Broken::Overrun),
                Item::End => {
                    ended = true;
                    Frame::StdinEnd
                }
            }
        };
        frame.encode(&mut out);
        writer.write_all(&out).await.map_err(|_| Broken::Lost)?;
        // TLS may hold back the end of a record.
        writer.flush().await.map_err(|_| Broken::Lost)?;
        if out.capacity() > READ_MUCH { out = BytesMut::new() } else { out.clear() }
    }
}

async fn outgoing(
    mut reader: impl AsyncRead + Unpin,
    output: &mut Output,
    warnings: &mut Warnings,
) -> Result<(), Broken> {
    let mut buffer = BytesMut::new();
    let mut room = READ_LITTLE;
    let mut end_at: Option<Instant> = None;
    loop {
        while let Some(frame) = Frame::decode(&mut buffer)? {
            match frame {
                Frame::Stdout(data) => output.stdout(data).await?,
                Frame::Stderr(data) => output.stderr(data).await?,
                Frame::OutputEnd => end_at = Some(Instant::now() + END),
                Frame::Exit(status) => return Ok(output.exit(status).await?),
                Frame::ExitSignal { signal, core_dumped } => return Ok(output.killed(&signal, core_dumped).await?),
                // Those that go the other way.
                _ => {}
            }
        }
        buffer.reserve(room);
        let read = tokio::select! {
            read = reader.read_buf(&mut buffer) => read,
            warning = warnings.next() => {
                output.stderr(warning).await?;
                continue;
            }
            () = sleep_until(end_at.unwrap_or_else(Instant::now)), if end_at.is_some() => {
                end_at = None;
                output.end().await?;
                continue;
            }
        };
        match read {
            Ok(0) | Err(_) => return Err(Broken::Lost),
            Ok(octets) => room = if octets * 2 >= room { READ_MUCH } else { READ_LITTLE },
        }
    }
}
