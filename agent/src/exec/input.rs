//! From the client to the process: its input, and what is to be done to it.

use std::os::fd::{AsFd as _, AsRawFd as _, RawFd};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dormer_wire::frame::{Frame, WindowSize};
use dormer_wire::report::ActivityKind;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;

use crate::door::Caller;
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
    mut client: impl AsyncRead + Unpin,
    line: Line,
    stdin: impl AsyncWrite + Unpin,
    controls: mpsc::Sender<Control>,
    typed: Option<&Board>,
) {
    let mut stdin = Some(stdin);
    let mut buffer = BytesMut::with_capacity(64 * 1024);
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
                    && !hand_over(stdin, data, line).await
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
async fn hand_over(stdin: &mut (impl AsyncWrite + Unpin), data: Bytes, line: Line) -> bool {
    let write = stdin.write_all(&data);
    tokio::pin!(write);
    loop {
        tokio::select! {
            // Nobody reads any more: dropped, as a pipe would.
            _ = &mut write => return true,
            () = tokio::time::sleep(LOOK) => {
                if line.is_cut() {
                    return false;
                }
            }
        }
    }
}

/// The socket below a client's connection, to look at while nothing is read from it.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    socket: RawFd,
    cut: libc::c_short,
}

impl Line {
    /// That of a connection, for no longer than the connection is there.
    pub fn of(caller: &Caller) -> Line {
        let cut = match caller {
            Caller::Unix(_) => libc::POLLHUP,
            // A gateway that has left has closed its half; the other one is ours to close.
            Caller::Tls(_) => libc::POLLHUP | libc::POLLERR | libc::POLLRDHUP,
        };
        Line { socket: caller.as_fd().as_raw_fd(), cut }
    }

    /// Whether the client has left.
    fn is_cut(self) -> bool {
        let mut polled = libc::pollfd { fd: self.socket, events: self.cut, revents: 0 };
        // SAFETY: writes to the one place that it is given, and returns at once.
        unsafe { libc::poll(&raw mut polled, 1, 0) == 1 && polled.revents & self.cut != 0 }
    }
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
