//! One-time links to sign in with. The secret stands in the link's fragment, which browsers send to nobody.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use dormer_core::account::Link;
use dormer_core::name::UserName;
use dormer_core::ports::accounts::Accounts;
use dormer_core::ports::clock::Clock;
use dormer_core::secret::Secret;

use crate::digest::digest;
use crate::error::CredentialError;
use crate::random::secret;

/// How long a link that is printed at start is good for.
pub const START_LIFE: Duration = Duration::from_secs(15 * 60);
/// How long an invitation is good for.
pub const INVITE_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Makes links.
#[derive(Clone)]
pub struct Links {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
}

impl Links {
    /// Over these records.
    pub fn new(accounts: Arc<dyn Accounts>, clock: Arc<dyn Clock>) -> Self {
        Links { accounts, clock }
    }

    /// Makes a link for a user: the answer is its secret, to be put behind `/login#`.
    pub async fn mint(&self, user: &UserName, life: Duration) -> Result<Secret, CredentialError> {
        let secret = secret()?;
        let expires_at = self.clock.now().checked_add(life).unwrap_or(Timestamp::MAX);
        let link = Link { digest: digest(secret.expose()), user: user.clone(), expires_at };
        self.accounts.add_link(link).await?;
        Ok(secret)
    }
}
