//! Keys that somebody has at a forge, kept here as long as they are there.

use dormer_core::account::{Identity, Key};
use dormer_core::name::UserName;
use dormer_core::ports::accounts::{AccountError, Accounts};
use jiff::Timestamp;

use super::{MAX_KEYS, parse};
use crate::digest::digest;

/// What the ids of keys begin with that come from an account: whose they are can be told, and told from those that
/// somebody added here.
fn prefix(provider: &str, subject: &str) -> String {
    format!("forge-{}-", short(&format!("{provider}\n{subject}")))
}

fn short(text: &str) -> String {
    digest(text).iter().take(8).map(|octet| format!("{octet:02x}")).collect()
}

/// Keeps the keys that an account has now, and no other of it. True: something has changed.
pub(crate) async fn keep(
    accounts: &dyn Accounts,
    identity: &Identity,
    lines: &[String],
    now: Timestamp,
) -> Result<bool, AccountError> {
    let prefix = prefix(&identity.provider, &identity.subject);
    let mut kept = accounts.load().await?.keys;
    kept.retain(|key| key.id.starts_with(&prefix));
    let there: Vec<_> = lines.iter().filter_map(|line| parse(line).ok()).take(MAX_KEYS).collect();
    let mut changed = false;
    for old in &kept {
        if old.user != identity.user || !there.iter().any(|parsed| parsed.key == old.key) {
            remove(accounts, &old.id).await?;
            changed = true;
        }
    }
    for parsed in there {
        if kept.iter().any(|old| old.user == identity.user && old.key == parsed.key) {
            continue;
        }
        let key = Key {
            id: format!("{prefix}{}", short(&parsed.key)),
            user: identity.user.clone(),
            name: name(identity, &parsed.comment),
            fingerprint: parsed.fingerprint,
            key: parsed.key,
            created_at: now,
            last_used_at: None,
        };
        let (user, fingerprint) = (key.user.clone(), key.fingerprint.clone());
        match accounts.add_key(key).await {
            Ok(()) => changed = true,
            // Theirs by another way already, or somebody else's: a key is one user's.
            Err(AccountError::Taken(_)) => note_taken(&user, &identity.provider, &fingerprint),
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}

async fn remove(accounts: &dyn Accounts, id: &str) -> Result<(), AccountError> {
    match accounts.remove_key(id).await {
        // Its user has removed it at this moment.
        Err(AccountError::NotFound(_)) => Ok(()),
        other => other,
    }
}

fn name(identity: &Identity, comment: &str) -> String {
    let text = if comment.is_empty() { &identity.login } else { comment };
    format!("{}: {text}", identity.provider).chars().filter(|c| !c.is_control()).take(100).collect()
}

fn note_taken(user: &UserName, provider: &str, fingerprint: &str) {
    tracing::debug!(%user, provider, fingerprint, "a key of an account is known here already");
}
