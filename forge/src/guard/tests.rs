//! Against real sockets: who is connected to, and who is not.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use dormer_core::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A server on loopback that answers everything with the same octets, and counts.
struct Server {
    port: u16,
    hits: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn answering(answer: impl Fn(u16) -> String) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (hits, heads) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (answer, count, kept) = (answer(port), hits.clone(), heads.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (answer, kept) = (answer.clone(), kept.clone());
                tokio::spawn(async move {
                    let mut head = [0u8; 4096];
                    let n = stream.read(&mut head).await.unwrap_or(0);
                    kept.lock().unwrap().push(String::from_utf8_lossy(&head[..n]).to_lowercase());
                    let _ = stream.write_all(answer.as_bytes()).await;
                    if answer.contains("endless") {
                        while stream.write_all(&[b'x'; 65536]).await.is_ok() {}
                    }
                    if answer.contains("slow") {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Server { port, hits, heads }
    }

    async fn saying(status: &str, kind: &str, body: &str) -> Server {
        let text = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        Server::answering(|_| text.clone()).await
    }

    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    fn url(&self, host: &str) -> Url {
        Url::parse(&format!("http://{host}:{}/x", self.port)).unwrap()
    }
}

/// Names as a hostile DNS server gives them: another answer each time, the last for ever.
#[derive(Default)]
struct Names(Mutex<HashMap<String, Vec<&'static str>>>);

impl Names {
    fn of(names: &[(&str, &[&'static str])]) -> Arc<Names> {
        Arc::new(Names(Mutex::new(names.iter().map(|(name, ips)| (name.to_string(), ips.to_vec())).collect())))
    }
}

#[async_trait]
impl Lookup for Names {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(host).ok_or(std::io::ErrorKind::NotFound)?;
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
        Ok(answer.split(' ').map(|ip| ip.parse().unwrap()).collect())
    }
}

fn ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn ask(reach: Reach) -> Ask {
    Ask { limit: Duration::from_secs(2), ..Ask::api(reach) }
}

#[tokio::test]
async fn nothing_of_the_gateways_own_network_is_asked() {
    ring();
    let server = Server::saying("200 OK", "application/json", "{}").await;
    let names = Names::of(&[
        ("loop.example", &["127.0.0.1"]),
        ("both.example", &["93.184.216.34 127.0.0.1"]),
        ("mapped.example", &["::ffff:127.0.0.1"]),
        ("meta.example", &["169.254.169.254"]),
        ("ten.example", &["10.0.0.1"]),
        ("link.example", &["fe80::1"]),
    ]);
    let guard = Guard::with_lookup(Policy::default(), names);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "loop.example",
        "LOOP.example",
        "both.example",
        "mapped.example",
        "meta.example",
        "ten.example",
        "link.example",
    ] {
        let refused = guard.get(&server.url(host), &ask(Reach::Public)).await;
        assert!(matches!(refused, Err(GuardError::Private(_))), "{host}: {refused:?}");
    }
    assert_eq!(server.hits(), 0);
    // The person whose machine it is reaches it anyway.
    assert_eq!(guard.get(&server.url("127.0.0.1"), &ask(Reach::Own)).await.unwrap().body, b"{}");
    // And so does everybody where an administrator opened it, at that port.
    let open = Policy { private: vec![format!("loop.example:{}", server.port).parse().unwrap()], ..Policy::default() };
    let guard = Guard::with_lookup(open, Names::of(&[("loop.example", &["127.0.0.1"])]));
    assert!(guard.get(&server.url("loop.example"), &ask(Reach::Public)).await.is_ok());
    let other = Server::saying("200 OK", "application/json", "{}").await;
    assert!(guard.get(&other.url("loop.example"), &ask(Reach::Public)).await.is_err());
    assert_eq!(other.hits(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_gets_nothing() {
    ring();
    let server = Server::saying("200 OK", "application/json", "{}").await;
    // Public when it is looked at, this machine when somebody connects: whoever asks twice is lost.
    let names = Names::of(&[("rebind.example", &["93.184.216.34", "127.0.0.1"])]);
    let guard = Guard::with_lookup(Policy::default(), names);
    let checked = guard.addresses("rebind.example", server.port, Reach::Public).await.unwrap();
    assert_eq!(checked, [format!("93.184.216.34:{}", server.port).parse().unwrap()]);
    let refused = guard.get(&server.url("rebind.example"), &ask(Reach::Public)).await;
    assert!(matches!(refused, Err(GuardError::Private(_))), "{refused:?}");
    assert_eq!(server.hits(), 0);
}

#[tokio::test]
async fn each_redirect_is_looked_at_and_takes_no_credential_along() {
    ring();
    let inner = Server::saying("200 OK", "application/json", "{\"secret\":1}").await;
    let to = inner.port;
    let outer = Server::answering(|_| {
        format!(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{to}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    })
    .await;
    let private = vec![format!("outer.example:{}", outer.port).parse().unwrap()];
    let names = Names::of(&[("outer.example", &["127.0.0.1"])]);
    let guard = Guard::with_lookup(Policy { private, ..Policy::default() }, names);
    let asked = Ask { authorization: Some(Secret::new("token t0p".to_string())), ..ask(Reach::Public) };
    let refused = guard.get(&outer.url("outer.example"), &asked).await;
    assert!(matches!(refused, Err(GuardError::Private(_))), "{refused:?}");
    assert_eq!((outer.hits(), inner.hits()), (1, 0));
    // Where the second host is allowed, it still does not get what was meant for the first.
    let answer = guard.get(&outer.url("127.0.0.1"), &Ask { reach: Reach::Own, ..asked }).await.unwrap();
    assert_eq!(answer.url.port(), Some(inner.port));
    assert!(outer.heads.lock().unwrap().iter().all(|head| head.contains("t0p")));
    assert!(inner.heads.lock().unwrap().iter().all(|head| !head.contains("t0p")));
    // Round and round.
    let circle = Server::answering(|port| {
        format!(
            "HTTP/1.1 301 x\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    })
    .await;
    assert!(matches!(guard.get(&circle.url("127.0.0.1"), &ask(Reach::Own)).await, Err(GuardError::Redirect)));
    assert!(circle.hits() <= 8, "{}", circle.hits());
}

#[tokio::test]
async fn a_hostile_answer_costs_little() {
    ring();
    let guard = Guard::default();
    let get = async |server: &Server, longest| {
        let asked = Ask { longest, limit: Duration::from_millis(500), ..ask(Reach::Own) };
        guard.get(&server.url("127.0.0.1"), &asked).await
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let endless = Server::answering(|_| format!("{head}x-kind: endless\r\n\r\n")).await;
    assert!(matches!(get(&endless, 1 << 20).await, Err(GuardError::TooLong(_))));
    let announced = Server::answering(|_| format!("{head}content-length: 99999999999\r\n\r\n")).await;
    assert!(matches!(get(&announced, 1 << 20).await, Err(GuardError::TooLong(_))));
    let slow = Server::answering(|_| format!("{head}x-kind: slow\r\ncontent-length: 10\r\n\r\n{{")).await;
    assert!(matches!(get(&slow, 1 << 20).await, Err(GuardError::Unreachable(_))));
    let page = Server::saying("200 OK", "text/html", "<html>").await;
    assert!(matches!(get(&page, 1 << 20).await, Err(GuardError::Kind("JSON"))));
    let limited = Server::answering(|_| "HTTP/1.1 429 x\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n".into()).await;
    assert!(matches!(get(&limited, 10).await, Err(GuardError::Limited(Some(30)))));
    let nonsense = Server::answering(|_| "not http at all\r\n\r\n".into()).await;
    assert!(matches!(get(&nonsense, 10).await, Err(GuardError::Unreachable(_))));
}

#[tokio::test]
async fn other_schemes_and_passwords_in_urls_are_refused() {
    ring();
    let guard = Guard::default();
    for url in ["file:///etc/passwd", "ftp://h/x", "gopher://h/x", "https://u:p@h.example/", "data:text/plain,x"] {
        let refused = guard.get(&Url::parse(url).unwrap(), &ask(Reach::Own)).await;
        assert!(matches!(refused, Err(GuardError::Scheme)), "{url}: {refused:?}");
    }
}
