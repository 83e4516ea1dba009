//! Listening inside for somebody outside: remote forwards, and forwarded ssh-agents.
//!
//! Whatever listens here listens on the loopback or at a socket of mode 0600: what a person forwards back to their own
//! machine is for their workspace's processes, and for nobody else's.

mod bind;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dormer_wire::door::{Refusal, RefusalCode};
use dormer_wire::listen::{Decline, Knock, Place};
use dormer_wire::message;
use tokio::io::{AsyncRead, AsyncWrite};

use super::caller::Caller;
use super::splice::{self, Reached};
use super::{accept, refusal};
use bind::Ear;

/// Connections of one listener that wait to be taken; more are closed at once.
const MOST_WAITING: usize = 128;
/// How long a connection waits to be taken.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections that wait for somebody outside to take them.
#[derive(Debug, Clone, Default)]
pub struct Knocks(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    last: AtomicU64,
    all: Mutex<HashMap<u64, (Instant, Reached)>>,
}

impl Knocks {
    fn change<T>(&self, change: impl FnOnce(&mut HashMap<u64, (Instant, Reached)>) -> T) -> T {
        // Nothing that holds it can leave it half-changed.
        change(&mut self.0.all.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, visitor: Reached) -> u64 {
        let id = self.0.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.change(|all| all.insert(id, (Instant::now(), visitor)));
        id
    }

    fn take(&self, id: u64) -> Option<Reached> {
        self.change(|all| all.remove(&id)).map(|(_, visitor)| visitor)
    }
}

/// The knocks of one listener, which end with it.
struct Own<'a> {
    knocks: &'a Knocks,
    ids: Mutex<Vec<u64>>,
}

impl Own<'_> {
    /// Announces a visitor, unless too many wait.
    fn announce(&self, visitor: Reached) -> Option<u64> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        self.knocks.change(|all| {
            all.retain(|id, (since, _)| !ids.contains(id) || since.elapsed() < PATIENCE);
            ids.retain(|id| all.contains_key(id));
        });
        if ids.len() >= MOST_WAITING {
            return None;
        }
        let id = self.knocks.put(visitor);
        ids.push(id);
        Some(id)
    }
}

impl Drop for Own<'_> {
    fn drop(&mut self) {
        let ids = self.ids.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.knocks.change(|all| all.retain(|id, _| !ids.contains(id)));
    }
}

/// Listens until whoever asked for it is gone.
pub async fn serve(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    run: &Path,
    knocks: &Knocks,
    at: Place,
) -> Result<(), Refusal> {
    let ear = bind::bind(run, &at).await?;
    if !accept(stream).await || message::write(stream, &ear.told()).await.is_err() {
        return Ok(());
    }
    let own = Own { knocks, ids: Mutex::default() };
    let (mut reader, mut writer) = tokio::io::split(stream);
    let declined = async {
        while let Ok(Some(Decline { id })) = message::read(&mut reader).await {
            drop(knocks.take(id))
        }
    };
    let announced = async {
        loop {
            let (visitor, port) = listen(&ear).await;
            if let Some(id) = own.announce(visitor)
                && message::write(&mut writer, &Knock { id, port }).await.is_err()
            {
                return;
            }
        }
    };
    tokio::select! {
        () = declined => {}
        () = announced => {}
    }
    Ok(())
}

async fn listen(ear: &Ear) -> (Reached, Option<u16>) {
    loop {
        match ear.accept().await {
            Ok(visitor) => return visitor,
            Err(error) => {
                // Out of descriptors, most likely: others have to end first.
                tracing::warn!(%error, "a connection to a forwarded place could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Hands a connection that knocked to whoever takes it.
pub async fn hand_over(stream: &mut Caller, knocks: &Knocks, id: u64, direct: bool) -> Result<(), Refusal> {
    let visitor = knocks.take(id).ok_or_else(|| refusal(RefusalCode::NotFound, "that connection is gone"))?;
    splice::run(stream, visitor, direct).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpStream, UnixStream};

    use super::*;
    use dormer_wire::door::Reply;
    use dormer_wire::listen::Listening;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// Listens at a place, and gives what a gateway has of it.
    async fn begin(run: &Path, knocks: &Knocks, at: Place) -> (UnixStream, Listening) {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let (run, knocks) = (run.to_owned(), knocks.clone());
        tokio::spawn(async move { serve(&mut theirs, &run, &knocks, at).await.unwrap() });
        assert!(matches!(message::read(&mut ours).await.unwrap(), Some(Reply::Accepted)));
        let told = message::read(&mut ours).await.unwrap().unwrap();
        (ours, told)
    }

    #[tokio::test]
    async fn a_connection_is_announced_taken_and_carried() {
        let folder = tempfile::tempdir().unwrap();
        let knocks = Knocks::default();
        let path = folder.path().join("there.sock").display().to_string();
        for at in [Place::Port { port: 0 }, Place::Socket { path: path.clone() }, Place::Private] {
            let (mut ours, told) = begin(folder.path().join("run").as_path(), &knocks, at.clone()).await;
            let answer = async {
                let knock: Knock = message::read(&mut ours).await.unwrap().unwrap();
                let (mut taken, given) = UnixStream::pair().unwrap();
                let mut given = Caller::Unix(given);
                let taking = async {
                    assert!(matches!(message::read(&mut taken).await.unwrap(), Some(Reply::Accepted)));
                    let mut text = [0; 4];
                    taken.read_exact(&mut text).await.unwrap();
                    taken.write_all(b"pong").await.unwrap();
                    drop(taken);
                    text
                };
                let (text, handed) = tokio::join!(taking, hand_over(&mut given, &knocks, knock.id, false));
                handed.unwrap();
                assert!(hand_over(&mut given, &knocks, knock.id, false).await.is_err(), "taken twice");
                text
            };
            let ask = async {
                match &told {
                    Listening::Port(port) => exchange(TcpStream::connect(("127.0.0.1", *port)).await.unwrap()).await,
                    Listening::Path(path) => exchange(UnixStream::connect(path).await.unwrap()).await,
                }
            };
            let (text, answer) = tokio::join!(answer, ask);
            assert_eq!((&text, answer.as_str()), (b"ping", "pong"), "{at:?}");
            // When whoever asked is gone, nothing listens there any more.
            drop(ours);
            let closed = async {
                loop {
                    let open = match &told {
                        Listening::Port(port) => TcpStream::connect(("127.0.0.1", *port)).await.is_ok(),
                        Listening::Path(path) => Path::new(path).exists(),
                    };
                    if !open {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), closed).await.expect("it still listens");
        }
        assert!(knocks.change(|all| all.is_empty()));
    }

    async fn exchange(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) -> String {
        stream.write_all(b"ping").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn what_is_declined_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let knocks = Knocks::default();
        let (mut ours, told) = begin(folder.path(), &knocks, Place::Port { port: 0 }).await;
        let Listening::Port(port) = told else { panic!("{told:?}") };
        let mut visitor = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let knock: Knock = message::read(&mut ours).await.unwrap().unwrap();
        message::write(&mut ours, &Decline { id: knock.id }).await.unwrap();
        assert_eq!(visitor.read(&mut [0; 1]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn places_that_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        std::fs::create_dir(&run).unwrap();
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let socket = |path: &Path| Place::Socket { path: path.display().to_string() };
        let _live = std::os::unix::net::UnixListener::bind(folder.path().join("live")).unwrap();
        for (at, code) in [
            (Place::Port { port: taken.local_addr().unwrap().port() }, RefusalCode::Failed),
            (socket(&folder.path().join("file")), RefusalCode::Failed),
            (socket(&folder.path().join("live")), RefusalCode::Failed),
            (socket(&folder.path().join("no/such/folder")), RefusalCode::Failed),
            (socket(Path::new("relative")), RefusalCode::Invalid),
            (socket(&run.join("x")), RefusalCode::Foreign),
        ] {
            let got = bind::bind(&run, &at).await.map(|_| ()).unwrap_err();
            assert_eq!(got.code, code, "{at:?}: {got}");
        }
        assert!(folder.path().join("file").exists() && folder.path().join("live").exists());
        // One that nobody listens at any more is replaced.
        drop(std::os::unix::net::UnixListener::bind(folder.path().join("stale")).unwrap());
        let ear = bind::bind(&run, &socket(&folder.path().join("stale"))).await.unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(folder.path().join("stale").metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(ear);
        assert!(!folder.path().join("stale").exists());
    }
}
