//! The frames of a session with a process: an octet of kind, a 32-bit big-endian length, the payload.
//!
//! Standard streams, window size, signals and the exit travel on one connection and in order, so that an exit status
//! can never overtake the last octet of output. Back-pressure is the connection's own.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

/// The longest payload of a frame, in octets.
pub const MAX_PAYLOAD: usize = 64 * 1024;
/// Octets in front of each payload.
pub const HEADER: usize = 5;

/// The size of a terminal (RFC 4254, section 6.7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSize {
    /// Width in characters.
    pub columns: u16,
    /// Height in characters.
    pub rows: u16,
    /// Width in pixels; 0 where unknown.
    #[serde(default)]
    pub width: u16,
    /// Height in pixels; 0 where unknown.
    #[serde(default)]
    pub height: u16,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// To the process: octets of standard input.
    Stdin(Bytes),
    /// To the process: standard input has ended.
    StdinEnd,
    /// To the process: the terminal has another size.
    Resize(WindowSize),
    /// To the process: a signal by its name without `SIG` (RFC 4254, section 6.10).
    Signal(String),
    /// To the process: a break on the terminal (RFC 4335).
    Break,
    /// From the process: octets of standard output, or of the terminal.
    Stdout(Bytes),
    /// From the process: octets of standard error.
    Stderr(Bytes),
    /// From the process: both outputs have ended; only the exit follows.
    OutputEnd,
    /// From the process: it has ended by itself. The last frame.
    Exit(u32),
    /// From the process: it was ended by a signal, named without `SIG`. The last frame.
    ExitSignal {
        /// The signal's name without `SIG`.
        signal: String,
        /// Whether a core was dumped.
        core_dumped: bool,
    },
}

/// A frame that cannot be understood. The connection is of no use after it.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// An unknown kind.
    #[error("a frame of unknown kind {0}")]
    Kind(u8),
    /// More than [`MAX_PAYLOAD`] octets.
    #[error("a frame of {0} octets is longer than the {MAX_PAYLOAD} allowed")]
    TooLong(usize),
    /// The payload is not what its kind asks for.
    #[error("a frame of kind {0} with a payload that makes no sense")]
    Payload(u8),
}

impl Frame {
    /// Appends this frame's encoding. A payload longer than [`MAX_PAYLOAD`] becomes several frames where it is a
    /// stream's, and is cut where it is a name.
    pub fn encode(&self, out: &mut BytesMut) {
        match self {
            Frame::Stdin(data) => put_stream(out, 0, data),
            Frame::StdinEnd => put(out, 1, &[]),
            Frame::Resize(size) => {
                out.put_u8(2);
                out.put_u32(8);
                for value in [size.columns, size.rows, size.width, size.height] {
                    out.put_u16(value);
                }
            }
            Frame::Signal(name) => put(out, 3, name.as_bytes()),
            Frame::Break => put(out, 4, &[]),
            Frame::Stdout(data) => put_stream(out, 16, data),
            Frame::Stderr(data) => put_stream(out, 17, data),
            Frame::OutputEnd => put(out, 18, &[]),
            Frame::Exit(status) => put(out, 19, &status.to_be_bytes()),
            Frame::ExitSignal { signal, core_dumped } => {
                let mut payload = vec![u8::from(*core_dumped)];
                payload.extend_from_slice(signal.as_bytes());
                put(out, 20, &payload);
            }
        }
    }

    /// Takes the next whole frame off `buffer`. `Ok(None)`: more octets are needed.
    pub fn decode(buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        let mut head = buffer.as_ref();
        if head.len() < HEADER {
            return Ok(None);
        }
        let kind = head.get_u8();
        let length = head.get_u32() as usize;
        if length > MAX_PAYLOAD {
            return Err(FrameError::TooLong(length));
        }
        if buffer.len() < HEADER + length {
            return Ok(None);
        }
        buffer.advance(HEADER);
        let mut payload = buffer.split_to(length).freeze();
        let text = |payload: &[u8]| String::from_utf8(payload.to_vec()).map_err(|_| FrameError::Payload(kind));
        let frame = match kind {
            0 => Frame::Stdin(payload),
            1 => Frame::StdinEnd,
            2 if length == 8 => Frame::Resize(WindowSize {
                columns: payload.get_u16(),
                rows: payload.get_u16(),
                width: payload.get_u16(),
                height: payload.get_u16(),
            }),
            3 => Frame::Signal(text(&payload)?),
            4 => Frame::Break,
            16 => Frame::Stdout(payload),
            17 => Frame::Stderr(payload),
            18 => Frame::OutputEnd,
            19 if length == 4 => Frame::Exit(payload.get_u32()),
            20 if length > 0 => {
                let core_dumped = payload.get_u8() != 0;
                Frame::ExitSignal { signal: text(&payload)?, core_dumped }
            }
            2 | 19 | 20 => return Err(FrameError::Payload(kind)),
            other => return Err(FrameError::Kind(other)),
        };
        Ok(Some(frame))
    }
}

fn put(out: &mut BytesMut, kind: u8, payload: &[u8]) {
    let payload = payload.get(..MAX_PAYLOAD).unwrap_or(payload);
    out.put_u8(kind);
    // At most MAX_PAYLOAD, so the cast keeps its value.
    out.put_u32(payload.len() as u32);
    out.put_slice(payload);
}

fn put_stream(out: &mut BytesMut, kind: u8, data: &[u8]) {
    for chunk in data.chunks(MAX_PAYLOAD) {
        put(out, kind, chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_survives_the_way() {
        let size = WindowSize { columns: 80, rows: 24, width: 1, height: 2 };
        let frames = vec![
            Frame::Stdin(Bytes::from_static(b"in")),
            Frame::StdinEnd,
            Frame::Resize(size),
            Frame::Signal("INT".into()),
            Frame::Break,
            Frame::Stdout(Bytes::from_static(b"out")),
            Frame::Stderr(Bytes::from_static(b"err")),
            Frame::OutputEnd,
            Frame::Exit(u32::MAX),
            Frame::ExitSignal { signal: "KILL".into(), core_dumped: true },
        ];
        let mut wire = BytesMut::new();
        frames.iter().for_each(|frame| frame.encode(&mut wire));
        // One octet at a time: a partial frame is never misread.
        let mut buffer = BytesMut::new();
        let mut got = Vec::new();
        for octet in wire {
            buffer.put_u8(octet);
            got.extend(Frame::decode(&mut buffer).unwrap());
        }
        assert_eq!(got, frames);
    }

    #[test]
    fn a_long_stream_is_split_and_nonsense_is_refused() {
        let mut wire = BytesMut::new();
        Frame::Stdout(Bytes::from(vec![7; MAX_PAYLOAD + 1])).encode(&mut wire);
        assert!(matches!(Frame::decode(&mut wire), Ok(Some(Frame::Stdout(data))) if data.len() == MAX_PAYLOAD));
        assert!(matches!(Frame::decode(&mut wire), Ok(Some(Frame::Stdout(data))) if data.len() == 1));
        for bad in [&[99, 0, 0, 0, 0][..], &[0, 0xff, 0, 0, 0], &[19, 0, 0, 0, 1, 1], &[3, 0, 0, 0, 1, 0xff]] {
            assert!(Frame::decode(&mut BytesMut::from(bad)).is_err(), "{bad:?}");
        }
    }
}
