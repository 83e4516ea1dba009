//! What comes from inside the workspace: connections to places that the client listens at (`-R`), and to its ssh-agent
//! (`-A`). The agent listens; each connection that knocks there becomes a channel to the client.

mod arrivals;

use std::sync::Arc;

use russh::server::{Handle, Msg};
use russh::{Channel, ChannelId};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use dormer_core::workspace::Workspace;
use dormer_wire::dial::DoorStream;
use dormer_wire::door::Want;
use dormer_wire::listen::{Decline, Knock, Listening, Place};
use dormer_wire::message::{self, MessageError};

use super::output::Output;
use super::reach::{ReachError, reach};
use super::splice::{self, Until};
use super::start::Context;

pub(super) use arrivals::{Arrivals, Arrived};

/// Places of one connection at which is listened.
pub(super) const MOST_PLACES: usize = 64;

/// What comes from inside. Clones share it.
#[derive(Clone)]
pub(super) struct Reverse {
    context: Context,
    handle: Handle,
    arrivals: Arrivals,
    /// How many such channels there may be at a time.
    room: Arc<Semaphore>,
    /// Cancelled with the connection.
    closed: CancellationToken,
    /// The forwarded ssh-agent's socket inside, once somebody asked for it.
    ssh_agent: Arc<OnceCell<String>>,
}

/// How the client knows where a connection came to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Heard {
    /// An address as the client wrote it, and the port.
    Port(String, u32),
    /// A path.
    Path(String),
    /// The ssh-agent.
    SshAgent,
}

/// Why nothing listens there.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListenError {
    /// The workspace did not wake, or refused.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The agent broke off.
    #[error("the workspace did not say where it listens: {0}")]
    Broken(#[from] MessageError),
    /// The agent broke off in silence.
    #[error("the workspace did not say where it listens")]
    Silent,
}

impl Reverse {
    pub(super) fn new(context: Context, handle: Handle, channels: usize, closed: CancellationToken) -> Reverse {
        Reverse {
            context,
            handle,
            arrivals: Arrivals::default(),
            room: Arc::new(Semaphore::new(channels)),
            closed,
            ssh_agent: Arc::default(),
        }
    }

    /// Where channels that the client confirms are announced.
    pub(super) fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// Listens inside until `gone`, and gives the place. The workspace is woken where it sleeps.
    pub(super) async fn listen(
        &self,
        at: Place,
        heard: impl FnOnce(&Listening) -> Heard,
        gone: CancellationToken,
        progress: impl FnMut(&Workspace) + Send,
    ) -> Result<Listening, ListenError> {
        let Context { gate, login, patience, .. } = &self.context;
        let want = Want::Listen { at };
        self.context.note(&want);
        let mut stream = reach(gate, &login.entry, &login.known.principal, want, *patience, progress).await?;
        let told: Listening = message::read(&mut stream).await?.ok_or(ListenError::Silent)?;
        let heard = heard(&told);
        let myself = self.clone();
        self.context.tasks.spawn(async move {
            let context = myself.context.clone();
            tokio::select! {
                () = myself.attend(stream, heard) => {}
                () = gone.cancelled() => {}
                _ = context.farewell() => {}
            }
        });
        Ok(told)
    }

    /// The path inside of the client's ssh-agent: one for all sessions of the connection.
    pub(super) async fn ssh_agent(&self, progress: impl FnMut(&Workspace) + Send) -> Result<String, ListenError> {
        let make = || async {
            match self.listen(Place::Private, |_| Heard::SshAgent, self.closed.clone(), progress).await? {
                Listening::Path(path) => Ok(path),
                Listening::Port(_) => Err(ListenError::Silent),
            }
        };
        self.ssh_agent.get_or_try_init(make).await.cloned()
    }

    /// Opens the door of the client's side for everybody who knocks.
    async fn attend(&self, stream: DoorStream, heard: Heard) {
        let (mut reader, mut writer) = tokio::io::split(stream);
        while let Ok(Some(knock)) = message::read::<Knock>(&mut reader).await {
            match Arc::clone(&self.room).try_acquire_owned() {
                Ok(room) => {
                    let (myself, heard) = (self.clone(), heard.clone());
                    self.context.tasks.spawn(async move { myself.bring(knock, heard, room).await });
                }
                Err(_) => {
                    if message::write(&mut writer, &Decline { id: knock.id }).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Brings one connection to the client.
    async fn bring(self, knock: Knock, heard: Heard, _room: OwnedSemaphorePermit) {
        let want = Want::Accept { id: knock.id };
        let channel = tokio::select! {
            channel = self.open(&heard, &knock) => channel,
            () = self.closed.cancelled() => return,
        };
        let stream = self.context.gate.dial(&self.context.login.entry, want).await;
        // Without a channel, the stream is taken and closed: whoever knocked hears at once that nobody is there.
        let Some((channel, arrived)) = channel else { return };
        let (_, half) = channel.split();
        let mut output = Output::new(half, self.handle.clone());
        if let Ok(stream) = stream {
            let context = self.context.clone();
            let carried = splice::run(Until::Both, stream, &arrived.inbox, &mut output, &arrived.gone);
            tokio::select! {
                // Why it ended is the application's business, which sees its connection end.
                _ = carried => {}
                _ = context.farewell() => {}
            }
        }
        tokio::select! {
            _ = output.close() => {}
            () = arrived.gone.cancelled() => {}
        }
        arrived.inbox.finish();
    }

    /// A channel to the client. None: it does not want one.
    async fn open(&self, heard: &Heard, knock: &Knock) -> Option<(Channel<Msg>, Arrived)> {
        let (handle, heard, from) = (self.handle.clone(), heard.clone(), u32::from(knock.port.unwrap_or_default()));
        let arrivals = self.arrivals.clone();
        let (sender, receiver) = oneshot::channel();
        // A task of its own, which nobody drops: to a client's refusal that finds nobody waiting, russh ends the whole
        // connection.
        tokio::spawn(async move {
            let opened = match heard {
                Heard::Port(address, port) => {
                    handle.channel_open_forwarded_tcpip(address, port, "127.0.0.1", from).await
                }
                Heard::Path(path) => handle.channel_open_forwarded_streamlocal(path).await,
                Heard::SshAgent => handle.channel_open_agent().await,
            };
            if let Err(Ok(late)) = sender.send(opened) {
                let id: ChannelId = late.id();
                let _ = late.close().await;
                arrivals.forget(id);
            }
        });
        let channel = receiver.await.ok()?.ok()?;
        let arrived = self.arrivals.take(channel.id()).await;
        Some((channel, arrived))
    }
}
