//! Raw octets behind a channel: files, ports, sockets. Either side may end its half.

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use dormer_wire::dial::DoorStream;

use super::inbox::{Inbox, Item};
use super::output::Output;
use super::process::{Broken, LINGER};

const READ_LITTLE: usize = 4 * 1024;
const READ_MUCH: usize = 64 * 1024;

/// When it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Both halves have ended.
    Both,
    /// The workspace's half has ended: a server that has ended takes nothing more.
    Output,
}

/// Carries octets to and fro until it is over, or the client has left. The channel stays open: how it is closed is the
/// caller's.
pub(super) async fn run(
    until: Until,
    stream: DoorStream,
    inbox: &Inbox,
    output: &mut Output,
    gone: &CancellationToken,
) -> Result<(), Broken> {
    let (reader, writer) = tokio::io::split(stream);
    let incoming = incoming(writer, inbox);
    let outgoing = outgoing(reader, output);
    tokio::pin!(incoming, outgoing);
    let (mut taking, mut giving) = (true, true);
    while taking || giving {
        tokio::select! {
            result = &mut incoming, if taking => {
                taking = false;
                match result {
                    Err(Broken::Overrun) => return result,
                    // Whoever is there reads no more, but may still speak.
                    Err(_) => inbox.deafen(),
                    Ok(()) => {}
                }
            }
            result = &mut outgoing, if giving => {
                giving = false;
                result?;
                if until == Until::Output {
                    return Ok(());
                }
            }
            () = gone.cancelled() => break,
        }
    }
    if taking {
        inbox.end();
        let _ = tokio::time::timeout(LINGER, incoming).await;
    }
    Ok(())
}

async fn incoming(mut writer: impl AsyncWrite + Unpin, inbox: &Inbox) -> Result<(), Broken> {
    loop {
        match inbox.next().await {
            Item::Data(data) => {
                writer.write_all(&data).await.map_err(|_| Broken::Lost)?;
                // TLS may hold back the end of a record.
                writer.flush().await.map_err(|_| Broken::Lost)?;
            }
            Item::Control(_) => {}
            Item::Overrun => return Err(Broken::Overrun),
            Item::End => return writer.shutdown().await.map_err(|_| Broken::Lost),
        }
    }
}

async fn outgoing(mut reader: impl AsyncRead + Unpin, output: &mut Output) -> Result<(), Broken> {
    let mut room = READ_LITTLE;
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(room);
        match reader.read_buf(&mut buffer).await {
            Ok(0) => return Ok(output.end().await?),
            Ok(octets) => {
                room = if octets * 2 >= room { READ_MUCH } else { READ_LITTLE };
                output.stdout(buffer.split().freeze()).await?;
            }
            Err(_) => return Err(Broken::Lost),
        }
    }
}
