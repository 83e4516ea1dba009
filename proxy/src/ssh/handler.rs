//! russh's callbacks, translated. Nothing in here waits: what takes time is a task of its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::HashAlg;
use russh::server::{
    Auth, ChannelOpenHandle, Handle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, MethodKind, MethodSet, Pty, Sig};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use dormer_auth::authenticator::Authenticator;
use dormer_core::secret::Secret;
use dormer_wire::door::{Exec, Want};
use dormer_wire::frame::Frame;

use super::activity::{Activity, Source};
use super::config::Limits;
use super::forward::{Forward, prohibited};
use super::inbox::{Inbox, Total};
use super::login::{Login, Proof, admit};
use super::notices::Manner;
use super::output::Output;
use super::places::{self, PlaceError};
use super::slot::{Setup, Slot};
use super::socket::Brake;
use super::start::{self, Context};
use super::window::{TRICKLE, Windows};
use super::{algorithms, audit, host_keys, terminal};
use crate::gate::Gate;

/// How far a connection has come.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    /// Banner and first key exchange.
    Handshake,
    /// Logging in.
    Authentication,
    /// Logged in, until this is cancelled.
    In(CancellationToken),
}

/// How long reading is held back after a stalled channel has asked: at first, and at most.
const BRAKE_FIRST: Duration = Duration::from_millis(1);
const BRAKE_MOST: Duration = Duration::from_millis(20);

/// One connection, as russh's callbacks see it.
pub(super) struct Connection {
    pub(super) gate: Arc<Gate>,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) limits: Limits,
    pub(super) peer: SocketAddr,
    pub(super) stage: watch::Sender<Stage>,
    pub(super) farewell: watch::Receiver<Option<&'static str>>,
    pub(super) tasks: TaskTracker,
    pub(super) brake: Brake,
    inside: Option<Inside>,
    proven: Option<Login>,
    slots: HashMap<ChannelId, Slot>,
    windows: Windows,
    total: Total,
    pressing: Duration,
    closed: CancellationToken,
    /// Whatever way the session loop ends, its channels hear of it.
    _closing: DropGuard,
}

/// What there is after a login.
struct Inside {
    context: Context,
    activity: Activity,
}

/// What a connection is made with.
pub(super) struct Parts {
    pub(super) gate: Arc<Gate>,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) limits: Limits,
    pub(super) peer: SocketAddr,
    pub(super) stage: watch::Sender<Stage>,
    pub(super) farewell: watch::Receiver<Option<&'static str>>,
    pub(super) tasks: TaskTracker,
    pub(super) brake: Brake,
}

/// The ways to log in; always all of them, whoever asks.
pub(super) fn methods() -> MethodSet {
    MethodSet::from([MethodKind::PublicKey, MethodKind::KeyboardInteractive, MethodKind::Password].as_slice())
}

fn refuse() -> Auth {
    Auth::Reject { proceed_with_methods: Some(methods()), partial_success: false }
}

impl Connection {
    pub(super) fn new(parts: Parts) -> Connection {
        let Parts { gate, authenticator, limits, peer, stage, farewell, tasks, brake } = parts;
        let closed = CancellationToken::new();
        Connection {
            gate,
            authenticator,
            limits,
            peer,
            stage,
            farewell,
            tasks,
            brake,
            inside: None,
            proven: None,
            slots: HashMap::new(),
            windows: Windows::default(),
            total: Total::default(),
            pressing: Duration::ZERO,
            _closing: closed.clone().drop_guard(),
            closed,
        }
    }

    fn decide(&mut self, workspace: &str, proof: &Proof<'_>, credential: &str) -> Auth {
        match admit(&self.gate, &self.authenticator, workspace, proof) {
            Ok(login) => {
                audit::login(self.peer, login.workspace.as_str(), &login.known.principal);
                self.proven = Some(login);
                Auth::Accept
            }
            Err(known) => {
                audit::refused(self.peer, workspace, credential, known.as_ref().map(|known| &*known.principal));
                refuse()
            }
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

    /// A place for one more channel, if there is room for it.
    fn place(&mut self, channel: Channel<Msg>, source: Source, handle: Handle) -> Option<Place> {
        self.prune();
        let context = self.inside.as_ref().map(|inside| inside.context.clone())?;
        if self.slots.len() >= self.limits.channels || self.farewell.borrow().is_some() {
            return None;
        }
        let id = channel.id();
        // With its receiver gone, the session loop never waits for this channel.
        let (_, half) = channel.split();
        let inbox = Inbox::new(self.total.clone());
        let gone = self.closed.child_token();
        self.windows.opened(id.number());
        self.slots.insert(id, Slot { inbox: Arc::clone(&inbox), gone: gone.clone(), source, setup: None });
        Some(Place { id, context, inbox, gone, output: Output::new(half, handle) })
    }

    async fn forward(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        want: Result<Want, PlaceError>,
        target: &str,
        handle: Handle,
    ) {
        let want = match want {
            Ok(want) => want,
            Err(error) => {
                if let Some(Inside { context, .. }) = &self.inside {
                    audit::forward_refused(self.peer, context.name(), &context.login.known.principal, target);
                }
                return reply.reject(prohibited(error.to_string())).await;
            }
        };
        match self.place(channel, Source::Forward, handle) {
            Some(Place { context, inbox, gone, output, .. }) => {
                Forward { context, want, reply, inbox, gone, output }.spawn();
            }
            None => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
    }

    /// Begins what a session is for. False: it has begun before, or is no session.
    fn begin(&mut self, id: ChannelId, want: impl FnOnce(&mut Setup) -> Want, source: Source) -> bool {
        let (Some(slot), Some(inside)) = (self.slots.get_mut(&id), &mut self.inside) else { return false };
        let Some(mut setup) = slot.setup.take() else { return false };
        let want = want(&mut setup);
        let manner = match (&setup.pty, &want) {
            (Some(pty), Want::Exec(_)) => Manner::InPlace(pty.size.columns),
            (None, Want::Exec(Exec { command: None, .. })) => Manner::Lines,
            _ => Manner::Late,
        };
        slot.source = if setup.pty.is_some() { Source::Person } else { source };
        inside.activity.command();
        start::Session {
            context: inside.context.clone(),
            want,
            manner,
            inbox: Arc::clone(&slot.inbox),
            gone: slot.gone.clone(),
            output: setup.output,
        }
        .spawn();
        true
    }

    fn control(&self, id: ChannelId, frame: Frame) {
        if let Some(slot) = self.slots.get(&id) {
            slot.inbox.control(frame);
        }
    }

    fn setup(&mut self, id: ChannelId) -> Option<&mut Setup> {
        self.slots.get_mut(&id)?.setup.as_mut()
    }
}

/// A place for a channel.
struct Place {
    id: ChannelId,
    context: Context,
    inbox: Arc<Inbox>,
    gone: CancellationToken,
    output: Output,
}

fn reply(session: &mut Session, id: ChannelId, good: bool) -> Result<(), russh::Error> {
    if good { session.channel_success(id) } else { session.channel_failure(id) }
}

fn process(command: Option<String>) -> impl FnOnce(&mut Setup) -> Want {
    |setup| {
        let env = std::mem::take(&mut setup.environment).into_pairs();
        Want::Exec(Exec { command, pty: setup.pty.clone(), env, cwd: None })
    }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, russh::Error> {
        self.stage.send_replace(Stage::Authentication);
        Ok(None)
    }

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, russh::Error> {
        Ok(refuse())
    }

    async fn auth_publickey_offered(&mut self, _user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, russh::Error> {
        let acceptable = algorithms::acceptable(offer.public_key.key_data(), offer.algorithm);
        Ok(if acceptable { Auth::Accept } else { refuse() })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        if !algorithms::acceptable(key.public_key.key_data(), key.algorithm) {
            return Ok(refuse());
        }
        let credential = format!("key {}", key.public_key.fingerprint(HashAlg::Sha256));
        let Some(plain) = host_keys::plain(key.public_key) else { return Ok(refuse()) };
        Ok(self.decide(user, &Proof::Key(&plain), &credential))
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        Ok(self.decide(user, &Proof::Token(password), "password"))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: vec![("Dormer token: ".into(), false)].into(),
            });
        };
        let text = response.next().and_then(|octets| String::from_utf8(octets.to_vec()).ok());
        let text = Secret::new(text.unwrap_or_default());
        Ok(self.decide(user, &Proof::Token(text.expose()), "keyboard-interactive"))
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), russh::Error> {
        let login = Arc::new(self.proven.take().ok_or(russh::Error::NotAuthenticated)?);
        self.stage.send_replace(Stage::In(login.open.ended.clone()));
        let activity = Activity::new(Arc::clone(&self.gate), Arc::clone(&login.entry));
        let context = Context {
            gate: Arc::clone(&self.gate),
            login,
            peer: self.peer,
            patience: self.limits.wake,
            farewell: self.farewell.clone(),
            tasks: self.tasks.clone(),
        };
        self.inside = Some(Inside { context, activity });
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(Place { id, output, .. }) = self.place(channel, Source::Program, session.handle()) else {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        };
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.setup = Some(Setup { output, environment: Default::default(), pty: None });
        }
        reply.accept().await;
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _originator: &str,
        _originator_port: u32,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.forward(channel, reply, places::port(host, port), host, session.handle()).await;
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.forward(channel, reply, places::socket(path), path, session.handle()).await;
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), russh::Error> {
        if let Some(slot) = self.slots.get(&id) {
            slot.gone.cancel();
            slot.inbox.end();
            if slot.setup.is_some() {
                // It never began: no task will say that it is done.
                slot.inbox.finish();
            }
        }
        self.prune();
        Ok(())
    }

    async fn channel_eof(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), russh::Error> {
        if let Some(slot) = self.slots.get(&id) {
            slot.inbox.end();
        }
        Ok(())
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], _session: &mut Session) -> Result<(), russh::Error> {
        self.windows.received(id.number(), data.len());
        let Some(slot) = self.slots.get(&id) else { return Ok(()) };
        slot.inbox.push(data);
        if data.len() > TRICKLE as usize {
            self.pressing = Duration::ZERO;
        }
        if let Some(inside) = &mut self.inside {
            inside.activity.input(slot.source, data.len());
        }
        Ok(())
    }

    async fn extended_data(
        &mut self,
        id: ChannelId,
        _code: u32,
        data: &[u8],
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        // A client has nothing to say on standard error; only the window is to be kept right.
        self.windows.received(id.number(), data.len());
        Ok(())
    }

    fn adjust_window(&mut self, id: ChannelId, _current: u32) -> u32 {
        self.prune();
        let stalled = self.slots.get(&id).is_none_or(|slot| slot.inbox.is_stalled());
        if stalled {
            self.pressing = (self.pressing * 2).clamp(BRAKE_FIRST, BRAKE_MOST);
            self.brake.press(self.pressing);
        }
        self.windows.asked(id.number(), stalled)
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let pty = terminal::pty(term, terminal::size(columns, rows, width, height), modes);
        let good = match (self.setup(id), pty) {
            (Some(setup), Some(pty)) => {
                setup.pty = Some(pty);
                true
            }
            _ => false,
        };
        reply(session, id, good)
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let good = self.setup(id).is_some_and(|setup| setup.environment.put(name, value));
        reply(session, id, good)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
        let good = self.begin(id, process(None), Source::Program);
        reply(session, id, good)
    }

    async fn exec_request(&mut self, id: ChannelId, data: &[u8], session: &mut Session) -> Result<(), russh::Error> {
        let command = std::str::from_utf8(data).ok().filter(|command| !command.contains('\0'));
        let good = match command {
            Some(command) => self.begin(id, process(Some(command.to_string())), Source::Program),
            None => false,
        };
        reply(session, id, good)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let good = name == "sftp" && self.begin(id, |_| Want::Sftp, Source::Person);
        reply(session, id, good)
    }

    async fn window_change_request(
        &mut self,
        id: ChannelId,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let size = terminal::size(columns, rows, width, height);
        match self.setup(id).map(|setup| setup.pty.as_mut()) {
            Some(Some(pty)) => pty.size = size,
            Some(None) => {}
            None => self.control(id, Frame::Resize(size)),
        }
        reply(session, id, true)
    }

    async fn signal(&mut self, id: ChannelId, signal: Sig, session: &mut Session) -> Result<(), russh::Error> {
        if let Some(name) = terminal::signal(&signal) {
            self.control(id, Frame::Signal(name));
        }
        reply(session, id, true)
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _single: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        reply(session, id, false)
    }
}
