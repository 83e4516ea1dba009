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
    /// It is on its way; nobody knows yet where its agent will be.
    Coming {
        /// Of that start.
        instance: String,
    },
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

/// What keeps a workspace from coming up, or has ended it, as far as whoever runs it can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// One CamelCase word: `Unschedulable`, `ImageNotFound`, `OutOfMemory`.
    pub reason: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Whether it is to be waited for.
    pub outlook: Outlook,
}

/// What becomes of a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// It may pass by itself (a node is being added, a volume is being made): said, and waited for.
    MayPass,
    /// It does not pass; another start may do better (a node that was lost).
    Retry,
    /// It does not pass, and neither will the next start's: somebody has to change something.
    Final,
}

/// What runs workspaces. Each call may be repeated and has the same effect once.
#[async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// Starts `plan` as `instance`, after removing what may be left of an earlier one. Returns as soon as that
    /// is under way; where its door will be is the answer. None: that is not known yet, [`Runtime::look`] will tell.
    async fn start(&self, workspace: &Workspace, instance: &str, plan: &Plan) -> Result<Option<Door>, RuntimeError>;

    /// Looks.
    async fn look(&self, workspace: &Workspace) -> Result<Seen, RuntimeError>;

    /// Stops it in order, and returns when nothing of it runs any more: `grace` after asking, it is killed.
    async fn stop(&self, workspace: &Workspace, grace: Duration) -> Result<(), RuntimeError>;

    /// Deletes its files. It does not run.
    async fn erase(&self, workspace: &Workspace) -> Result<(), RuntimeError>;

    /// What keeps it from coming up, or has ended it. None: nothing that this runtime could know of.
    async fn trouble(&self, _workspace: &Workspace) -> Option<Trouble> {
        None
    }

    /// Waits until [`Runtime::look`] or [`Runtime::trouble`] may have another answer. A runtime that would not notice
    /// waits for ever.
    async fn changed(&self, _workspace: &Workspace) {
        std::future::pending().await
    }

    /// Whether what runs is another thing than a start would make by now: whether a restart is pending.
    async fn is_outdated(&self, _workspace: &Workspace, _plan: &Plan) -> bool {
        false
    }

    /// What people should know of a plan as this runtime runs it: parts that have no meaning here.
    async fn notes(&self, _workspace: &Workspace, _plan: &Plan) -> Vec<String> {
        Vec::new()
    }

    /// The last lines that the agent itself left, for when it ended without a word. None: there are none.
    async fn log_tail(&self, _workspace: &Workspace) -> Option<String> {
        None
    }

    /// The folder inside the workspace that projects are in.
    fn projects_root(&self, _workspace: &Workspace) -> PathBuf {
        "/projects".into()
    }
}
