//! The HTTP side as a whole, over real sockets: routing, admission, header rules, streams, upgrades, the drain.
//!
//! What stands behind the door is no agent but a fake that speaks its protocol (`support/door.rs`), and the gateway's
//! own pages are a stub that says what it was asked. So this proves nothing about the agent (which ports are the
//! workspace's own, half-close inside of it), about a real editor or its policies, about pages and tickets, and nothing
//! about browsers: those are for the end-to-end tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of a test may end it"
)]

#[path = "support/door.rs"]
mod door;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/wire.rs"]
mod wire;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use door::{MEGABYTE, hex, megabyte};
use dormer_core::phase::Phase;
use dormer_core::ports::accounts::Accounts;
use dormer_proxy::http::{Scheme, TlsFiles};
use dormer_wire::report::ActivityKind;
use gateway::{COOKIE, Gateway, gateway, gateway_with, until};
use wire::Peer;

const PAGE: &str = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nAccept: text/html\r\n";

#[tokio::test]
async fn hosts_lead_to_what_they_name() {
    let gateway = gateway().await;
    for (host, path, status, first) in [
        ("hello.localhost", "/", 200, "editor"),
        ("HELLO.localhost.:7080", "/", 200, "editor"),
        ("3000--hello.localhost", "/", 200, "3000"),
        ("web--hello.localhost", "/", 200, "3000"),
        ("localhost", "/api/v1/me", 503, "pages"),
        ("hello.localhost", "/.dormer/events", 503, "pages"),
        ("other.localhost", "/", 404, "{"),
        ("api--hello.localhost", "/", 404, "{"),
        ("example.org", "/", 421, "{"),
        ("127.0.0.1", "/", 421, "{"),
        ("hel lo", "/", 400, "{"),
    ] {
        let (got, _, body) = gateway.get(host, path, "").await;
        assert_eq!((got, body.get(..first.len())), (status, Some(first)), "{host}{path}: {body}");
    }
}

#[tokio::test]
async fn paths_and_methods_pass_as_they_are() {
    let gateway = gateway().await;
    let ann = &gateway.ann;
    for target in ["/%2B%25%2f//a/../b.?x=%2B+&y=//", "/a.", "/?", "/|[]~'()?c|d[]{}'`^\\&x=~"] {
        for method in ["GET", "DELETE", "BREW"] {
            let request = format!("{method} {target} HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\n\r\n");
            let (status, _, body) = gateway.ask(&request).await;
            assert_eq!(status, 200, "{method} {target}");
            assert_eq!(body.lines().nth(1), Some(&*format!("{method} {target} HTTP/1.1")));
        }
    }
    let request =
        format!("GET http://hello.localhost/x?y HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\n\r\n");
    assert_eq!(gateway.ask(&request).await.2.lines().nth(1), Some("GET /x?y HTTP/1.1"));
}

#[tokio::test]
async fn who_is_let_in() {
    let gateway = gateway().await;
    let ask = |host: &'static str, fields: String| {
        let gateway = &gateway;
        async move { gateway.ask(&format!("GET /x?q HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n")).await }
    };
    let session = format!("Cookie: a=b; dormer_session={COOKIE}\r\n");
    let bob = format!("Dormer-Token: {}\r\n", gateway.bob);
    assert_eq!(ask("hello.localhost", String::new()).await.0, 401);
    assert_eq!(ask("none.localhost", String::new()).await.0, 401, "nobody learns what exists");
    assert_eq!(ask("hello.localhost", bob.clone()).await.0, 404);
    assert_eq!(ask("none.localhost", bob.clone()).await.0, 404);
    assert_eq!(ask("hello.localhost", "Dormer-Token: dormer_x\r\n".into()).await.0, 401);
    assert_eq!(ask("hello.localhost", format!("Dormer-Token: dormer_x\r\n{session}")).await.0, 401);
    assert_eq!(ask("hello.localhost", session.clone()).await.0, 200);
    assert_eq!(ask("3000--hello.localhost", session.clone()).await.0, 401, "a session is one host's");
    assert_eq!(ask("8080--hello.localhost", String::new()).await.0, 502, "public, but nothing listens");
    let (_, _, body) = ask("hello.localhost", PAGE.into()).await;
    assert!(body.starts_with("pages\nGET /.dormer/pages/sign-in HTTP/1.1"), "{body}");
    assert!(body.contains("dormer-original-uri: /x?q\r\n"), "{body}");
    let (_, _, body) = ask("hello.localhost", format!("{PAGE}{bob}")).await;
    assert!(body.starts_with("pages\nGET /.dormer/pages/not-found HTTP/1.1"), "{body}");
    // Pages of other origins, siblings included, with a cookie that the browser adds.
    for (fields, want) in [
        ("Sec-Fetch-Site: same-origin\r\n", 200),
        ("Sec-Fetch-Site: none\r\n", 200),
        ("Sec-Fetch-Site: same-site\r\n", 403),
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("Origin: http://evil.localhost\r\n", 403),
        ("Origin: http://hello.localhost\r\n", 200),
    ] {
        assert_eq!(ask("hello.localhost", format!("{session}{fields}")).await.0, want, "{fields}");
    }
    let linked = format!("{session}{PAGE}Sec-Fetch-Site: cross-site\r\n");
    assert_eq!(ask("hello.localhost", linked).await.0, 200, "a link from elsewhere");
}

#[tokio::test]
async fn nothing_of_ours_goes_upstream() {
    let gateway = gateway().await;
    let fields = format!(
        "Cookie: a=1; dormer_session={COOKIE}; b=2\r\nAuthorization: Bearer {}\r\nX-Forwarded-For: 6.6.6.6\r\n\
         X-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nDormer-Peer: 6.6.6.6\r\n\
         Connection: x-hop\r\nX-Hop: 1\r\nTE: trailers\r\nX-Mine: stays\r\n",
        gateway.ann
    );
    let (_, _, body) = gateway.get("hello.localhost:7080", "/", &fields).await;
    let lower = body.to_ascii_lowercase();
    for gone in ["dormer", "6.6.6.6", "authorization", "x-hop", "te: ", &gateway.ann.to_ascii_lowercase()] {
        assert!(!lower.contains(gone), "{gone} in {body}");
    }
    for there in [
        "\r\nHost: hello.localhost:7080\r\n",
        "\r\nX-Mine: stays\r\n",
        "\r\nCookie: a=1; b=2\r\n",
        "\r\nX-Forwarded-For: 127.0.0.1\r\n",
        "\r\nX-Forwarded-Host: hello.localhost:7080\r\n",
        "\r\nX-Forwarded-Proto: http\r\n",
    ] {
        assert!(lower.contains(&there.to_ascii_lowercase()), "{there} not in {body}");
    }
    let (_, head, _) = gateway.get("hello.localhost", "/cookie", "").await;
    assert_eq!(head.all("set-cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
    let (_, _, body) = gateway.get("localhost", "/", "Dormer-Peer: 6.6.6.6\r\nCookie: dormer_session=x\r\n").await;
    assert!(body.contains("dormer-peer: 127.0.0.1\r\n") && body.contains("dormer-scheme: http\r\n"), "{body}");
    assert!(body.contains("dormer_session=x") && body.contains(&gateway.ann) && !body.contains("6.6.6.6"), "{body}");
}

#[tokio::test]
async fn one_connection_carries_many_requests_and_no_smuggled_one() {
    let gateway = gateway().await;
    let ann = &gateway.ann;
    let one = |path: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    // The second request of the same write is one of a stranger.
    let hidden = "GET /hidden HTTP/1.1\r\nHost: hello.localhost\r\n\r\n";
    let mut peer = gateway.send(&format!("{}{hidden}{}", one("/1", hidden), one("/3", ""))).await;
    let head = peer.head().await.unwrap();
    let body = String::from_utf8(peer.body(&head).await).unwrap();
    assert!(body.ends_with(hidden), "the body is what its length says: {body}");
    let head = peer.head().await.unwrap();
    assert_eq!(head.status(), 401, "{head:?}");
    peer.body(&head).await;
    let head = peer.head().await.unwrap();
    assert_eq!(head.status(), 200);
    for bad in [
        "POST / HTTP/1.1\r\nHost: hello.localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: hello.localhost\r\nHost: hello.localhost\r\n\r\n",
        "GET http://other.localhost/ HTTP/1.1\r\nHost: hello.localhost\r\n\r\n",
    ] {
        assert_eq!(gateway.ask(bad).await.0, 400, "{bad}");
    }
    let long = format!("GET / HTTP/1.1\r\nHost: hello.localhost\r\nX: {}\r\n\r\n", "y".repeat(1 << 20));
    let mut peer = gateway.connect().await;
    let (mut reading, mut writing) = peer.stream.into_split();
    let sending = tokio::spawn(async move { writing.write_all(long.as_bytes()).await });
    let mut answer = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_buf(&mut reading, &mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&answer));
    let _ = sending.await;
    peer = gateway.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n").await;
    assert_eq!(peer.head().await.unwrap().status(), 405);
}

#[tokio::test]
async fn streams_are_not_held_back() {
    let gateway = gateway().await;
    let ann = &gateway.ann;
    let request = |path| format!("GET {path} HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\n\r\n");
    let mut peer = gateway.send(&request("/sse")).await;
    peer.head().await.unwrap();
    assert_eq!(peer.chunk().await.unwrap(), b"data: 1\n\n");
    gateway.door.next.notify_one();
    assert_eq!(peer.chunk().await.unwrap(), b"data: 2\n\n");
    assert_eq!(peer.chunk().await, None);
    let mut peer = gateway.send(&request("/slow")).await;
    peer.head().await.unwrap();
    assert_eq!(peer.exactly(2).await, b"ab");
    gateway.door.next.notify_one();
    assert_eq!(peer.exactly(2).await, b"cd");
}

#[tokio::test]
async fn a_hundred_megabytes_each_way() {
    let gateway = gateway().await;
    let want: String = hex(&(0..100u8).fold(Sha256::new(), |hash, n| hash.chain_update(megabyte(n))).finalize());
    let ann = &gateway.ann;
    let mut peer =
        gateway.send(&format!("GET /down HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\n\r\n")).await;
    peer.head().await.unwrap();
    let mut hash = Sha256::new();
    for _ in 0..100 {
        hash.update(&peer.exactly(MEGABYTE).await);
    }
    assert_eq!(hex(&hash.finalize()), want);
    let head = format!(
        "PUT /up HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\nContent-Length: {}\r\n\r\n",
        100 * MEGABYTE
    );
    let mut peer = gateway.send(&head).await;
    for n in 0..100u8 {
        peer.stream.write_all(&megabyte(n)).await.unwrap();
    }
    let head = peer.head().await.unwrap();
    assert_eq!(String::from_utf8(peer.body(&head).await).unwrap(), want);
}

#[tokio::test]
async fn over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles { certificate: folder.path().join("cert"), key: folder.path().join("key") };
    let made = rcgen::generate_simple_self_signed(vec!["hello.localhost".into()]).unwrap();
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let gateway = gateway_with(|config| {
        config.tls = Some(files);
        config.scheme = Scheme::Https;
    })
    .await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let connect = async || {
        let tcp = gateway.connect().await.stream;
        Peer::new(connector.connect("hello.localhost".try_into().unwrap(), tcp).await.unwrap())
    };
    let ask = |path: &str, fields: &str| {
        let ann = &gateway.ann;
        format!("GET {path} HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\n{fields}\r\n")
    };
    let mut peer = connect().await;
    for _ in 0..2 {
        peer.stream.write_all(ask("/", "").as_bytes()).await.unwrap();
        let head = peer.head().await.unwrap();
        let body = String::from_utf8(peer.body(&head).await).unwrap();
        assert!(body.contains("X-Forwarded-Proto: https\r\n"), "{body}");
    }
    let mut peer = connect().await;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://hello.localhost\r\n";
    peer.stream.write_all(ask("/ws", upgrade).as_bytes()).await.unwrap();
    assert_eq!(peer.head().await.unwrap().status(), 101);
    peer.exactly(5).await;
    peer.stream.write_all(&megabyte(3)).await.unwrap();
    assert_eq!(peer.exactly(MEGABYTE).await, megabyte(3));
    // Whoever does not speak TLS gets no answer, and the listener goes on.
    let mut plain = gateway.send(&ask("/", "")).await;
    let _ = plain.more().await;
    assert!(!plain.read.starts_with(b"HTTP"));
    connect().await;
}

/// Asks for an upgrade, with the first octets of the other protocol right behind the head.
async fn upgrade(gateway: &Gateway, path: &str, fields: &str) -> Peer<TcpStream> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: hello.localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: x\r\n{fields}\r\nearly"
    );
    gateway.send(&request).await
}

#[tokio::test]
async fn upgrades_are_joined() {
    let gateway = gateway().await;
    let token = format!("Dormer-Token: {}\r\n", gateway.ann);
    let mut peer = upgrade(&gateway, "/ws", &token).await;
    assert_eq!(peer.head().await.unwrap().status(), 101);
    assert_eq!(peer.exactly(10).await, b"EARLYearly");
    for _ in 0..3 {
        peer.stream.write_all(&megabyte(7)).await.unwrap();
        assert_eq!(peer.exactly(MEGABYTE).await, megabyte(7));
    }
    assert_eq!(gateway.directory.get("hello").unwrap().live.sessions(), 1);
    peer.stream.shutdown().await.unwrap();
    assert_eq!(peer.exactly(3).await, b"BYE", "the other half goes on");
    assert!(!peer.more().await);
    until(|| gateway.directory.get("hello").unwrap().live.sessions() == 0).await;
    // Another answer is passed on.
    let mut peer = upgrade(&gateway, "/no-ws", &token).await;
    let head = peer.head().await.unwrap();
    assert_eq!((head.status(), head.get("set-cookie"), head.get("connection")), (418, None, Some("close")));
    assert_eq!(peer.body(&head).await, b"short and stout");
}

#[tokio::test]
async fn upgrades_of_strangers_and_of_other_pages_are_refused() {
    let gateway = gateway().await;
    let token = format!("Dormer-Token: {}\r\n", gateway.ann);
    let session = format!("Cookie: dormer_session={COOKIE}\r\n");
    for (fields, want) in [
        (String::new(), 401),
        (format!("Dormer-Token: {}\r\n", gateway.bob), 404),
        (session.clone(), 403),
        (format!("{session}Origin: http://evil.localhost\r\n"), 403),
        (format!("{session}Origin: https://hello.localhost\r\n"), 403),
        (format!("{session}Origin: null\r\n"), 403),
        (format!("{session}Origin: http://hello.localhost\r\nOrigin: http://evil.localhost\r\n"), 403),
        (format!("{token}Origin: http://evil.localhost\r\n"), 403),
        (format!("{session}Origin: http://hello.localhost\r\n"), 101),
        (token, 101),
    ] {
        let before = gateway.door.dialled.load(Ordering::SeqCst);
        let mut peer = upgrade(&gateway, "/ws", &fields).await;
        assert_eq!(peer.head().await.unwrap().status(), want, "{fields}");
        let dialled = gateway.door.dialled.load(Ordering::SeqCst) - before;
        assert_eq!(dialled, usize::from(want == 101), "{fields}");
    }
}

#[tokio::test]
async fn a_right_that_is_taken_away_ends_what_is_open() {
    let gateway = gateway().await;
    let token = format!("Dormer-Token: {}\r\n", gateway.ann);
    let ann = &gateway.ann;
    let open = async || {
        let mut socket = upgrade(&gateway, "/ws", &token).await;
        assert_eq!(socket.head().await.unwrap().status(), 101);
        socket.exactly(10).await;
        let request = format!("GET /sse HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\n\r\n");
        let mut events = gateway.send(&request).await;
        events.head().await.unwrap();
        events.chunk().await.unwrap();
        (socket, events)
    };
    // The workspace goes to somebody else.
    let (mut socket, mut events) = open().await;
    let begun = Instant::now();
    gateway.records.change("hello", |record| record.spec.owner = "bob".parse().unwrap());
    assert!(!socket.more().await && !events.more().await);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    gateway.records.change("hello", |record| record.spec.owner = "ann".parse().unwrap());
    until(|| gateway.directory.get("hello").unwrap().peek().spec.owner.as_str() == "ann").await;
    // The token is revoked.
    let (mut socket, mut events) = open().await;
    let begun = Instant::now();
    gateway.people.remove_token("ann").await.unwrap();
    assert!(!socket.more().await && !events.more().await);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(gateway.get("hello.localhost", "/", "").await.0, 401);
}

#[tokio::test]
async fn asleep() {
    let gateway = gateway().await;
    gateway.stop().await;
    let running = || gateway.directory.get("hello").unwrap().peek().spec.running;
    // Noise.
    let token = format!("Dormer-Token: {}\r\n", gateway.ann);
    assert_eq!(gateway.get("hello.localhost", "/", "Sec-Fetch-Mode: cors\r\n").await.0, 503);
    assert_eq!(upgrade(&gateway, "/ws", &token).await.head().await.unwrap().status(), 503);
    let (_, _, body) = gateway.get("hello.localhost", "/", &format!("{PAGE}Sec-Purpose: prefetch\r\n")).await;
    assert!(body.starts_with("pages\nGET /.dormer/pages/asleep "), "{body}");
    assert!(!running());
    // A person.
    let page = format!("GET /x HTTP/1.1\r\nHost: hello.localhost\r\nCookie: dormer_session={COOKIE}\r\n{PAGE}\r\n");
    let (_, _, body) = gateway.ask(&page).await;
    assert!(body.starts_with("pages\nGET /.dormer/pages/waiting "), "{body}");
    until(running).await;
    let activity = gateway.directory.get("hello").unwrap().live.activity().unwrap();
    assert_eq!(activity.kind, ActivityKind::Navigation);
    // A program: held until it is up.
    gateway.stop().await;
    let up = async {
        until(running).await;
        gateway.records.change("hello", |record| record.status.phase = Phase::Running);
    };
    let ((status, _, body), ()) = tokio::join!(gateway.get("hello.localhost", "/", ""), up);
    assert_eq!((status, body.lines().next()), (200, Some("editor")));
}

#[tokio::test]
async fn ports_without_a_server() {
    let gateway = gateway().await;
    let (status, _, body) = gateway.get("4000--hello.localhost", "/", "").await;
    assert!(status == 502 && body.contains("nothing listens"), "{body}");
    let (_, _, body) = gateway.get("22--hello.localhost", "/", PAGE).await;
    assert!(body.starts_with("pages\nGET /.dormer/pages/unavailable "), "{body}");
    assert!(body.contains("dormer-reason: foreign\r\n") && body.contains("dormer-port: 22\r\n"), "{body}");
}

#[tokio::test]
async fn many_wait_for_a_server_as_one_does() {
    const MANY: usize = 50;
    let gateway = gateway().await;
    gateway.records.change("hello", |record| record.status.since = Some(jiff::Timestamp::now()));
    until(|| gateway.directory.get("hello").unwrap().peek().status.since.is_some()).await;
    let began = Instant::now();
    let asks = (0..MANY).map(|_| gateway.get("3001--hello.localhost", "/", ""));
    let opens = async {
        let dialled = || gateway.door.dialled.load(Ordering::SeqCst);
        until(|| dialled() >= MANY + 15).await;
        gateway.door.listening.store(true, Ordering::SeqCst);
    };
    let (answers, ()) = tokio::join!(futures::future::join_all(asks), opens);
    assert!(answers.iter().all(|(status, _, body)| *status == 200 && body.starts_with("3001")));
    // Each looks once and enters once; in between one looks for all of them.
    let looks = gateway.door.dialled.load(Ordering::SeqCst).saturating_sub(2 * MANY);
    let waited = began.elapsed().as_millis() as usize;
    assert!(looks <= 60 + waited / 20, "{looks} looks in {waited} ms");
}

#[tokio::test]
async fn the_editor_gets_its_script() {
    let gateway = gateway().await;
    let (_, head, body) = gateway.get("hello.localhost", "/html", PAGE).await;
    assert_eq!(body, "<html><head><script src=\"/.dormer/tab.js\" defer></script></head></html>");
    assert_eq!(head.get("content-length"), None);
    let (_, _, body) = gateway.get("hello.localhost", "/html", "").await;
    assert_eq!(body, "<html><head></head></html>", "no document");
    let (_, _, body) = gateway.get("3000--hello.localhost", "/html", PAGE).await;
    assert_eq!(body, "<html><head></head></html>", "a port's page is its own");
}

#[tokio::test]
async fn connections_are_kept_apart_by_start() {
    let gateway = gateway().await;
    for _ in 0..5 {
        gateway.get("hello.localhost", "/", "Connection: close\r\n").await;
    }
    // Two workers have a pool each.
    assert!(gateway.door.dialled.load(Ordering::SeqCst) <= 2);
    let before = gateway.door.dialled.load(Ordering::SeqCst);
    gateway.records.change("hello", |record| record.status.instance = Some("2".into()));
    until(|| gateway.directory.get("hello").unwrap().peek().status.instance.as_deref() == Some("2")).await;
    gateway.get("hello.localhost", "/", "").await;
    assert_eq!(gateway.door.dialled.load(Ordering::SeqCst), before + 1);
}

#[tokio::test]
async fn drain() {
    let gateway = gateway().await;
    let ann = gateway.ann.clone();
    let token = format!("Dormer-Token: {ann}\r\n");
    let mut socket = upgrade(&gateway, "/ws", &token).await;
    socket.head().await.unwrap();
    let mut events =
        gateway.send(&format!("GET /sse HTTP/1.1\r\nHost: hello.localhost\r\nDormer-Token: {ann}\r\n\r\n")).await;
    events.head().await.unwrap();
    events.chunk().await.unwrap();
    let begun = Instant::now();
    gateway.shutdown.cancel();
    until(|| std::net::TcpStream::connect(("127.0.0.1", gateway.port)).is_err()).await;
    // What was under way ends as if nothing were.
    gateway.door.next.notify_one();
    assert_eq!(events.chunk().await.unwrap(), b"data: 2\n\n");
    assert_eq!(events.chunk().await, None);
    assert!(!events.more().await, "and is not kept for another request");
    gateway.served.await.unwrap().unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(2) && begun.elapsed() < Duration::from_secs(4));
    socket.exactly(10).await;
    assert!(!socket.more().await, "an upgrade ends with the drain");
}

#[tokio::test]
async fn limits_and_addresses() {
    let gateway = gateway_with(|config| config.limits.head_time = Duration::from_millis(200)).await;
    let mut peer = gateway.send("GET / HTTP/1.1\r\nHost: hello").await;
    assert_eq!(peer.head().await.unwrap().status(), 408);
    let taken = std::net::SocketAddr::from(([127, 0, 0, 1], gateway.port));
    // The same program binds it again, and would be let by SO_REUSEPORT.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_reuse_port(true).unwrap();
    socket.bind(&taken.into()).unwrap();
    let again = std::panic::AssertUnwindSafe(gateway_with(|config| config.listen = vec![taken]));
    let refused = futures::FutureExt::catch_unwind(again).await.err().expect("a busy port");
    let refused = refused.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(refused.contains("Busy"), "{refused}");
}
