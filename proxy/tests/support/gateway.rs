//! A gateway over one fake workspace, and people.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use dormer_auth::authenticator::Authenticator;
use dormer_core::account::{Session, Token, User};
use dormer_core::directory::Directory;
use dormer_core::fixture::people::People;
use dormer_core::fixture::records::Records;
use dormer_core::phase::Phase;
use dormer_core::ports::accounts::Accounts;
use dormer_core::ports::clock::Clock;
use dormer_core::ports::store::Store;
use dormer_core::principal::Scope;
use dormer_core::wake::Waker;
use dormer_core::workspace::{Port, Share, Spec};
use dormer_proxy::gate::Gate;
use dormer_proxy::http::{Bound, Config, Deps, bind};
use dormer_wire::dial::Dialer;
use dormer_wire::door::Door as Where;
use dormer_wire::tls::Master;

use crate::door::Door;
use crate::wire::{Head, Peer};

/// `hello` belongs to ann; bob is somebody else. Port 3000 is ann's, 8080 is public, `web` is the name of 3000.
pub struct Gateway {
    pub records: Arc<Records>,
    pub people: Arc<People>,
    pub directory: Arc<Directory>,
    pub door: Arc<Door>,
    pub port: u16,
    pub ann: String,
    pub bob: String,
    pub shutdown: CancellationToken,
    pub served: JoinHandle<std::io::Result<()>>,
    _folder: TempDir,
}

/// The secret from which the keys of its doors in a network follow.
pub const MASTER: [u8; 32] = [7; 32];
pub const COOKIE: &str = "ann's session";

pub async fn gateway() -> Gateway {
    gateway_with(|_| {}).await
}

pub async fn gateway_with(change: impl FnOnce(&mut Config)) -> Gateway {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("door");
    let door = Door::open(&path);
    let records = Arc::new(Records::default());
    let mut spec = Spec::new("ann".parse().unwrap(), "default".parse().unwrap());
    spec.running = true;
    spec.ports = vec![
        Port { port: 8080, name: None, share: Share::Public },
        Port { port: 3000, name: Some("web".into()), share: Share::Owner },
    ];
    records.create(&"hello".parse().unwrap(), spec).await.unwrap();
    records.change("hello", |record| {
        record.status.phase = Phase::Running;
        record.status.instance = Some("1".into());
        record.status.door = Some(Where::Unix(path));
    });

    let people = Arc::new(People::default());
    let (ann, bob) = (person(&people, "ann").await, person(&people, "bob").await);
    let session = Session {
        id: "s".into(),
        user: "ann".parse().unwrap(),
        digest: dormer_auth::digest::digest(COOKIE),
        host: "hello.localhost".into(),
        parent: None,
        created_at: Timestamp::now(),
        expires_at: Timestamp::MAX,
        last_used_at: None,
        label: None,
    };
    people.add_session(session).await.unwrap();

    let shutdown = CancellationToken::new();
    let clock: Arc<dyn Clock> = Arc::new(Timestamp::now);
    let accounts: Arc<dyn Accounts> = people.clone();
    let authenticator = Authenticator::open(accounts, clock.clone()).await.unwrap();
    tokio::spawn(Arc::clone(&authenticator).follow(shutdown.clone()));
    let directory = Arc::new(Directory::default());
    let following = Arc::clone(&directory);
    let changes = records.watch();
    tokio::spawn(async move { following.follow(changes).await });
    until(|| directory.get("hello").is_some()).await;
    let store: Arc<dyn Store> = records.clone();
    let waker = Arc::new(Waker::new(store, Arc::clone(&directory), clock.clone()));
    let dialer = Dialer::with(&Master::from_octets(MASTER)).unwrap();
    let gate = Gate::new(Arc::clone(&directory), waker, clock, dialer);

    let mut config = Config::new(vec!["127.0.0.1:0".parse().unwrap()], "localhost");
    config.workers = Some(2);
    change(&mut config);
    let bound: Bound = bind(&config, Deps { gate, authenticator, pages: pages() }).unwrap();
    let port = bound.local_addr().port();
    let served = tokio::spawn(bound.serve(shutdown.clone(), Duration::from_secs(2)));
    Gateway { records, people, directory, door, port, ann, bob, shutdown, served, _folder: folder }
}

async fn person(people: &People, name: &str) -> String {
    let user = User {
        name: name.parse().unwrap(),
        display_name: None,
        groups: vec![],
        admin: false,
        disabled: false,
        created_at: Timestamp::now(),
    };
    people.add_user(user).await.unwrap();
    let (text, digest) = dormer_auth::token::generate(&mut rand::rngs::OsRng).unwrap();
    let token = Token {
        id: name.into(),
        user: name.parse().unwrap(),
        name: "test".into(),
        digest,
        scope: Scope::All,
        created_at: Timestamp::now(),
        expires_at: None,
        last_used_at: None,
    };
    people.add_token(token).await.unwrap();
    text.expose().clone()
}

/// Pages that say what they were asked.
fn pages() -> dormer_proxy::http::Pages {
    let runtime = tokio::runtime::Handle::current();
    Arc::new(move || {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        theirs.set_nonblocking(true)?;
        runtime.spawn(async move {
            let mut peer = Peer::new(tokio::net::UnixStream::from_std(theirs).unwrap());
            while let Some(head) = peer.head().await {
                let mut body = format!("pages\n{}", head.text);
                body.push_str(&String::from_utf8(peer.body(&head).await).unwrap());
                let answer = format!("HTTP/1.1 503 Page\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                peer.stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Ok(ours)
    })
}

impl Gateway {
    pub async fn connect(&self) -> Peer<TcpStream> {
        Peer::new(TcpStream::connect(("127.0.0.1", self.port)).await.unwrap())
    }

    /// Sends a request's octets on a fresh connection.
    pub async fn send(&self, request: &str) -> Peer<TcpStream> {
        let mut peer = self.connect().await;
        peer.stream.write_all(request.as_bytes()).await.unwrap();
        peer
    }

    /// Asks and gives status, head and body.
    pub async fn ask(&self, request: &str) -> (u16, Head, String) {
        let mut peer = self.send(request).await;
        let head = peer.head().await.expect("an answer");
        let body = peer.body(&head).await;
        (head.status(), head, String::from_utf8(body).unwrap())
    }

    /// `GET path` of a host with fields, as ann's program.
    pub async fn get(&self, host: &str, path: &str, fields: &str) -> (u16, Head, String) {
        let ann = &self.ann;
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nDormer-Token: {ann}\r\n{fields}\r\n")).await
    }

    /// Stops the workspace, as the reconciler would.
    pub async fn stop(&self) {
        self.records.change("hello", |record| {
            record.spec.running = false;
            record.status.phase = Phase::Stopped;
        });
        until(|| !self.directory.get("hello").unwrap().peek().spec.running).await;
    }
}

/// Waits for something to become true.
pub async fn until(mut what: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not become true within 5 s");
}
