//! Logs of workspaces that do not run, from where the runtime keeps them.

use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use async_trait::async_trait;

use dormer_core::workspace::Workspace;
use dormer_local::process::ProcessRuntime;

/// The most that is read of a log at once.
const MAX: u64 = 4 << 20;

/// The process runtime's log folders.
pub struct Logs(pub Arc<ProcessRuntime>);

#[async_trait]
impl dormer_web::logs::Logs for Logs {
    async fn read(&self, workspace: &Workspace, name: &str, tail: Option<u64>) -> std::io::Result<Option<Vec<u8>>> {
        // The web part lets only plain names through; a path made of one stays in the folder.
        let path = self.0.logs(workspace).join(format!("{name}.log"));
        tokio::task::spawn_blocking(move || read(&path, tail.unwrap_or(MAX).min(MAX))).await?
    }
}

fn read(path: &std::path::Path, tail: u64) -> std::io::Result<Option<Vec<u8>>> {
    // The folder is the workspace's: a link in it could lead to any file that the gateway may read.
    let opened = std::fs::File::options().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let about = file.metadata()?;
    if !about.is_file() {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(about.len().saturating_sub(tail)))?;
    let mut bytes = Vec::new();
    file.take(tail).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_and_never_what_a_link_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("clone.log");
        std::fs::write(&log, "one\ntwo\n").unwrap();
        assert_eq!(read(&log, 4).unwrap().unwrap(), b"two\n");
        assert_eq!(read(&folder.path().join("none.log"), 4).unwrap(), None);
        let link = folder.path().join("link.log");
        std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
        assert!(read(&link, 4).is_err());
    }
}
