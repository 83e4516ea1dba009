//! The listener: bind, then serve.

mod admission;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::SshId;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use dormer_auth::authenticator::Authenticator;

use self::admission::Admission;
use super::config::{Config, Limits};
use super::connection::{self, Signals};
use super::window::FIRST;
use super::{algorithms, handler};
use crate::gate::Gate;

/// What the SSH side works with.
#[derive(Clone)]
pub struct Deps {
    /// Through which everybody enters.
    pub gate: Arc<Gate>,
    /// Who somebody is.
    pub authenticator: Arc<Authenticator>,
}

/// Why it cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for SSH on {address}: {source}")]
pub struct BindError {
    /// Where.
    pub address: SocketAddr,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

/// What connections share.
pub(super) struct Shared {
    pub(super) gate: Arc<Gate>,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) limits: Limits,
    pub(super) russh: Arc<russh::server::Config>,
}

/// A listener that is ready to serve.
pub struct Bound {
    listener: TcpListener,
    local: SocketAddr,
    shared: Arc<Shared>,
}

/// Listens.
pub async fn bind(config: Config, deps: Deps) -> Result<Bound, BindError> {
    let failed = |source| BindError { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    let russh = Arc::new(russh_config(&config));
    let Deps { gate, authenticator } = deps;
    let shared = Arc::new(Shared { gate, authenticator, limits: config.limits, russh });
    Ok(Bound { listener, local, shared })
}

fn russh_config(config: &Config) -> russh::server::Config {
    russh::server::Config {
        server_id: SshId::Standard(concat!("SSH-2.0-Dormer_", env!("CARGO_PKG_VERSION")).into()),
        methods: handler::methods(),
        auth_rejection_time: config.limits.refusal_time,
        // Everybody's first question is which methods there are, and everybody is told the same.
        auth_rejection_time_initial: Some(Duration::ZERO),
        // russh counts that question as a refusal.
        max_auth_attempts: config.limits.attempts.saturating_add(1),
        keys: config.host_keys.private(),
        // A key exchange that is begun by the server of 0.65.1 ends a busy connection (`Error::Pending`). Clients begin
        // theirs: OpenSSH after 1 GB or 2^32 blocks, whichever its cipher asks for.
        limits: russh::Limits {
            rekey_write_limit: usize::MAX,
            rekey_read_limit: usize::MAX,
            rekey_time_limit: Duration::MAX,
        },
        window_size: FIRST,
        preferred: algorithms::preferred(),
        // An idle session stays; peers that are gone are found by TCP.
        inactivity_timeout: None,
        ..russh::server::Config::default()
    }
}

impl Bound {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Serves until `shutdown`; then lets what goes on go on, at most for `drain`.
    pub async fn serve(self, shutdown: CancellationToken, drain: Duration) {
        let Bound { listener, shared, .. } = self;
        let admission = Admission::new(&shared.limits);
        let signals = Signals { shutdown: shutdown.clone(), drained: CancellationToken::new() };
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    // A refused connection is closed without a word: the client says so clearly enough.
                    let Some((admitted, unauthenticated)) = admission.admit(peer.ip()) else {
                        tracing::info!(target: "audit", event = "ssh.too-many", %peer);
                        continue;
                    };
                    if let Err(error) = prepare(&stream) {
                        tracing::debug!(%peer, %error, "a socket was gone before it was served");
                        continue;
                    }
                    let (shared, signals) = (Arc::clone(&shared), signals.clone());
                    connections.spawn(async move {
                        connection::serve(stream, peer, shared, signals, unauthenticated).await;
                        drop(admitted);
                    });
                }
                Err(error) => {
                    // Most of the time: no file descriptors are left. Those who are connected may leave some.
                    tracing::warn!(%error, "cannot accept an SSH connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(listener);
        connections.close();
        if tokio::time::timeout(drain, connections.wait()).await.is_err() {
            signals.drained.cancel();
            connections.wait().await;
        }
    }
}

fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(30));
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}
