//! A workspace that is none: a Unix socket that speaks the door's protocol, and a small server behind it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;

use dormer_wire::door::{Preface, Refusal, RefusalCode, Reply, Want};
use dormer_wire::message;

use crate::wire::Peer;

pub const MEGABYTE: usize = 1024 * 1024;

/// What the test and the server tell each other.
#[derive(Default)]
pub struct Door {
    /// Lets the second event of `/sse` out.
    pub next: Notify,
    /// Connections through the door so far.
    pub dialled: AtomicUsize,
    /// Of them, those that have ended.
    pub ended: AtomicUsize,
    /// Whether something listens on port 3001.
    pub listening: AtomicBool,
}

impl Door {
    pub fn open(path: &Path) -> Arc<Door> {
        let door = Arc::new(Door::default());
        let listener = UnixListener::bind(path).unwrap();
        let shared = Arc::clone(&door);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let door = Arc::clone(&shared);
                tokio::spawn(async move {
                    door.dialled.fetch_add(1, Ordering::SeqCst);
                    door.serve(stream).await;
                    door.ended.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        door
    }

    async fn serve(&self, mut stream: UnixStream) {
        let Ok(Some(Preface { want, .. })) = message::read::<Preface>(&mut stream).await else { return };
        let name = match want {
            Want::Editor => "editor".to_string(),
            Want::Port { port: 3000 } => "3000".to_string(),
            Want::Port { port: 3001 } if self.listening.load(Ordering::SeqCst) => "3001".to_string(),
            Want::Port { port } => {
                let code = if port == 22 { RefusalCode::Foreign } else { RefusalCode::NoListener };
                let refusal = Refusal { code, message: "no".into() };
                message::write(&mut stream, &Reply::Refused(refusal)).await.unwrap();
                return;
            }
            other => panic!("{other:?}"),
        };
        message::write(&mut stream, &Reply::Accepted).await.unwrap();
        let mut peer = Peer::new(stream);
        while let Some(head) = peer.head().await {
            if !self.answer(&mut peer, &head, &name).await {
                return;
            }
        }
    }

    async fn answer(&self, peer: &mut Peer<UnixStream>, head: &crate::wire::Head, name: &str) -> bool {
        let path = head.first.split(' ').nth(1).unwrap();
        let path = path.split('?').next().unwrap();
        let say = |status: &str, fields: &str, body: &str| {
            format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
        };
        let out = match path {
            "/sse" => {
                let begin = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
                peer.stream.write_all(begin.as_bytes()).await.unwrap();
                peer.stream.write_all(b"9\r\ndata: 1\n\n\r\n").await.unwrap();
                self.next.notified().await;
                let _ = peer.stream.write_all(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n").await;
                return true;
            }
            "/slow" => {
                // A length, and nothing of it for a while.
                peer.stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab").await.unwrap();
                self.next.notified().await;
                let _ = peer.stream.write_all(b"cd").await;
                return true;
            }
            "/down" => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 100 * MEGABYTE);
                peer.stream.write_all(head.as_bytes()).await.unwrap();
                for n in 0..100u8 {
                    peer.stream.write_all(&megabyte(n)).await.unwrap();
                }
                return true;
            }
            "/up" => {
                let mut left: usize = head.get("content-length").unwrap().parse().unwrap();
                let mut hash = Sha256::new();
                while left > 0 {
                    if peer.read.is_empty() {
                        assert!(peer.more().await);
                    }
                    let n = left.min(peer.read.len());
                    hash.update(&peer.exactly(n).await);
                    left -= n;
                }
                say("200 OK", "", &hex(&hash.finalize()))
            }
            "/ws" | "/no-ws" if head.get("upgrade").is_none() => say("400 Bad Request", "", "no upgrade"),
            "/no-ws" => {
                say("418 No", "Set-Cookie: dormer_session=evil\r\nConnection: keep-alive\r\n", "short and stout")
            }
            "/ws" => {
                // The first octets of the other protocol in the same write as the head.
                let early = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {}\r\n\r\nEARLY",
                    head.get("upgrade").unwrap()
                );
                peer.stream.write_all(early.as_bytes()).await.unwrap();
                loop {
                    let bytes = std::mem::take(&mut peer.read);
                    if peer.stream.write_all(&bytes).await.is_err() || !peer.more().await {
                        // A half that has ended is answered with a last word.
                        let _ = peer.stream.write_all(b"BYE").await;
                        return false;
                    }
                }
            }
            "/html" => say(
                "200 OK",
                "Content-Type: text/html\r\nContent-Security-Policy: script-src 'self'\r\n",
                "<html><head></head></html>",
            ),
            "/cookie" => say("200 OK", "Set-Cookie: a=1\r\nSet-Cookie: dormer_session=evil\r\nSet-Cookie: b=2\r\n", ""),
            _ => {
                let body = peer.body(head).await;
                say("200 OK", "", &format!("{name}\n{}{}", head.text, String::from_utf8(body).unwrap()))
            }
        };
        peer.stream.write_all(out.as_bytes()).await.is_ok()
    }
}

/// The `n`th megabyte of everything that is sent.
pub fn megabyte(n: u8) -> Vec<u8> {
    (0..MEGABYTE).map(|at| (at as u8).wrapping_mul(31) ^ (at >> 8) as u8 ^ n).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
