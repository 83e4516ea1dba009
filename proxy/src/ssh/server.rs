//! The listener: bind, then serve.

mod admission;
mod proxied;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::SshId;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use dormer_auth::approval::Approvals;
use dormer_auth::authenticator::Authenticator;
use dormer_auth::network::Network;

use self::admission::{Admission, Admitted};
use super::config::{Config, Limits};
use super::connection::{self, Signals};
use super::doorman::Desk;
use super::lobby::Reach;
use super::refusals::Refusals;
use super::users::Users;
use super::window::FIRST;
use super::{algorithms, doorman};
use crate::gate::Gate;

/// What the SSH side works with.
#[derive(Clone)]
pub struct Deps {
    /// Through which everybody enters.
    pub gate: Arc<Gate>,
    /// Who somebody is.
    pub authenticator: Arc<Authenticator>,
    /// Logins that somebody in a browser is asked about.
    pub approvals: Approvals,
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
    pub(super) desk: Desk,
    pub(super) limits: Limits,
    pub(super) reach: Reach,
    pub(super) russh: Arc<russh::server::Config>,
    /// The same, for those that cannot do better.
    pub(super) for_old_clients: Arc<russh::server::Config>,
}

/// A listener that is ready to serve.
pub struct Bound {
    listener: TcpListener,
    local: SocketAddr,
    proxies: Vec<Network>,
    shared: Arc<Shared>,
}

/// Listens.
pub async fn bind(config: Config, deps: Deps) -> Result<Bound, BindError> {
    let failed = |source| BindError { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    let russh = Arc::new(russh_config(&config, algorithms::preferred()));
    let for_old_clients = Arc::new(russh_config(&config, algorithms::for_old_clients()));
    let Deps { gate, authenticator, approvals } = deps;
    let users = Users::new(config.limits.connections_per_user);
    let refusals = Refusals::new(config.limits.refusals_per_address);
    let Config { authorities, origin, proxies, .. } = config;
    let desk = Desk { gate, authenticator, approvals, authorities, users, refusals, origin };
    let port = if config.public_port == 0 { local.port() } else { config.public_port };
    let reach = Reach { host: config.host, port };
    let shared = Arc::new(Shared { desk, limits: config.limits, reach, russh, for_old_clients });
    Ok(Bound { listener, local, proxies, shared })
}

fn russh_config(config: &Config, preferred: russh::Preferred) -> russh::server::Config {
    russh::server::Config {
        server_id: SshId::Standard(concat!("SSH-2.0-Dormer_", env!("CARGO_PKG_VERSION")).into()),
        methods: doorman::methods(),
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
        preferred,
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
        let Bound { listener, shared, proxies, .. } = self;
        let admission = Arc::new(Admission::new(&shared.limits, shared.desk.refusals.clone()));
        let signals = Signals { shutdown: shutdown.clone(), drained: CancellationToken::new() };
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let (shared, signals) = (Arc::clone(&shared), signals.clone());
                    if !proxies.iter().any(|network| network.contains(peer.ip())) {
                        if let Some(permits) = admission.admit(peer.ip()) {
                            connections.spawn(serve(stream, peer, shared, signals, permits));
                        }
                        continue;
                    }
                    let Some(waiting) = admission.wait() else { continue };
                    let admission = Arc::clone(&admission);
                    connections.spawn(async move {
                        let Some((stream, peer)) = proxied::client(stream, peer, shared.limits.handshake).await else {
                            return;
                        };
                        drop(waiting);
                        if let Some(permits) = admission.admit(peer.ip()) {
                            serve(stream, peer, shared, signals, permits).await;
                        }
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

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    signals: Signals,
    (admitted, unauthenticated): (Admitted, OwnedSemaphorePermit),
) {
    match prepare(&stream) {
        Ok(()) => connection::serve(stream, peer, shared, signals, unauthenticated).await,
        Err(error) => tracing::debug!(%peer, %error, "a socket was gone before it was served"),
    }
    drop(admitted);
}

fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(30));
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}
