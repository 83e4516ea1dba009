//! What the editor tells about its person. Its extension sends a line of JSON through a socket of its own, and only
//! when somebody did something.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dormer_wire::report::ActivityKind;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::net::{UnixListener, UnixStream};

use crate::door::peer_is_allowed;
use crate::status::Board;

/// How the extension finds the socket.
pub const SOCKET_VARIABLE: &str = "DORMER_AGENT_SOCK";
/// The longest message.
const MAX_LENGTH: u64 = 1024;
/// How long a message may take.
const LIMIT: Duration = Duration::from_secs(2);

/// A message.
#[derive(Debug, Deserialize)]
struct Told {
    activity: Kind,
}

/// What may be told from inside: nobody inside knows of logins or of the API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Editor,
    Terminal,
}

/// Where the socket is.
pub fn socket(run: &Path) -> PathBuf {
    run.join("agent.sock")
}

/// Listens until dropped. One message at a time is enough: there is one every few seconds.
pub async fn serve(listener: UnixListener, board: Board) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) if peer_is_allowed(&stream) => {
                if let Ok(Some(kind)) = tokio::time::timeout(LIMIT, read(stream)).await {
                    board.activity(kind);
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "a message from the editor could not be received");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn read(stream: UnixStream) -> Option<ActivityKind> {
    let mut text = Vec::new();
    stream.take(MAX_LENGTH).read_to_end(&mut text).await.ok()?;
    parse(&text)
}

fn parse(text: &[u8]) -> Option<ActivityKind> {
    match serde_json::from_slice::<Told>(text).ok()?.activity {
        Kind::Editor => Some(ActivityKind::Editor),
        Kind::Terminal => Some(ActivityKind::Terminal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_editor_can_know() {
        assert_eq!(parse(br#"{"activity":"editor"}"#), Some(ActivityKind::Editor));
        assert_eq!(parse(br#"{"activity":"terminal"}"#), Some(ActivityKind::Terminal));
        for nonsense in [&br#"{"activity":"ssh"}"#[..], b"", b"editor", b"{\"activity\""] {
            assert_eq!(parse(nonsense), None);
        }
    }
}
