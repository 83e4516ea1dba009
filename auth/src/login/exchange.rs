//! A forge's personal token, for programs that have one anyway: it says who somebody is, and gives no more than that
//! person has here already.

use dormer_core::account::Identity;
use dormer_core::secret::Secret;

use super::{LoginError, Logins};
use crate::provider::error::ProviderError;

/// How many tokens are asked about at once: whoever asks has not signed in.
pub(super) const AT_ONCE: usize = 8;
/// The longest token.
const MAX_TOKEN: usize = 1024;

impl Logins {
    /// Whose a provider's personal token is. They must have signed in by that provider before, and be welcome still: so
    /// the rules for who may come in are those of a browser's sign-in, and a token alone makes nobody.
    pub async fn exchange(&self, provider: &str, token: &Secret) -> Result<Identity, LoginError> {
        let found = self.provider(provider).ok().filter(|provider| provider.config.exchange_tokens);
        let provider = found.ok_or(LoginError::NoExchange)?;
        let text = token.expose();
        if text.is_empty() || text.len() > MAX_TOKEN || !text.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(LoginError::NoExchange);
        }
        let _held = self.exchanging.try_acquire().map_err(|_| LoginError::Busy)?;
        let subject = match provider.owner_of(token).await {
            Err(ProviderError::Gone { .. }) => return Err(LoginError::NoExchange),
            other => other?,
        };
        let everybody = self.authenticator.all_identities();
        let known = everybody.into_iter().find(|one| one.provider == provider.name && one.subject == subject);
        let known = known.filter(|identity| !identity.blocked).ok_or(LoginError::NoExchange)?;
        match self.authenticator.user(&known.user) {
            Some(_) => Ok(known),
            None => Err(LoginError::NoExchange),
        }
    }
}
