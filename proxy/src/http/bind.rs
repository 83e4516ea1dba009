//! Sockets, bound before anything is served: a port that is taken is known at once.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::available_parallelism;

use socket2::{Domain, Protocol, Socket, Type};

use super::config::Config;
use super::handshake::{Tls, TlsError};
use super::site::{Deps, Site};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// Why the HTTP side cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program listens there.
    #[error("{0} is in use by another program; stop it or choose another address")]
    Busy(SocketAddr),
    /// This user may not listen there.
    #[error("{0} may not be listened on by this user; choose a port from 1024 on, or allow it")]
    Denied(SocketAddr),
    /// Something else is wrong with it.
    #[error("{address} cannot be listened on: {source}")]
    Address {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// There is nowhere to listen.
    #[error("no address to listen on")]
    Nowhere,
    /// TLS cannot be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl BindError {
    fn of(address: SocketAddr, source: io::Error) -> BindError {
        match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Busy(address),
            io::ErrorKind::PermissionDenied => BindError::Denied(address),
            _ => BindError::Address { address, source },
        }
    }
}

/// Bound, and not yet serving.
pub struct Bound {
    pub(super) site: Arc<Site>,
    pub(super) tls: Option<Tls>,
    pub(super) addresses: Vec<SocketAddr>,
    /// For each worker one listener of each address.
    pub(super) workers: Vec<Vec<TcpListener>>,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// Binds.
pub fn bind(config: &Config, deps: Deps) -> Result<Bound, BindError> {
    let workers = config.workers.unwrap_or_else(|| available_parallelism().map_or(1, usize::from)).max(1);
    let tls = config.tls.as_ref().map(Tls::read).transpose()?;
    let mut listeners: Vec<Vec<TcpListener>> = (0..workers).map(|_| Vec::new()).collect();
    let mut addresses = Vec::new();
    for address in &config.listen {
        let mut address = *address;
        if address.port() != 0 {
            // With SO_REUSEPORT alone another program of this user that sets it too would share the port, and get a
            // part of the connections.
            listen(address, false).map_err(|error| BindError::of(address, error))?;
        }
        for worker in &mut listeners {
            let listener = listen(address, true).map_err(|error| BindError::of(address, error))?;
            address = listener.local_addr().map_err(|error| BindError::of(address, error))?;
            worker.push(listener);
        }
        addresses.push(address);
    }
    if addresses.is_empty() {
        return Err(BindError::Nowhere);
    }
    Ok(Bound { site: Site::new(config, deps), tls, addresses, workers: listeners })
}

fn listen(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl Bound {
    /// Where it listens first, with the port that was chosen where 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        // `bind` refuses to bind nothing.
        self.addresses.first().copied().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// Everywhere it listens.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }
}
