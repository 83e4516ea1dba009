//! The login of one connection: what each method proves, and what comes of it.

use std::sync::Arc;

use russh::keys::{Certificate, HashAlg};
use russh::server::{Auth, Response, VerifiedPublicKey};
use russh::{MethodKind, MethodSet};
use tokio::sync::watch;
use tokio::time::{Duration, timeout};

use dormer_auth::approval::{Approvals, Asked};
use dormer_auth::authenticator::Authenticator;
use dormer_auth::certificate::{Authorities, Permits};
use dormer_auth::known::Known;
use dormer_core::principal::Via;
use dormer_core::secret::Secret;

use super::handler::Stage;
use super::login::{Admitted, admit};
use super::peer::Peer;
use super::refusals::Refusals;
use super::users::Users;
use super::{algorithms, audit, host_keys};
use crate::counts;
use crate::gate::Gate;

/// How long each round of waiting for a browser takes: between two, the session loop sees whether the client is there.
const ROUND: Duration = Duration::from_secs(5);

/// What the logins of all connections share.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) gate: Arc<Gate>,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) approvals: Approvals,
    pub(super) authorities: Authorities,
    pub(super) users: Users,
    pub(super) refusals: Refusals,
    /// Where a browser approves a login: `https://dev.example.org`. Empty: nowhere.
    pub(super) origin: String,
}

/// The login of one connection.
pub(super) struct Doorman {
    desk: Desk,
    peer: Peer,
    stage: watch::Sender<Stage>,
    asked: Option<Asked>,
    proven: Option<Admitted>,
}

/// The ways to log in; always all of them, whoever asks.
pub(super) fn methods() -> MethodSet {
    MethodSet::from([MethodKind::PublicKey, MethodKind::KeyboardInteractive, MethodKind::Password].as_slice())
}

/// The one refusal.
pub(super) fn refuse() -> Auth {
    Auth::Reject { proceed_with_methods: Some(methods()), partial_success: false }
}

fn ask(instructions: String, prompt: Option<&'static str>) -> Auth {
    let prompts = prompt.map(|prompt| (prompt.into(), false)).into_iter().collect::<Vec<_>>();
    Auth::Partial { name: "".into(), instructions: instructions.into(), prompts: prompts.into() }
}

impl Doorman {
    pub(super) fn new(desk: Desk, peer: Peer, stage: watch::Sender<Stage>) -> Doorman {
        Doorman { desk, peer, stage, asked: None, proven: None }
    }

    /// Whoever was let in, once.
    pub(super) fn proven(&mut self) -> Option<Admitted> {
        self.proven.take()
    }

    async fn decide(&mut self, workspace: &str, known: Option<Known>, permits: Permits, credential: &str) -> Auth {
        let address = self.peer.address;
        let Some(known) = known else {
            self.desk.refusals.note(address.ip());
            counts::login(counts::Login::Refused);
            audit::refused(address, workspace, credential, None);
            return refuse();
        };
        let who = Arc::clone(&known.principal);
        let Some(visit) = self.desk.users.visit(&who.user) else {
            counts::login(counts::Login::TooMany);
            audit::too_many(address, &who);
            return refuse();
        };
        // One that another gateway made a moment ago is no reason to show a list.
        self.desk.gate.look_again(workspace).await;
        match admit(&self.desk.gate, workspace, known, permits, visit) {
            Ok(admitted) => {
                counts::login(match &admitted {
                    Admitted::Inside(_) => counts::Login::Workspace,
                    Admitted::Lobby(..) => counts::Login::Lobby,
                });
                match &admitted {
                    Admitted::Inside(login) => audit::login(address, login.workspace.as_str(), &who),
                    Admitted::Lobby(..) => audit::lobby(address, workspace, &who),
                }
                self.proven = Some(admitted);
                Auth::Accept
            }
            Err(_) => {
                counts::login(counts::Login::Refused);
                audit::refused(address, workspace, credential, Some(&who));
                refuse()
            }
        }
    }

    /// A key whose signature was verified.
    pub(super) async fn key(&mut self, workspace: &str, key: VerifiedPublicKey<'_>) -> Auth {
        if !algorithms::acceptable(key.public_key.key_data(), key.algorithm) {
            return refuse();
        }
        let credential = format!("key {}", key.public_key.fingerprint(HashAlg::Sha256));
        let Some(plain) = host_keys::plain(key.public_key) else { return refuse() };
        let known = self.desk.authenticator.key(&plain);
        self.decide(workspace, known, Permits::default(), &credential).await
    }

    /// A certificate by whose key a signature was verified.
    pub(super) async fn certificate(&mut self, workspace: &str, certificate: &Certificate) -> Auth {
        let fingerprint = certificate.public_key().fingerprint(HashAlg::Sha256);
        let checked = self.desk.authorities.check(certificate, self.peer.address.ip(), self.desk.gate.now());
        let grant = match checked {
            Ok(grant) => grant,
            Err(why) => {
                self.desk.refusals.note(self.peer.address.ip());
                audit::refused(self.peer.address, workspace, &format!("certificate of {fingerprint}: {why}"), None);
                return refuse();
            }
        };
        let credential = format!("certificate {}", grant.name);
        let via = || Via::Certificate(grant.name.clone());
        // The first that is somebody here: with most certificates there is one.
        let known = grant.users.iter().find_map(|user| self.desk.authenticator.vouched(user, via()));
        self.decide(workspace, known, grant.permits, &credential).await
    }

    /// A token in the place of a password.
    pub(super) async fn token(&mut self, workspace: &str, text: &str, credential: &str) -> Auth {
        let known = self.desk.authenticator.token(text.trim());
        self.decide(workspace, known, Permits::default(), credential).await
    }

    /// A conversation: a link to approve the login in a browser, or a token.
    ///
    /// OpenSSH's client gets the link at once and nothing to type, and goes on by itself when somebody has clicked:
    /// whoever has a token there says so with `PreferredAuthentications=password`. Other programs answer the first
    /// prompt with the password that they were given: those get a prompt, and the link for an empty answer.
    pub(super) async fn conversation(&mut self, workspace: &str, response: Option<Response<'_>>) -> Auth {
        let Some(mut response) = response else {
            self.asked = None;
            return match self.peer.is_openssh() {
                true => self.show_link(workspace),
                false => ask(String::new(), Some("Dormer token (empty: sign in with a browser): ")),
            };
        };
        if self.asked.is_some() {
            return self.wait(workspace).await;
        }
        let text = response.next().and_then(|octets| String::from_utf8(octets.to_vec()).ok());
        let text = Secret::new(text.unwrap_or_default());
        match text.expose().trim().is_empty() {
            true => self.show_link(workspace),
            false => self.token(workspace, text.expose(), "keyboard-interactive").await,
        }
    }

    fn show_link(&mut self, workspace: &str) -> Auth {
        if self.desk.origin.is_empty() {
            return refuse();
        }
        let asked = match self.desk.approvals.ask(self.peer.address.ip().to_canonical(), workspace, &self.peer.program)
        {
            Ok(asked) => asked,
            Err(error) => {
                tracing::warn!(%error, "nobody can be asked to approve a login");
                return refuse();
            }
        };
        audit::asked(self.peer.address, workspace);
        self.stage.send_replace(Stage::Approval);
        let text = format!(
            "To sign in, open this page in a browser within 3 minutes, and approve the code {code}:\n\n  \
             {origin}/ssh/{code}\n\nThis goes on by itself then.\n",
            code = asked.code,
            origin = self.desk.origin,
        );
        self.asked = Some(asked);
        ask(text, None)
    }

    async fn wait(&mut self, workspace: &str) -> Auth {
        let Some(asked) = &mut self.asked else { return refuse() };
        match timeout(ROUND, asked.answer()).await {
            // Nothing to show and nothing to type: the client answers at once, and waits for us again.
            Err(_) => ask(String::new(), None),
            Ok(answer) => {
                self.asked = None;
                self.stage.send_replace(Stage::Authentication);
                self.decide(workspace, answer.ok().flatten(), Permits::default(), "browser").await
            }
        }
    }
}
