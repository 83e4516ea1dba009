//! The editor: starting it, knowing when it answers, starting it again when it dies.

mod machine;
mod merged;
mod probe;
mod supervise;
mod vscode;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use dormer_wire::door::{Refusal, RefusalCode};
use dormer_wire::report::{Failure, StepState};
use tokio::net::UnixStream;
use tokio::sync::{oneshot, watch};

use crate::door::refusal;
use crate::workspace::Workspace;

/// How the other parts know the editor.
#[derive(Debug)]
pub struct EditorHandle {
    wanted: bool,
    socket: PathBuf,
    ready: watch::Sender<bool>,
    pid: AtomicI32,
}

impl EditorHandle {
    /// The editor of a workspace, not started yet.
    pub fn new(workspace: &Workspace) -> Self {
        EditorHandle {
            wanted: workspace.assignment.editor.is_some(),
            socket: workspace.assignment.run.join("editor.sock"),
            ready: watch::Sender::new(false),
            pid: AtomicI32::new(0),
        }
    }

    /// Its process, while there is one.
    pub fn pid(&self) -> Option<i32> {
        Some(self.pid.load(Ordering::Relaxed)).filter(|pid| *pid > 0)
    }

    /// Connects to it once it answers.
    pub async fn connect(&self) -> Result<UnixStream, Refusal> {
        if !self.wanted {
            return Err(refusal(RefusalCode::NotFound, "this workspace has no editor"));
        }
        if !*self.ready.borrow() {
            return Err(refusal(RefusalCode::NotReady, "the editor does not answer yet"));
        }
        UnixStream::connect(&self.socket)
            .await
            .map_err(|error| refusal(RefusalCode::NotReady, format!("the editor does not answer: {error}")))
    }
}

/// Starts the editor and waits until it answers. From then on it is started again when it dies.
pub async fn start(workspace: &Arc<Workspace>, handle: &Arc<EditorHandle>) -> Result<(), Failure> {
    let Some(editor) = workspace.assignment.editor.clone() else {
        workspace.board.step("editor", StepState::Skipped, None);
        return Ok(());
    };
    workspace.board.step("editor", StepState::Running, None);
    let (answered, answer) = oneshot::channel();
    tokio::spawn(supervise::run(Arc::clone(workspace), Arc::clone(handle), editor, answered));
    answer.await.unwrap_or_else(|_| Err(failure(workspace, "the editor was given up".to_owned(), true)))
}

fn failure(workspace: &Workspace, message: String, transient: bool) -> Failure {
    let tail = workspace.logs.tail("editor");
    Failure { reason: "EditorFailed".to_owned(), message, log: "editor".to_owned(), tail, transient }
}
