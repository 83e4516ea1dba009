//! The door's socket: mode 0600 in a folder of mode 0700, and a look at who comes.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use crate::workspace::make_private;

/// Why there can be no door.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Another agent answers there. It has to be stopped first.
    #[error("somebody answers at {0} already: is the workspace running?")]
    Taken(PathBuf),
    /// The socket cannot be made.
    #[error("cannot make the socket {path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes a private socket, in place of one that nobody answers at any more.
pub async fn bind(path: &Path) -> Result<UnixListener, DoorError> {
    let failed = |source| DoorError::Io { path: path.to_owned(), source };
    // Nobody else can reach into the folder, so the socket is private before its mode is set.
    make_private(path.parent().unwrap_or(Path::new("/"))).map_err(failed)?;
    take_place(path, 0o600).await
}

async fn take_place(path: &Path, mode: u32) -> Result<UnixListener, DoorError> {
    let failed = |source| DoorError::Io { path: path.to_owned(), source };
    if UnixStream::connect(path).await.is_ok() {
        return Err(DoorError::Taken(path.to_owned()));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    Ok(listener)
}

/// Makes a socket in a folder that others share, for whoever may write to the folder's group: the containers of a pod
/// have users of their own, and one group.
pub async fn bind_shared(path: &Path) -> Result<UnixListener, DoorError> {
    let failed = |source| DoorError::Io { path: path.to_owned(), source };
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).map_err(failed)?;
    take_place(path, 0o660).await
}

/// Whether whoever connected is this user, or root.
pub fn peer_is_allowed(stream: &UnixStream) -> bool {
    let own = nix::unistd::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/door.sock");
        let first = bind(&path).await.unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(bind(&path).await, Err(DoorError::Taken(_))));
        drop(first);
        bind(&path).await.unwrap();
    }
}
