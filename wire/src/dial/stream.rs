//! A stream through a door.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

/// A stream through a door, after its preface was accepted. What is written has to be flushed: over TLS it may wait for
/// the rest of a record otherwise.
#[derive(Debug)]
pub enum DoorStream {
    /// Over a Unix socket.
    Unix(UnixStream),
    /// A connection to a port of the workspace, which the agent made and handed over.
    Tcp(TcpStream),
    /// Over a network. Apart, since what TLS keeps of a connection is large.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Does the same with each kind of stream.
macro_rules! each {
    ($this:expr, $stream:ident => $body:expr) => {
        match $this.get_mut() {
            DoorStream::Unix($stream) => $body,
            DoorStream::Tcp($stream) => $body,
            DoorStream::Tls($stream) => $body,
        }
    };
}

impl AsyncRead for DoorStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for DoorStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_flush(cx))
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }
    fn is_write_vectored(&self) -> bool {
        true
    }
}
