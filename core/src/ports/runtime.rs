//! What runs workspaces.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use dormer_wire::door::Door;

use crate::plan::Plan;
use crate::workspace::Workspace;

/// Why a runtime could not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The plan asks for what this runtime cannot do, or what is missing here. A retry does not help; the message
    /// says what would.
    #[error("{message}")]
    Impossible {
        /// One CamelCase word: `EditorMissing`, `Unsupported`.
        reason: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// It did not work this time (disk full, no more processes). A retry may help.
    #[error("{message}")]
    Failed {
        /// One CamelCase word: `DiskFull`, `SpawnFailed`.
        reason: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
}

/// What a runtime sees of a workspace. What the agent says of itself comes through its door, not from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing of it is there.
    Absent,
    /// Its agent is there.
    Alive {
        /// Of that start.
        instance: String,
        /// Where to dial; it may not be open yet.
        door: Door,
    },
    /// Its agent is gone, but something of it is left: processes, a socket.
    Lost,
}

/// What runs workspaces. Each call may be repeated and has the same effect once.
#[async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// Starts `plan` as `instance`, after removing what may be left of an earlier one. Returns as soon as the agent
    /// runs; where its door will be is the answer.
    async fn start(&self, workspace: &Workspace, instance: &str, plan: &Plan) -> Result<Door, RuntimeError>;

    /// Looks.
    async fn look(&self, workspace: &Workspace) -> Result<Seen, RuntimeError>;

    /// Stops it in order, and returns when nothing of it runs any more: `grace` after asking, it is killed.
    async fn stop(&self, workspace: &Workspace, grace: Duration) -> Result<(), RuntimeError>;

    /// Deletes its files. It does not run.
    async fn erase(&self, workspace: &Workspace) -> Result<(), RuntimeError>;

    /// The last lines that the agent itself left, for when it ended without a word. None: there are none.
    async fn log_tail(&self, _workspace: &Workspace) -> Option<String> {
        None
    }

    /// The folder inside the workspace that projects are in.
    fn projects_root(&self, _workspace: &Workspace) -> PathBuf {
        "/projects".into()
    }
}
