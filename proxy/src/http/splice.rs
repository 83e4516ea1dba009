//! Two sockets, joined: bytes both ways until both have ended.
//!
//! There may be tens of thousands of these, most of them idle. So it is one future that holds the two sockets and next
//! to nothing else: bytes pass through a buffer of the thread, and only what a slow reader did not take is kept.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::gate::Open;

const BUFFER: usize = 64 * 1024;
/// Buffers that pass in one go before others on the thread get their turn.
const TURNS: usize = 16;
/// How long one side may stay silent after the other has ended its half.
const LINGER: Duration = Duration::from_secs(60);

thread_local! {
    static SPACE: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER].into_boxed_slice());
}

/// One direction.
struct Half {
    /// What the reader has not taken yet.
    left: Box<[u8]>,
    taken: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The writer has ended; the reader has not been told.
    Ended,
    Done,
}

impl Half {
    fn new(early: Vec<u8>) -> Half {
        Half { left: early.into_boxed_slice(), taken: 0, state: State::Open }
    }
}

/// Joins a client and a workspace until both have ended, or the right to it has.
pub(super) struct Splice<C, U> {
    client: C,
    upstream: U,
    up: Half,
    down: Half,
    linger: Option<Pin<Box<Sleep>>>,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    _open: Open,
}

impl<C: AsyncRead + AsyncWrite + Unpin, U: AsyncRead + AsyncWrite + Unpin> Splice<C, U> {
    /// `early_up` and `early_down` were read already.
    pub fn new(client: C, upstream: U, early_up: Vec<u8>, early_down: Vec<u8>, open: Open) -> Self {
        Splice {
            client,
            upstream,
            up: Half::new(early_up),
            down: Half::new(early_down),
            linger: None,
            ended: Box::pin(open.ended.clone().cancelled_owned()),
            _open: open,
        }
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin, U: AsyncRead + AsyncWrite + Unpin> Future for Splice<C, U> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let (up, moved_up) = pump(&mut this.client, &mut this.upstream, &mut this.up, cx);
        let (down, moved_down) = pump(&mut this.upstream, &mut this.client, &mut this.down, cx);
        match (up, down) {
            (Poll::Ready(Err(error)), _) | (_, Poll::Ready(Err(error))) => return Poll::Ready(Err(error)),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => return Poll::Ready(Ok(())),
            (Poll::Pending, Poll::Pending) => return Poll::Pending,
            _ => {}
        }
        let linger = this.linger.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        if moved_up || moved_down {
            linger.as_mut().reset(Instant::now() + LINGER);
        }
        linger.as_mut().poll(cx).map(Ok)
    }
}

/// Moves what can be moved. The second answer is whether anything was.
fn pump<R, W>(from: &mut R, to: &mut W, half: &mut Half, cx: &mut Context<'_>) -> (Poll<io::Result<()>>, bool)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut moved = false;
    let result = SPACE.with_borrow_mut(|space| {
        for _ in 0..TURNS {
            while let Some(left) = half.left.get(half.taken..).filter(|left| !left.is_empty()) {
                match ready!(Pin::new(&mut *to).poll_write(cx, left))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    n => half.taken += n,
                }
                moved = true;
            }
            if !half.left.is_empty() {
                half.left = Box::default();
                half.taken = 0;
            }
            match half.state {
                State::Done => return Poll::Ready(Ok(())),
                State::Ended => {
                    ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                    half.state = State::Done;
                    return Poll::Ready(Ok(()));
                }
                State::Open => {}
            }
            let mut buf = ReadBuf::new(space);
            if Pin::new(&mut *from).poll_read(cx, &mut buf)?.is_pending() {
                // TLS may hold back the end of a record.
                ready!(Pin::new(&mut *to).poll_flush(cx))?;
                return Poll::Pending;
            }
            let mut bytes = buf.filled();
            if bytes.is_empty() {
                half.state = State::Ended;
                continue;
            }
            moved = true;
            while !bytes.is_empty() {
                match Pin::new(&mut *to).poll_write(cx, bytes)? {
                    Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(n) => bytes = bytes.get(n..).unwrap_or_default(),
                    Poll::Pending => {
                        half.left = bytes.into();
                        half.taken = 0;
                        return Poll::Pending;
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    (result, moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::conn::Io;
    use dormer_wire::dial::DoorStream;

    #[test]
    fn it_stays_small() {
        let size = std::mem::size_of::<Splice<Io, DoorStream>>();
        assert!(size <= 320, "{size} octets for each of ten thousand");
    }
}
