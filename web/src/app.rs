//! What all handlers share.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use dormer_auth::key::Keys;
use dormer_auth::link::Links;
use dormer_auth::session::Sessions;
use dormer_auth::token::Tokens;
use dormer_auth::user::Users;
use dormer_core::directory::Entry;
use dormer_core::may::{Action, Verdict, may};
use dormer_core::name::WorkspaceName;
use dormer_core::ports::store::Event;
use dormer_core::principal::Principal;
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
    /// Ends streams and tasks.
    pub shutdown: CancellationToken,
}

impl App {
    /// Over these parts.
    pub fn new(deps: Deps, shutdown: CancellationToken) -> Arc<App> {
        let (accounts, auth, clock) = (&deps.accounts, &deps.authenticator, &deps.clock);
        Arc::new(App {
            sessions: Sessions::new(accounts.clone(), auth.clone(), clock.clone()),
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
