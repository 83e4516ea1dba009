//! A worker: one thread's listeners, connections and pingora proxy.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream, ServerApp};
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use pingora::server::configuration::ServerConf;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::watch as channel;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::app::{self, App};
use super::conn::{Allow, Conn, Io};
use super::decide::is_own;
use super::head::{self, Head, Read};
use super::site::Site;
use super::upgrade::{Joined, upgrade};
use super::watch;

/// How long to wait when no connection can be accepted (no file descriptors left).
const BREATH: Duration = Duration::from_millis(50);
/// Connections that a workspace's or our own pages' pool keeps.
const POOL: usize = 256;
/// What is read off a refused client before it is left.
const UNREAD: usize = 1024 * 1024;
/// An HTTP/2 connection without a request is closed after so long.
const H2_IDLE: Duration = Duration::from_secs(120);

/// One thread's part.
pub(super) struct Worker {
    site: Arc<Site>,
    tls: Option<TlsAcceptor>,
    proxy: Arc<Watched>,
    shutdown: CancellationToken,
    /// The same, as pingora has it.
    closing: channel::Sender<bool>,
    tasks: TaskTracker,
}

/// pingora's proxy, whose requests end when the right to them does.
struct Watched {
    site: Arc<Site>,
    proxy: Arc<HttpProxy<App>>,
}

#[async_trait]
impl HttpServerApp for Watched {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        watch::watched(&self.site.gate, self.proxy.process_new_http(session, shutdown)).await.flatten()
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        self.proxy.server_options()
    }
}

impl Worker {
    pub fn new(site: Arc<Site>, tls: Option<TlsAcceptor>, shutdown: CancellationToken) -> Worker {
        let conf = ServerConf { upstream_keepalive_pool_size: POOL, ..ServerConf::default() };
        let mut proxy = HttpProxy::new(App(Arc::clone(&site)), Arc::new(conf));
        let mut options = HttpServerOptions::default();
        options.h2_idle_timeout = Some(H2_IDLE);
        proxy.server_options = Some(options);
        proxy.handle_init_modules();
        let proxy = Arc::new(Watched { site: Arc::clone(&site), proxy: Arc::new(proxy) });
        Worker { site, tls, proxy, shutdown, closing: channel::Sender::new(false), tasks: TaskTracker::new() }
    }

    /// Accepts until shutdown, then drains.
    pub async fn run(self: Arc<Self>, listeners: Vec<TcpListener>, drain: Duration) -> io::Result<()> {
        for listener in listeners {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            self.tasks.spawn(Arc::clone(&self).accept(listener));
        }
        self.shutdown.cancelled().await;
        self.closing.send_replace(true);
        self.tasks.close();
        if tokio::time::timeout(drain, self.tasks.wait()).await.is_err() {
            tracing::info!(open = self.tasks.len(), "closing what did not end by itself");
        }
        Ok(())
    }

    async fn accept(self: Arc<Self>, listener: tokio::net::TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.shutdown.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, peer)) => drop(self.tasks.spawn(Arc::clone(&self).connection(tcp, peer))),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    async fn connection(self: Arc<Self>, tcp: TcpStream, peer: SocketAddr) {
        prepare(&tcp);
        let io = match &self.tls {
            None => Io::Tcp(tcp),
            Some(tls) => match tokio::time::timeout(self.site.limits.handshake, tls.accept(tcp)).await {
                Ok(Ok(tls)) => Io::Tls(Box::new(tls)),
                Ok(Err(error)) => {
                    tracing::debug!(peer = %peer.ip(), %error, "no TLS");
                    return;
                }
                Err(_) => return,
            },
        };
        let mut conn = Conn::new(io, peer);
        if conn.is_h2() {
            self.proxy.process_new(Box::new(conn), &self.closing.subscribe()).await;
            return;
        }
        let shutdown = self.closing.subscribe();
        loop {
            let read = tokio::select! {
                biased;
                read = head::read(&mut conn, &self.site.limits) => read,
                () = self.shutdown.cancelled() => return,
            };
            let head = match read {
                Read::Head(head) => head,
                Read::Closed => return,
                Read::Refused(answer) => return refuse(conn, &answer.bytes()).await,
            };
            let bytes = take(&mut conn, &head);
            if head.upgrade && !self.is_own(&bytes) {
                // A task of its own, so that what this one needs does not stay with the connection for hours.
                let worker = Arc::clone(&self);
                self.tasks.spawn(async move { worker.upgrade(conn, bytes).await });
                return;
            }
            conn.allow(head.body);
            let Some(reused) = self.proxy.process_new_http(app::session(conn, bytes), &shutdown).await else { return };
            let (stream, _) = reused.consume();
            match stream.into_any().downcast::<Conn>() {
                Ok(back) => conn = *back,
                Err(_) => return,
            }
            conn.allow(Allow::All);
        }
    }

    async fn upgrade(&self, conn: Conn, head: BytesMut) {
        if let Some(Joined(splice)) = upgrade(&self.site, conn, head).await {
            // As it is: a block of code around it would hold it twice.
            self.tasks.spawn(splice);
        }
    }

    fn is_own(&self, head: &[u8]) -> bool {
        let mut space = [httparse::EMPTY_HEADER; 256];
        let mut request = httparse::Request::new(&mut space);
        let whole = matches!(request.parse(head), Ok(httparse::Status::Complete(_)));
        let host = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case("host"));
        let host = host.and_then(|host| std::str::from_utf8(host.value).ok()).unwrap_or_default();
        whole && is_own(&self.site, host, request.path.unwrap_or_default().as_bytes())
    }
}

/// Takes a head off a connection, its target made a path.
fn take(conn: &mut Conn, head: &Head) -> BytesMut {
    let mut bytes = conn.take(head.length);
    if let Some((begin, path)) = head.absolute {
        let rest = bytes.split_off(path.min(bytes.len()));
        bytes.truncate(begin);
        bytes.unsplit(rest);
    }
    bytes
}

/// Says why, and closes.
async fn refuse(mut conn: Conn, answer: &[u8]) {
    use tokio::io::AsyncWriteExt;
    // Whoever cannot be told has left.
    let _ = conn.write_all(answer).await;
    let _ = conn.shutdown().await;
    // A socket that is closed with something unread in it takes the answer back.
    let rest = async {
        let mut read = 0;
        while read < UNREAD && conn.fill().await.unwrap_or(false) {
            read += conn.stash().len();
            conn.stash().clear();
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
}

fn prepare(tcp: &TcpStream) {
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15)).with_retries(4);
    // A socket without these is slower, and no worse.
    let _ = tcp.set_nodelay(true);
    let _ = SockRef::from(tcp).set_tcp_keepalive(&keepalive);
}
