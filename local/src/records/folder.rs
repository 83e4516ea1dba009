//! The data folder: nobody else's, and used by one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::database::OpenError;

/// The data folder is ours for as long as this lives.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "the lock is held by the open file")] File);

/// Makes the folder where there is none, closes it to others, and locks it.
pub fn claim(data: &Path) -> Result<Lock, OpenError> {
    let folder = |source| OpenError::Folder { path: data.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(folder)?;
    let metadata = data.metadata().map_err(folder)?;
    if metadata.uid() != nix::unistd::geteuid().as_raw() {
        return Err(OpenError::NotOurs { path: data.to_owned() });
    }
    if metadata.mode() & 0o077 != 0 {
        std::fs::set_permissions(data, Permissions::from_mode(0o700)).map_err(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(data.join("lock")).map_err(folder)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The number is a help for people; without it the message still says what to do.
            let _ = file.take(20).read_to_string(&mut holder);
            return Err(OpenError::InUse { path: data.to_owned(), holder: holder.trim().parse().ok() });
        }
        Err(TryLockError::Error(source)) => return Err(folder(source)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(folder)?;
    Ok(Lock(file))
}
