//! A workspace's TLS door as pingora knows streams.
//!
//! pingora takes other streams than sockets of the kernel's, and never uses one of them a second time: its pool asks the
//! kernel who is at the other end. A connection, a handshake and a question at the door for each request cost far more
//! than a copy within the process, so it gets one end of a socket pair. Upgrades, which never come this way, are spliced
//! without.

use std::io;
use std::time::Duration;

use pingora::protocols::l4::stream::Stream as L4Stream;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use dormer_wire::join::Join;

/// How long a server may go on after pingora has let go of it.
const LINGER: Duration = Duration::from_secs(1);

/// For pingora. What carries it ends with either side.
pub(super) fn stream(sealed: Box<TlsStream<TcpStream>>) -> io::Result<L4Stream> {
    let (plain, ours) = UnixStream::pair()?;
    let carried = Join::new(ours, sealed, Vec::new(), Vec::new(), LINGER);
    tokio::spawn(async move {
        // Whoever reads sees that it ended, and by its length whether too early.
        if let Err(error) = carried.await {
            tracing::debug!(%error, "a connection to a workspace broke");
        }
    });
    Ok(plain.into())
}
