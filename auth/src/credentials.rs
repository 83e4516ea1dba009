//! What people sign in to git hosts with: a token that they kept here, or their account at a provider that is a git
//! host, too.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use dormer_core::name::UserName;
use dormer_core::ports::forge::{Credential, ForgeCredentials, Identity};
use dormer_core::secret::Secret;

use crate::authenticator::Authenticator;
use crate::grant::Grants;
use crate::secrets::Secrets;

/// What people sign in to git hosts with.
pub struct Credentials {
    authenticator: Arc<Authenticator>,
    secrets: Secrets,
    grants: Arc<Grants>,
}

impl Credentials {
    /// From these.
    pub fn new(authenticator: Arc<Authenticator>, secrets: Secrets, grants: Arc<Grants>) -> Self {
        Credentials { authenticator, secrets, grants }
    }
}

#[async_trait]
impl ForgeCredentials for Credentials {
    async fn for_host(&self, user: &UserName, host: &str) -> Option<Credential> {
        // What somebody kept for a host is what they want to be used there.
        if let Some((username, password)) = self.secrets.for_host(user, host) {
            return Some(Credential { username, password, expires_at: None });
        }
        let (username, grant) = self.grants.for_host(user, host).await?;
        let expires_at = grant.until.and_then(|until| Timestamp::from_second(until).ok());
        Some(Credential { username: username.into(), password: Secret::from(grant.access.clone()), expires_at })
    }

    async fn identity(&self, user: &UserName, host: Option<&str>) -> Option<Identity> {
        let record = self.authenticator.user(user)?;
        let mut theirs = self.authenticator.identities(user);
        theirs.retain(|identity| !identity.blocked);
        // Commits go to the source's host: they bear the name and the address that it knows the person by, and only
        // where it vouches for no address, those of another account.
        theirs.sort_by_key(|identity| !self.grants.is_at(identity, host));
        let named = theirs.iter().find_map(|identity| identity.name.clone());
        let name = named.or_else(|| record.display_name.clone()).or_else(|| Some(theirs.first()?.login.clone()))?;
        Some(Identity { name, email: theirs.into_iter().find_map(|identity| identity.mail)? })
    }
}
