//! From the client to the process: its input, and what is to be done to it.

use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dormer_wire::frame::{Frame, WindowSize};
use dormer_wire::report::ActivityKind;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::ReadHalf;
use tokio::sync::mpsc;

use crate::status::Board;

/// How much input may wait for a process that does not read, so that a signal behind it is still seen.
pub const AHEAD: usize = 256 * 1024;
/// How often a client whose input waits is looked after.
const LOOK: Duration = Duration::from_secs(1);

/// What is to be done to the process.
#[derive(Debug)]
pub enum Control {
    /// The terminal has another size.
    Resize(WindowSize),
    /// A signal by its name.
    Signal(String),
    /// A break on the terminal.
    Break,
}

/// Reads frames until the client is gone or talks nonsense.
pub async fn receive(
    mut client: ReadHalf<'_>,
    stdin: impl AsyncWrite + Unpin,
    controls: mpsc::Sender<Control>,
    typed: Option<&Board>,
) {
    let mut stdin = Some(stdin);
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    let socket = { AsRef::<UnixStream>::as_ref(&client).as_raw_fd() };
    loop {
        let frame = match Frame::decode(&mut buffer) {
            Ok(Some(frame)) => frame,
            Ok(None) => match client.read_buf(&mut buffer).await {
                Ok(n) if n > 0 => continue,
                _ => return,
            },
            Err(error) => {
                tracing::warn!(%error, "a session was ended");
                return;
            }
        };
        let control = match frame {
            Frame::Stdin(data) => {
                if let Some(board) = typed {
                    board.activity(ActivityKind::Ssh);
                }
                if let Some(stdin) = &mut stdin
                    && !hand_over(stdin, data, socket).await
                {
                    return;
                }
                continue;
            }
            Frame::StdinEnd => {
                if let Some(mut stdin) = stdin.take() {
                    // Nobody reads any more: then it has ended anyway.
                    let _ = stdin.shutdown().await;
                }
                continue;
            }
            Frame::Resize(size) => Control::Resize(size),
            Frame::Signal(name) => Control::Signal(name),
            Frame::Break => Control::Break,
            // A client has nothing else to say.
            _ => return,
        };
        if controls.send(control).await.is_err() {
            return;
        }
    }
}

/// Puts input where the process will read it. False when the client has left meanwhile, which is not to be read from
/// the socket as long as there is input in front of its end.
async fn hand_over(stdin: &mut (impl AsyncWrite + Unpin), data: Bytes, socket: RawFd) -> bool {
    let write = stdin.write_all(&data);
    tokio::pin!(write);
    loop {
        tokio::select! {
            // Nobody reads any more: dropped, as a pipe would.
            _ = &mut write => return true,
            () = tokio::time::sleep(LOOK) => {
                if has_hung_up(socket) {
                    return false;
                }
            }
        }
    }
}

fn has_hung_up(socket: RawFd) -> bool {
    // SAFETY: the caller holds the socket for as long as this takes.
    let socket = unsafe { BorrowedFd::borrow_raw(socket) };
    let mut polled = [PollFd::new(socket, PollFlags::empty())];
    let _ = poll(&mut polled, PollTimeout::ZERO);
    polled.first().and_then(PollFd::revents).is_some_and(|events| events.intersects(PollFlags::POLLHUP))
}

/// Copies what was handed over to the process; what it does not want any more goes nowhere.
pub async fn feed(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let mut buffer = vec![0u8; 64 * 1024];
    let mut wanted = true;
    loop {
        let n = match from.read(&mut buffer).await {
            Ok(n) if n > 0 => n,
            _ => return,
        };
        if wanted {
            wanted = to.write_all(buffer.get(..n).unwrap_or_default()).await.is_ok();
        }
    }
}
