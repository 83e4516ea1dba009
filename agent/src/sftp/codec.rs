//! The octets of requests and replies.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The longest packet, as OpenSSH's.
pub const MAX_PACKET: usize = 256 * 1024;

/// A request that is not what its kind asks for.
pub fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "malformed request")
}

/// What is still to be read of a request.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, n: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| malformed())
    }

    /// An octet.
    pub fn u8(&mut self) -> io::Result<u8> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    /// A number of 32 bits.
    pub fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// A number of 64 bits.
    pub fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// A string of octets.
    pub fn string(&mut self) -> io::Result<&'a [u8]> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    /// A path.
    pub fn path(&mut self) -> io::Result<&'a Path> {
        let octets = self.string()?;
        if octets.contains(&0) { Err(malformed()) } else { Ok(Path::new(OsStr::from_bytes(octets))) }
    }
}

/// A reply in the making.
#[derive(Debug)]
pub struct Output(Vec<u8>);

impl Output {
    /// A reply of a kind to a request. Its length is filled in by [`Output::finish`].
    pub fn new(kind: u8, id: u32) -> Self {
        let mut output = Output(vec![0, 0, 0, 0, kind]);
        output.u32(id);
        output
    }

    /// Adds a number of 32 bits.
    pub fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    /// Adds a number of 64 bits.
    pub fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    /// Adds a string of octets.
    pub fn string(&mut self, octets: &[u8]) {
        // Nothing here is nearly as long as 4 GiB.
        self.u32(octets.len() as u32);
        self.0.extend_from_slice(octets);
    }

    /// The whole packet.
    pub fn finish(mut self) -> Vec<u8> {
        let length = (self.0.len() - 4) as u32;
        if let Some(head) = self.0.get_mut(..4) {
            head.copy_from_slice(&length.to_be_bytes());
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_lying_input_is_an_error() {
        assert!(Input(&[0, 0, 0]).u32().is_err());
        assert!(Input(&[0xff, 0xff, 0xff, 0xff, 1]).string().is_err());
        assert!(Input(&[0, 0, 0, 3, b'a', 0, b'b']).path().is_err());
        let mut input = Input(&[0, 0, 0, 1, 0xe4, 7]);
        assert_eq!((input.string().unwrap(), input.u8().unwrap()), (&[0xe4][..], 7));
    }

    #[test]
    fn a_reply_carries_its_length() {
        let mut output = Output::new(101, 7);
        output.string(b"ab");
        assert_eq!(output.finish(), [0, 0, 0, 11, 101, 0, 0, 0, 7, 0, 0, 0, 2, b'a', b'b']);
    }
}
