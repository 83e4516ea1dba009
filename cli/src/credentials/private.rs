//! Files that hold secrets: read only when nobody else can read or replace them, written so that nobody ever could.

use std::fs::{self, DirBuilder, File};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::error::CliError;

/// More than any file of ours has.
const MAX_FILE: u64 = 1 << 20;

fn failed(what: &str, path: &Path, error: impl std::fmt::Display) -> CliError {
    CliError::Failed(format!("cannot {what} {}: {error}", path.display()))
}

/// Reads a file; None when there is none. One of another owner, or that others may read or write, is refused.
pub fn read(path: &Path) -> Result<Option<String>, CliError> {
    // Without O_NONBLOCK, a pipe in its place would hang us.
    let file = match File::options().read(true).custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits()).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path, error)),
    };
    // Of the open file, not of the path: nobody can exchange it between the look and the reading.
    let metadata = file.metadata().map_err(|error| failed("read", path, error))?;
    if !metadata.is_file() {
        return Err(failed("read", path, "it is not a file"));
    }
    if metadata.uid() != nix::unistd::geteuid().as_raw() {
        return Err(failed("trust", path, "it belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(failed("trust", path, format!("others may read or write it; run: chmod 600 '{}'", path.display())));
    }
    if metadata.len() > MAX_FILE {
        return Err(failed("read", path, "it is too large"));
    }
    let mut text = String::new();
    file.take(MAX_FILE).read_to_string(&mut text).map_err(|error| failed("read", path, error))?;
    Ok(Some(text))
}

/// Writes a file of mode 0600, whole or not at all, with its folder (0700) where that is missing.
pub fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let write = || {
        make_folder(folder)?;
        // A temporary file is 0600 from its first moment.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok::<_, std::io::Error>(())
    };
    write().map_err(|error| failed("write", path, error))
}

/// Makes a folder that only its owner can enter, with those above it.
pub fn make_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Removes a file, if it is there.
pub fn remove(path: &Path) -> Result<(), CliError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed("remove", path, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_written_is_private_and_what_is_not_private_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/secret");
        assert!(read(&path).unwrap().is_none());
        write(&path, "x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
        assert_eq!(read(&path).unwrap().unwrap(), "x");
        for mode in [0o640, 0o604, 0o620, 0o666, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(read(&path).unwrap_err().to_string().contains("chmod 600"), "{mode:o}");
        }
        assert!(read(folder.path()).unwrap_err().to_string().contains("not a file"));
    }
}
