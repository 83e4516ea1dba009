//! Folders and files that are nobody else's.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Makes a folder of mode 0700. One that is there already must be a folder, no link, and this user's; it is tightened.
pub fn folder(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let metadata = path.symlink_metadata()?;
    if !metadata.is_dir() || metadata.uid() != nix::unistd::geteuid().as_raw() {
        let what = format!("{} is not a folder of this user's own; remove it", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    if metadata.mode() & 0o777 != 0o700 {
        std::fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Writes a file of mode 0600, whole or not at all.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    // A link that waits there would lead the content elsewhere.
    match std::fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    file.write_all(content)?;
    drop(file);
    std::fs::rename(&part, path)
}

/// Opens a log at its end. What is there and is no file is replaced: a workspace can put links there.
pub fn log(path: &Path) -> io::Result<File> {
    if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
        std::fs::remove_file(path)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        std::fs::create_dir(&target).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(super::folder(&link).is_err());
        super::folder(&target).unwrap();
        assert_eq!(target.metadata().unwrap().mode() & 0o777, 0o700);

        let (file, part) = (folder.path().join("a.json"), folder.path().join("a.part"));
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &part).unwrap();
        write(&file, b"secret").unwrap();
        assert!(!folder.path().join("elsewhere").exists());
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);

        let log = folder.path().join("agent.log");
        std::os::unix::fs::symlink(&file, &log).unwrap();
        super::log(&log).unwrap().write_all(b"x").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"secret");
    }
}
