//! Length-prefixed JSON: a 32-bit big-endian length in octets, then that many octets of JSON.
//!
//! A prefix rather than a line end, because what follows a message belongs to somebody else: the reader must be able
//! to stop exactly at its end without a buffer that has to be handed on.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest message that is read or written, in octets. An SSH `exec` request carries a whole command line, and
/// clients send up to 256 KiB of it (russh's packet limit); a report carries at most a log's tail.
pub const MAX_MESSAGE: usize = 512 * 1024;

/// Why a message could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The stream ended before a whole message had come.
    #[error("the stream ended in the middle of a message")]
    Ended,
    /// The peer announced, or the caller gave, more than [`MAX_MESSAGE`] octets.
    #[error("a message of {0} octets is longer than the {MAX_MESSAGE} allowed")]
    TooLong(usize),
    /// The octets are not JSON of the expected shape.
    #[error("a message that cannot be understood: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Reads one message. `Ok(None)` when the stream ended cleanly before its first octet.
pub async fn read<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<T>, MessageError> {
    let mut prefix = [0u8; 4];
    let mut have = 0;
    while let Some(rest) = prefix.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest).await? {
            0 if have == 0 => return Ok(None),
            0 => return Err(MessageError::Ended),
            n => have += n,
        }
    }
    let length = u32::from_be_bytes(prefix) as usize;
    if length > MAX_MESSAGE {
        return Err(MessageError::TooLong(length));
    }
    let mut body = vec![0u8; length];
    stream.read_exact(&mut body).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => MessageError::Ended,
        _ => MessageError::Io(error),
    })?;
    Ok(Some(serde_json::from_slice(&body)?))
}

/// Encodes one message, prefix and all.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, MessageError> {
    let mut out = vec![0u8; 4];
    serde_json::to_writer(&mut out, value)?;
    let length = out.len() - 4;
    let prefix = u32::try_from(length).ok().filter(|_| length <= MAX_MESSAGE).ok_or(MessageError::TooLong(length))?;
    if let Some(head) = out.get_mut(..4) {
        head.copy_from_slice(&prefix.to_be_bytes());
    }
    Ok(out)
}

/// Writes one message and flushes.
pub async fn write<T: Serialize>(stream: &mut (impl AsyncWrite + Unpin), value: &T) -> Result<(), MessageError> {
    stream.write_all(&encode(value)?).await?;
    stream.flush().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_and_nothing_behind_it() {
        let mut bytes = encode(&serde_json::json!({"want": "status"})).unwrap();
        bytes.extend_from_slice(b"rest");
        let mut stream = bytes.as_slice();
        let value: serde_json::Value = read(&mut stream).await.unwrap().unwrap();
        assert_eq!(value["want"], "status");
        assert_eq!(stream, b"rest");
    }

    #[tokio::test]
    async fn a_clean_end_is_none_and_a_broken_one_an_error() {
        assert!(read::<u8>(&mut &b""[..]).await.unwrap().is_none());
        assert!(matches!(read::<u8>(&mut &b"\0\0"[..]).await, Err(MessageError::Ended)));
        assert!(matches!(read::<u8>(&mut &b"\0\0\0\x021"[..]).await, Err(MessageError::Ended)));
        assert!(matches!(read::<u8>(&mut &b"\xff\0\0\0"[..]).await, Err(MessageError::TooLong(_))));
    }
}
