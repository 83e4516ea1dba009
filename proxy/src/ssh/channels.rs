//! The channels of a connection whose person was let in to a workspace, as the session loop keeps them.

use std::collections::HashMap;
use std::sync::Arc;

use russh::server::{ChannelOpenHandle, Handle, Msg};
use russh::{Channel, ChannelId, ChannelOpenFailure};
use tokio_util::sync::{CancellationToken, DropGuard};

use dormer_wire::door::{Exec, Want};
use dormer_wire::frame::Frame;
use dormer_wire::listen::{Listening, Place};

use super::activity::{Activity, Source};
use super::audit;
use super::forward::{Forward, prohibited};
use super::hold::Hold;
use super::inbox::{Inbox, Total};
use super::notices::Manner;
use super::output::Output;
use super::places::PlaceError;
use super::reverse::{Arrived, Heard, MOST_PLACES, Reverse};
use super::slot::{Setup, Slot};
use super::socket::Brake;
use super::start::{self, Context};
use super::window::{TRICKLE, Windows};

/// The variable by which a client says in which of the workspace's containers it wants to be.
const CONTAINER: &str = "DORMER_CONTAINER";

/// The channels of a connection.
pub(super) struct Channels {
    context: Context,
    activity: Activity,
    most: usize,
    slots: HashMap<ChannelId, Slot>,
    windows: Windows,
    total: Total,
    brake: Brake,
    hold: Hold,
    reverse: Reverse,
    /// Where the client listens inside.
    places: HashMap<Heard, CancellationToken>,
    closed: CancellationToken,
    /// Whatever way the session loop ends, its channels hear of it.
    _closing: DropGuard,
}

impl Channels {
    pub(super) fn new(context: Context, most: usize, brake: Brake, handle: Handle) -> Channels {
        let closed = CancellationToken::new();
        start::warn(&context, closed.clone());
        Channels {
            activity: Activity::new(Arc::clone(&context.gate), Arc::clone(&context.login.entry)),
            reverse: Reverse::new(context.clone(), handle, most, closed.clone()),
            context,
            most,
            slots: HashMap::new(),
            windows: Windows::default(),
            total: Total::default(),
            brake,
            hold: Hold::default(),
            places: HashMap::new(),
            _closing: closed.clone().drop_guard(),
            closed,
        }
    }

    /// Forgets channels whose tasks are done: russh does not tell of those that we close.
    fn prune(&mut self) {
        let windows = &mut self.windows;
        self.slots.retain(|id, slot| {
            let keep = !slot.inbox.is_finished();
            if !keep {
                windows.closed(id.number());
            }
            keep
        });
    }

    fn insert(&mut self, id: ChannelId, source: Source) -> Arrived {
        let inbox = Inbox::new(self.total.clone());
        let gone = self.closed.child_token();
        self.windows.opened(id.number());
        self.slots.insert(id, Slot { inbox: Arc::clone(&inbox), gone: gone.clone(), source, setup: None });
        Arrived { inbox, gone }
    }

    /// A place for one more channel, if there is room for it.
    fn place(&mut self, channel: Channel<Msg>, source: Source, handle: Handle) -> Option<(ChannelId, Arrived, Output)> {
        self.prune();
        if self.slots.len() >= self.most || self.context.farewell_was_said() {
            return None;
        }
        let id = channel.id();
        // With its receiver gone, the session loop never waits for this channel.
        let (_, half) = channel.split();
        Some((id, self.insert(id, source), Output::new(half, handle)))
    }

    /// A session.
    pub(super) async fn open(&mut self, channel: Channel<Msg>, reply: ChannelOpenHandle, handle: Handle) {
        let Some((id, _, output)) = self.place(channel, Source::Program, handle) else {
            return reply.reject(ChannelOpenFailure::ResourceShortage).await;
        };
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.setup = Some(Setup { output, environment: Default::default(), pty: None, ssh_agent: false });
        }
        reply.accept().await;
    }

    /// A forwarded connection to somewhere inside.
    pub(super) async fn forward(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        want: Result<Want, PlaceError>,
        target: &str,
        handle: Handle,
    ) {
        let permitted = self.context.login.permits.forwarding;
        let want = match want.and_then(|want| if permitted { Ok(want) } else { Err(PlaceError::Certificate) }) {
            Ok(want) => want,
            Err(error) => {
                self.refused(target);
                return reply.reject(prohibited(error.to_string())).await;
            }
        };
        match self.place(channel, Source::Forward, handle) {
            Some((_, Arrived { inbox, gone }, output)) => {
                Forward { context: self.context.clone(), want, reply, inbox, gone, output }.spawn();
            }
            None => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
    }

    fn refused(&self, target: &str) {
        let context = &self.context;
        audit::forward_refused(context.peer, context.name(), &context.login.known.principal, target);
    }

    /// Listens inside for the client. The port or path is told; None: it does not.
    ///
    /// russh wants the answer before the callback ends, so the session loop waits here: for a moment where the
    /// workspace is awake, for its wake where it is not.
    pub(super) async fn listen(
        &mut self,
        at: Result<Place, PlaceError>,
        heard: impl FnOnce(&Listening) -> Heard,
        target: &str,
    ) -> Option<Listening> {
        self.places.retain(|_, gone| !gone.is_cancelled());
        let permitted = self.context.login.permits.forwarding && self.places.len() < MOST_PLACES;
        let Some(at) = at.ok().filter(|_| permitted && !self.context.farewell_was_said()) else {
            self.refused(target);
            return None;
        };
        let gone = self.closed.child_token();
        let mut known = None;
        let heard = |told: &Listening| known.insert(heard(told)).clone();
        match self.reverse.listen(at, heard, gone.clone(), |_| {}).await {
            Ok(told) => {
                self.places.extend(known.map(|heard| (heard, gone)));
                Some(told)
            }
            Err(error) => {
                tracing::debug!(%error, workspace = self.context.name(), "a remote forward failed");
                self.refused(target);
                None
            }
        }
    }

    /// Listens there no longer. False: it did not.
    pub(super) fn unlisten(&mut self, heard: &Heard) -> bool {
        self.places.remove(heard).is_some_and(|gone| {
            gone.cancel();
            true
        })
    }

    /// The client has confirmed a channel that we opened.
    pub(super) fn confirmed(&mut self, id: ChannelId) {
        // Said once: a second time it would lose what the first has brought.
        if !self.slots.contains_key(&id) {
            let arrived = self.insert(id, Source::Forward);
            self.reverse.arrivals().put(id, arrived);
        }
    }

    /// The client has closed a channel.
    pub(super) fn closed(&mut self, id: ChannelId) {
        if let Some(slot) = self.slots.get(&id) {
            slot.gone.cancel();
            slot.inbox.end();
            if slot.setup.is_some() {
                // It never began: no task will say that it is done.
                slot.inbox.finish();
            }
        }
        self.prune();
    }

    /// The client sends nothing more on a channel.
    pub(super) fn ended(&self, id: ChannelId) {
        if let Some(slot) = self.slots.get(&id) {
            slot.inbox.end();
        }
    }

    /// Octets came.
    pub(super) fn data(&mut self, id: ChannelId, data: &[u8]) {
        self.windows.received(id.number(), data.len());
        let Some(slot) = self.slots.get(&id) else { return };
        slot.inbox.push(data);
        if data.len() > TRICKLE as usize {
            self.hold.release();
        }
        self.activity.input(slot.source, data.len());
    }

    /// Octets came that have nowhere to go: a client has nothing to say on standard error.
    pub(super) fn ignored(&mut self, id: ChannelId, octets: usize) {
        self.windows.received(id.number(), octets);
    }

    /// The next window that is granted.
    pub(super) fn window(&mut self, id: ChannelId) -> u32 {
        self.prune();
        let stalled = self.slots.get(&id).is_none_or(|slot| slot.inbox.is_stalled());
        if stalled && let Some(pause) = self.hold.asked(self.windows.trickling()) {
            self.brake.press(pause);
        }
        self.windows.asked(id.number(), stalled)
    }

    /// What a session collects until it is told what to run.
    pub(super) fn setup(&mut self, id: ChannelId) -> Option<&mut Setup> {
        self.slots.get_mut(&id)?.setup.as_mut()
    }

    /// Whether its person may have a terminal.
    pub(super) fn may_have_terminal(&self) -> bool {
        self.context.login.permits.terminal
    }

    /// The client's ssh-agent is offered. False: it is not taken.
    pub(super) fn offer_ssh_agent(&mut self, id: ChannelId) -> bool {
        let permitted = self.context.login.permits.ssh_agent;
        match self.setup(id) {
            Some(setup) if permitted => {
                setup.ssh_agent = true;
                true
            }
            _ => false,
        }
    }

    /// A process is to be run.
    pub(super) fn run(&mut self, id: ChannelId, command: Option<String>) -> bool {
        let (forced, told) = (self.context.login.permits.command.clone(), Arc::clone(&self.context.variables));
        // A forced command may look at what was asked for.
        let original =
            command.clone().filter(|_| forced.is_some()).map(|line| (String::from("SSH_ORIGINAL_COMMAND"), line));
        let (forced, command) = (forced.is_some(), forced.or(command));
        let want = |setup: &mut Setup| {
            let mut env = std::mem::take(&mut setup.environment).into_pairs();
            // Where a key is for one command, it is for that command where it is.
            let container = env.iter().find(|(name, value)| name == CONTAINER && !value.is_empty() && !forced);
            let container = container.map(|(_, value)| value.clone());
            env.extend(told.iter().cloned().chain(original));
            Want::Exec(Exec { command, pty: setup.pty.clone(), env, cwd: None, container })
        };
        self.begin(id, want, Source::Program)
    }

    /// Files are to be served.
    pub(super) fn serve_files(&mut self, id: ChannelId) -> bool {
        match self.context.login.permits.command {
            Some(_) => self.run(id, None),
            None => self.begin(id, |_| Want::Sftp, Source::Person),
        }
    }

    /// Begins what a session is for. False: it has begun before, or is no session.
    fn begin(&mut self, id: ChannelId, want: impl FnOnce(&mut Setup) -> Want, source: Source) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        let Some(mut setup) = slot.setup.take() else { return false };
        let want = want(&mut setup);
        let manner = match (&setup.pty, &want) {
            (Some(pty), Want::Exec(_)) => Manner::InPlace(pty.size.columns),
            (None, Want::Exec(Exec { command: None, .. })) => Manner::Lines,
            _ => Manner::Late,
        };
        slot.source = if setup.pty.is_some() { Source::Person } else { source };
        self.activity.command();
        start::Session {
            context: self.context.clone(),
            want,
            manner,
            ssh_agent: setup.ssh_agent.then(|| self.reverse.clone()),
            inbox: Arc::clone(&slot.inbox),
            gone: slot.gone.clone(),
            output: setup.output,
        }
        .spawn();
        true
    }

    /// Something is to be done to what runs.
    pub(super) fn control(&self, id: ChannelId, frame: Frame) {
        if let Some(slot) = self.slots.get(&id) {
            slot.inbox.control(frame);
        }
    }
}
