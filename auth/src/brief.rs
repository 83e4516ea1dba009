//! What the replicas of one gateway tell each other for some minutes: that a ticket was used, what a person said to a
//! command line that another replica serves. It is sealed, and found by the hash of a text that only those know who are
//! to find it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use dormer_core::account::{self, Digest};
use dormer_core::ports::accounts::{AccountError, Accounts};
use dormer_core::ports::clock::Clock;

use crate::digest::digest;
use crate::vault::{Shut, Vault};

/// Why a brief could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BriefError {
    /// The records.
    #[error(transparent)]
    Accounts(#[from] AccountError),
    /// It cannot be sealed.
    #[error(transparent)]
    Vault(#[from] Shut),
}

/// Keeps briefs. Cheap to clone.
#[derive(Clone)]
pub struct Briefs {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
}

fn key(place: &str, name: &str) -> Digest {
    digest(&format!("{place}\0{name}"))
}

impl Briefs {
    /// Among these records, sealed by that vault.
    pub fn new(accounts: Arc<dyn Accounts>, clock: Arc<dyn Clock>, vault: Arc<Vault>) -> Briefs {
        Briefs { accounts, clock, vault }
    }

    /// The time by the clock that briefs end by.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What seals them.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Uses something up that is good until `until`. Exactly one caller, at any replica, is told that it was not used
    /// before.
    pub async fn spend(&self, place: &str, name: &str, until: Timestamp) -> Result<bool, AccountError> {
        let brief = account::Brief { key: key(place, name), sealed: Vec::new(), expires_at: until };
        self.accounts.keep_brief(brief).await
    }

    /// Says something for so long under a name. False: something was said under it before.
    pub async fn keep(
        &self,
        place: &str,
        name: &str,
        what: &impl Serialize,
        life: Duration,
    ) -> Result<bool, BriefError> {
        let text = serde_json::to_string(what).map_err(|_| Shut)?;
        let sealed = self.vault.seal(&sealed_for(place, name), &text)?;
        let expires_at = self.now().checked_add(life).unwrap_or(Timestamp::MAX);
        Ok(self.accounts.keep_brief(account::Brief { key: key(place, name), sealed, expires_at }).await?)
    }

    /// What was said under a name. What nobody with the key has sealed was not said.
    pub async fn read<T: DeserializeOwned>(&self, place: &str, name: &str) -> Result<Option<T>, AccountError> {
        let sealed = self.accounts.brief(&key(place, name), self.now()).await?;
        Ok(sealed.and_then(|sealed| self.open(place, name, &sealed)))
    }

    /// The same, and takes it away: of any number of callers one gets it.
    pub async fn take<T: DeserializeOwned>(&self, place: &str, name: &str) -> Result<Option<T>, AccountError> {
        let sealed = self.accounts.take_brief(&key(place, name), self.now()).await?;
        Ok(sealed.and_then(|sealed| self.open(place, name, &sealed)))
    }

    fn open<T: DeserializeOwned>(&self, place: &str, name: &str, sealed: &[u8]) -> Option<T> {
        let text = self.vault.unseal(&sealed_for(place, name), sealed).ok()?;
        serde_json::from_str(text.expose()).ok()
    }
}

fn sealed_for(place: &str, name: &str) -> String {
    format!("brief {place} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::fixture::clock::{clock, pass};
    use dormer_core::fixture::people::People;

    #[tokio::test]
    async fn said_once_under_a_name_by_who_has_the_key_and_for_a_while() {
        let accounts = Arc::new(People::default());
        let (clock, hand) = clock();
        let briefs = |key| Briefs::new(accounts.clone(), clock.clone(), Arc::new(Vault::new(&[key; 32]).unwrap()));
        let (here, there, stranger) = (briefs(1), briefs(1), briefs(2));
        let minute = Duration::from_secs(60);
        assert!(here.keep("a", "name", &"yes", minute).await.unwrap());
        assert!(!there.keep("a", "name", &"no", minute).await.unwrap(), "it was said");
        assert_eq!(there.read::<String>("a", "name").await.unwrap().as_deref(), Some("yes"));
        assert_eq!(there.read::<String>("b", "name").await.unwrap(), None, "elsewhere");
        assert_eq!(stranger.read::<String>("a", "name").await.unwrap(), None, "another key");
        let (one, two) = tokio::join!(here.take::<String>("a", "name"), there.take::<String>("a", "name"));
        assert_eq!([one.unwrap(), two.unwrap()].iter().flatten().count(), 1, "taken by one");

        let until = here.now() + minute;
        let (one, two) = tokio::join!(here.spend("a", "x", until), there.spend("a", "x", until));
        assert_eq!([one.unwrap(), two.unwrap()].iter().filter(|first| **first).count(), 1);
        here.keep("a", "late", &1, minute).await.unwrap();
        pass(&hand, minute);
        assert_eq!(there.read::<i32>("a", "late").await.unwrap(), None);
        assert_eq!(there.take::<i32>("a", "late").await.unwrap(), None);
    }
}
