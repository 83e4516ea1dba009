//! Opening a stream through a door.

mod socket;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::door::{Door, Handed, Preface, Refusal, Reply, Want};
use crate::hand;
use crate::message::{self, MessageError};
use crate::tls::{self, Master, TlsError};

pub use socket::prepare;
pub use stream::DoorStream;

/// Why a stream could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nobody is behind the door: its agent has ended or has not begun, or somebody else is where it was. Worth another
    /// look at the record, then a retry.
    #[error("nobody answers at the door: {0}")]
    Absent(#[source] io::Error),
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

/// Opens streams through doors. Copies are cheap, and share the sessions that they can resume.
#[derive(Clone)]
pub struct Dialer(Option<TlsConnector>);

impl Dialer {
    /// Knows the doors of this machine only.
    pub fn local() -> Dialer {
        Dialer(None)
    }

    /// Knows all doors whose keys follow from a secret, too.
    pub fn with(master: &Master) -> Result<Dialer, TlsError> {
        tls::connector(master).map(Some).map(Dialer)
    }

    /// Opens a stream through `door` for `want`, within `limit`.
    pub async fn dial(&self, door: &Door, want: Want, limit: Duration) -> Result<DoorStream, DialError> {
        let open = async {
            match door {
                Door::Unix(path) => through_unix(path, want).await,
                Door::Tls { address, peer } => self.through_tls(*address, peer, want).await,
            }
        };
        tokio::time::timeout(limit, open).await.unwrap_or(Err(DialError::TimedOut(limit)))
    }

    async fn through_tls(&self, address: SocketAddr, peer: &str, want: Want) -> Result<DoorStream, DialError> {
        let absent = |why: &str| DialError::Absent(io::Error::new(io::ErrorKind::Unsupported, why.to_owned()));
        let connector = self.0.as_ref().ok_or_else(|| absent("there are no keys for doors in a network here"))?;
        let name = tls::server_name(peer).ok_or_else(|| absent("its name is none of an agent"))?;
        let socket = TcpStream::connect(address).await.map_err(DialError::Absent)?;
        socket::prepare(&socket).map_err(DialError::Absent)?;
        let mut stream = connector.connect(name, socket).await.map_err(DialError::Absent)?;
        message::write(&mut stream, &Preface::from(want)).await.map_err(absent_if_broken)?;
        match message::read(&mut stream).await.map_err(absent_if_broken)? {
            Some(Reply::Accepted) => Ok(DoorStream::Tls(Box::new(stream))),
            Some(Reply::Refused(refusal)) => Err(refusal.into()),
            // Nothing can be handed over here.
            Some(Reply::Handed(_)) => Err(MessageError::Ended.into()),
            None => Err(DialError::Absent(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

/// In TLS 1.3 a client hears only with the first answer whether it was let in.
fn absent_if_broken(error: MessageError) -> DialError {
    match error {
        MessageError::Io(error) => DialError::Absent(error),
        error => error.into(),
    }
}

async fn through_unix(path: &Path, want: Want) -> Result<DoorStream, DialError> {
    let mut stream = UnixStream::connect(path).await.map_err(DialError::Absent)?;
    let preface = Preface { direct: true, ..Preface::from(want) };
    message::write(&mut stream, &preface).await?;
    match hand::receive(&stream).await? {
        Some((Reply::Accepted, _)) => Ok(DoorStream::Unix(stream)),
        Some((Reply::Handed(kind), Some(handed))) => take(kind, handed).map_err(DialError::Absent),
        Some((Reply::Handed(_), None)) => Err(MessageError::Ended.into()),
        Some((Reply::Refused(refusal), _)) => Err(refusal.into()),
        None => Err(DialError::Absent(io::ErrorKind::ConnectionReset.into())),
    }
}

fn take(kind: Handed, handed: OwnedFd) -> io::Result<DoorStream> {
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

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer").field("networks", &self.0.is_some()).finish()
    }
}
