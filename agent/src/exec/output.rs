//! From the process to the client: what it writes, in order, until nothing more is to come.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::BytesMut;
use dormer_wire::frame::{Frame, MAX_PAYLOAD};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;

/// Once a process on a terminal has ended, how long the terminal must be silent before it is taken to have ended, too:
/// what it left behind may hold it open for ever. Pipes are another matter: whoever holds one may still have something
/// to say (`make > >(tee log)`), and cutting it off would lose that without a word. They end by being closed, as with
/// OpenSSH's server.
const QUIET: Duration = Duration::from_millis(300);

/// An output.
pub type Source = Pin<Box<dyn AsyncRead + Send>>;

/// Sends outputs on until they end, or, where `exited` is given, until it says so and they are silent. Nothing is read
/// that cannot be sent: the client's pace is the process's.
pub async fn pump(
    stdout: Option<Source>,
    stderr: Option<Source>,
    mut exited: Option<watch::Receiver<bool>>,
    client: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let (mut stdout, mut stderr) = (stdout, stderr);
    let (mut out, mut err) = (vec![0u8; MAX_PAYLOAD], Vec::new());
    err.resize(if stderr.is_some() { MAX_PAYLOAD } else { 0 }, 0u8);
    let mut frames = BytesMut::new();
    while stdout.is_some() || stderr.is_some() {
        let has_exited = exited.as_mut().is_some_and(|exited| *exited.borrow_and_update());
        tokio::select! {
            n = read(&mut stdout, &mut out), if stdout.is_some() => {
                Frame::Stdout(taken(&out, n).into()).encode(&mut frames);
            }
            n = read(&mut stderr, &mut err), if stderr.is_some() => {
                Frame::Stderr(taken(&err, n).into()).encode(&mut frames);
            }
            () = tokio::time::sleep(QUIET), if has_exited => break,
            () = changed(&mut exited), if !has_exited => {}
        }
        client.write_all(&frames).await?;
        // TLS may hold back the end of a record.
        client.flush().await?;
        frames.clear();
    }
    Ok(())
}

async fn changed(exited: &mut Option<watch::Receiver<bool>>) {
    match exited {
        // The sender is dropped together with all of this only.
        Some(exited) => drop(exited.changed().await),
        None => std::future::pending().await,
    }
}

fn taken(buffer: &[u8], n: usize) -> Vec<u8> {
    buffer.get(..n).unwrap_or_default().to_vec()
}

/// Reads from a source and forgets it at its end. A source that fails has ended.
async fn read(source: &mut Option<Source>, buffer: &mut [u8]) -> usize {
    let Some(open) = source else { return 0 };
    let n = open.read(buffer).await.unwrap_or(0);
    if n == 0 {
        *source = None;
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(mut octets: BytesMut) -> Vec<Frame> {
        std::iter::from_fn(|| Frame::decode(&mut octets).unwrap()).collect()
    }

    #[tokio::test]
    async fn an_output_that_stays_open_ends_once_the_process_has_and_it_is_silent() {
        let (mut holder, source) = tokio::io::duplex(64);
        holder.write_all(b"last words").await.unwrap();
        let (exited, view) = watch::channel(false);
        let mut client = Vec::new();
        let began = tokio::time::Instant::now();
        let exit = async {
            tokio::time::sleep(QUIET * 2).await;
            exited.send(true).unwrap();
        };
        let (result, ()) = tokio::join!(pump(Some(Box::pin(source)), None, Some(view), &mut client), exit);
        result.unwrap();
        assert_eq!(frames(client.as_slice().into()), [Frame::Stdout("last words".into())]);
        assert!(began.elapsed() >= QUIET * 3, "an open output of a living process was given up");
    }

    #[tokio::test]
    async fn both_outputs_end_before_it_does() {
        let mut client = Vec::new();
        let source = |text: &'static [u8]| -> Option<Source> { Some(Box::pin(text)) };
        pump(source(b"out"), source(b"err"), None, &mut client).await.unwrap();
        let frames = frames(client.as_slice().into());
        assert!(frames.contains(&Frame::Stdout("out".into())) && frames.contains(&Frame::Stderr("err".into())));
    }
}
