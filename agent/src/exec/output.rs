//! From the process to the client: what it writes, in order, until nothing more is to come.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::BytesMut;
use dormer_wire::frame::{Frame, MAX_PAYLOAD};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;

/// Once the process has ended, how long its outputs must be silent before they are taken to have ended, too.
/// A process that it left behind may hold them open for ever.
const QUIET: Duration = Duration::from_millis(300);

/// An output.
pub type Source = Pin<Box<dyn AsyncRead + Send>>;

/// Sends outputs on until they end, or until the process has `exited` and they are silent. Nothing is read that
/// cannot be sent: the client's pace is the process's.
pub async fn pump(
    stdout: Option<Source>,
    stderr: Option<Source>,
    mut exited: watch::Receiver<bool>,
    client: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let (mut stdout, mut stderr) = (stdout, stderr);
    let (mut out, mut err) = (vec![0u8; MAX_PAYLOAD], Vec::new());
    err.resize(if stderr.is_some() { MAX_PAYLOAD } else { 0 }, 0u8);
    let mut frames = BytesMut::new();
    while stdout.is_some() || stderr.is_some() {
        let has_exited = *exited.borrow_and_update();
        tokio::select! {
            n = read(&mut stdout, &mut out), if stdout.is_some() => {
                Frame::Stdout(taken(&out, n).into()).encode(&mut frames);
            }
            n = read(&mut stderr, &mut err), if stderr.is_some() => {
                Frame::Stderr(taken(&err, n).into()).encode(&mut frames);
            }
            () = tokio::time::sleep(QUIET), if has_exited => break,
            changed = exited.changed(), if !has_exited => {
                // The sender is dropped together with all of this only.
                let _ = changed;
            }
        }
        client.write_all(&frames).await?;
        // TLS may hold back the end of a record.
        client.flush().await?;
        frames.clear();
    }
    Ok(())
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
        let (result, ()) = tokio::join!(pump(Some(Box::pin(source)), None, view, &mut client), exit);
        result.unwrap();
        assert_eq!(frames(client.as_slice().into()), [Frame::Stdout("last words".into())]);
        assert!(began.elapsed() >= QUIET * 3, "an open output of a living process was given up");
    }

    #[tokio::test]
    async fn both_outputs_end_before_it_does() {
        let (_exited, view) = watch::channel(false);
        let mut client = Vec::new();
        let source = |text: &'static [u8]| -> Option<Source> { Some(Box::pin(text)) };
        pump(source(b"out"), source(b"err"), view, &mut client).await.unwrap();
        let frames = frames(client.as_slice().into());
        assert!(frames.contains(&Frame::Stdout("out".into())) && frames.contains(&Frame::Stderr("err".into())));
    }
}
