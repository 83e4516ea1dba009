//! Handing a connection over: a message on a Unix socket with a descriptor attached to it (`SCM_RIGHTS`, `unix(7)`).
//!
//! Where gateway and agent share a machine, the agent connects to what was asked for, as only it may, and then gives
//! the gateway the connection itself: bytes need not go through a third process.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::Interest;
use tokio::net::UnixStream;

use crate::message::{MAX_MESSAGE, MessageError, encode};

/// Sends a message with a descriptor, which stays open here.
pub async fn send<T: Serialize>(stream: &UnixStream, value: &T, fd: BorrowedFd<'_>) -> Result<(), MessageError> {
    let bytes = encode(value)?;
    let mut sent = 0;
    while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
        let fds = [fd.as_raw_fd()];
        // It belongs to the first octet, and must not come twice.
        let attached = [ControlMessage::ScmRights(&fds)];
        let attached = if sent == 0 { &attached[..] } else { &[] };
        sent += stream
            .async_io(Interest::WRITABLE, || {
                let parts = [IoSlice::new(rest)];
                Ok(sendmsg::<()>(stream.as_raw_fd(), &parts, attached, MsgFlags::MSG_NOSIGNAL, None)?)
            })
            .await?;
    }
    Ok(())
}

/// Reads one message, and the descriptor that came with it. `Ok(None)` when the stream ended cleanly before its first
/// octet. Nothing behind the message is read.
pub async fn receive<T: DeserializeOwned>(stream: &UnixStream) -> Result<Option<(T, Option<OwnedFd>)>, MessageError> {
    let mut handed = None;
    let mut prefix = [0; 4];
    if !fill(stream, &mut prefix, &mut handed).await? {
        return Ok(None);
    }
    let length = u32::from_be_bytes(prefix) as usize;
    if length > MAX_MESSAGE {
        return Err(MessageError::TooLong(length));
    }
    let mut body = vec![0; length];
    if length > 0 && !fill(stream, &mut body, &mut handed).await? {
        return Err(MessageError::Ended);
    }
    Ok(Some((serde_json::from_slice(&body)?, handed)))
}

/// Fills `out`. False: the stream ended before its first octet.
async fn fill(stream: &UnixStream, out: &mut [u8], handed: &mut Option<OwnedFd>) -> Result<bool, MessageError> {
    let mut have = 0;
    while let Some(rest) = out.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match stream.async_io(Interest::READABLE, || read(stream, rest, handed)).await? {
            0 if have == 0 => return Ok(false),
            0 => return Err(MessageError::Ended),
            n => have += n,
        }
    }
    Ok(true)
}

fn read(stream: &UnixStream, out: &mut [u8], handed: &mut Option<OwnedFd>) -> io::Result<usize> {
    let mut space = cmsg_space!([i32; 1]);
    let mut parts = [IoSliceMut::new(out)];
    let message = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(fds) = control {
            for fd in fds {
                // SAFETY: the kernel has made this descriptor for us just now, and nobody else knows it.
                *handed = Some(unsafe { OwnedFd::from_raw_fd(fd) });
            }
        }
    }
    Ok(message.bytes)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_descriptor_comes_with_its_message_and_what_is_behind_stays() {
        let (mut a, mut b) = UnixStream::pair().unwrap();
        let (near, mut far) = UnixStream::pair().unwrap();
        send(&a, &"take this", near.as_fd()).await.unwrap();
        drop(near);
        a.write_all(b"rest").await.unwrap();
        let (word, handed): (String, _) = receive(&b).await.unwrap().unwrap();
        assert_eq!(word, "take this");
        let mut taken = UnixStream::from_std(handed.unwrap().into()).unwrap();
        far.write_all(b"through it").await.unwrap();
        drop(far);
        let mut said = String::new();
        taken.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "through it");
        let mut rest = [0; 4];
        b.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"rest");
    }

    #[tokio::test]
    async fn a_message_without_one_is_a_message_and_an_end_is_none() {
        let (mut a, b) = UnixStream::pair().unwrap();
        a.write_all(&encode(&7).unwrap()).await.unwrap();
        a.write_all(&[0, 0]).await.unwrap();
        drop(a);
        let (word, handed): (u8, _) = receive(&b).await.unwrap().unwrap();
        assert!(word == 7 && handed.is_none());
        assert!(matches!(receive::<u8>(&b).await, Err(MessageError::Ended)));
        assert!(matches!(receive::<u8>(&b).await, Ok(None)));
    }
}
