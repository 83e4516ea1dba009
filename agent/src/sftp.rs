//! An SFTP server (draft-ietf-secsh-filexfer-02, version 3, and OpenSSH's extensions) on the workspace's files.
//!
//! Our own, though there is a crate: names of files are octets, not text, and a session is a thread that reads and
//! writes plainly, answers requests in order and flushes when no more of them wait. That is what makes thousands of
//! small files quick, and it is all that the protocol needs.

mod attrs;
mod codec;
mod extended;
mod files;
mod handles;
mod listing;
mod names;
mod paths;
mod session;

use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;

use dormer_wire::door::{Refusal, RefusalCode};
use tokio::sync::oneshot;

use crate::door::{Caller, accept, join, refusal};
use crate::workspace::Workspace;
use paths::Paths;

/// Serves files until the client closes.
pub async fn serve(stream: &mut Caller, workspace: &Workspace) -> Result<(), Refusal> {
    let failed = |error: std::io::Error| refusal(RefusalCode::Failed, format!("cannot serve files: {error}"));
    let (socket, sealed) = match stream {
        Caller::Unix(stream) => (stream.as_fd().try_clone_to_owned().map(UnixStream::from).map_err(failed)?, None),
        // The thread reads and writes plainly, which TLS does not.
        Caller::Tls(_) => {
            let (plain, ours) = UnixStream::pair().map_err(failed)?;
            ours.set_nonblocking(true).map_err(failed)?;
            (plain, Some(tokio::net::UnixStream::from_std(ours).map_err(failed)?))
        }
    };
    let paths = Paths::new(workspace.folder(), &workspace.assignment.home);
    if !accept(stream).await {
        return Ok(());
    }
    let (done, ended) = oneshot::channel::<()>();
    // From here on the socket is the thread's alone; it is shared, and so is its being blocking or not.
    let started = socket.set_nonblocking(false).and_then(|()| {
        let work = move || {
            if let Err(error) = session::run(&socket, paths) {
                tracing::debug!(%error, "an SFTP session broke");
            }
            drop(done);
        };
        std::thread::Builder::new().name("sftp".to_owned()).spawn(work)
    });
    if let Err(error) = started {
        tracing::warn!(%error, "an SFTP session could not begin");
        return Ok(());
    }
    if let Some(ours) = sealed {
        join(stream, ours).await;
    }
    // Ends by being dropped, which is no failure.
    let _ = ended.await;
    Ok(())
}
