//! Tokens: `dormer_`, 30 random digits of base62, and 6 more that are the CRC-32 of all before them. The prefix lets
//! scanners of leaked secrets find them; the checksum lets a typing error be told from a revoked token without asking.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rand::TryRngCore;
use rand::rngs::OsRng;

use dormer_core::account::{Digest, Token};
use dormer_core::name::UserName;
use dormer_core::ports::accounts::Accounts;
use dormer_core::ports::clock::Clock;
use dormer_core::principal::Scope;
use dormer_core::secret::Secret;

use crate::authenticator::Authenticator;
use crate::error::{CredentialError, RandomError};
use crate::random::{BASE62, digits, id};

/// What every token begins with.
pub const PREFIX: &str = "dormer_";
/// How long a token is good for when nothing is said.
pub const DEFAULT_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// The longest life that can be asked for.
pub const MAX_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);
/// The most tokens of one user.
const MAX_TOKENS: usize = 200;
const RANDOM: usize = 30;
const CHECKSUM: usize = 6;

/// Makes a token. The text is shown once; the digest is what is stored.
pub fn generate<R: TryRngCore + ?Sized>(rng: &mut R) -> Result<(Secret, Digest), RandomError> {
    let mut text = format!("{PREFIX}{}", digits(rng, RANDOM)?);
    text.push_str(&checksum(&text));
    let digest = crate::digest::digest(&text);
    Ok((Secret::from(text), digest))
}

/// The digest of a token's text. None: that is no token, or it was mistyped.
pub fn digest(text: &str) -> Option<Digest> {
    let rest = text.strip_prefix(PREFIX)?;
    if rest.len() != RANDOM + CHECKSUM || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let (body, sum) = text.split_at_checked(text.len() - CHECKSUM)?;
    (checksum(body) == sum).then(|| crate::digest::digest(text))
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut sum = [b'0'; CHECKSUM];
    for place in sum.iter_mut().rev() {
        *place = BASE62.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
    }
    sum.iter().map(|digit| char::from(*digit)).collect()
}

/// Makes and revokes tokens.
#[derive(Clone)]
pub struct Tokens {
    accounts: Arc<dyn Accounts>,
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
}

impl Tokens {
    /// Over these records.
    pub fn new(accounts: Arc<dyn Accounts>, authenticator: Arc<Authenticator>, clock: Arc<dyn Clock>) -> Self {
        Tokens { accounts, authenticator, clock }
    }

    /// Makes a token that is good from now on. Its text is in the answer and nowhere else.
    pub async fn mint(
        &self,
        user: &UserName,
        name: &str,
        scope: Scope,
        life: Option<Duration>,
    ) -> Result<(Secret, Token), CredentialError> {
        let invalid = |field, reason: &str| Err(CredentialError::Invalid { field, reason: reason.into() });
        if name.trim().is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
            return invalid("name", "say in 1 to 100 characters what the token is for");
        }
        let life = life.unwrap_or(DEFAULT_LIFE);
        if life.is_zero() || life > MAX_LIFE {
            return invalid("expiresIn", "a token lives from 1 second to 366 days (31622400 seconds)");
        }
        if self.authenticator.user(user).is_none() {
            return Err(CredentialError::NotFound("user"));
        }
        if self.list(user).await?.len() >= MAX_TOKENS {
            return invalid("name", "you have 200 tokens: revoke one that you no longer use first");
        }
        let now = self.clock.now();
        let (text, digest) = generate(&mut OsRng)?;
        let token = Token {
            id: id()?,
            user: user.clone(),
            name: name.trim().to_string(),
            digest,
            scope,
            created_at: now,
            expires_at: Some(now.checked_add(life).unwrap_or(Timestamp::MAX)),
            last_used_at: None,
        };
        self.accounts.add_token(token.clone()).await?;
        self.authenticator.refresh().await?;
        Ok((text, token))
    }

    /// The tokens of a user, oldest first. Expired ones are not among them.
    pub async fn list(&self, user: &UserName) -> Result<Vec<Token>, CredentialError> {
        let now = self.clock.now();
        let mut tokens = self.accounts.load().await?.tokens;
        tokens.retain(|token| token.user == *user && token.expires_at.is_none_or(|at| at > now));
        tokens.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(tokens)
    }

    /// Revokes a token of a user. Connections that it opened end.
    pub async fn revoke(&self, user: &UserName, id: &str) -> Result<(), CredentialError> {
        if !self.list(user).await?.iter().any(|token| token.id == id) {
            return Err(CredentialError::NotFound("token"));
        }
        self.accounts.remove_token(id).await?;
        self.authenticator.refresh().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
