//! russh's callbacks, translated. Nothing in here waits for long: what takes time is a task of its own.

use std::sync::Arc;

use russh::keys::Certificate;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, Pty, Sig};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use dormer_wire::frame::Frame;
use dormer_wire::listen::Listening;

use super::channels::Channels;
use super::config::Limits;
use super::doorman::{Desk, Doorman, refuse};
use super::lobby::{Lobby, Reach};
use super::login::Admitted;
use super::peer::Peer;
use super::reverse::Heard;
use super::socket::Brake;
use super::start::Context;
use super::{algorithms, places, terminal};

/// How far a connection has come.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    /// Banner and first key exchange.
    Handshake,
    /// Logging in.
    Authentication,
    /// Somebody is asked in a browser.
    Approval,
    /// Logged in, until this is cancelled.
    In(CancellationToken),
    /// Known and nowhere, until this is cancelled.
    Lobby(CancellationToken),
}

/// One connection, as russh's callbacks see it.
pub(super) struct Connection {
    parts: Parts,
    doorman: Doorman,
    inside: Inside,
    /// As it was given with the last proof.
    named: String,
}

/// Where somebody is.
enum Inside {
    /// Outside.
    Nowhere,
    Lobby(Lobby),
    Workspace(Box<Channels>),
}

/// What a connection is made with.
pub(super) struct Parts {
    pub(super) desk: Desk,
    pub(super) limits: Limits,
    pub(super) peer: Peer,
    pub(super) reach: Reach,
    pub(super) stage: watch::Sender<Stage>,
    pub(super) farewell: watch::Receiver<Option<&'static str>>,
    pub(super) tasks: TaskTracker,
    pub(super) brake: Brake,
}

impl Connection {
    pub(super) fn new(parts: Parts) -> Connection {
        let doorman = Doorman::new(parts.desk.clone(), parts.peer.clone(), parts.stage.clone());
        Connection { parts, doorman, inside: Inside::Nowhere, named: String::new() }
    }

    fn channels(&mut self) -> Option<&mut Channels> {
        match &mut self.inside {
            Inside::Workspace(channels) => Some(channels),
            _ => None,
        }
    }

    /// A session says what to run.
    fn begin(&mut self, id: ChannelId, begin: impl FnOnce(&mut Channels) -> bool) -> bool {
        match &mut self.inside {
            Inside::Workspace(channels) => begin(channels),
            Inside::Lobby(lobby) => lobby.tell(id),
            Inside::Nowhere => false,
        }
    }
}

fn reply(session: &mut Session, id: ChannelId, good: bool) -> Result<(), russh::Error> {
    if good { session.channel_success(id) } else { session.channel_failure(id) }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, russh::Error> {
        self.parts.stage.send_replace(Stage::Authentication);
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
        self.named = user.to_string();
        Ok(self.doorman.key(user, key).await)
    }

    async fn auth_openssh_certificate(&mut self, user: &str, certificate: &Certificate) -> Result<Auth, russh::Error> {
        self.named = user.to_string();
        Ok(self.doorman.certificate(user, certificate).await)
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        self.named = user.to_string();
        Ok(self.doorman.token(user, password, "password").await)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        self.named = user.to_string();
        Ok(self.doorman.conversation(user, response).await)
    }

    async fn auth_succeeded(&mut self, session: &mut Session) -> Result<(), russh::Error> {
        let parts = &self.parts;
        match self.doorman.proven().ok_or(russh::Error::NotAuthenticated)? {
            Admitted::Inside(login) => {
                parts.stage.send_replace(Stage::In(login.open.ended.clone()));
                let context = Context {
                    gate: Arc::clone(&parts.desk.gate),
                    login: Arc::from(login),
                    peer: parts.peer.address,
                    variables: parts.peer.variables().into(),
                    patience: parts.limits.wake,
                    farewell: parts.farewell.clone(),
                    warning: watch::Sender::default(),
                    tasks: parts.tasks.clone(),
                };
                let channels = Channels::new(context, parts.limits.channels, parts.brake.clone(), session.handle());
                self.inside = Inside::Workspace(Box::new(channels));
            }
            Admitted::Lobby(known, visit) => {
                parts.stage.send_replace(Stage::Lobby(known.revoked.clone()));
                let directory = Arc::clone(parts.desk.gate.directory());
                let (named, reach, tasks) = (self.named.clone(), parts.reach.clone(), parts.tasks.clone());
                self.inside = Inside::Lobby(Lobby::new((known, visit), named, directory, reach, tasks));
            }
        }
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        match &mut self.inside {
            Inside::Workspace(channels) => channels.open(channel, reply, session.handle()).await,
            Inside::Lobby(lobby) => lobby.open(channel, reply, session.handle()).await,
            Inside::Nowhere => reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await,
        }
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
        match self.channels() {
            Some(channels) => channels.forward(channel, reply, places::port(host, port), host, session.handle()).await,
            None => reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await,
        }
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        match self.channels() {
            Some(channels) => channels.forward(channel, reply, places::socket(path), path, session.handle()).await,
            None => reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await,
        }
        Ok(())
    }

    async fn channel_open_confirmation(
        &mut self,
        id: ChannelId,
        _most: u32,
        _window: u32,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        if let Some(channels) = self.channels() {
            channels.confirmed(id);
        }
        Ok(())
    }

    async fn tcpip_forward(&mut self, address: &str, port: &mut u32, _: &mut Session) -> Result<bool, russh::Error> {
        let Some(channels) = self.channels() else { return Ok(false) };
        let asked = *port;
        // The client knows its forward by the address as it wrote it.
        let heard = |told: &Listening| match told {
            Listening::Port(port) => Heard::Port(address.to_string(), u32::from(*port)),
            Listening::Path(_) => Heard::Port(address.to_string(), asked),
        };
        match channels.listen(places::listen(asked), heard, &format!("{address}:{asked}")).await {
            Some(Listening::Port(told)) => {
                *port = u32::from(told);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn cancel_tcpip_forward(&mut self, address: &str, port: u32, _: &mut Session) -> Result<bool, russh::Error> {
        let heard = Heard::Port(address.to_string(), port);
        Ok(self.channels().is_some_and(|channels| channels.unlisten(&heard)))
    }

    async fn streamlocal_forward(&mut self, path: &str, _: &mut Session) -> Result<bool, russh::Error> {
        let Some(channels) = self.channels() else { return Ok(false) };
        let heard = |_: &Listening| Heard::Path(path.to_string());
        Ok(channels.listen(places::listen_at(path), heard, path).await.is_some())
    }

    async fn cancel_streamlocal_forward(&mut self, path: &str, _: &mut Session) -> Result<bool, russh::Error> {
        let heard = Heard::Path(path.to_string());
        Ok(self.channels().is_some_and(|channels| channels.unlisten(&heard)))
    }

    async fn channel_close(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), russh::Error> {
        match &mut self.inside {
            Inside::Workspace(channels) => channels.closed(id),
            Inside::Lobby(lobby) => lobby.closed(id),
            Inside::Nowhere => {}
        }
        Ok(())
    }

    async fn channel_eof(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), russh::Error> {
        if let Some(channels) = self.channels() {
            channels.ended(id);
        }
        Ok(())
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], _session: &mut Session) -> Result<(), russh::Error> {
        if let Some(channels) = self.channels() {
            channels.data(id, data);
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
        if let Some(channels) = self.channels() {
            channels.ignored(id, data.len());
        }
        Ok(())
    }

    fn adjust_window(&mut self, id: ChannelId, current: u32) -> u32 {
        self.channels().map_or(current, |channels| channels.window(id))
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
        let good = match (&mut self.inside, pty) {
            (Inside::Workspace(channels), Some(pty)) if channels.may_have_terminal() => {
                channels.setup(id).map(|setup| setup.pty = Some(pty)).is_some()
            }
            (Inside::Lobby(lobby), Some(_)) => lobby.terminal(id),
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
        let setup = self.channels().and_then(|channels| channels.setup(id));
        let good = setup.is_some_and(|setup| setup.environment.put(name, value));
        reply(session, id, good)
    }

    async fn agent_request(&mut self, id: ChannelId, _session: &mut Session) -> Result<bool, russh::Error> {
        Ok(self.channels().is_some_and(|channels| channels.offer_ssh_agent(id)))
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
        let good = self.begin(id, |channels| channels.run(id, None));
        reply(session, id, good)
    }

    async fn exec_request(&mut self, id: ChannelId, data: &[u8], session: &mut Session) -> Result<(), russh::Error> {
        let command = std::str::from_utf8(data).ok().filter(|command| !command.contains('\0'));
        let good = match command {
            Some(command) => self.begin(id, |channels| channels.run(id, Some(command.to_string()))),
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
        let good = name == "sftp" && self.begin(id, |channels| channels.serve_files(id));
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
        if let Some(channels) = self.channels() {
            match channels.setup(id).map(|setup| setup.pty.as_mut()) {
                Some(Some(pty)) => pty.size = size,
                Some(None) => {}
                None => channels.control(id, Frame::Resize(size)),
            }
        }
        reply(session, id, true)
    }

    async fn signal(&mut self, id: ChannelId, signal: Sig, session: &mut Session) -> Result<(), russh::Error> {
        if let (Some(channels), Some(name)) = (self.channels(), terminal::signal(&signal)) {
            channels.control(id, Frame::Signal(name));
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
