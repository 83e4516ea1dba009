//! What a client has open.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use super::codec::malformed;
use super::listing::Listing;

/// How many a client may have open at once.
pub const MAX_OPEN: usize = 512;

/// Something open.
#[derive(Debug)]
pub enum Open {
    /// A file.
    File(File),
    /// A folder that is being listed.
    Folder(Listing),
}

/// Everything that is open.
#[derive(Debug, Default)]
pub struct Handles {
    open: HashMap<u32, Open>,
    last: u32,
}

impl Handles {
    /// Keeps something open; gives its handle.
    pub fn add(&mut self, open: Open) -> io::Result<[u8; 4]> {
        if self.open.len() >= MAX_OPEN {
            return Err(io::Error::from_raw_os_error(libc::EMFILE));
        }
        // Never one that is in use, even after four billion.
        loop {
            self.last = self.last.wrapping_add(1);
            if !self.open.contains_key(&self.last) {
                self.open.insert(self.last, open);
                return Ok(self.last.to_be_bytes());
            }
        }
    }

    /// The file of a handle.
    pub fn file(&self, handle: &[u8]) -> io::Result<&File> {
        match self.open.get(&number(handle)?) {
            Some(Open::File(file)) => Ok(file),
            _ => Err(io::Error::from_raw_os_error(libc::EBADF)),
        }
    }

    /// The folder of a handle.
    pub fn folder(&mut self, handle: &[u8]) -> io::Result<&mut Listing> {
        match self.open.get_mut(&number(handle)?) {
            Some(Open::Folder(listing)) => Ok(listing),
            _ => Err(io::Error::from_raw_os_error(libc::EBADF)),
        }
    }

    /// Closes a handle.
    pub fn close(&mut self, handle: &[u8]) -> io::Result<()> {
        self.open.remove(&number(handle)?).map(drop).ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF))
    }
}

fn number(handle: &[u8]) -> io::Result<u32> {
    Ok(u32::from_be_bytes(handle.try_into().map_err(|_| malformed())?))
}
