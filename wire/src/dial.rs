//! Opening a stream through a door.

use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::door::{Door, Handed, Preface, Refusal, Reply, Want};
use crate::hand;
use crate::message::{self, MessageError};

/// A stream through a door, after its preface was accepted.
#[derive(Debug)]
pub enum DoorStream {
    /// Over a Unix socket.
    Unix(UnixStream),
    /// A connection to a port of the workspace, which the agent made and handed over.
    Tcp(TcpStream),
}

/// Why a stream could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nobody is behind the door: its agent has ended or has not begun. Worth another look at the record, then a retry.
    #[error("nobody answers at the door: {0}")]
    Absent(#[source] std::io::Error),
    /// The agent answered, and said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The agent said nothing in time.
    #[error("the door did not answer within {0:?}")]
    TimedOut(Duration),
    /// The agent's answer makes no sense, or the stream broke in the middle of it.
    #[error("the door answered something that cannot be understood: {0}")]
    Protocol(#[from] MessageError),
}

/// Opens a stream through `door` for `want`, within `limit`.
pub async fn dial(door: &Door, want: Want, limit: Duration) -> Result<DoorStream, DialError> {
    tokio::time::timeout(limit, open(door, want)).await.unwrap_or(Err(DialError::TimedOut(limit)))
}

async fn open(door: &Door, want: Want) -> Result<DoorStream, DialError> {
    let Door::Unix(path) = door;
    let mut stream = UnixStream::connect(path).await.map_err(DialError::Absent)?;
    let preface = Preface { direct: true, ..Preface::from(want) };
    message::write(&mut stream, &preface).await?;
    match hand::receive(&stream).await? {
        Some((Reply::Accepted, _)) => Ok(DoorStream::Unix(stream)),
        Some((Reply::Handed(kind), Some(handed))) => take(kind, handed).map_err(DialError::Absent),
        Some((Reply::Handed(_), None)) => Err(MessageError::Ended.into()),
        Some((Reply::Refused(refusal), _)) => Err(refusal.into()),
        None => Err(DialError::Absent(std::io::ErrorKind::ConnectionReset.into())),
    }
}

fn take(kind: Handed, handed: OwnedFd) -> std::io::Result<DoorStream> {
    match kind {
        Handed::Tcp => {
            let stream = std::net::TcpStream::from(handed);
            stream.set_nonblocking(true)?;
            TcpStream::from_std(stream).map(DoorStream::Tcp)
        }
        Handed::Unix => {
            let stream = std::os::unix::net::UnixStream::from(handed);
            stream.set_nonblocking(true)?;
            UnixStream::from_std(stream).map(DoorStream::Unix)
        }
    }
}

impl AsyncRead for DoorStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            DoorStream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            DoorStream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for DoorStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            DoorStream::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            DoorStream::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            DoorStream::Unix(stream) => Pin::new(stream).poll_flush(cx),
            DoorStream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            DoorStream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            DoorStream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            DoorStream::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            DoorStream::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }
    fn is_write_vectored(&self) -> bool {
        true
    }
}
