//! A session: requests in, replies out, in order.

use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::attrs::{self, Attrs};
use super::codec::{Input, MAX_PACKET, Output, malformed};
use super::extended;
use super::files;
use super::handles::{Handles, Open};
use super::listing::{Entry, Listing, entry, long_name};
use super::names::Names;
use super::paths::Paths;

const VERSION: u8 = 2;
const STATUS: u8 = 101;
const HANDLE: u8 = 102;
const DATA: u8 = 103;
const NAME: u8 = 104;
const ATTRS: u8 = 105;
/// The kind of a reply to an extension.
pub const EXTENDED_REPLY: u8 = 201;

const OK: u32 = 0;
const EOF: u32 = 1;
const NO_SUCH_FILE: u32 = 2;
const PERMISSION_DENIED: u32 = 3;
const FAILURE: u32 = 4;
const BAD_MESSAGE: u32 = 5;
const UNSUPPORTED: u32 = 8;

/// An answer.
#[derive(Debug)]
pub enum Reply {
    /// It was done.
    Done,
    /// There is no more.
    End,
    /// What was asked for is not known.
    Unknown,
    /// Something was opened.
    Handle([u8; 4]),
    /// What was read.
    Data(Vec<u8>),
    /// Names.
    Names(Vec<Entry>),
    /// A path.
    Path(PathBuf),
    /// What a file is.
    Attrs(std::fs::Metadata),
    /// Anything else.
    Packet(Output),
}

/// Serves until the client closes.
pub fn run(socket: &UnixStream, paths: Paths) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(64 * 1024, socket);
    let mut writer = BufWriter::with_capacity(64 * 1024, socket);
    let mut session = Session { paths, handles: Handles::default(), names: Names::read() };
    let mut packet = Vec::new();
    loop {
        if reader.buffer().is_empty() {
            writer.flush()?;
            if reader.fill_buf()?.is_empty() {
                return Ok(());
            }
        }
        let mut length = [0u8; 4];
        reader.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        // There is no way back into step with a client that says otherwise.
        if length == 0 || length > MAX_PACKET {
            return Err(malformed());
        }
        packet.resize(length, 0);
        reader.read_exact(&mut packet)?;
        writer.write_all(&session.answer(&packet)?)?;
    }
}

struct Session {
    paths: Paths,
    handles: Handles,
    names: Names,
}

impl Session {
    /// The reply to a request. An error ends the session.
    fn answer(&mut self, packet: &[u8]) -> io::Result<Vec<u8>> {
        let mut input = Input(packet);
        let kind = input.u8()?;
        if kind == 1 {
            return Ok(hello());
        }
        let id = input.u32()?;
        let reply = self.carry_out(kind, id, input);
        Ok(encode(id, reply, &self.names).finish())
    }

    fn path(&self, input: &mut Input<'_>) -> io::Result<PathBuf> {
        Ok(self.paths.resolve(input.path()?))
    }

    fn carry_out(&mut self, kind: u8, id: u32, mut input: Input<'_>) -> io::Result<Reply> {
        let input = &mut input;
        match kind {
            3 => {
                let path = self.path(input)?;
                let (flags, attrs) = (input.u32()?, Attrs::read(input)?);
                let file = files::open(&path, flags, &attrs)?;
                return Ok(Reply::Handle(self.handles.add(Open::File(file))?));
            }
            4 => self.handles.close(input.string()?)?,
            5 => {
                let file = self.handles.file(input.string()?)?;
                let data = files::read(file, input.u64()?, input.u32()?)?;
                return Ok(if data.is_empty() { Reply::End } else { Reply::Data(data) });
            }
            6 => {
                let file = self.handles.file(input.string()?)?;
                let offset = input.u64()?;
                file.write_all_at(input.string()?, offset)?;
            }
            7 => return Ok(Reply::Attrs(self.path(input)?.symlink_metadata()?)),
            8 => return Ok(Reply::Attrs(self.handles.file(input.string()?)?.metadata()?)),
            9 => {
                let path = self.path(input)?;
                Attrs::read(input)?.set_on_path(&path, true)?;
            }
            10 => {
                let file = self.handles.file(input.string()?)?;
                Attrs::read(input)?.set_on_file(file)?;
            }
            11 => {
                let listing = Listing::open(self.path(input)?)?;
                return Ok(Reply::Handle(self.handles.add(Open::Folder(listing))?));
            }
            12 => {
                let names = self.handles.folder(input.string()?)?.next()?;
                return Ok(if names.is_empty() { Reply::End } else { Reply::Names(names) });
            }
            13 => std::fs::remove_file(self.path(input)?)?,
            14 => {
                let path = self.path(input)?;
                std::fs::DirBuilder::new().mode(Attrs::read(input)?.mode(0o777)).create(path)?;
            }
            15 => std::fs::remove_dir(self.path(input)?)?,
            16 => return Ok(Reply::Path(self.paths.real(input.path()?))),
            17 => return Ok(Reply::Attrs(self.path(input)?.metadata()?)),
            18 => files::rename(&self.path(input)?, &self.path(input)?)?,
            19 => return Ok(Reply::Path(std::fs::read_link(self.path(input)?)?)),
            20 => {
                // The draft has it the other way round; all the world does as OpenSSH.
                let target = input.path()?;
                std::os::unix::fs::symlink(target, self.path(input)?)?;
            }
            200 => {
                let known = extended::answer(id, *input, &self.paths, &self.handles, &self.names)?;
                return Ok(known.unwrap_or(Reply::Unknown));
            }
            _ => return Ok(Reply::Unknown),
        }
        Ok(Reply::Done)
    }
}

/// The first reply, which says what we can do.
fn hello() -> Vec<u8> {
    // Where other replies carry the request's number, this has the version.
    let mut output = Output::new(VERSION, 3);
    for (name, version) in extended::OFFERED {
        output.string(name.as_bytes());
        output.string(version.as_bytes());
    }
    output.finish()
}

fn encode(id: u32, reply: io::Result<Reply>, known: &Names) -> Output {
    match reply {
        Ok(Reply::Done) => status(id, OK, "Success"),
        Ok(Reply::End) => status(id, EOF, "End of file"),
        Ok(Reply::Unknown) => status(id, UNSUPPORTED, "Operation unsupported"),
        Ok(Reply::Handle(handle)) => {
            let mut output = Output::new(HANDLE, id);
            output.string(&handle);
            output
        }
        Ok(Reply::Data(data)) => {
            let mut output = Output::new(DATA, id);
            output.string(&data);
            output
        }
        Ok(Reply::Path(path)) => names(id, &[entry(&path)], known),
        Ok(Reply::Names(entries)) => names(id, &entries, known),
        Ok(Reply::Attrs(metadata)) => {
            let mut output = Output::new(ATTRS, id);
            attrs::write(&metadata, &mut output);
            output
        }
        Ok(Reply::Packet(output)) => output,
        Err(error) => status(id, code(&error), &error.to_string()),
    }
}

/// Which kind of failure it is, as OpenSSH's server tells them apart.
fn code(error: &io::Error) -> u32 {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENOTDIR | libc::EBADF | libc::ELOOP) => NO_SUCH_FILE,
        Some(libc::EPERM | libc::EACCES | libc::EFAULT) => PERMISSION_DENIED,
        Some(libc::ENAMETOOLONG | libc::EINVAL) => BAD_MESSAGE,
        Some(libc::ENOSYS) => UNSUPPORTED,
        None if error.kind() == io::ErrorKind::InvalidData => BAD_MESSAGE,
        _ => FAILURE,
    }
}

fn status(id: u32, code: u32, message: &str) -> Output {
    let mut output = Output::new(STATUS, id);
    output.u32(code);
    output.string(message.as_bytes());
    output.string(b"en");
    output
}

fn names(id: u32, entries: &[Entry], known: &Names) -> Output {
    let mut output = Output::new(NAME, id);
    output.u32(entries.len() as u32);
    for Entry { name, metadata } in entries {
        output.string(name.as_bytes());
        output.string(&long_name(name, metadata.as_ref(), known));
        match metadata {
            Some(metadata) => attrs::write(metadata, &mut output),
            None => attrs::write_none(&mut output),
        }
    }
    output
}
