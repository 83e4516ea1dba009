//! Listing a folder.

use std::ffi::{OsStr, OsString};
use std::fs::{Metadata, ReadDir};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::names::{Names, or_number};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// How many names go into one reply.
const AT_ONCE: usize = 128;
/// Beyond this age the year matters more than the hour, as to `ls`.
const RECENT: SignedDuration = SignedDuration::from_hours(24 * 182);

/// A folder that is being listed.
#[derive(Debug)]
pub struct Listing {
    folder: PathBuf,
    dots: Vec<OsString>,
    entries: ReadDir,
}

/// One name.
#[derive(Debug)]
pub struct Entry {
    /// The name.
    pub name: OsString,
    /// What it is, as far as it can be known.
    pub metadata: Option<Metadata>,
}

impl Listing {
    /// Begins to list.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        let entries = std::fs::read_dir(&folder)?;
        Ok(Listing { folder, dots: vec!["..".into(), ".".into()], entries })
    }

    /// The next names; none at the end.
    pub fn next(&mut self) -> io::Result<Vec<Entry>> {
        let mut next = Vec::new();
        while next.len() < AT_ONCE {
            let name = match self.dots.pop() {
                Some(name) => name,
                None => match self.entries.next().transpose()? {
                    Some(entry) => entry.file_name(),
                    None => break,
                },
            };
            let metadata = self.folder.join(&name).symlink_metadata().ok();
            next.push(Entry { name, metadata });
        }
        Ok(next)
    }
}

/// The line that `ls -l` would print, which some clients show as it is.
pub fn long_name(name: &OsStr, metadata: Option<&Metadata>, names: &Names) -> Vec<u8> {
    let mut line = match metadata {
        Some(metadata) => format!(
            "{} {:>3} {:<8} {:<8} {:>8} {} ",
            mode(metadata.mode()),
            metadata.nlink(),
            or_number(names.user(metadata.uid()), metadata.uid()),
            or_number(names.group(metadata.gid()), metadata.gid()),
            metadata.size(),
            date(metadata.mtime(), Timestamp::now()),
        ),
        None => String::new(),
    }
    .into_bytes();
    line.extend_from_slice(name.as_bytes());
    line
}

fn date(seconds: i64, now: Timestamp) -> String {
    let at = Timestamp::from_second(seconds).unwrap_or_default();
    let recent = (now.duration_since(at)).abs() < RECENT;
    let format = if recent { "%b %e %H:%M" } else { "%b %e  %Y" };
    at.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

fn mode(mode: u32) -> String {
    let kind = match mode & libc::S_IFMT {
        libc::S_IFDIR => 'd',
        libc::S_IFLNK => 'l',
        libc::S_IFIFO => 'p',
        libc::S_IFSOCK => 's',
        libc::S_IFBLK => 'b',
        libc::S_IFCHR => 'c',
        _ => '-',
    };
    let mut text = String::from(kind);
    for (shift, special, marks) in [(6, 0o4000, ['s', 'S']), (3, 0o2000, ['s', 'S']), (0, 0o1000, ['t', 'T'])] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        let [both, alone] = marks;
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => both,
            (true, false) => alone,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// What a path is, for a reply that names it.
pub fn entry(path: &Path) -> Entry {
    Entry { name: path.as_os_str().to_owned(), metadata: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_dates_are_those_of_ls() {
        for (bits, expected) in
            [(0o100_644, "-rw-r--r--"), (0o41_777, "drwxrwxrwt"), (0o104_711, "-rws--x--x"), (0o120_777, "lrwxrwxrwx")]
        {
            assert_eq!(mode(bits), expected);
        }
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        assert_eq!(date(1_000_000_000 - 60, now), "Sep  9 01:45");
        assert_eq!(date(0, now), "Jan  1  1970");
    }
}
