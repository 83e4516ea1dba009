//! Browsers' sessions: signing in and out.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use dormer_core::account::{Digest, Session};
use dormer_core::name::UserName;
use dormer_core::ports::accounts::Accounts;
use dormer_core::ports::clock::Clock;
use dormer_core::principal::Via;
use dormer_core::secret::Secret;

use crate::authenticator::Authenticator;
use crate::brief::Briefs;
use crate::digest::digest;
use crate::error::SignInError;
use crate::known::Known;
use crate::random::{id, secret};
use crate::ticket::{self, Grant};
use crate::vault::Vault;

/// How long a session lives, whatever is done in it.
pub const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// A session that was just made.
#[derive(Debug)]
pub struct SignedIn {
    /// The cookie's value.
    pub cookie: Secret,
    /// Who.
    pub user: UserName,
    /// How long the cookie is good for.
    pub life: Duration,
}

/// Signs browsers in and out.
pub struct Sessions {
    accounts: Arc<dyn Accounts>,
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
    briefs: Briefs,
    life: Duration,
}

impl Sessions {
    /// Over these records, with tickets that `vault` seals.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        authenticator: Arc<Authenticator>,
        clock: Arc<dyn Clock>,
        vault: Arc<Vault>,
    ) -> Self {
        let briefs = Briefs::new(accounts.clone(), clock.clone(), vault);
        Sessions { accounts, authenticator, clock, briefs, life: LIFE }
    }

    /// Sessions that are made from now on live so long, whatever is done in them.
    pub fn living(self, life: Duration) -> Self {
        Sessions { life, ..self }
    }

    /// The apex sessions of a user, oldest first.
    pub async fn list(&self, user: &UserName) -> Result<Vec<Session>, SignInError> {
        let mut sessions = self.accounts.load().await?.sessions;
        let good = |session: &Session| self.authenticator.session_lives(&session.id);
        sessions.retain(|session| session.user == *user && session.parent.is_none() && good(session));
        Ok(sessions)
    }

    /// Ends a session of a user, by its id, and those below it.
    pub async fn end(&self, user: &UserName, id: &str) -> Result<(), SignInError> {
        if !self.list(user).await?.iter().any(|session| session.id == id) {
            return Err(SignInError::Invalid);
        }
        self.accounts.remove_session(id).await?;
        Ok(self.authenticator.refresh().await?)
    }

    /// Ends every session of a user but the one that asks, if one does.
    pub async fn end_all(&self, user: &UserName, but: Option<&str>) -> Result<(), SignInError> {
        self.accounts.remove_sessions(user, but).await?;
        Ok(self.authenticator.refresh().await?)
    }

    /// Takes a one-time link and signs its user in on `host`, the apex. The session is always a new one, so nobody can
    /// have planted it.
    pub async fn sign_in_with_link(
        &self,
        link: &str,
        host: &str,
        label: Option<String>,
    ) -> Result<SignedIn, SignInError> {
        if link.len() > 100 {
            return Err(SignInError::Invalid);
        }
        let now = self.clock.now();
        let link = self.accounts.take_link(&digest(link), now).await?.ok_or(SignInError::Invalid)?;
        if link.expires_at <= now {
            return Err(SignInError::Invalid);
        }
        self.sign_in(&link.user, host, label).await
    }

    /// Signs a user in on `host`, the apex: whoever calls this has seen a proof of who it is. `label` tells the user
    /// later what signed in.
    pub async fn sign_in(&self, user: &UserName, host: &str, label: Option<String>) -> Result<SignedIn, SignInError> {
        // Somebody who was added a moment ago, by another process, is not in the snapshot yet.
        if self.authenticator.user(user).is_none() {
            self.authenticator.refresh().await?;
        }
        if self.authenticator.user(user).is_none() {
            return Err(SignInError::Disabled);
        }
        let expires_at = self.clock.now().checked_add(self.life).unwrap_or(Timestamp::MAX);
        self.add(user.clone(), host, None, expires_at, label).await
    }

    /// A ticket for `host`, for the browser whose binding cookie there has the digest `binding`. None: `known` is not
    /// an apex session's, and only such a one may pass itself on.
    pub fn ticket(&self, known: &Known, host: &str, binding: Digest) -> Result<Option<Secret>, SignInError> {
        let Via::Session(session) = &known.principal.via else { return Ok(None) };
        let grant = Grant { user: known.principal.user.clone(), session: session.clone() };
        ticket::issue(&self.briefs, grant, host, binding).map(Some)
    }

    /// Takes a ticket and signs its user in on `host`, below the apex session that made it.
    pub async fn exchange(&self, ticket: &str, host: &str, binding: &str) -> Result<SignedIn, SignInError> {
        if binding.is_empty() || binding.len() > 100 {
            return Err(SignInError::Invalid);
        }
        let grant = ticket::take(&self.briefs, ticket, host, binding).await?.ok_or(SignInError::Invalid)?;
        // A session that another replica made a moment ago is not in the snapshot yet.
        if !self.authenticator.session_lives(&grant.session) {
            self.authenticator.refresh().await?;
        }
        let expires_at = self.authenticator.session_end(&grant.session).ok_or(SignInError::Invalid)?;
        self.add(grant.user, host, Some(grant.session), expires_at, None).await
    }

    async fn add(
        &self,
        user: UserName,
        host: &str,
        parent: Option<String>,
        expires_at: Timestamp,
        label: Option<String>,
    ) -> Result<SignedIn, SignInError> {
        let cookie = secret()?;
        let created_at = self.clock.now();
        let session = Session {
            id: id()?,
            user: user.clone(),
            digest: digest(cookie.expose()),
            host: host.to_string(),
            parent,
            created_at,
            expires_at,
            last_used_at: None,
            label,
        };
        self.accounts.add_session(session).await?;
        self.authenticator.refresh().await?;
        let life = expires_at.duration_since(created_at).unsigned_abs();
        Ok(SignedIn { cookie, user, life })
    }

    /// Ends a session, and those on workspace hosts below it. Whoever came with a token or a key has none.
    pub async fn sign_out(&self, known: &Known) -> Result<(), SignInError> {
        if let Via::Session(session) = &known.principal.via {
            self.accounts.remove_session(session).await?;
            self.authenticator.refresh().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
