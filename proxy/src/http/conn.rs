//! A client's connection, as the loop that owns it and pingora see it in turn.
//!
//! pingora is lent the connection for one request at a time, and can read exactly that request's body from it: what
//! a client sends behind the body waits in `stash` for the loop to look at. So both agree on where a request ends
//! whatever pingora thinks of its framing, and no upgrade can hide behind another request.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use bytes::{Buf, BytesMut};
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest, UniqueID,
    UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Writes up to this size are put together: a head and a small body make one segment and one TLS record.
const COALESCE: usize = 16 * 1024;
/// What is taken from a client that sends ahead, before it has to wait.
const AHEAD: usize = 16 * 1024;

/// The socket of a client.
#[derive(Debug)]
pub(super) enum Io {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Io {
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Io::Tcp(tcp) => tcp,
            Io::Tls(tls) => tls.get_ref().0,
        }
    }

    fn is_h2(&self) -> bool {
        matches!(self, Io::Tls(tls) if tls.get_ref().1.alpn_protocol() == Some(b"h2"))
    }
}

/// How much the borrower may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allow {
    /// All there is.
    All,
    /// So many octets; then it sees nothing but the end of the connection.
    Bytes(u64),
}

/// A client's connection.
pub(super) struct Conn {
    io: Io,
    peer: SocketAddr,
    /// Read, but not yet looked at.
    stash: BytesMut,
    allow: Allow,
    /// Written, but not yet sent.
    out: BytesMut,
}

impl Conn {
    pub fn new(io: Io, peer: SocketAddr) -> Conn {
        Conn { io, peer, stash: BytesMut::new(), allow: Allow::All, out: BytesMut::new() }
    }

    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub fn is_h2(&self) -> bool {
        self.io.is_h2()
    }

    /// What was read and not looked at.
    pub fn stash(&mut self) -> &mut BytesMut {
        &mut self.stash
    }

    /// Takes the first octets of what was read.
    pub fn take(&mut self, length: usize) -> BytesMut {
        self.stash.split_to(length.min(self.stash.len()))
    }

    /// Sets how much the borrower may read from here on.
    pub fn allow(&mut self, allow: Allow) {
        self.allow = allow;
    }

    /// Reads more into the stash; the answer is false at the connection's end.
    pub async fn fill(&mut self) -> io::Result<bool> {
        let Conn { io, stash, .. } = self;
        std::future::poll_fn(|cx| poll_fill(io, stash, cx)).await
    }

    /// The socket and what was read from it and not looked at.
    pub fn into_parts(self) -> (Io, BytesMut) {
        (self.io, self.stash)
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.out))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.out.advance(n),
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn poll_fill(io: &mut Io, stash: &mut BytesMut, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
    // Most heads fit; the space is on the stack so that an idle connection holds none.
    let mut space = [std::mem::MaybeUninit::uninit(); 4096];
    let mut buf = ReadBuf::uninit(&mut space);
    ready!(Pin::new(io).poll_read(cx, &mut buf))?;
    stash.extend_from_slice(buf.filled());
    Poll::Ready(Ok(!buf.filled().is_empty()))
}

impl AsyncRead for Conn {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Whoever waits to read has written what there is to write: nothing may sit in the buffer meanwhile.
        if let Poll::Ready(Err(error)) = this.poll_drain(cx) {
            return Poll::Ready(Err(error));
        }
        let most = match this.allow {
            Allow::All => buf.remaining(),
            Allow::Bytes(0) => {
                while this.stash.len() < AHEAD {
                    if !ready!(poll_fill(&mut this.io, &mut this.stash, cx))? {
                        return Poll::Ready(Ok(()));
                    }
                }
                // The client has to wait. That it left is noticed when the answer is written.
                return Poll::Pending;
            }
            Allow::Bytes(left) => usize::try_from(left).unwrap_or(usize::MAX).min(buf.remaining()),
        };
        let before = buf.filled().len();
        if !this.stash.is_empty() {
            let n = most.min(this.stash.len());
            buf.put_slice(this.stash.get(..n).unwrap_or_default());
            this.stash.advance(n);
            if this.stash.is_empty() {
                this.stash = BytesMut::new();
            }
        } else if most == buf.remaining() {
            ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        } else {
            let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
            ready!(Pin::new(&mut this.io).poll_read(cx, &mut part))?;
            let n = part.filled().len();
            buf.advance(n);
        }
        if let Allow::Bytes(left) = &mut this.allow {
            *left = left.saturating_sub((buf.filled().len() - before) as u64);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Conn {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.out.len() + buf.len() <= COALESCE {
            this.out.extend_from_slice(buf);
            return Poll::Ready(Ok(buf.len()));
        }
        while !this.out.is_empty() {
            let waiting = this.out.len();
            let both = [IoSlice::new(&this.out), IoSlice::new(buf)];
            let n = ready!(Pin::new(&mut this.io).poll_write_vectored(cx, &both))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.out.advance(n.min(waiting));
            if n > waiting {
                return Poll::Ready(Ok(n - waiting));
            }
        }
        Pin::new(&mut this.io).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        this.out = BytesMut::new();
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Io::Tls(tls) => Pin::new(&mut **tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Io::Tcp(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Io::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, buf),
        }
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Io::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Io::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(cx),
        }
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Io::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Io::Tls(tls) => Pin::new(&mut **tls).poll_write_vectored(cx, bufs),
        }
    }
    fn is_write_vectored(&self) -> bool {
        true
    }
}

impl fmt::Debug for Conn {
    // pingora prints connections: what a client sent stays out of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection from {}", self.peer)
    }
}

impl AsRawFd for Conn {
    fn as_raw_fd(&self) -> RawFd {
        self.io.tcp().as_raw_fd()
    }
}

#[async_trait]
impl Shutdown for Conn {
    async fn shutdown(&mut self) {
        // The peer may be gone already: nothing is left to do then.
        let _ = AsyncWriteExt::shutdown(self).await;
    }
}

impl UniqueID for Conn {
    fn id(&self) -> UniqueIDType {
        self.as_raw_fd()
    }
}

impl Ssl for Conn {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        None
    }
    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.is_h2().then_some(ALPN::H2)
    }
}

impl GetTimingDigest for Conn {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Conn {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Conn {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        let digest = SocketDigest::from_raw_fd(self.as_raw_fd());
        // Freshly made: it holds nothing yet.
        let _ = digest.peer_addr.set(Some(self.peer.into()));
        Some(Arc::new(digest))
    }
}

#[async_trait]
impl Peek for Conn {}
