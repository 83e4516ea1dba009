//! Logs of workspaces that do not run: there is nobody behind their door to ask.

use async_trait::async_trait;

use dormer_core::workspace::Workspace;

/// Reads logs that a runtime kept.
#[async_trait]
pub trait Logs: Send + Sync + 'static {
    /// The log `name` of a workspace, at most its last `tail` octets. None: there is no such log.
    async fn read(&self, workspace: &Workspace, name: &str, tail: Option<u64>) -> std::io::Result<Option<Vec<u8>>>;
}

/// Nothing but the last lines that the record itself keeps of a failure.
pub struct RecordedTail;

#[async_trait]
impl Logs for RecordedTail {
    async fn read(&self, workspace: &Workspace, _: &str, _: Option<u64>) -> std::io::Result<Option<Vec<u8>>> {
        Ok(workspace.status.log_tail.clone().map(String::into_bytes))
    }
}

/// Whether a text is the name of a log: a command's id or a step's. Such a name becomes part of a path.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}
