//! The attributes of files.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use nix::fcntl::AtFlags;
use nix::sys::stat::{UtimensatFlags, futimens, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchownat};

use super::codec::{Input, Output, malformed};

const SIZE: u32 = 1;
const OWNER: u32 = 2;
const PERMISSIONS: u32 = 4;
const TIMES: u32 = 8;
const EXTENDED: u32 = 0x8000_0000;

/// Attributes, as far as a request gives them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attrs {
    size: Option<u64>,
    owner: Option<(u32, u32)>,
    permissions: Option<u32>,
    times: Option<(u32, u32)>,
}

impl Attrs {
    /// Reads them from a request.
    pub fn read(input: &mut Input<'_>) -> io::Result<Self> {
        let flags = input.u32()?;
        let mut attrs = Attrs::default();
        if flags & SIZE != 0 {
            attrs.size = Some(input.u64()?);
        }
        if flags & OWNER != 0 {
            attrs.owner = Some((input.u32()?, input.u32()?));
        }
        if flags & PERMISSIONS != 0 {
            attrs.permissions = Some(input.u32()?);
        }
        if flags & TIMES != 0 {
            attrs.times = Some((input.u32()?, input.u32()?));
        }
        if flags & EXTENDED != 0 {
            for _ in 0..input.u32()? {
                input.string()?;
                input.string()?;
            }
        }
        if flags & !(SIZE | OWNER | PERMISSIONS | TIMES | EXTENDED) != 0 {
            return Err(malformed());
        }
        Ok(attrs)
    }

    /// The mode to make something with.
    pub fn mode(&self, default: u32) -> u32 {
        self.permissions.unwrap_or(default) & 0o7777
    }

    /// Sets them on an open file. All are tried; the last failure is told.
    pub fn set_on_file(&self, file: &File) -> io::Result<()> {
        let mut outcome = Ok(());
        if let Some(size) = self.size {
            outcome = file.set_len(size);
        }
        if self.permissions.is_some() {
            outcome = file.set_permissions(Permissions::from_mode(self.mode(0))).and(outcome);
        }
        if let Some((accessed, modified)) = self.times {
            outcome = futimens(file, &time(accessed), &time(modified)).map_err(io::Error::from).and(outcome);
        }
        if let Some((user, group)) = self.owner {
            outcome = std::os::unix::fs::fchown(file, Some(user), Some(group)).and(outcome);
        }
        outcome
    }

    /// Sets them on what a path leads to, or on a link itself.
    pub fn set_on_path(&self, path: &Path, follow: bool) -> io::Result<()> {
        let mut outcome = Ok(());
        if let Some(size) = self.size {
            let length = i64::try_from(size).map_err(|_| malformed())?;
            outcome =
                if follow { nix::unistd::truncate(path, length).map_err(io::Error::from) } else { Err(malformed()) };
        }
        if self.permissions.is_some() {
            let mode = nix::sys::stat::Mode::from_bits_truncate(self.mode(0));
            let flag = if follow {
                nix::sys::stat::FchmodatFlags::FollowSymlink
            } else {
                nix::sys::stat::FchmodatFlags::NoFollowSymlink
            };
            let set = nix::sys::stat::fchmodat(nix::fcntl::AT_FDCWD, path, mode, flag);
            outcome = set.map_err(io::Error::from).and(outcome);
        }
        if let Some((accessed, modified)) = self.times {
            let flag = if follow { UtimensatFlags::FollowSymlink } else { UtimensatFlags::NoFollowSymlink };
            let set = utimensat(nix::fcntl::AT_FDCWD, path, &time(accessed), &time(modified), flag);
            outcome = set.map_err(io::Error::from).and(outcome);
        }
        if let Some((user, group)) = self.owner {
            let flags = if follow { AtFlags::empty() } else { AtFlags::AT_SYMLINK_NOFOLLOW };
            let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
            let set = fchownat(nix::fcntl::AT_FDCWD, path, Some(user), Some(group), flags);
            outcome = set.map_err(io::Error::from).and(outcome);
        }
        outcome
    }
}

fn time(seconds: u32) -> TimeSpec {
    TimeSpec::new(seconds.into(), 0)
}

/// Adds a file's attributes to a reply.
pub fn write(metadata: &Metadata, output: &mut Output) {
    output.u32(SIZE | OWNER | PERMISSIONS | TIMES);
    output.u64(metadata.size());
    output.u32(metadata.uid());
    output.u32(metadata.gid());
    output.u32(metadata.mode());
    // The protocol's times end in 2106.
    output.u32(u32::try_from(metadata.atime()).unwrap_or(0));
    output.u32(u32::try_from(metadata.mtime()).unwrap_or(0));
}

/// Adds no attributes to a reply.
pub fn write_none(output: &mut Output) {
    output.u32(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_read_and_set() {
        let mut request = Vec::new();
        request.extend(15u32.to_be_bytes());
        request.extend(3u64.to_be_bytes());
        for number in [nix::unistd::getuid().as_raw(), nix::unistd::getgid().as_raw(), 0o100_640, 1000, 2000] {
            request.extend(number.to_be_bytes());
        }
        let attrs = Attrs::read(&mut Input(&request)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "123456").unwrap();
        attrs.set_on_path(&path, true).unwrap();
        let metadata = path.metadata().unwrap();
        assert_eq!((metadata.len(), metadata.mode() & 0o7777, metadata.mtime()), (3, 0o640, 2000));
        assert!(Attrs::read(&mut Input(request.get(..10).unwrap())).is_err());
        assert!(Attrs::read(&mut Input(&[0, 0, 1, 0])).is_err());
    }
}
