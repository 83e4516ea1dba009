//! People's and projects' secrets: variables of workspaces, and what people sign in to git hosts with.

use std::sync::Arc;

use dormer_core::account::{Holder, SecretKind, StoredSecret};
use dormer_core::name::{ProjectName, UserName};
use dormer_core::ports::accounts::{AccountError, Accounts};
use dormer_core::ports::clock::Clock;
use dormer_core::secret::Secret;
use dormer_core::workspace::{Variable, Workspace};

use crate::authenticator::Authenticator;
use crate::error::CredentialError;
use crate::random::id;
use crate::vault::Vault;

/// The longest value.
const MAX_VALUE: usize = 64 * 1024;
/// The most secrets of one holder.
const MAX_SECRETS: usize = 200;

/// Adds, removes and opens secrets.
#[derive(Clone)]
pub struct Secrets {
    accounts: Arc<dyn Accounts>,
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
}

/// A workspace names a secret that is not there: its owner has to make it, or to take it out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no secret '{0}' of the owner or the project: make it with 'dormer secret create {0}', then start again"
)]
pub struct Missing(pub String);

impl Secrets {
    /// Over these records.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        authenticator: Arc<Authenticator>,
        clock: Arc<dyn Clock>,
        vault: Arc<Vault>,
    ) -> Self {
        Secrets { accounts, authenticator, clock, vault }
    }

    /// Adds a secret, which nobody sees again but the workspaces that name it.
    pub async fn add(
        &self,
        holder: Holder,
        name: &str,
        kind: SecretKind,
        value: &Secret,
    ) -> Result<StoredSecret, CredentialError> {
        let invalid = |field, reason: &str| Err(CredentialError::Invalid { field, reason: reason.into() });
        let plain = |text: &str, also: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b));
        if name.is_empty() || name.len() > 100 || !plain(name, b"-_.") {
            return invalid("name", "a secret's name is 1 to 100 letters, digits, '-', '_' or '.'");
        }
        if value.expose().is_empty() || value.expose().len() > MAX_VALUE {
            return invalid("value", "a secret has 1 octet to 64 KiB");
        }
        if let SecretKind::ForgeToken { host, username } = &kind {
            let good = !host.is_empty() && host.len() <= 260 && plain(host, b"-.:[]") && *host == host.to_lowercase();
            if !good {
                return invalid("host", "a git host such as git.example.org or git.example.org:8443, in lower case");
            }
            if username.is_empty() || username.len() > 200 || username.chars().any(|c| c.is_control() || c == ':') {
                return invalid("username", "the name that goes with the token, without ':'");
            }
            if value.expose().chars().any(char::is_control) {
                return invalid("value", "a token is one line");
            }
        }
        if self.of(&holder).len() >= MAX_SECRETS {
            return invalid("name", "there are 200 secrets already: remove one first");
        }
        let id = id()?;
        let sealed = self.vault.seal(&place(&id), value.expose()).map_err(|error| unavailable(error.into()))?;
        let secret = StoredSecret { id, holder, name: name.into(), kind, sealed, created_at: self.clock.now() };
        self.accounts.add_secret(secret.clone()).await?;
        self.authenticator.refresh().await?;
        Ok(secret)
    }

    /// A holder's secrets, by name.
    pub fn of(&self, holder: &Holder) -> Vec<StoredSecret> {
        let mut secrets = self.authenticator.secrets();
        secrets.retain(|secret| secret.holder == *holder);
        secrets
    }

    /// Removes a secret of a holder.
    pub async fn remove(&self, holder: &Holder, id: &str) -> Result<(), CredentialError> {
        if !self.of(holder).iter().any(|secret| secret.id == id) {
            return Err(CredentialError::NotFound("secret"));
        }
        self.accounts.remove_secret(id).await?;
        self.authenticator.refresh().await?;
        Ok(())
    }

    /// The secret of that name that a workspace of that owner in that project has: the owner's own before the
    /// project's, and the project's only while the owner is in it.
    pub fn find(&self, owner: &UserName, project: &ProjectName, name: &str) -> Option<StoredSecret> {
        let own = Holder::User(owner.clone());
        let shared = Holder::Project(project.clone());
        let of_project = || {
            self.authenticator.role(owner, project)?;
            self.authenticator.secret(&shared, name)
        };
        let found = self.authenticator.secret(&own, name).or_else(of_project);
        found.filter(|secret| secret.kind == SecretKind::Variable)
    }

    /// The values of a workspace's secrets, as variables of its next start. Its owner must still be let in.
    pub fn variables(&self, workspace: &Workspace) -> Result<Vec<Variable>, Missing> {
        let open = |wanted: &dormer_core::workspace::SecretRef| {
            let missing = || Missing(wanted.secret.clone());
            self.authenticator.user(&workspace.spec.owner).ok_or_else(missing)?;
            let secret =
                self.find(&workspace.spec.owner, &workspace.spec.project, &wanted.secret).ok_or_else(missing)?;
            let value = self.vault.unseal(&place(&secret.id), &secret.sealed).map_err(|_| missing())?;
            Ok(Variable { name: wanted.name.clone(), value: value.expose().clone(), file: wanted.file })
        };
        workspace.spec.secrets.iter().map(open).collect()
    }

    /// What a user kept for a git host: name and token.
    pub fn for_host(&self, user: &UserName, host: &str) -> Option<(String, Secret)> {
        self.authenticator.user(user)?;
        self.of(&Holder::User(user.clone())).into_iter().find_map(|secret| match &secret.kind {
            SecretKind::ForgeToken { host: of, username } if of == host => {
                let value = self.vault.unseal(&place(&secret.id), &secret.sealed).ok()?;
                Some((username.clone(), value))
            }
            _ => None,
        })
    }
}

fn unavailable(error: Box<dyn std::error::Error + Send + Sync>) -> CredentialError {
    CredentialError::Accounts(AccountError::Unavailable(error))
}

fn place(id: &str) -> String {
    format!("secret {id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::account::{Project, ProjectMember, User};
    use dormer_core::fixture::clock::clock;
    use dormer_core::fixture::people::{People, user};
    use dormer_core::workspace::{Role, SecretRef, fixture};

    #[tokio::test]
    async fn a_secret_is_its_holders_and_sealed() {
        let accounts = Arc::new(People::default());
        let (clock, _) = clock();
        for name in ["ann", "bob"] {
            accounts.add_user(user(name)).await.unwrap();
        }
        let authenticator = Authenticator::open(accounts.clone(), clock.clone()).await.unwrap();
        let vault = Arc::new(Vault::new(&[1; 32]).unwrap());
        let secrets = Secrets::new(accounts.clone(), authenticator.clone(), clock, vault);
        let own = |name: &str| Holder::User(name.parse().unwrap());
        let shared = Holder::Project("default".parse().unwrap());
        let value = |text: &str| Secret::from(text.to_string());
        let member = ProjectMember { user: Some("ann".parse().unwrap()), group: None, role: Role::Viewer };
        let project = Project {
            name: "default".parse().unwrap(),
            display_name: None,
            members: vec![member],
            created_at: jiff::Timestamp::UNIX_EPOCH,
        };
        accounts.add_project(project).await.unwrap();
        let made = secrets.add(own("ann"), "key", SecretKind::Variable, &value("hunter2")).await.unwrap();
        secrets.add(own("bob"), "bobs", SecretKind::Variable, &value("b")).await.unwrap();
        secrets.add(shared.clone(), "key", SecretKind::Variable, &value("shared")).await.unwrap();
        secrets.add(shared, "team", SecretKind::Variable, &value("t")).await.unwrap();
        let token = SecretKind::ForgeToken { host: "git.example.org".into(), username: "ann".into() };
        secrets.add(own("ann"), "git", token, &value("tok")).await.unwrap();
        let stored = format!("{:?}", accounts.load().await.unwrap().secrets);
        assert!(!stored.contains("hunter2") && !made.sealed.windows(7).any(|part| part == b"hunter2"));

        let mut workspace = fixture("hello", "ann");
        let wants = |name: &str| vec![SecretRef { secret: name.into(), name: "V".into(), file: false }];
        for (name, want) in
            [("key", Some("hunter2")), ("team", Some("t")), ("bobs", None), ("git", None), ("none", None)]
        {
            workspace.spec.secrets = wants(name);
            let got = secrets.variables(&workspace).ok().map(|variables| variables[0].value.clone());
            assert_eq!(got.as_deref(), want, "{name}");
        }
        workspace.spec.owner = "bob".parse().unwrap();
        workspace.spec.secrets = wants("team");
        assert!(secrets.variables(&workspace).is_err(), "bob is not in the project");
        workspace.spec.owner = "ann".parse().unwrap();
        let ann = "ann".parse().unwrap();
        assert_eq!(secrets.for_host(&ann, "git.example.org").unwrap().1.expose(), "tok");
        assert!(secrets.for_host(&ann, "git.example.com").is_none());
        assert!(secrets.for_host(&"bob".parse().unwrap(), "git.example.org").is_none());
        assert!(matches!(secrets.remove(&own("bob"), &made.id).await, Err(CredentialError::NotFound(_))));
        accounts.put_user(User { disabled: true, ..user("ann") }).await.unwrap();
        authenticator.refresh().await.unwrap();
        workspace.spec.secrets = wants("key");
        assert!(secrets.variables(&workspace).is_err() && secrets.for_host(&ann, "git.example.org").is_none());
    }
}
