//! Whether the editor answers.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

/// How often it is asked.
const EVERY: Duration = Duration::from_millis(50);
/// How long one answer may take.
const ONE: Duration = Duration::from_secs(2);
const REQUEST: &[u8] = b"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Waits until an HTTP server behind a Unix socket answers with 200.
pub async fn until_it_answers(socket: &Path) {
    loop {
        if let Ok(Ok(true)) = timeout(ONE, ask(socket)).await {
            return;
        }
        sleep(EVERY).await;
    }
}

async fn ask(socket: &Path) -> std::io::Result<bool> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(REQUEST).await?;
    let mut head = [0u8; 12];
    stream.read_exact(&mut head).await?;
    Ok(matches!(&head, b"HTTP/1.1 200" | b"HTTP/1.0 200"))
}
