//! OpenSSH's extensions.

use std::io;
use std::path::Path;

use nix::sys::statvfs::{Statvfs, fstatvfs, statvfs};

use super::attrs::Attrs;
use super::codec::{Input, MAX_PACKET, Output, malformed};
use super::files::{self, MAX_DATA};
use super::handles::{Handles, MAX_OPEN};
use super::names::Names;
use super::paths::Paths;
use super::session::{EXTENDED_REPLY, Reply};

/// The extensions, with their versions.
pub const OFFERED: [(&str, &str); 11] = [
    ("posix-rename@openssh.com", "1"),
    ("statvfs@openssh.com", "2"),
    ("fstatvfs@openssh.com", "2"),
    ("hardlink@openssh.com", "1"),
    ("fsync@openssh.com", "1"),
    ("lsetstat@openssh.com", "1"),
    ("limits@openssh.com", "1"),
    ("expand-path@openssh.com", "1"),
    ("copy-data", "1"),
    ("home-directory", "1"),
    ("users-groups-by-id@openssh.com", "1"),
];

/// Answers a request for an extension. None: it is not known.
pub fn answer(
    id: u32,
    mut input: Input<'_>,
    paths: &Paths,
    handles: &Handles,
    names: &Names,
) -> io::Result<Option<Reply>> {
    let name = input.string()?;
    let path = |input: &mut Input<'_>| -> io::Result<_> { Ok(paths.resolve(input.path()?)) };
    Ok(Some(match name {
        b"posix-rename@openssh.com" => {
            std::fs::rename(path(&mut input)?, path(&mut input)?)?;
            Reply::Done
        }
        b"hardlink@openssh.com" => {
            std::fs::hard_link(path(&mut input)?, path(&mut input)?)?;
            Reply::Done
        }
        b"statvfs@openssh.com" => Reply::Packet(space(id, &statvfs(&path(&mut input)?)?)),
        b"fstatvfs@openssh.com" => Reply::Packet(space(id, &fstatvfs(handles.file(input.string()?)?)?)),
        b"fsync@openssh.com" => {
            handles.file(input.string()?)?.sync_all()?;
            Reply::Done
        }
        b"lsetstat@openssh.com" => {
            let path = path(&mut input)?;
            Attrs::read(&mut input)?.set_on_path(&path, false)?;
            Reply::Done
        }
        b"limits@openssh.com" => {
            let mut output = Output::new(EXTENDED_REPLY, id);
            for limit in [MAX_PACKET, MAX_DATA, MAX_DATA, MAX_OPEN] {
                output.u64(limit as u64);
            }
            Reply::Packet(output)
        }
        b"expand-path@openssh.com" => {
            let wanted = input.path()?;
            let expanded = paths.expand(wanted).ok_or_else(|| io::Error::from_raw_os_error(libc::ENOENT))?;
            Reply::Path(paths.real(&expanded))
        }
        b"copy-data" => {
            let from = input.string()?;
            let (read_at, length) = (input.u64()?, input.u64()?);
            let (to, write_at) = (input.string()?, input.u64()?);
            if from == to {
                return Err(malformed());
            }
            files::copy(handles.file(from)?, read_at, length, handles.file(to)?, write_at)?;
            Reply::Done
        }
        b"home-directory" => Reply::Path(Path::new(paths.home()).to_owned()),
        b"users-groups-by-id@openssh.com" => {
            let (users, groups) = (input.string()?, input.string()?);
            let mut output = Output::new(EXTENDED_REPLY, id);
            output.string(&packed(users, |id| names.user(id))?);
            output.string(&packed(groups, |id| names.group(id))?);
            Reply::Packet(output)
        }
        _ => return Ok(None),
    }))
}

/// Names for packed numbers, packed in their turn; an empty one for a number that has none.
fn packed<'a>(numbers: &[u8], name: impl Fn(u32) -> Option<&'a str>) -> io::Result<Vec<u8>> {
    let (mut input, mut names) = (Input(numbers), Vec::new());
    while !input.0.is_empty() {
        let name = name(input.u32()?).unwrap_or_default();
        names.extend_from_slice(&(name.len() as u32).to_be_bytes());
        names.extend_from_slice(name.as_bytes());
        if names.len() > MAX_DATA {
            return Err(malformed());
        }
    }
    Ok(names)
}

/// The reply to `statvfs`.
fn space(id: u32, found: &Statvfs) -> Output {
    let mut output = Output::new(EXTENDED_REPLY, id);
    let numbers = [
        found.block_size(),
        found.fragment_size(),
        found.blocks(),
        found.blocks_free(),
        found.blocks_available(),
        found.files(),
        found.files_free(),
        found.files_available(),
        found.filesystem_id(),
        // 1: read-only, 2: no set-uid, of which the kernel's numbers are the same.
        found.flags().bits() & 3,
        found.name_max(),
    ];
    for number in numbers {
        output.u64(number);
    }
    output
}
