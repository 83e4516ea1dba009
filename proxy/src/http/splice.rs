//! A client and a workspace, joined for as long as the right to it lasts.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::WaitForCancellationFutureOwned;

use dormer_wire::join::Join;

use crate::counts::Opened;
use crate::gate::Open;

/// How long one side may stay silent after the other has ended its half.
const LINGER: Duration = Duration::from_secs(60);

/// Joins a client and a workspace until both have ended, or the right to it has.
pub(super) struct Splice<C, U> {
    join: Join<C, U>,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    _open: Open,
    _counted: Opened,
}

impl<C: AsyncRead + AsyncWrite + Unpin, U: AsyncRead + AsyncWrite + Unpin> Splice<C, U> {
    /// `early_up` and `early_down` were read already.
    pub fn new(client: C, upstream: U, early_up: Vec<u8>, early_down: Vec<u8>, open: Open) -> Self {
        Splice {
            join: Join::new(client, upstream, early_up, early_down, LINGER),
            ended: Box::pin(open.ended.clone().cancelled_owned()),
            _open: open,
            _counted: Opened::upgrade(),
        }
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin, U: AsyncRead + AsyncWrite + Unpin> Future for Splice<C, U> {
    // Either side may break off at any time; that is an end like any other.
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        Pin::new(&mut this.join).poll(cx).map(drop)
    }
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
