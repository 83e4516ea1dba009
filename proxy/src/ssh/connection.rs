//! One connection, from its socket to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::Disconnect;
use russh::server::{Handle, RunningSession, run_stream};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use dormer_auth::approval;

use super::audit;
use super::handler::{Connection, Parts, Stage};
use super::peer::Peer;
use super::server::Shared;
use super::socket::{Brake, Socket};

/// How long channels may take to say that they end, when the connection is ended from our side.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long a client has for what its channels were told, and to leave by itself when the last of them is closed: at a
/// disconnect, OpenSSH's forgets what it has not printed yet.
const PRINT: Duration = Duration::from_millis(250);
/// How long a client may take to leave after it was told to.
const LEAVE: Duration = Duration::from_millis(500);

/// How long somebody may stay who may go nowhere.
const LOBBY: Duration = Duration::from_secs(60);

/// What a connection hears from the server.
#[derive(Clone)]
pub(super) struct Signals {
    /// No new ones: this one ends as soon as nothing is going on in it.
    pub(super) shutdown: CancellationToken,
    /// Time is up.
    pub(super) drained: CancellationToken,
}

/// Why a connection is ended by us.
enum Why {
    Left,
    TooSlow,
    Ended,
    Shutdown,
}

/// Serves one connection until it has ended with all that belongs to it.
pub(super) async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    shared: Arc<Shared>,
    signals: Signals,
    unauthenticated: OwnedSemaphorePermit,
) {
    let start = Instant::now();
    let (stage, mut progress) = watch::channel(Stage::Handshake);
    let (farewell, told) = watch::channel(None);
    let tasks = TaskTracker::new();
    let brake = Brake::default();
    // However this ends, nothing of the connection stays behind.
    let cut = CancellationToken::new();
    let _cutting = cut.clone().drop_guard();
    let peer = tokio::select! {
        peer = Peer::look(&stream, address) => peer,
        () = signals.shutdown.cancelled() => return,
    };
    let russh = if peer.is_old_libssh2() { &shared.for_old_clients } else { &shared.russh };
    let handler = Connection::new(Parts {
        desk: shared.desk.clone(),
        limits: shared.limits.clone(),
        peer,
        reach: shared.reach.clone(),
        stage,
        farewell: told,
        tasks: tasks.clone(),
        brake: brake.clone(),
    });
    let socket = Socket::new(stream, brake, cut.clone());
    let running = tokio::select! {
        running = timeout(shared.limits.handshake, run_stream(Arc::clone(russh), socket, handler)) => running,
        () = signals.shutdown.cancelled() => return,
    };
    let Ok(Ok(mut session)) = running else { return };
    let handle = session.handle();
    let mut unauthenticated = Some(unauthenticated);
    let why = loop {
        let current = progress.borrow_and_update().clone();
        let limit = match &current {
            Stage::Handshake => Some(shared.limits.handshake),
            Stage::Authentication => Some(shared.limits.authentication),
            Stage::Approval => Some(approval::LIFE + shared.limits.authentication),
            Stage::Lobby(_) => {
                unauthenticated = None;
                Some(shared.limits.authentication + LOBBY)
            }
            Stage::In(_) => {
                unauthenticated = None;
                None
            }
        };
        tokio::select! {
            result = &mut session => {
                if let Err(error) = result {
                    tracing::debug!(peer = %address, %error, "an ssh connection ended");
                }
                break Why::Left;
            }
            changed = progress.changed() => {
                if changed.is_err() {
                    // The handler is gone, so the session is about to be.
                    let _ = (&mut session).await;
                    break Why::Left;
                }
            }
            () = after(start, limit) => break Why::TooSlow,
            () = ended(&current) => break Why::Ended,
            () = quiet(&signals, &current, &tasks) => break Why::Shutdown,
        }
    };
    drop(unauthenticated);
    match why {
        Why::Left => {}
        Why::TooSlow => end(session, &handle, &cut, "this took too long", address).await,
        Why::Ended => {
            let why = "your access to this workspace has ended, or the workspace is gone";
            say_farewell(&farewell, why, &tasks).await;
            end(session, &handle, &cut, why, address).await;
        }
        Why::Shutdown => {
            let why = "the gateway is restarting; connect again";
            say_farewell(&farewell, why, &tasks).await;
            end(session, &handle, &cut, why, address).await;
        }
    }
    cut.cancel();
    tasks.close();
    tasks.wait().await;
}

async fn after(start: Instant, limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep_until(start + limit).await,
        None => std::future::pending().await,
    }
}

async fn ended(stage: &Stage) {
    match stage {
        Stage::In(ended) | Stage::Lobby(ended) => ended.cancelled().await,
        _ => std::future::pending().await,
    }
}

/// After a shutdown was asked for: once nothing is going on, and at the end of the drain in any case.
async fn quiet(signals: &Signals, stage: &Stage, tasks: &TaskTracker) {
    signals.shutdown.cancelled().await;
    if let Stage::In(_) | Stage::Lobby(_) = stage {
        let idle = async {
            while !tasks.is_empty() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let _ = signals.drained.run_until_cancelled(idle).await;
    }
}

async fn say_farewell(farewell: &watch::Sender<Option<&'static str>>, why: &'static str, tasks: &TaskTracker) {
    farewell.send_replace(Some(why));
    tasks.close();
    // Those of clients that do not read are cut off with the socket.
    let _ = timeout(FAREWELL, tasks.wait()).await;
}

async fn end(
    mut session: RunningSession<Connection>,
    handle: &Handle,
    cut: &CancellationToken,
    why: &str,
    peer: SocketAddr,
) {
    audit::ended(peer, why);
    if timeout(PRINT, &mut session).await.is_ok() {
        return;
    }
    let leave = async {
        // A queue that is full belongs to a client that does not read.
        let _ = handle.disconnect(Disconnect::ByApplication, why.to_string(), String::new()).await;
        let _ = (&mut session).await;
    };
    if timeout(LEAVE, leave).await.is_err() {
        cut.cancel();
        let _ = timeout(LEAVE, session).await;
    }
}
