//! Where to listen, and the listening.

use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use dormer_wire::door::{Refusal, RefusalCode};
use dormer_wire::listen::{Listening, Place};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind as bind_to, listen, socket};
use nix::sys::stat::{Mode, fchmod};
use tokio::net::{TcpListener, UnixListener, UnixStream};

use super::Reached;
use crate::door::refusal;
use crate::workspace::make_private;

/// Listens somewhere, until dropped.
#[derive(Debug)]
pub(super) enum Ear {
    /// On the loopback, in both kinds of addresses where there are both.
    Port(TcpListener, Option<TcpListener>),
    /// At a socket.
    Socket(UnixListener, Name),
}

/// The name of a socket, removed with it.
#[derive(Debug)]
pub(super) struct Name {
    path: PathBuf,
    /// Device and number: what somebody else has put there since is left alone.
    file: Option<(u64, u64)>,
}

impl Drop for Name {
    fn drop(&mut self) {
        if file_at(&self.path).is_some_and(|there| Some(there) == self.file)
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::debug!(%error, "a forwarded socket could not be removed");
        }
    }
}

fn file_at(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

impl Ear {
    /// Where it listens.
    pub(super) fn told(&self) -> Listening {
        match self {
            Ear::Port(listener, _) => Listening::Port(listener.local_addr().map_or(0, |address| address.port())),
            Ear::Socket(_, name) => Listening::Path(name.path.display().to_string()),
        }
    }

    /// The next one who comes, and the port that they come from.
    pub(super) async fn accept(&self) -> io::Result<(Reached, Option<u16>)> {
        let (visitor, from) = match self {
            Ear::Port(v4, None) => v4.accept().await?,
            Ear::Port(v4, Some(v6)) => tokio::select! {
                accepted = v4.accept() => accepted?,
                accepted = v6.accept() => accepted?,
            },
            Ear::Socket(listener, _) => return Ok((Reached::Unix(listener.accept().await?.0), None)),
        };
        // Failing costs a little time on the way, not the connection.
        let _ = visitor.set_nodelay(true);
        Ok((Reached::Tcp(visitor), Some(from.port())))
    }
}

/// Listens there, or says why not.
pub(super) async fn bind(run: &Path, at: &Place) -> Result<Ear, Refusal> {
    match at {
        Place::Port { port } => {
            let failed = |error: io::Error| match error.kind() {
                io::ErrorKind::AddrInUse => format!("port {port} of the workspace is in use"),
                io::ErrorKind::PermissionDenied => format!("port {port} needs rights that the workspace does not have"),
                _ => format!("port {port}: {error}"),
            };
            let v4 = TcpListener::bind(("127.0.0.1", *port)).await;
            let v4 = v4.map_err(|error| refusal(RefusalCode::Failed, failed(error)))?;
            let port = v4.local_addr().map_or(*port, |address| address.port());
            // There may be no IPv6, or somebody else there: then only those who say 127.0.0.1 get here.
            let v6 = TcpListener::bind(("::1", port)).await.ok();
            Ok(Ear::Port(v4, v6))
        }
        Place::Socket { path } => {
            let path = Path::new(path);
            if !path.is_absolute() {
                return Err(refusal(RefusalCode::Invalid, "the path of a socket must be absolute"));
            }
            let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
            if folder.is_some() && folder == run.canonicalize().ok() {
                return Err(refusal(RefusalCode::Foreign, "the agent's own folder is not for forwarded sockets"));
            }
            at_path(path).await.map_err(|error| refusal(RefusalCode::Failed, format!("{}: {error}", path.display())))
        }
        Place::Private => {
            static LAST: AtomicU64 = AtomicU64::new(0);
            let path = run.join(format!("auth-{}.sock", LAST.fetch_add(1, Ordering::Relaxed) + 1));
            let failed = |error| refusal(RefusalCode::Failed, format!("cannot make a private socket: {error}"));
            make_private(run).map_err(failed)?;
            at_path(&path).await.map_err(failed)
        }
    }
}

async fn at_path(path: &Path) -> io::Result<Ear> {
    if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
        && UnixStream::connect(path).await.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    {
        // Left behind by somebody who was killed. sshd wants to be told to remove it, and everybody tells it to.
        std::fs::remove_file(path)?;
    }
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    // Before it has a name: Linux gives the name the mode of the socket, so it is never open to others.
    fchmod(&fd, Mode::S_IRUSR | Mode::S_IWUSR)?;
    bind_to(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
    let name = Name { path: path.to_owned(), file: file_at(path) };
    listen(&fd, Backlog::new(128)?)?;
    Ok(Ear::Socket(UnixListener::from_std(fd.into())?, name))
}
