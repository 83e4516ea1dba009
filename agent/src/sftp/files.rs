//! What requests do to files.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use nix::fcntl::{AT_FDCWD, OFlag, RenameFlags, renameat2};
use nix::sys::stat::Mode;

use super::attrs::Attrs;
use super::codec::MAX_PACKET;

/// The most that one request reads or writes: what fits a packet with something to spare.
pub const MAX_DATA: usize = MAX_PACKET - 1024;

const READ: u32 = 1;
const WRITE: u32 = 2;
const APPEND: u32 = 4;
const CREATE: u32 = 8;
const TRUNCATE: u32 = 16;
const EXCLUSIVE: u32 = 32;

/// Opens a file.
pub fn open(path: &Path, flags: u32, attrs: &Attrs) -> io::Result<File> {
    let mut how = match (flags & READ != 0, flags & WRITE != 0) {
        (true, true) => OFlag::O_RDWR,
        (false, true) => OFlag::O_WRONLY,
        _ => OFlag::O_RDONLY,
    };
    for (flag, adds) in
        [(APPEND, OFlag::O_APPEND), (CREATE, OFlag::O_CREAT), (TRUNCATE, OFlag::O_TRUNC), (EXCLUSIVE, OFlag::O_EXCL)]
    {
        if flags & flag != 0 {
            how |= adds;
        }
    }
    how |= OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    Ok(nix::fcntl::open(path, how, Mode::from_bits_truncate(attrs.mode(0o666)))?.into())
}

/// Reads as much as is there, up to `length`; nothing at the end.
pub fn read(file: &File, offset: u64, length: u32) -> io::Result<Vec<u8>> {
    let mut data = vec![0u8; (length as usize).min(MAX_DATA)];
    let mut have = 0;
    while let Some(rest) = data.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(have as u64)) {
            Ok(0) => break,
            Ok(n) => have += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A pipe or a device has no place to read at.
            Err(error) => return Err(error),
        }
    }
    data.truncate(have);
    Ok(data)
}

/// Renames, and never onto something that is there.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
        // A file system, or a kernel, that cannot refuse by itself.
        Err(nix::errno::Errno::EINVAL | nix::errno::Errno::ENOSYS) if to.symlink_metadata().is_err() => {
            std::fs::rename(from, to)
        }
        other => Ok(other?),
    }
}

/// Copies a part of one file into another; all that follows where `length` is 0.
pub fn copy(from: &File, mut read_at: u64, length: u64, to: &File, mut write_at: u64) -> io::Result<()> {
    let mut left = if length == 0 { u64::MAX } else { length };
    while left > 0 {
        let data = read(from, read_at, u32::try_from(left).unwrap_or(u32::MAX))?;
        if data.is_empty() {
            // An announced length that is not there is an error.
            return if length == 0 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        to.write_all_at(&data, write_at)?;
        let n = data.len() as u64;
        (read_at, write_at, left) = (read_at + n, write_at + n, left.saturating_sub(n));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_rename_never_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a"), "a").unwrap();
        std::fs::write(path("b"), "b").unwrap();
        assert!(rename(&path("a"), &path("b")).is_err());
        rename(&path("a"), &path("c")).unwrap();
        assert_eq!(std::fs::read_to_string(path("c")).unwrap(), "a");
    }

    #[test]
    fn parts_are_copied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "0123456789").unwrap();
        let from = File::open(&path).unwrap();
        let to = open(&folder.path().join("b"), WRITE | READ | CREATE, &Attrs::default()).unwrap();
        copy(&from, 2, 3, &to, 0).unwrap();
        copy(&from, 8, 0, &to, 3).unwrap();
        assert_eq!(read(&to, 0, 100).unwrap(), b"23489");
        assert!(copy(&from, 0, 100, &to, 0).is_err());
    }
}
