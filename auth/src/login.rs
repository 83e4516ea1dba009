//! Signing in by a provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use dormer_core::account::{Identity, User};
use dormer_core::name::UserName;
use dormer_core::ports::accounts::{AccountError, Accounts};
use dormer_core::ports::clock::Clock;
use dormer_core::principal::Via;
use dormer_core::secret::Secret;

use crate::authenticator::Authenticator;
use crate::brief::Briefs;
use crate::error::{RandomError, SignInError};
use crate::grant::Grants;
use crate::key::forge;
use crate::known::Known;
use crate::provider::allow::allowed;
use crate::provider::client::{Grant, Provider};
use crate::provider::error::ProviderError;
use crate::provider::flow::{self, Finished, Flow, Purpose};
use crate::provider::person::Person;
use crate::random::secret;
use crate::vault::{Shut, Vault};

/// The most accounts of one user at providers.
const MAX_IDENTITIES: usize = 20;

/// Why nobody was signed in, or nothing linked.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The user is shut out.
    #[error("this user may not sign in: ask an administrator")]
    Disabled,
    /// The account is linked to another user already.
    #[error("this account belongs to another user here already")]
    Taken,
    /// The provider's personal tokens are not taken, or this one is nobody's who may come in.
    #[error(
        "this token signs nobody in here: sign in by a browser once, and see whether tokens of this provider count"
    )]
    NoExchange,
    /// Too many are asked about at once.
    #[error("too many tokens are being asked about: try again in a moment")]
    Busy,
    /// More accounts than anybody has.
    #[error("you have {MAX_IDENTITIES} accounts linked: remove one first")]
    TooMany,
    /// The last account is not taken away.
    #[error("this is the only account by which anybody can tell that you are still welcome: link another one first")]
    Last,
    /// The records.
    #[error(transparent)]
    Accounts(#[from] AccountError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// It could not be sealed.
    #[error(transparent)]
    Vault(#[from] Shut),
}

impl From<SignInError> for LoginError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Accounts(error) => LoginError::Accounts(error),
            SignInError::Random(error) => LoginError::Random(error),
            SignInError::Vault(error) => LoginError::Vault(error),
            SignInError::Disabled => LoginError::Disabled,
            SignInError::Invalid | SignInError::Busy => LoginError::Provider(ProviderError::Foreign),
        }
    }
}

/// A sign-in that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What it keeps meanwhile.
    pub cookie: Secret,
}

/// What a provider sent the browser back with.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The code.
    pub code: Option<String>,
    /// What we gave it.
    pub state: String,
    /// Who it says that it is.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// A sign-in that has come to its end.
#[derive(Debug)]
pub struct Done {
    /// Who.
    pub user: UserName,
    /// Whether an account was linked to somebody who was signed in before; else they are to be signed in now.
    pub linked: bool,
    /// Where to go.
    pub next: String,
}

/// All providers, and what comes of them.
pub struct Logins {
    accounts: Arc<dyn Accounts>,
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
    grants: Arc<Grants>,
    providers: BTreeMap<String, Arc<Provider>>,
    finished: Finished,
    briefs: Briefs,
    exchanging: Semaphore,
}

impl Logins {
    /// With these providers.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        authenticator: Arc<Authenticator>,
        clock: Arc<dyn Clock>,
        vault: Arc<Vault>,
        providers: Vec<Provider>,
    ) -> Logins {
        let providers: BTreeMap<_, _> =
            providers.into_iter().map(|provider| (provider.name.clone(), Arc::new(provider))).collect();
        let grants =
            Grants::new(accounts.clone(), authenticator.clone(), clock.clone(), vault.clone(), providers.clone());
        let (grants, finished) = (Arc::new(grants), Finished::default());
        let briefs = Briefs::new(accounts.clone(), clock.clone(), vault.clone());
        let exchanging = Semaphore::new(exchange::AT_ONCE);
        Logins { accounts, authenticator, clock, vault, grants, providers, finished, briefs, exchanging }
    }

    /// The providers, by name.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.values().map(|provider| &**provider)
    }

    /// What acts for people at their providers.
    pub fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }

    fn provider(&self, name: &str) -> Result<&Arc<Provider>, ProviderError> {
        self.providers.get(name).ok_or(ProviderError::Unknown)
    }

    /// Begins: for whoever comes, or for somebody who is signed in and adds an account.
    pub async fn begin(&self, provider: &str, next: &str, who: Option<&Known>) -> Result<Begun, LoginError> {
        let provider = self.provider(provider)?;
        let purpose = match who.map(|known| (&known.principal.user, &known.principal.via)) {
            None => Purpose::SignIn,
            Some((user, Via::Session(session))) => Purpose::Link { user: user.clone(), session: session.clone() },
            Some(_) => return Err(ProviderError::Foreign.into()),
        };
        let text = || secret().map(|secret| secret.expose().clone());
        let life = i64::try_from(flow::LIFE.as_secs()).unwrap_or_default();
        let flow = Flow {
            provider: provider.name.clone(),
            state: text()?,
            nonce: text()?,
            // RFC 7636: 43 to 128 characters.
            verifier: text()? + &text()?,
            next: next.into(),
            purpose,
            until: self.clock.now().as_second().saturating_add(life),
        };
        let url = provider.authorize(&flow).await?;
        Ok(Begun { url: url.into(), cookie: flow.seal(&self.vault)? })
    }

    /// Ends, with what the provider called `name` sent back (to the address that is its alone), the cookie that came
    /// along, and whoever is signed in.
    pub async fn finish(
        &self,
        name: &str,
        answer: Answer,
        cookie: Option<&str>,
        who: Option<&Known>,
    ) -> Result<Done, LoginError> {
        let provider = self.provider(name)?;
        let now = self.clock.now();
        let flow = cookie.and_then(|cookie| Flow::open(&self.vault, cookie, &answer.state, now));
        let flow = flow.filter(|flow| flow.provider == name).ok_or(ProviderError::Foreign)?;
        if let Purpose::Link { user, session } = &flow.purpose {
            let same = who.is_some_and(|known| {
                known.principal.user == *user && known.principal.via == Via::Session(session.clone())
            });
            if !same {
                return Err(ProviderError::Foreign.into());
            }
        }
        if !provider.is_issuer(answer.iss.as_deref()).await? {
            tracing::warn!(provider = name, "an answer names another issuer: perhaps one provider plays another");
            return Err(ProviderError::Foreign.into());
        }
        // From here on the flow is over, whatever comes of it.
        if !self.finished.finish(&flow, now) {
            return Err(ProviderError::Foreign.into());
        }
        if let Some(error) = answer.error {
            let why = match error.as_str() {
                "access_denied" => "access was denied".to_string(),
                other => other.chars().filter(|c| c.is_ascii_graphic()).take(60).collect(),
            };
            return Err(ProviderError::Refused { name: provider.label(), why }.into());
        }
        let code = answer.code.filter(|code| !code.is_empty() && code.len() <= 4096).ok_or(ProviderError::Foreign)?;
        let redeemed = provider.redeem(&code, &flow, now.as_second()).await;
        let (person, grant) = redeemed.map_err(|error| match error {
            // A code that was used, stolen or made up.
            ProviderError::Gone { .. } => ProviderError::Foreign,
            other => other,
        })?;
        // The other replicas are told only of flows that a provider has given a code for: else anybody could make us write.
        let until = Timestamp::from_second(flow.until).unwrap_or(Timestamp::MAX);
        if !self.briefs.spend("flow", &flow.state, until).await? {
            return Err(ProviderError::Foreign.into());
        }
        let linked = matches!(flow.purpose, Purpose::Link { .. });
        let user = self.settle(provider, &person, &grant, &flow.purpose, now).await?;
        Ok(Done { user, linked, next: flow.next })
    }

    /// Writes down what the provider said, for the user whose account it is, or is from now on.
    async fn settle(
        &self,
        provider: &Provider,
        person: &Person,
        grant: &Grant,
        purpose: &Purpose,
        now: Timestamp,
    ) -> Result<UserName, LoginError> {
        let everybody = self.accounts.load().await?;
        let known = everybody
            .identities
            .iter()
            .find(|identity| identity.provider == provider.name && identity.subject == person.subject);
        let Some(allowed) = allowed(&provider.name, &provider.config, person) else {
            if let Some(known) = known {
                self.grants.block(known.clone()).await?;
            }
            tracing::info!(provider = provider.name, login = person.login, "not among those who may sign in");
            return Err(ProviderError::NotAllowed { name: provider.label() }.into());
        };
        let shut_out = |user: &UserName| everybody.users.iter().any(|other| other.name == *user && other.disabled);
        let user = match (known, purpose) {
            (Some(known), Purpose::Link { user, .. }) if known.user != *user => return Err(LoginError::Taken),
            (Some(known), _) => known.user.clone(),
            // An account is linked only by somebody who is signed in here, and has just signed in there: neither a
            // name nor an address that are the same make two accounts one person's.
            (None, Purpose::Link { user, .. }) => {
                let theirs = everybody.identities.iter().filter(|identity| identity.user == *user).count();
                if theirs >= MAX_IDENTITIES {
                    return Err(LoginError::TooMany);
                }
                user.clone()
            }
            (None, Purpose::SignIn) => self.newcomer(person, now).await?,
        };
        if shut_out(&user) {
            return Err(LoginError::Disabled);
        }
        let identity = Identity {
            provider: provider.name.clone(),
            subject: person.subject.clone(),
            user: user.clone(),
            login: person.login.clone(),
            name: person.name.clone(),
            mail: person.mail.clone(),
            groups: allowed.groups,
            admin: allowed.admin,
            blocked: false,
            created_at: known.map_or(now, |known| known.created_at),
            checked_at: now,
        };
        match self.accounts.put_identity(identity.clone()).await {
            Err(AccountError::Taken(_)) => return Err(LoginError::Taken),
            other => other?,
        }
        self.grants.keep(&identity, Some(grant)).await?;
        self.authenticator.refresh().await?;
        self.grants.take_keys(provider, &identity).await;
        Ok(user)
    }

    /// Somebody who was never here. A name that is taken is somebody else's: they get another one.
    async fn newcomer(&self, person: &Person, now: Timestamp) -> Result<UserName, LoginError> {
        let base = UserName::suggest(&person.login).unwrap_or_else(UserName::owner);
        for number in 1..1000 {
            let name = match number {
                1 => base.clone(),
                _ => {
                    let room: String = base.as_str().chars().take(55).collect();
                    let Ok(name) = format!("{}-{number}", room.trim_end_matches('-')).parse() else { continue };
                    name
                }
            };
            let user = User {
                name: name.clone(),
                display_name: person.name.clone(),
                groups: Vec::new(),
                admin: false,
                disabled: false,
                created_at: now,
            };
            match self.accounts.add_user(user).await {
                Err(AccountError::Taken(_)) => {}
                other => return other.map(|()| name).map_err(LoginError::from),
            }
        }
        Err(AccountError::Taken(format!("user '{base}'")).into())
    }

    /// Takes an account away from a user, but never the last good one: somebody who is about to leave would have nobody
    /// asked about them any more, and keep their tokens and keys for ever.
    pub async fn unlink(&self, user: &UserName, provider: &str, subject: &str) -> Result<(), LoginError> {
        let theirs = self.authenticator.identities(user);
        if !theirs.iter().any(|identity| identity.provider == provider && identity.subject == subject) {
            return Err(AccountError::NotFound("account".into()).into());
        }
        let others = theirs.iter().any(|identity| {
            !identity.blocked && (identity.provider.as_str(), identity.subject.as_str()) != (provider, subject)
        });
        if !others {
            return Err(LoginError::Last);
        }
        self.accounts.remove_identity(provider, subject).await?;
        if let Some(gone) = theirs
            .iter()
            .find(|identity| (identity.provider.as_str(), identity.subject.as_str()) == (provider, subject))
        {
            forge::keep(&*self.accounts, gone, &[], self.clock.now()).await?;
        }
        self.authenticator.refresh().await?;
        Ok(())
    }
}

mod exchange;
#[cfg(test)]
mod stand;
#[cfg(test)]
mod tests;
