//! The door: accepts connections, reads what each is for, and hands it to whoever serves that.

mod caller;
mod follow;
mod forward;
pub mod listen;
mod listener;
pub mod network;
mod run;
mod splice;
mod status;

use std::sync::Arc;
use std::time::Duration;

use dormer_wire::door::{Exec, Preface, Refusal, RefusalCode, Reply, VERSION, Want};
use dormer_wire::message;
use dormer_wire::report::{ActivityKind, AgentState};
use tokio::io::AsyncWrite;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;

pub use caller::Caller;
pub use listener::{bind, bind_shared, peer_is_allowed};
pub use splice::join;

use crate::credential::Broker;
use crate::door::splice::Reached;
use crate::editor::EditorHandle;
use crate::ports::owner::Owners;
use crate::stop::StopRequests;
use crate::workspace::Workspace;
use crate::{exec, sftp};

/// How long a connection may take to say what it wants.
const PREFACE_LIMIT: Duration = Duration::from_secs(5);
/// How many connections are served at once, where descriptors allow for so many: each takes two. Nobody may come in
/// uncounted, and whoever comes when it is full is told so at once.
const MAX_CONNECTIONS: usize = 16 * 1024;
/// Descriptors that connections leave to everything else.
const RESERVED: u64 = 256;

/// Everything that can be reached through the door.
#[derive(Debug)]
pub struct Rooms {
    /// The workspace.
    pub workspace: Arc<Workspace>,
    /// The editor.
    pub editor: Arc<EditorHandle>,
    /// Whose port is whose.
    pub owners: Arc<Owners>,
    /// Who asked to stop.
    pub stop: StopRequests,
    /// Connections that wait for somebody outside to take them.
    pub knocks: listen::Knocks,
    /// Who asks the gateway for credentials.
    pub broker: Broker,
}

/// Everybody who is in.
#[derive(Debug)]
pub struct Visitors {
    rooms: Rooms,
    permits: Arc<Semaphore>,
}

impl Visitors {
    /// Nobody yet.
    pub fn new(rooms: Rooms) -> Arc<Visitors> {
        Arc::new(Visitors { rooms, permits: Arc::new(Semaphore::new(most())) })
    }

    /// Serves a connection that may come in.
    fn admit(self: Arc<Self>, mut caller: Caller) {
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        tokio::spawn(async move {
            match permit {
                Ok(_permit) => self.rooms.receive(caller).await,
                Err(_) => {
                    let full = refusal(RefusalCode::Failed, "the workspace has too many connections open");
                    // Whoever is gone does not need an answer.
                    let _ = tokio::time::timeout(PREFACE_LIMIT, answer(&mut caller, full)).await;
                }
            }
        });
    }
}

/// Serves connections of this machine until dropped. With `anybody`, whoever reaches the socket may come in.
pub async fn serve(listener: UnixListener, anybody: bool, visitors: Arc<Visitors>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) if anybody || peer_is_allowed(&stream) => {
                Arc::clone(&visitors).admit(Caller::Unix(stream));
            }
            Ok(_) => tracing::warn!("a connection of another user was refused at the door"),
            Err(error) => {
                // Out of descriptors, most likely: others have to end first.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// As many as descriptors allow for.
fn most() -> usize {
    let files = dormer_wire::descriptors::raise();
    usize::try_from(files.saturating_sub(RESERVED) / 2).unwrap_or(MAX_CONNECTIONS).clamp(64, MAX_CONNECTIONS)
}

/// Refuses a connection, whatever it wants.
async fn answer(stream: &mut Caller, refusal: Refusal) {
    // It says what it wants before it listens.
    let _ = message::read::<Preface>(stream).await;
    let _ = message::write(stream, &Reply::Refused(refusal)).await;
}

/// A refusal with a reason.
pub fn refusal(code: RefusalCode, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into() }
}

/// Says that a stream is what was asked for. False when nobody hears it any more.
pub async fn accept(stream: &mut (impl AsyncWrite + Unpin)) -> bool {
    message::write(stream, &Reply::Accepted).await.is_ok()
}

impl Rooms {
    async fn receive(&self, mut stream: Caller) {
        let preface = tokio::time::timeout(PREFACE_LIMIT, message::read::<Preface>(&mut stream)).await;
        let outcome = match preface {
            Ok(Ok(Some(Preface { version: VERSION, want, direct }))) => self.lead(&mut stream, want, direct).await,
            Ok(Ok(Some(Preface { version, .. }))) => {
                let message = format!("this agent speaks version {VERSION} of the door protocol, not {version}");
                Err(refusal(RefusalCode::Version, message))
            }
            Ok(Err(error)) => Err(refusal(RefusalCode::Invalid, error.to_string())),
            Err(_) => Err(refusal(RefusalCode::Invalid, "nothing was asked for in time")),
            Ok(Ok(None)) => return,
        };
        if let Err(refusal) = outcome {
            // Whoever is gone does not need an answer.
            let _ = message::write(&mut stream, &Reply::Refused(refusal)).await;
        }
    }

    async fn lead(&self, stream: &mut Caller, want: Want, direct: bool) -> Result<(), Refusal> {
        let workspace = &self.workspace;
        // Nothing can be handed over through a network.
        let direct = direct && matches!(stream, Caller::Unix(_));
        if let Some((container, want)) = forward::elsewhere(workspace, &want) {
            return forward::run(stream, workspace, &container, want).await;
        }
        let stopping = workspace.board.state() == AgentState::Stopping;
        match want {
            Want::Status => status::serve(stream, &workspace.board).await,
            Want::Stop { grace_seconds } => {
                self.stop.request(grace_seconds);
                status::serve(stream, &workspace.board).await;
            }
            Want::Credentials => self.broker.hold(stream).await,
            Want::Logs { name, tail, follow } => follow::serve(stream, workspace, &name, tail, follow).await?,
            _ if stopping => return Err(refusal(RefusalCode::Stopping, "the workspace is stopping")),
            Want::Editor => {
                let editor = self.editor.connect().await?;
                splice::run(stream, Reached::Unix(editor), direct).await;
            }
            Want::Port { port } => {
                let upstream = splice::connect_port(&self.owners, port).await?;
                splice::run(stream, Reached::Tcp(upstream), direct).await;
            }
            Want::Socket { path } => {
                let upstream = splice::connect_socket(&workspace.assignment.run, &path).await?;
                splice::run(stream, Reached::Unix(upstream), direct).await;
            }
            Want::Listen { at } => listen::serve(stream, &workspace.assignment.run, &self.knocks, at).await?,
            Want::Accept { id } => listen::hand_over(stream, &self.knocks, id, direct).await?,
            Want::Exec(request) => self.exec(stream, request).await?,
            Want::Run { command } => run::serve(stream, workspace, &command).await?,
            Want::Sftp => {
                workspace.board.activity(ActivityKind::Ssh);
                sftp::serve(stream, workspace).await?;
            }
            _ => return Err(refusal(RefusalCode::Invalid, "this agent does not know what was asked for")),
        }
        Ok(())
    }

    async fn exec(&self, stream: &mut Caller, request: Exec) -> Result<(), Refusal> {
        let session = exec::start(&self.workspace, request)?;
        // A command that came is an act of somebody, as much as a keystroke.
        self.workspace.board.activity(ActivityKind::Ssh);
        session.serve(stream, &self.workspace.board).await;
        Ok(())
    }
}
