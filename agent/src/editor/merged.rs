//! One folder that shows the editor's own extensions and ours.
//!
//! The editor takes one folder of extensions that come with it, and trusts those: they are there in every window and
//! cannot be removed by mistake, which an installed extension can. Ours joins them by a folder of links, made anew at
//! each start, so that neither the editor's installation nor the person's own extensions are touched.
//!
//! Ours is a folder of extensions, or one extension.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Makes the folder.
pub fn make(folder: &Path, theirs: &Path, ours: &Path) -> std::io::Result<PathBuf> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::create_dir_all(folder)?;
    // Ours first: a name that is taken is not theirs to give.
    if ours.join("package.json").is_file() {
        symlink(ours, folder.join(ours.file_name().unwrap_or("own".as_ref())))?;
    } else {
        link_all(ours, folder)?;
    }
    link_all(theirs, folder)?;
    Ok(folder.to_owned())
}

fn link_all(source: &Path, folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(source)? {
        let entry = entry?;
        match symlink(entry.path(), folder.join(entry.file_name())) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_there_and_a_second_time_too() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for folder in ["theirs/git", "theirs/both", "ours/both", "ours/activity"] {
            std::fs::create_dir_all(path(folder)).unwrap();
        }
        for _ in 0..2 {
            let folder = make(&path("merged"), &path("theirs"), &path("ours")).unwrap();
            assert!(folder.join("git").is_dir() && folder.join("activity").is_dir());
            assert_eq!(std::fs::read_link(folder.join("both")).unwrap(), path("ours/both"));
        }
        std::fs::write(path("ours/activity/package.json"), "{}").unwrap();
        let folder = make(&path("merged"), &path("theirs"), &path("ours/activity")).unwrap();
        assert_eq!(std::fs::read_link(folder.join("activity")).unwrap(), path("ours/activity"));
        assert!(folder.join("git").is_dir());
        assert!(path("theirs/git").is_dir(), "removing links must not remove what they lead to");
    }
}
