//! SSH public keys.

pub(crate) mod forge;

use std::sync::Arc;

use russh::keys::{Algorithm, HashAlg, PublicKey};

use dormer_core::account::Key;
use dormer_core::name::UserName;
use dormer_core::ports::accounts::Accounts;
use dormer_core::ports::clock::Clock;

use crate::authenticator::Authenticator;
use crate::error::CredentialError;
use crate::random::id;

/// The longest line that is read: an RSA key of 16384 bits has less than half of it.
const MAX_LINE: usize = 8 * 1024;
/// The fewest bits of an RSA key (NIST SP 800-131A).
const MIN_RSA: u32 = 2048;
/// The most keys of one user.
const MAX_KEYS: usize = 100;

/// A public key that may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// Algorithm and base64, as in `authorized_keys`.
    pub key: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// What stood behind it.
    pub comment: String,
}

/// Reads a line of `authorized_keys` or a `.pub` file. The error says what is wrong and what would do.
pub fn parse(text: &str) -> Result<Parsed, String> {
    let line = text.trim();
    if line.contains("PRIVATE KEY") {
        return Err("this is a private key: keep it secret, and paste the .pub file beside it".into());
    }
    if line.len() > MAX_LINE || line.chars().any(char::is_control) {
        return Err("expected one line, as in a .pub file: ssh-ed25519 AAAA… comment".into());
    }
    let key = PublicKey::from_openssh(line)
        .map_err(|_| "this is no OpenSSH public key: expected ssh-ed25519 AAAA… comment".to_string())?;
    match key.algorithm() {
        Algorithm::Ed25519 | Algorithm::Ecdsa { .. } | Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => {}
        Algorithm::Rsa { .. } => {
            let bits = key.key_data().rsa().map_or(0, |rsa| rsa.key_size());
            if bits < MIN_RSA {
                return Err(format!(
                    "this RSA key has {bits} bits, which is too short: use ssh-keygen -t ed25519, or RSA with 3072"
                ));
            }
        }
        Algorithm::Dsa => return Err("DSA keys are not safe: make another with ssh-keygen -t ed25519".into()),
        other => return Err(format!("keys of type {} are not supported: use ed25519", other.as_str())),
    }
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    let comment = line.splitn(3, char::is_whitespace).nth(2).unwrap_or_default().trim().to_string();
    let bare = PublicKey::new(key.key_data().clone(), "");
    let key = bare.to_openssh().map_err(|error| format!("this key cannot be written down: {error}"))?;
    Ok(Parsed { key: key.trim().to_string(), fingerprint, comment })
}

/// Adds and removes keys.
#[derive(Clone)]
pub struct Keys {
    accounts: Arc<dyn Accounts>,
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
}

impl Keys {
    /// Over these records.
    pub fn new(accounts: Arc<dyn Accounts>, authenticator: Arc<Authenticator>, clock: Arc<dyn Clock>) -> Self {
        Keys { accounts, authenticator, clock }
    }

    /// Adds a key; without a name it is called by its comment.
    pub async fn add(&self, user: &UserName, text: &str, name: Option<&str>) -> Result<Key, CredentialError> {
        let parsed = parse(text).map_err(|reason| CredentialError::Invalid { field: "key", reason })?;
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        let name: String = match name {
            Some(name) if name.len() > 100 || name.chars().any(char::is_control) => {
                let reason = "a name has at most 100 characters, none of them a control character".into();
                return Err(CredentialError::Invalid { field: "name", reason });
            }
            Some(name) => name.to_string(),
            None if parsed.comment.is_empty() => "key".to_string(),
            None => parsed.comment.chars().take(100).collect(),
        };
        if self.authenticator.user(user).is_none() {
            return Err(CredentialError::NotFound("user"));
        }
        if self.list(user).await?.len() >= MAX_KEYS {
            let reason = "you have 100 keys: remove one that you no longer use first".into();
            return Err(CredentialError::Invalid { field: "key", reason });
        }
        let key = Key {
            id: id()?,
            user: user.clone(),
            name,
            fingerprint: parsed.fingerprint,
            key: parsed.key,
            created_at: self.clock.now(),
            last_used_at: None,
        };
        self.accounts.add_key(key.clone()).await?;
        self.authenticator.refresh().await?;
        Ok(key)
    }

    /// The keys of a user, oldest first.
    pub async fn list(&self, user: &UserName) -> Result<Vec<Key>, CredentialError> {
        let mut keys = self.accounts.load().await?.keys;
        keys.retain(|key| key.user == *user);
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(keys)
    }

    /// Removes a key of a user. Connections that it opened end.
    pub async fn remove(&self, user: &UserName, id: &str) -> Result<(), CredentialError> {
        if !self.list(user).await?.iter().any(|key| key.id == id) {
            return Err(CredentialError::NotFound("key"));
        }
        self.accounts.remove_key(id).await?;
        self.authenticator.refresh().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
