//! People.

use std::sync::Arc;

use dormer_core::account::User;
use dormer_core::name::UserName;
use dormer_core::ports::accounts::{AccountError, Accounts};
use dormer_core::ports::clock::Clock;

use crate::authenticator::Authenticator;
use crate::error::CredentialError;

/// Adds and removes people.
#[derive(Clone)]
pub struct Users {
    accounts: Arc<dyn Accounts>,
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
}

impl Users {
    /// Over these records.
    pub fn new(accounts: Arc<dyn Accounts>, authenticator: Arc<Authenticator>, clock: Arc<dyn Clock>) -> Self {
        Users { accounts, authenticator, clock }
    }

    /// Adds somebody, who has no way to sign in yet.
    pub async fn add(
        &self,
        name: &UserName,
        display_name: Option<String>,
        admin: bool,
    ) -> Result<User, CredentialError> {
        if display_name.as_ref().is_some_and(|name| name.len() > 200 || name.chars().any(char::is_control)) {
            let reason = "a name has at most 200 characters, none of them a control character".into();
            return Err(CredentialError::Invalid { field: "displayName", reason });
        }
        let created_at = self.clock.now();
        let user = User { name: name.clone(), display_name, groups: Vec::new(), admin, disabled: false, created_at };
        self.accounts.add_user(user.clone()).await?;
        self.authenticator.refresh().await?;
        Ok(user)
    }

    /// Everybody, by name.
    pub async fn list(&self) -> Result<Vec<User>, CredentialError> {
        let mut users = self.accounts.load().await?.users;
        users.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(users)
    }

    /// Removes somebody with all credentials. Their connections end.
    pub async fn remove(&self, name: &UserName) -> Result<(), CredentialError> {
        match self.accounts.remove_user(name).await {
            Err(AccountError::NotFound(_)) => return Err(CredentialError::NotFound("user")),
            other => other?,
        }
        self.authenticator.refresh().await?;
        Ok(())
    }

    /// Shuts somebody out, or lets them in again. Whoever is shut out is out at once, lasting connections included;
    /// what they have is kept.
    pub async fn set_disabled(&self, name: &UserName, disabled: bool) -> Result<User, CredentialError> {
        self.change(name, |user| user.disabled = disabled).await
    }

    /// Makes somebody an administrator, or takes that back.
    pub async fn set_admin(&self, name: &UserName, admin: bool) -> Result<User, CredentialError> {
        self.change(name, |user| user.admin = admin).await
    }

    async fn change(&self, name: &UserName, change: impl FnOnce(&mut User)) -> Result<User, CredentialError> {
        let found = self.accounts.load().await?.users.into_iter().find(|user| user.name == *name);
        let mut user = found.ok_or(CredentialError::NotFound("user"))?;
        change(&mut user);
        match self.accounts.put_user(user.clone()).await {
            Err(AccountError::NotFound(_)) => return Err(CredentialError::NotFound("user")),
            other => other?,
        }
        self.authenticator.refresh().await?;
        Ok(user)
    }
}
