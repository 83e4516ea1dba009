//! Deleting a workspace's files.

use std::io;
use std::path::Path;

/// Removes a folder with everything in it. Links in it are removed, never followed.
pub fn folder(path: &Path) -> io::Result<()> {
    match remove(path) {
        // Tools make folders that may not be written (Go's module cache): whoever owns them may still remove them.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            unlock(path)?;
            remove(path)
        }
        outcome => outcome,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Gives us the right to list and change `path` and every folder below it.
fn unlock(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        // Nothing of the workspace runs any more that could put a link in its place between these two lines.
        if !folder.symlink_metadata()?.is_dir() {
            continue;
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn everything_inside_and_nothing_outside() {
        let outer = tempfile::tempdir().unwrap();
        let (inside, outside) = (outer.path().join("inside"), outer.path().join("outside"));
        std::fs::create_dir_all(inside.join("a/b")).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("kept"), "x").unwrap();
        std::fs::write(inside.join("a/b/file"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("a/link")).unwrap();
        for path in ["a/b", "a"] {
            std::fs::set_permissions(inside.join(path), std::fs::Permissions::from_mode(0o555)).unwrap();
        }
        unlock(&inside).unwrap();
        assert_eq!(outside.metadata().unwrap().permissions().mode() & 0o777, outer_mode(&outside));
        folder(&inside).unwrap();
        folder(&inside).unwrap();
        assert!(!inside.exists() && outside.join("kept").exists());
    }

    fn outer_mode(path: &Path) -> u32 {
        // Made with the usual mask: anything but the 0700 that unlocking gives.
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        assert_ne!(mode, 0o700);
        mode
    }
}
