//! What acts for people at their providers: kept sealed, renewed before it ends, and asked with whether they are still
//! welcome there.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use dormer_core::account::Identity;
use dormer_core::name::UserName;
use dormer_core::ports::accounts::{AccountError, Accounts};
use dormer_core::ports::clock::Clock;

use crate::authenticator::Authenticator;
use crate::brief::{BriefError, Briefs};
use crate::key::forge;
use crate::provider::allow::allowed;
use crate::provider::client::{Grant, Provider};
use crate::provider::error::ProviderError;
use crate::vault::{Shut, Vault};

/// How long before its end an access token is renewed: whoever gets one wants to do something with it.
const EARLY: i64 = 120;
/// A replica's turn to renew something: how long it is its alone, and how often and how long the others wait for it.
const TURN: &str = "turn";
const TURN_LIFE: Duration = Duration::from_secs(30);
const WAITS: u32 = 160;
const WAIT: Duration = Duration::from_millis(200);
const OVER: u32 = 5;

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The records.
    #[error(transparent)]
    Accounts(#[from] AccountError),
    /// It could not be sealed or opened.
    #[error(transparent)]
    Vault(#[from] Shut),
}

type Of = (String, String);

/// What acts for people at their providers.
pub struct Grants {
    accounts: Arc<dyn Accounts>,
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
    briefs: Briefs,
    providers: BTreeMap<String, Arc<Provider>>,
    /// One for each account: a refresh token is good once, so that two who used it would lose it.
    turns: Lock<HashMap<Of, Arc<Mutex<()>>>>,
}

impl Grants {
    pub(crate) fn new(
        accounts: Arc<dyn Accounts>,
        authenticator: Arc<Authenticator>,
        clock: Arc<dyn Clock>,
        vault: Arc<Vault>,
        providers: BTreeMap<String, Arc<Provider>>,
    ) -> Grants {
        let briefs = Briefs::new(accounts.clone(), clock.clone(), vault.clone());
        Grants { accounts, authenticator, clock, vault, briefs, providers, turns: Lock::default() }
    }

    /// What `user` signs in to a git host with: the name and the access token of their account there.
    pub async fn for_host(&self, user: &UserName, host: &str) -> Option<(&'static str, Grant)> {
        self.authenticator.user(user)?;
        for identity in self.authenticator.identities(user) {
            let provider = self.providers.get(&identity.provider);
            let Some(provider) = provider.filter(|_| self.is_at(&identity, Some(host))) else { continue };
            match self.access(&identity).await {
                Ok(Some(grant)) => return Some((provider.config.kind.git_username(), grant)),
                Ok(None) => {}
                Err(error) => tracing::warn!(provider = identity.provider, %error, "no access token for git"),
            }
        }
        None
    }

    /// Whether an account is one at that git host.
    pub fn is_at(&self, identity: &Identity, host: Option<&str>) -> bool {
        let provider = self.providers.get(&identity.provider).filter(|provider| provider.config.kind.is_forge());
        provider.is_some_and(|provider| host.is_some() && provider.config.host().as_deref() == host)
    }

    /// An access token that is good for a while, renewed if need be: once, however many ask. None: nothing is kept.
    pub async fn access(&self, identity: &Identity) -> Result<Option<Grant>, GrantError> {
        let turn = self.turn(identity);
        let _held = turn.lock().await;
        let fresh = |grant: &Grant, now: i64| grant.until.is_none_or(|until| until > now.saturating_add(EARLY));
        let Some(grant) = self.kept(identity).await?.filter(|_| !identity.blocked) else { return Ok(None) };
        if fresh(&grant, self.clock.now().as_second()) {
            return Ok(Some(grant));
        }
        let Some(provider) = self.providers.get(&identity.provider) else { return Ok(None) };
        let theirs = self.alone(identity).await?;
        // Another replica may have had its turn meanwhile.
        let Some(grant) = self.kept(identity).await? else { return Ok(None) };
        let now = self.clock.now().as_second();
        let renewed =
            if fresh(&grant, now) { Ok(Some(grant)) } else { self.renew(provider, identity, grant, now).await };
        if theirs {
            self.briefs.take::<()>(TURN, &place(identity)).await?;
        }
        renewed
    }

    async fn renew(
        &self,
        provider: &Provider,
        identity: &Identity,
        grant: Grant,
        now: i64,
    ) -> Result<Option<Grant>, GrantError> {
        match provider.renew(&grant, now).await {
            Ok(Some(renewed)) => {
                self.keep(identity, Some(&renewed)).await?;
                Ok(Some(renewed))
            }
            // Nothing renews it: it is good until its end.
            Ok(None) => Ok(Some(grant).filter(|grant| grant.until.is_none_or(|until| until > now))),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until no other replica renews what acts for that account. False: it does so for longer than anything takes,
    /// and is not waited for any more.
    async fn alone(&self, identity: &Identity) -> Result<bool, GrantError> {
        let (place, mut over) = (place(identity), 0);
        for _ in 0..WAITS {
            if self.briefs.keep(TURN, &place, &(), TURN_LIFE).await? {
                return Ok(true);
            }
            // It is there and counts for nothing any more: whoever had it has ended without a word.
            over += u32::from(self.briefs.read::<()>(TURN, &place).await?.is_none());
            if over >= OVER {
                break;
            }
            tokio::time::sleep(WAIT).await;
        }
        Ok(false)
    }

    /// Asks about everybody, every `period`, until `shutdown`.
    pub async fn follow(self: Arc<Self>, period: Duration, shutdown: CancellationToken) {
        let mut tick = tokio::time::interval(period);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tick.tick().await;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = tick.tick() => {}
            }
            for identity in self.authenticator.all_identities() {
                let asked = shutdown.run_until_cancelled(self.recheck(identity)).await;
                if asked.is_none() {
                    return;
                }
            }
        }
    }

    /// Asks the provider about one account. Whoever is not welcome there any more is out here; a provider that does not
    /// answer puts nobody out.
    pub async fn recheck(&self, identity: Identity) {
        let Some(provider) = self.providers.get(&identity.provider).filter(|_| !identity.blocked) else { return };
        let gone = match self.look(provider, &identity).await {
            Ok(false) => return self.take_keys(provider, &identity).await,
            Ok(true) | Err(GrantError::Provider(ProviderError::Gone { .. })) => true,
            Err(error) => {
                tracing::warn!(provider = identity.provider, %error, "could not ask about an account");
                false
            }
        };
        if gone {
            tracing::info!(user = %identity.user, provider = identity.provider, "the provider says no: signed out");
            if let Err(error) = self.block(identity).await {
                tracing::error!(%error, "could not write down that a provider says no; asked again next time");
            }
        }
    }

    /// Whether the account is not welcome any more. What else changed is written down.
    async fn look(&self, provider: &Provider, identity: &Identity) -> Result<bool, GrantError> {
        let Some(grant) = self.access(identity).await? else { return Ok(false) };
        let prefix = format!("{}/", identity.provider);
        let before: Vec<String> =
            identity.groups.iter().filter_map(|group| group.strip_prefix(&prefix)).map(String::from).collect();
        let Some(person) = provider.ask(&grant, &before, identity.mail.as_deref()).await? else { return Ok(false) };
        if person.subject != identity.subject {
            return Ok(true);
        }
        let Some(allowed) = allowed(&provider.name, &provider.config, &person) else { return Ok(true) };
        let checked_at = self.clock.now();
        let renewed = Identity {
            login: person.login,
            name: person.name,
            mail: person.mail,
            groups: allowed.groups,
            admin: allowed.admin,
            ..identity.clone()
        };
        if renewed != *identity {
            self.accounts.put_identity(Identity { checked_at, ..renewed }).await?;
            self.authenticator.refresh().await?;
        }
        Ok(false)
    }

    /// Makes the SSH keys that an account lets in with those that it has now. Where it cannot be asked, they stay.
    pub(crate) async fn take_keys(&self, provider: &Provider, identity: &Identity) {
        let now = self.clock.now();
        let lines = match self.access(identity).await {
            Ok(Some(grant)) => provider.keys(&grant, now).await,
            // Nothing to ask with: what was there may be so no more.
            Ok(None) if provider.config.takes_ssh_keys() => return,
            Ok(None) => Ok(Vec::new()),
            Err(error) => {
                tracing::warn!(provider = identity.provider, %error, "could not ask for the keys of an account");
                return;
            }
        };
        let kept = match lines {
            Ok(lines) => forge::keep(&*self.accounts, identity, &lines, now).await,
            Err(error) => {
                // Not reason enough to put anybody out: an older grant may not permit this one question.
                tracing::warn!(provider = identity.provider, %error, "could not ask for the keys of an account");
                return;
            }
        };
        let told = match kept {
            Ok(true) => self.authenticator.refresh().await,
            other => other.map(drop),
        };
        if let Err(error) = told {
            tracing::warn!(provider = identity.provider, %error, "could not write down the keys of an account");
        }
    }

    /// Puts out whoever came by an account: it counts for nothing until they sign in by it again, and what acted for
    /// them there is forgotten.
    pub(crate) async fn block(&self, identity: Identity) -> Result<(), AccountError> {
        let checked_at = self.clock.now();
        let identity = Identity { blocked: true, admin: false, groups: Vec::new(), checked_at, ..identity };
        self.accounts.put_identity(identity.clone()).await?;
        self.accounts.put_grant(&identity.provider, &identity.subject, None).await?;
        forge::keep(&*self.accounts, &identity, &[], checked_at).await?;
        let theirs = self.authenticator.identities(&identity.user);
        let others = theirs.iter().any(|other| {
            !other.blocked && (&other.provider, &other.subject) != (&identity.provider, &identity.subject)
        });
        if !others {
            // Signing in again begins anew: an old cookie does not come back to life.
            self.accounts.remove_sessions(&identity.user, None).await?;
        }
        self.authenticator.refresh().await
    }

    pub(crate) async fn keep(&self, identity: &Identity, grant: Option<&Grant>) -> Result<(), GrantError> {
        let sealed = match grant {
            Some(grant) => {
                let text = dormer_core::secret::Secret::from(serde_json::to_string(grant).map_err(|_| Shut)?);
                Some(self.vault.seal(&place(identity), text.expose())?)
            }
            None => None,
        };
        self.accounts.put_grant(&identity.provider, &identity.subject, sealed).await?;
        Ok(())
    }

    async fn kept(&self, identity: &Identity) -> Result<Option<Grant>, GrantError> {
        let Some(sealed) = self.accounts.grant(&identity.provider, &identity.subject).await? else { return Ok(None) };
        let text = self.vault.unseal(&place(identity), &sealed)?;
        Ok(Some(serde_json::from_str(text.expose()).map_err(|_| Shut)?))
    }

    fn turn(&self, identity: &Identity) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry((identity.provider.clone(), identity.subject.clone())).or_default())
    }
}

impl From<BriefError> for GrantError {
    fn from(error: BriefError) -> Self {
        match error {
            BriefError::Accounts(error) => error.into(),
            BriefError::Vault(error) => error.into(),
        }
    }
}

impl From<GrantError> for crate::login::LoginError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Provider(error) => error.into(),
            GrantError::Accounts(error) => error.into(),
            GrantError::Vault(error) => error.into(),
        }
    }
}

fn place(identity: &Identity) -> String {
    format!("grant {} {}", identity.provider, identity.subject)
}
