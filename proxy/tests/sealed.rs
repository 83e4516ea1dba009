//! The HTTP side over a door in a network: what `tests/http.rs` proves with a socket of this machine, as far as TLS in
//! between could spoil it. A relay stands for the agent's side of TLS in front of the same fake.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "the helpers of a test may end it, and other tests use the rest of them"
)]

#[path = "support/door.rs"]
mod door;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/wire.rs"]
mod wire;

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, UnixStream};

use door::{MEGABYTE, hex, megabyte};
use dormer_wire::door::Door as Where;
use dormer_wire::tls::{Master, acceptor};
use gateway::{Gateway, MASTER, gateway, until};

const PEER: &str = "u-1.1";

/// TLS in front of a Unix socket.
async fn seal(path: PathBuf, master: Master) -> Where {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = acceptor(&master.agent_keys(PEER).unwrap()).unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (acceptor, path) = (acceptor.clone(), path.clone());
            tokio::spawn(async move {
                let Ok(mut outer) = acceptor.accept(socket).await else { return };
                let mut inner = UnixStream::connect(path).await.unwrap();
                // Breaking off is an end, too.
                let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
            });
        }
    });
    Where::Tls { address, peer: PEER.into() }
}

/// Moves the door of `hello` behind TLS.
async fn behind(gateway: &Gateway, master: Master) {
    let Some(Where::Unix(path)) = gateway.directory.get("hello").unwrap().peek().status.door.clone() else { panic!() };
    let sealed = seal(path, master).await;
    let there = sealed.clone();
    gateway.records.change("hello", |record| record.status.door = Some(sealed));
    until(|| gateway.directory.get("hello").unwrap().peek().status.door.as_ref() == Some(&there)).await;
}

#[tokio::test]
async fn requests_bodies_and_upgrades_pass() {
    let gateway = gateway().await;
    behind(&gateway, Master::from_octets(MASTER)).await;
    let ann = gateway.ann.clone();
    let (status, _, body) = gateway.get("hello.localhost", "/", "").await;
    assert_eq!((status, body.lines().next()), (200, Some("editor")));

    // One connection is enough for one who asks one thing after the other.
    let before = gateway.door.dialled.load(Ordering::SeqCst);
    let mut peer = gateway.connect().await;
    for n in 0..50 {
        let ask = format!("GET /{n} HTTP/1.1\r\nHost: 3000--hello.localhost\r\nDormer-Token: {ann}\r\n\r\n");
        peer.stream.write_all(ask.as_bytes()).await.unwrap();
        let head = peer.head().await.unwrap();
        assert_eq!(head.status(), 200);
        peer.body(&head).await;
    }
    assert_eq!(gateway.door.dialled.load(Ordering::SeqCst) - before, 1);
    // Many at once, and again: whatever a pool keeps of them is whole.
    for _ in 0..3 {
        let all = (0..40).map(|n| {
            let gateway = &gateway;
            async move {
                let (status, _, body) = gateway.get("3000--hello.localhost", &format!("/{n}"), "").await;
                assert!(status == 200 && body.contains(&format!("GET /{n} HTTP")), "{n}: {status} {body}");
            }
        });
        futures::future::join_all(all).await;
    }

    let mut peer = gateway
        .send(&format!(
            "PUT /up HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\nContent-Length: {}\r\n\r\n",
            20 * MEGABYTE
        ))
        .await;
    let mut hash = Sha256::new();
    for n in 0..20 {
        hash.update(megabyte(n));
        peer.stream.write_all(&megabyte(n)).await.unwrap();
    }
    let head = peer.head().await.unwrap();
    assert_eq!(String::from_utf8(peer.body(&head).await).unwrap(), hex(&hash.finalize()));

    let ask = format!("GET /down HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\n\r\n");
    let mut peer = gateway.send(&ask).await;
    peer.head().await.unwrap();
    for n in 0..100 {
        assert!(peer.exactly(MEGABYTE).await == megabyte(n), "megabyte {n}");
    }

    let ask = format!(
        "GET /ws HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
    );
    let mut socket = gateway.send(&ask).await;
    assert_eq!(socket.head().await.unwrap().status(), 101);
    assert_eq!(socket.exactly(5).await, b"EARLY");
    for n in 0..20 {
        let (piece, more) = (megabyte(n), megabyte(n));
        let Peers { reader, writer } = &mut split(&mut socket);
        let send = async { writer.write_all(&piece).await.unwrap() };
        let ((), got) = tokio::join!(send, exactly(reader, MEGABYTE));
        assert!(got == more, "megabyte {n}");
    }
    // A half that has ended is answered with a last word.
    socket.stream.shutdown().await.unwrap();
    assert_eq!(socket.exactly(3).await, b"BYE");
    assert!(!socket.more().await);
}

#[tokio::test]
async fn another_who_has_the_address_by_now_is_not_asked() {
    let gateway = gateway().await;
    behind(&gateway, Master::from_octets([9; 32])).await;
    let (status, _, body) = gateway.get("hello.localhost", "/secret", "").await;
    assert_eq!(status, 502, "{body}");
    assert_eq!(gateway.door.dialled.load(Ordering::SeqCst), 0);
}

struct Peers<'a> {
    reader: tokio::net::tcp::ReadHalf<'a>,
    writer: tokio::net::tcp::WriteHalf<'a>,
}

fn split(peer: &mut wire::Peer<tokio::net::TcpStream>) -> Peers<'_> {
    assert!(peer.read.is_empty());
    let (reader, writer) = peer.stream.split();
    Peers { reader, writer }
}

async fn exactly(reader: &mut tokio::net::tcp::ReadHalf<'_>, length: usize) -> Vec<u8> {
    let mut all = vec![0; length];
    tokio::io::AsyncReadExt::read_exact(reader, &mut all).await.unwrap();
    all
}
