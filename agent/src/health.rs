//! Whether all is well, for whoever asks from inside: a probe of the container's runtime.
//!
//! The agent answers through a socket of its own, which tells nothing but its state and takes nothing at all.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use dormer_wire::report::AgentState;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixListener;

use crate::status::Board;

/// How long the agent may take to answer. It only has to look at its board.
const LIMIT: Duration = Duration::from_secs(2);

/// Nobody answers.
pub const ABSENT: u8 = 2;
/// Somebody does, and is not ready.
const NOT_READY: u8 = 1;

/// Where the socket is.
pub fn socket(run: &Path) -> PathBuf {
    run.join("health.sock")
}

/// Answers until dropped.
pub async fn serve(listener: UnixListener, board: Board) {
    loop {
        match listener.accept().await {
            Ok((mut stream, _)) => {
                // So little that it fits where nobody reads yet; whoever is gone does not need it.
                let _ = tokio::time::timeout(LIMIT, stream.write_all(word(board.state()).as_bytes())).await;
            }
            Err(error) => {
                tracing::warn!(%error, "a question after our health could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn word(state: AgentState) -> &'static str {
    match state {
        AgentState::Starting => "starting",
        AgentState::Ready => "ready",
        AgentState::Failed => "failed",
        AgentState::Stopping => "stopping",
    }
}

/// What an agent says. None: there is none that does.
pub fn ask(run: &Path) -> Option<String> {
    let mut stream = std::os::unix::net::UnixStream::connect(socket(run)).ok()?;
    stream.set_read_timeout(Some(LIMIT)).ok()?;
    let mut said = String::new();
    stream.by_ref().take(64).read_to_string(&mut said).ok()?;
    Some(said).filter(|said| !said.is_empty())
}

/// The same as an exit status. With `live`, any answer is a good one.
pub fn judge(said: Option<&str>, live: bool) -> ExitCode {
    match said {
        None => ABSENT.into(),
        Some(_) if live => ExitCode::SUCCESS,
        Some(said) if said == word(AgentState::Ready) => ExitCode::SUCCESS,
        Some(_) => NOT_READY.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_says_how_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let board = Board::new("i");
        let run = folder.path().to_owned();
        assert_eq!(ask(&run), None);
        tokio::spawn(serve(UnixListener::bind(socket(&run)).unwrap(), board.clone()));
        let asked = async |run: PathBuf| tokio::task::spawn_blocking(move || ask(&run)).await.unwrap().unwrap();
        assert_eq!(asked(run.clone()).await, "starting");
        board.ready();
        assert_eq!(asked(run.clone()).await, "ready");
        for (said, live, expected) in [
            (None, true, ExitCode::from(2)),
            (Some("starting"), false, ExitCode::from(1)),
            (Some("failed"), true, ExitCode::SUCCESS),
            (Some("ready"), false, ExitCode::SUCCESS),
        ] {
            assert_eq!(format!("{:?}", judge(said, live)), format!("{expected:?}"), "{said:?}");
        }
    }
}
