//! Streams of raw bytes to something inside the workspace.

use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::Duration;
use std::{io, sync::Arc};

use dormer_wire::door::{Handed, Refusal, RefusalCode, Reply};
use dormer_wire::hand;
use dormer_wire::join::Join;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::{Caller, accept, refusal};
use crate::ports::owner::Owners;

/// How long one side may be silent after the other ended its half: as long as a person might leave a build running
/// behind a request that is done. The gateway, which knows what a stream is for, gives up earlier.
const LINGER: Duration = Duration::from_secs(24 * 60 * 60);
/// How long something on the same machine may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A connection to something inside the workspace, or from there.
#[derive(Debug)]
pub enum Reached {
    /// To a port.
    Tcp(TcpStream),
    /// To a Unix socket.
    Unix(UnixStream),
}

/// Sees to it that bytes pass both ways until both have ended; either side may end its half first, and the other take
/// its time then. With `direct` that is done by handing the connection over.
pub async fn run(stream: &mut Caller, reached: Reached, direct: bool) {
    if direct && let Caller::Unix(stream) = stream {
        let (kind, fd) = match &reached {
            Reached::Tcp(upstream) => (Handed::Tcp, upstream.as_fd()),
            Reached::Unix(upstream) => (Handed::Unix, upstream.as_fd()),
        };
        // Whoever is gone does not need it.
        let _ = hand::send(stream, &Reply::Handed(kind), fd).await;
        return;
    }
    if !accept(stream).await {
        return;
    }
    match reached {
        Reached::Tcp(upstream) => join(stream, upstream).await,
        Reached::Unix(upstream) => join(stream, upstream).await,
    }
}

/// Carries bytes both ways until both have ended.
pub async fn join(stream: &mut Caller, upstream: impl AsyncRead + AsyncWrite + Unpin) {
    if let Err(error) = Join::new(stream, upstream, Vec::new(), Vec::new(), LINGER).await {
        tracing::debug!(%error, "a stream broke");
    }
}

/// Connects to a port of the loopback whose listener is a process of this workspace.
pub async fn connect_port(owners: &Arc<Owners>, port: u16) -> Result<TcpStream, Refusal> {
    let owners = Arc::clone(owners);
    let addresses = tokio::task::spawn_blocking(move || owners.addresses(port))
        .await
        .map_err(|error| refusal(RefusalCode::Failed, error.to_string()))??;
    let mut last = refusal(RefusalCode::NoListener, format!("nothing listens on port {port} of the workspace"));
    for address in addresses {
        match timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Failing costs a little time on the way, not the connection.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Ok(Err(error)) => last = refusal(RefusalCode::Failed, format!("port {port}: {error}")),
            Err(_) => last = refusal(RefusalCode::Failed, format!("port {port} does not accept connections")),
        }
    }
    Err(last)
}

/// Connects to a Unix socket; not to the agent's own.
pub async fn connect_socket(run: &Path, path: &str) -> Result<UnixStream, Refusal> {
    let path = Path::new(path);
    if !path.is_absolute() {
        return Err(refusal(RefusalCode::Invalid, "the path of a socket must be absolute"));
    }
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    if folder.is_some() && folder == run.canonicalize().ok() {
        return Err(refusal(RefusalCode::Foreign, "the agent's own sockets cannot be reached through the door"));
    }
    match timeout(CONNECT_LIMIT, UnixStream::connect(path)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => {
            let code = match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => RefusalCode::NoListener,
                _ => RefusalCode::Failed,
            };
            Err(refusal(code, format!("{}: {error}", path.display())))
        }
        Err(_) => Err(refusal(RefusalCode::Failed, format!("{} does not accept connections", path.display()))),
    }
}
