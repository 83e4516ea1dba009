//! A process and the connection that it is served on.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::BytesMut;
use dormer_wire::frame::Frame;
use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};

use super::input::{self, AHEAD, Control, Line};
use super::output::{self, Source};
use super::pty::Pty;
use super::signals;
use crate::door::{Caller, accept};
use crate::process::spawn::Process;
use crate::status::Board;

/// How long the client may take to close after the last frame. Closing on what it still sends would reset the
/// connection under its feet.
const LINGER: Duration = Duration::from_secs(2);

/// A process that was started for a client.
#[derive(Debug)]
pub struct Session {
    process: Process,
    pty: Option<Pty>,
}

impl Session {
    /// A session with a process, on a terminal or on three pipes.
    pub fn new(process: Process, pty: Option<Pty>) -> Self {
        Session { process, pty }
    }

    /// Serves it until it has ended and all was said, or until the client is gone.
    pub async fn serve(mut self, stream: &mut Caller, board: &Board) {
        if !accept(stream).await || !self.run(stream, board).await {
            self.process.signal_group(Signal::SIGHUP);
            return;
        }
        let mut nothing = [0u8; 4096];
        let drain = async { while stream.read(&mut nothing).await.is_ok_and(|n| n > 0) {} };
        let _ = tokio::time::timeout(LINGER, drain).await;
    }

    /// True when the process has ended and the client was told.
    async fn run(&mut self, stream: &mut Caller, board: &Board) -> bool {
        let Session { process, pty } = self;
        let line = Line::of(stream);
        let (from_client, mut to_client) = tokio::io::split(stream);
        let (queue, queued) = {
            let (reader, writer) = tokio::io::simplex(AHEAD);
            (writer, reader)
        };
        let (controls, controlled) = mpsc::channel(16);
        let (exited, exit_seen) = watch::channel(false);
        let exit_seen = pty.is_some().then_some(exit_seen);

        let typed = pty.is_some().then_some(board);
        let receive = input::receive(from_client, line, queue, controls, typed);
        let stdin = process.stdin.take();
        let feed_pty = pty.clone();
        let feed = async move {
            match (feed_pty, stdin) {
                (Some(pty), _) => input::feed(queued, pty).await,
                (None, Some(stdin)) => input::feed(queued, stdin).await,
                (None, None) => {}
            }
        };
        let (stdout, stderr): (Option<Source>, Option<Source>) = match pty {
            Some(pty) => (Some(Box::pin(pty.clone())), None),
            None => (
                process.stdout.take().map(|out| -> Source { Box::pin(out) }),
                process.stderr.take().map(|err| -> Source { Box::pin(err) }),
            ),
        };
        let finish = async {
            let end = async {
                let status = attend(process, pty.as_ref(), controlled).await;
                // Failing means that nobody waits for it.
                let _ = exited.send(true);
                status
            };
            let outputs = async {
                output::pump(stdout, stderr, exit_seen, &mut to_client).await?;
                // At once: a program that has said all may go on listening.
                let mut end = BytesMut::new();
                Frame::OutputEnd.encode(&mut end);
                to_client.write_all(&end).await?;
                to_client.flush().await
            };
            let (status, told) = tokio::join!(end, outputs);
            told?;
            let mut last = BytesMut::new();
            exit_frame(status).encode(&mut last);
            to_client.write_all(&last).await?;
            to_client.shutdown().await
        };
        // The process may close its input, or never read it, and go on: the end of that says nothing.
        let feed = async {
            feed.await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            finished = finish => finished.is_ok(),
            () = receive => false,
            () = feed => false,
        }
    }
}

/// Does to the process what the client asks for until it ends.
async fn attend(process: &mut Process, pty: Option<&Pty>, mut controls: mpsc::Receiver<Control>) -> ExitStatus {
    loop {
        tokio::select! {
            status = process.wait() => return status,
            Some(control) = controls.recv() => match (control, pty) {
                (Control::Resize(size), Some(pty)) => pty.resize(size),
                (Control::Break, Some(pty)) => pty.send_break(),
                (Control::Resize(_) | Control::Break, None) => {}
                (Control::Signal(name), pty) => match signals::by_name(&name) {
                    Some(signal) if pty.is_some_and(|pty| pty.signal_foreground(signal)) => {}
                    Some(signal) => process.signal_group(signal),
                    None => tracing::debug!(name, "an unknown signal was asked for"),
                },
            },
        }
    }
}

fn exit_frame(status: ExitStatus) -> Frame {
    match (status.code(), status.signal()) {
        // An exit status has 8 bits.
        (Some(code), _) => Frame::Exit(u32::try_from(code).unwrap_or(255)),
        (None, Some(signal)) => {
            Frame::ExitSignal { signal: signals::name_of(signal), core_dumped: status.core_dumped() }
        }
        (None, None) => Frame::Exit(255),
    }
}
