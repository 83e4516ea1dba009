//! Two streams, joined: bytes both ways until both have ended.
//!
//! There may be tens of thousands of these, most of them idle. So it is one future that holds the two streams and next
//! to nothing else: bytes pass through a buffer of the thread, and only what a slow reader did not take is kept.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

const BUFFER: usize = 64 * 1024;
/// Buffers that pass in one go before others on the thread get their turn.
const TURNS: usize = 16;

thread_local! {
    static SPACE: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER].into_boxed_slice());
}

/// One direction.
#[derive(Debug)]
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

/// Joins two streams until both have ended, or one broke.
#[derive(Debug)]
pub struct Join<A, B> {
    a: A,
    b: B,
    forth: Half,
    back: Half,
    /// How long one side may stay silent after the other has ended its half.
    linger: Duration,
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<A: AsyncRead + AsyncWrite + Unpin, B: AsyncRead + AsyncWrite + Unpin> Join<A, B> {
    /// `from_a` and `from_b` were read already, and come first.
    pub fn new(a: A, b: B, from_a: Vec<u8>, from_b: Vec<u8>, linger: Duration) -> Self {
        Join { a, b, forth: Half::new(from_a), back: Half::new(from_b), linger, lingering: None }
    }
}

impl<A: AsyncRead + AsyncWrite + Unpin, B: AsyncRead + AsyncWrite + Unpin> Future for Join<A, B> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (forth, moved_forth) = pump(&mut this.a, &mut this.b, &mut this.forth, cx);
        let (back, moved_back) = pump(&mut this.b, &mut this.a, &mut this.back, cx);
        match (forth, back) {
            (Poll::Ready(Err(error)), _) | (_, Poll::Ready(Err(error))) => return Poll::Ready(Err(error)),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => return Poll::Ready(Ok(())),
            (Poll::Pending, Poll::Pending) => return Poll::Pending,
            _ => {}
        }
        let linger = this.linger;
        let lingering = this.lingering.get_or_insert_with(|| Box::pin(tokio::time::sleep(linger)));
        if moved_forth || moved_back {
            lingering.as_mut().reset(Instant::now() + linger);
        }
        lingering.as_mut().poll(cx).map(Ok)
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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const LINGER: Duration = Duration::from_secs(60);

    #[test]
    fn it_stays_small() {
        let size = std::mem::size_of::<Join<tokio::net::TcpStream, tokio::net::UnixStream>>();
        assert!(size <= 192, "{size} octets for each of ten thousand");
    }

    #[tokio::test]
    async fn each_half_ends_by_itself() {
        let ((mut client, a), (b, mut server)) = (duplex(64), duplex(64));
        let joined = tokio::spawn(Join::new(a, b, b"early ".to_vec(), Vec::new(), LINGER));
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut asked = String::new();
        server.read_to_string(&mut asked).await.unwrap();
        assert_eq!(asked, "early question");
        // The other half is still open, and takes more than either side holds.
        let answer = vec![7; 100_000];
        let (sent, received) = (answer.clone(), async {
            let mut all = Vec::new();
            client.read_to_end(&mut all).await.map(|_| all)
        });
        let send = async {
            server.write_all(&sent).await.unwrap();
            server.shutdown().await.unwrap();
        };
        let (received, ()) = tokio::join!(received, send);
        assert!(received.unwrap() == answer);
        joined.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_half_that_stays_silent_behind_an_end_is_given_up() {
        let ((client, a), (b, server)) = (duplex(64), duplex(64));
        let joined = tokio::spawn(Join::new(a, b, Vec::new(), Vec::new(), LINGER));
        drop(client);
        let began = Instant::now();
        joined.await.unwrap().unwrap();
        assert!(began.elapsed() >= LINGER);
        drop(server);
    }
}
