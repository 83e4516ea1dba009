//! What all handlers share.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use dormer_auth::brief::Briefs;
use dormer_auth::device::Devices;
use dormer_auth::key::Keys;
use dormer_auth::link::Links;
use dormer_auth::projects::Projects;
use dormer_auth::secrets::Secrets;
use dormer_auth::session::Sessions;
use dormer_auth::token::Tokens;
use dormer_auth::user::Users;
use dormer_core::account::Audited;
use dormer_core::directory::Entry;
use dormer_core::may::{Action, Verdict, may};
use dormer_core::name::WorkspaceName;
use dormer_core::ports::store::Event;
use dormer_core::principal::{Principal, Via};
use dormer_core::workspace::Workspace;

use crate::deps::Deps;
use crate::problem::Refused;

/// How long an answer waits for the directory to have seen what was written.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

/// What all handlers share.
pub struct App {
    /// What it was given.
    pub deps: Deps,
    /// Browsers' sessions.
    pub sessions: Sessions,
    /// One-time links.
    pub links: Links,
    /// Tokens.
    pub tokens: Tokens,
    /// SSH keys.
    pub keys: Keys,
    /// People.
    pub users: Users,
    /// Command lines that are signing in.
    pub devices: Devices,
    /// Projects.
    pub projects: Projects,
    /// Secrets.
    pub secrets: Secrets,
    /// Ends streams and tasks.
    pub shutdown: CancellationToken,
}

impl App {
    /// Over these parts.
    pub fn new(deps: Deps, shutdown: CancellationToken) -> Arc<App> {
        let (accounts, auth, clock) = (&deps.accounts, &deps.authenticator, &deps.clock);
        Arc::new(App {
            sessions: Sessions::new(accounts.clone(), auth.clone(), clock.clone(), deps.vault.clone())
                .living(deps.session_life),
            devices: Devices::new(Briefs::new(accounts.clone(), clock.clone(), deps.vault.clone())),
            projects: Projects::new(accounts.clone(), auth.clone(), clock.clone()),
            secrets: Secrets::new(accounts.clone(), auth.clone(), clock.clone(), deps.vault.clone()),
            links: Links::new(accounts.clone(), clock.clone()),
            tokens: Tokens::new(accounts.clone(), auth.clone(), clock.clone()),
            keys: Keys::new(accounts.clone(), auth.clone(), clock.clone()),
            users: Users::new(accounts.clone(), auth.clone(), clock.clone()),
            deps,
            shutdown,
        })
    }

    /// The workspace of that name, for somebody who may do `action` with it. One that may not be seen and one that is
    /// not there are refused with the same words.
    pub fn admit(&self, who: &Principal, name: &str, action: Action) -> Result<Arc<Entry>, Refused> {
        let entry = self.deps.directory.get(name).ok_or_else(Refused::no_workspace)?;
        allowed(who, action, &entry.peek())?;
        Ok(entry)
    }

    /// Notes that somebody did something with a workspace.
    pub async fn note(&self, name: &WorkspaceName, by: &Principal, reason: &str, message: String) {
        let by = Some(by.user.to_string());
        let event = Event { at: self.deps.clock.now(), reason: reason.into(), message, by };
        // What was done is written: a missing line among the events is no reason to call it a failure.
        if let Err(error) = self.deps.store.note(name, event).await {
            tracing::warn!(workspace = %name, %error, "could not note an event");
        }
    }

    /// Writes down that somebody used a right that others want to know of.
    pub async fn audit(&self, by: &Principal, action: &str, target: &str, detail: &str) {
        let via = match &by.via {
            Via::Session(id) => format!("session {id}"),
            Via::Token(id) => format!("token {id}"),
            Via::Key(fingerprint) => format!("key {fingerprint}"),
            Via::Certificate(fingerprint) => format!("certificate {fingerprint}"),
            Via::System => "gateway".into(),
        };
        self.audited(by.user.as_str(), via, action, target, detail).await;
    }

    /// The same, where nobody was known before.
    pub async fn audited(&self, user: &str, via: String, action: &str, target: &str, detail: &str) {
        let audited = Audited {
            at: self.deps.clock.now(),
            user: user.into(),
            via,
            action: action.into(),
            target: target.into(),
            detail: detail.into(),
        };
        // In the log, too: it may be kept where an administrator of the gateway cannot change it.
        let Audited { user, via, action, target, detail, .. } = &audited;
        tracing::info!(target: "dormer_audit", user, via, action, what = target, detail);
        if let Err(error) = self.deps.accounts.audit(audited).await {
            tracing::error!(%error, "could not write down what was done");
        }
    }

    /// Waits until the directory has seen a record that was just written, so that whoever wrote it reads it next.
    pub async fn seen(&self, written: &Workspace) {
        let mut changes = self.deps.directory.subscribe();
        let seen = async {
            loop {
                let entry = self.deps.directory.get(written.name.as_str());
                if entry.is_some_and(|entry| entry.peek().version >= written.version) {
                    return;
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        // Late news is no failure: the write itself is safe.
        let _late = tokio::time::timeout(SEEN_WITHIN, seen).await;
    }
}

/// Whether `who` may do `action`, as a refusal where not.
pub fn allowed(who: &Principal, action: Action, workspace: &Workspace) -> Result<(), Refused> {
    match may(Some(who), action, workspace) {
        Verdict::Allow => Ok(()),
        Verdict::Forbid => Err(Refused::forbidden(
            "You may see this workspace, but not do this with it. Ask its owner, or use a credential with more scope.",
        )),
        Verdict::Hide => Err(Refused::no_workspace()),
    }
}
