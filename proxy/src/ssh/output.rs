//! What goes out on one channel. Everything goes through one queue of russh's, so that an exit status can never overtake
//! output; octets wait for the client's window.

use bytes::Bytes;
use russh::server::{Handle, Msg};
use russh::{ChannelWriteHalf, Sig};

/// The client takes nothing more on this channel.
#[derive(Debug, thiserror::Error)]
#[error("the channel is closed")]
pub(super) struct Closed;

/// RFC 4254, section 5.2.
const STDERR: u32 = 1;

/// What goes out on one channel.
pub(super) struct Output {
    half: ChannelWriteHalf<Msg>,
    handle: Handle,
    ended: bool,
}

impl Output {
    pub(super) fn new(half: ChannelWriteHalf<Msg>, handle: Handle) -> Output {
        Output { half, handle, ended: false }
    }

    pub(super) async fn stdout(&mut self, data: Bytes) -> Result<(), Closed> {
        if self.ended {
            return Ok(());
        }
        self.half.data_bytes(data).await.map_err(|_| Closed)
    }

    pub(super) async fn stderr(&mut self, data: Bytes) -> Result<(), Closed> {
        if self.ended {
            return Ok(());
        }
        self.half.extended_data_bytes(STDERR, data).await.map_err(|_| Closed)
    }

    /// Nothing more comes, though the channel stays.
    pub(super) async fn end(&mut self) -> Result<(), Closed> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        self.half.eof().await.map_err(|_| Closed)
    }

    /// Ends it with an exit status. That goes first: a client may close the channel as soon as it knows that nothing
    /// more comes (dropbear's does), and hears nothing after.
    pub(super) async fn exit(&mut self, status: u32) -> Result<(), Closed> {
        self.half.exit_status(status).await.map_err(|_| Closed)?;
        self.end().await?;
        self.close().await
    }

    /// Ends it with the signal that ended the process.
    pub(super) async fn killed(&mut self, signal: &str, core_dumped: bool) -> Result<(), Closed> {
        let signal = Sig::Custom(signal.to_string());
        let sent = self.handle.exit_signal_request(self.half.id(), signal, core_dumped, String::new(), String::new());
        sent.await.map_err(|()| Closed)?;
        self.end().await?;
        self.close().await
    }

    /// Ends it.
    pub(super) async fn close(&mut self) -> Result<(), Closed> {
        self.ended = true;
        self.half.close().await.map_err(|_| Closed)
    }
}
