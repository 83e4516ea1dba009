//! The domain's `Accounts`.

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use tokio::sync::watch;

use dormer_core::account::{self as core, Audited, Digest, Holder};
use dormer_core::name::{ProjectName, UserName};
use dormer_core::ports::accounts::{AccountError, Accounts as Port, Everybody};

use super::credentials::{TRIES, exactly, posts, unavailable};
use super::everybody::{everybody, members};
use super::secret::{self, last_used, read};
use super::stored::{self, Brief, Grant, Identity, Key, Link, Record, Sealed, Session, Token};
use super::{Accounts, Inner};
use crate::error::{Answer, answer};
use crate::hex;
use crate::names::{HOLDER, MANAGER, RECORD};
use crate::resource::people::{Project, ProjectSpec, User, UserSpec};

/// Written at the same time.
const AT_ONCE: usize = 8;

fn merges() -> PatchParams {
    PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() }
}

impl Inner {
    /// Removes what belonged to somebody who is gone. It counts for nothing already: that it is left is no failure.
    async fn sweep(&self, uid: &str) {
        let select = ListParams::default().labels(&format!("{RECORD},{HOLDER}={uid}"));
        if let Err(error) = self.secrets().delete_collection(&kube::api::DeleteParams::background(), &select).await {
            tracing::warn!(%error, "could not remove what belonged to somebody who is gone; the cluster will");
        }
    }

    async fn put_identity(&self, identity: core::Identity) -> Result<(), AccountError> {
        let owner = self.user(&identity.user).await?;
        let (api, mut record) = (self.secrets(), Identity::from(identity));
        for _ in 0..TRIES {
            let name = secret::name::<Identity>(&record.identity());
            let Some(there) = api.get_opt(&name).await.map_err(unavailable)? else {
                match api.create(&posts(), &secret::of(&record, &owner)?).await {
                    Ok(written) => {
                        self.records.wrote(written);
                        return Ok(());
                    }
                    Err(error) if answer(&error) == Answer::Exists => continue,
                    Err(error) => return Err(unavailable(error)),
                }
            };
            if !self.is_held(&there).await? {
                self.delete(&there).await?;
                continue;
            }
            let known: Option<Identity> = read(&there);
            if known.as_ref().is_none_or(|known| known.user != record.user) {
                return Err(AccountError::Taken("account of somebody else".into()));
            }
            record.created_at = known.map_or(record.created_at, |known| known.created_at);
            let mut written = secret::of(&record, &owner)?;
            written.metadata.resource_version = there.resource_version();
            match api.replace(&name, &posts(), &written).await {
                Ok(written) => {
                    self.records.wrote(written);
                    return Ok(());
                }
                Err(error) if matches!(answer(&error), Answer::Conflict | Answer::NotFound) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Err(AccountError::Unavailable("somebody else changes this account at the same time".into()))
    }

    /// The Secret of what acts for an account, and whether the account is there.
    async fn put_grant(&self, account: &str, sealed: Option<Vec<u8>>) -> Result<(), AccountError> {
        let api = self.secrets();
        let name = secret::name::<Grant>(account);
        let Some(sealed) = sealed else {
            return match api.delete(&name, &kube::api::DeleteParams::background()).await {
                Ok(_) => Ok(()),
                Err(error) if answer(&error) == Answer::NotFound => Ok(()),
                Err(error) => Err(unavailable(error)),
            };
        };
        let identity = api.get_opt(&secret::name::<Identity>(account)).await.map_err(unavailable)?;
        let Some(identity) = identity.and_then(|secret| read::<Identity>(&secret)) else { return Ok(()) };
        let owner = self.user(&identity.user).await?;
        let record = Grant { account: account.to_string(), sealed: hex::base64(&sealed) };
        let params = PatchParams::apply(MANAGER).force();
        api.patch(&name, &params, &Patch::Apply(&secret::of(&record, &owner)?)).await.map_err(unavailable)?;
        Ok(())
    }

    async fn take_link(&self, digest: &Digest, now: Timestamp) -> Result<Option<core::Link>, AccountError> {
        let api = self.secrets();
        let name = secret::name::<Link>(&hex::encode(digest));
        let Some(there) = api.get_opt(&name).await.map_err(unavailable)? else { return Ok(None) };
        let Some(link) = read::<Link>(&there) else { return Ok(None) };
        let held = self.is_held(&there).await?;
        // Exactly one deletion of an object goes well: whoever comes second is told that there is none.
        let exactly = exactly(&there.uid().unwrap_or_default(), there.resource_version());
        match api.delete(&name, &exactly).await {
            Ok(_) => Ok(Some(link.read()).filter(|link| held && link.expires_at > now)),
            Err(error) if matches!(answer(&error), Answer::NotFound | Answer::Conflict) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn keep_brief(&self, brief: core::Brief) -> Result<bool, AccountError> {
        let made = secret::unowned(&Brief::from(brief))?;
        match self.secrets().create(&posts(), &made).await {
            Ok(_) => Ok(true),
            Err(error) if answer(&error) == Answer::Exists => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn brief(&self, key: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, AccountError> {
        let there = self.secrets().get_opt(&secret::name::<Brief>(&hex::encode(key))).await.map_err(unavailable)?;
        Ok(there.and_then(|secret| read::<Brief>(&secret)?.says(now)))
    }

    async fn take_brief(&self, key: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, AccountError> {
        let there = self.secrets().get_opt(&secret::name::<Brief>(&hex::encode(key))).await.map_err(unavailable)?;
        let Some(there) = there else { return Ok(None) };
        // Exactly one deletion of an object goes well, as with links.
        let taken = self.delete(&there).await?;
        Ok(read::<Brief>(&there).filter(|_| taken).and_then(|brief| brief.says(now)))
    }

    async fn tidy(&self, used: &[(String, Timestamp)], now: Timestamp) -> Result<(), AccountError> {
        let mut writes = Vec::new();
        let (mut expired, tokens, sessions) = (Vec::new(), self.of_kind::<Token>(), self.of_kind::<Session>());
        let ids = tokens.iter().map(|(secret, token)| (&token.id, secret));
        let keys = self.of_kind::<Key>();
        let ids = ids.chain(sessions.iter().map(|(secret, session)| (&session.id, secret)));
        let known: std::collections::HashMap<_, _> =
            ids.chain(keys.iter().map(|(secret, key)| (&key.id, secret))).collect();
        for (id, at) in used {
            if let Some(secret) = known.get(id)
                && last_used(secret).is_none_or(|known| known < *at)
            {
                writes.push((secret.name_any(), *at));
            }
        }
        expired.extend(tokens.iter().filter(|(_, t)| t.expires_at.is_some_and(|at| at <= now)).map(|(s, _)| s.clone()));
        expired.extend(sessions.iter().filter(|(_, session)| session.expires_at <= now).map(|(s, _)| s.clone()));
        let links = ListParams::default().labels(&format!("{RECORD}={}", Link::KIND));
        for link in self.secrets().list(&links).await.map_err(unavailable)?.items {
            if read::<Link>(&link).is_none_or(|read| read.expires_at <= now) {
                expired.push(std::sync::Arc::new(link));
            }
        }
        let briefs = ListParams::default().labels(&format!("{RECORD}={}", Brief::KIND));
        for brief in self.secrets().list(&briefs).await.map_err(unavailable)?.items {
            if read::<Brief>(&brief).is_none_or(|read| read.expires_at <= now) {
                expired.push(std::sync::Arc::new(brief));
            }
        }
        let writes = stream::iter(writes).map(|(name, at)| async move { self.used(&name, at).await });
        let written: Vec<Result<(), AccountError>> = writes.buffer_unordered(AT_ONCE).collect().await;
        let deletions = stream::iter(expired).map(|secret| async move { self.delete(&secret).await.map(drop) });
        let deleted: Vec<Result<(), AccountError>> = deletions.buffer_unordered(AT_ONCE).collect().await;
        written.into_iter().chain(deleted).find(Result::is_err).unwrap_or(Ok(()))
    }

    async fn end_session(&self, id: &str) -> Result<bool, AccountError> {
        let sessions = self.of_kind::<Session>();
        let Some((apex, _)) = sessions.iter().find(|(_, session)| session.id == id) else { return Ok(false) };
        // First the one above: with it those below count for nothing.
        let deleted = self.delete(apex).await?;
        for (below, _) in sessions.iter().filter(|(_, session)| session.parent.as_deref() == Some(id)) {
            self.delete(below).await?;
        }
        Ok(deleted)
    }
}

#[async_trait]
impl Port for Accounts {
    async fn load(&self) -> Result<Everybody, AccountError> {
        Ok(everybody(&self.inner.users.all(), &self.inner.projects.all(), &self.inner.records.all()))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    async fn add_user(&self, user: core::User) -> Result<(), AccountError> {
        let core::User { name, display_name, groups, admin, disabled, created_at: _ } = user;
        let object = User::new(name.as_str(), UserSpec { display_name, groups, admin, disabled });
        let api: Api<User> = self.inner.cluster.own();
        match api.create(&posts(), &object).await {
            Ok(written) => {
                self.inner.users.wrote(written);
                Ok(())
            }
            Err(error) if answer(&error) == Answer::Exists => Err(AccountError::Taken(format!("user '{name}'"))),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn put_user(&self, user: core::User) -> Result<(), AccountError> {
        let core::User { name, display_name, groups, admin, disabled, created_at: _ } = user;
        let spec = json!({ "displayName": display_name, "groups": groups, "admin": admin, "disabled": disabled });
        let api: Api<User> = self.inner.cluster.own();
        match api.patch(name.as_str(), &merges(), &Patch::Merge(json!({ "spec": spec }))).await {
            Ok(written) => {
                self.inner.users.wrote(written);
                Ok(())
            }
            Err(error) if answer(&error) == Answer::NotFound => Err(AccountError::NotFound(format!("user '{name}'"))),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn remove_user(&self, name: &UserName) -> Result<(), AccountError> {
        let owner = self.inner.user(name).await?;
        let api: Api<User> = self.inner.cluster.own();
        match api.delete(name.as_str(), &exactly(&owner.uid, None)).await {
            Ok(_) => {}
            Err(error) if answer(&error) == Answer::NotFound => {
                return Err(AccountError::NotFound(format!("user '{name}'")));
            }
            Err(error) => return Err(unavailable(error)),
        }
        self.inner.users.deleted(name.as_str(), &owner.uid);
        self.inner.sweep(&owner.uid).await;
        Ok(())
    }

    async fn add_token(&self, token: core::Token) -> Result<(), AccountError> {
        let owner = self.inner.user(&token.user).await?;
        self.inner.add(Token::from(token), &owner, "token".into()).await
    }

    async fn remove_token(&self, id: &str) -> Result<(), AccountError> {
        self.inner.remove::<Token>(|token| token.id == id, format!("token '{id}'")).await
    }

    async fn add_key(&self, key: core::Key) -> Result<(), AccountError> {
        let (owner, what) = (self.inner.user(&key.user).await?, format!("key {}", key.fingerprint));
        self.inner.add(Key::from(key), &owner, what).await
    }

    async fn remove_key(&self, id: &str) -> Result<(), AccountError> {
        self.inner.remove::<Key>(|key| key.id == id, format!("key '{id}'")).await
    }

    async fn add_session(&self, session: core::Session) -> Result<(), AccountError> {
        let owner = self.inner.user(&session.user).await?;
        self.inner.add(Session::from(session), &owner, "session".into()).await
    }

    async fn remove_session(&self, id: &str) -> Result<(), AccountError> {
        match self.inner.end_session(id).await? {
            true => Ok(()),
            false => Err(AccountError::NotFound("session".into())),
        }
    }

    async fn remove_sessions(&self, user: &UserName, but: Option<&str>) -> Result<(), AccountError> {
        let sessions = self.inner.of_kind::<Session>().into_iter().map(|(_, session)| session);
        for session in sessions.filter(|session| session.user == *user && session.parent.is_none()) {
            if but != Some(session.id.as_str()) {
                self.inner.end_session(&session.id).await?;
            }
        }
        Ok(())
    }

    async fn put_identity(&self, identity: core::Identity) -> Result<(), AccountError> {
        self.inner.put_identity(identity).await
    }

    async fn remove_identity(&self, provider: &str, subject: &str) -> Result<(), AccountError> {
        let account = stored::account(provider, subject);
        self.inner.remove::<Identity>(|identity| identity.identity() == account, "account".into()).await?;
        self.inner.put_grant(&account, None).await
    }

    async fn put_grant(&self, provider: &str, subject: &str, sealed: Option<Vec<u8>>) -> Result<(), AccountError> {
        self.inner.put_grant(&stored::account(provider, subject), sealed).await
    }

    async fn grant(&self, provider: &str, subject: &str) -> Result<Option<Vec<u8>>, AccountError> {
        let name = secret::name::<Grant>(&stored::account(provider, subject));
        let Some(there) = self.inner.secrets().get_opt(&name).await.map_err(unavailable)? else { return Ok(None) };
        if !self.inner.is_held(&there).await? {
            return Ok(None);
        }
        Ok(read::<Grant>(&there).and_then(|grant| hex::unbase64(&grant.sealed)))
    }

    async fn add_project(&self, project: core::Project) -> Result<(), AccountError> {
        let (members, name) = (members(&project), project.name);
        let spec = ProjectSpec { display_name: project.display_name, members, ..ProjectSpec::default() };
        let api: Api<Project> = self.inner.cluster.own();
        match api.create(&posts(), &Project::new(name.as_str(), spec)).await {
            Ok(written) => {
                self.inner.projects.wrote(written);
                Ok(())
            }
            Err(error) if answer(&error) == Answer::Exists => Err(AccountError::Taken(format!("project '{name}'"))),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn put_project(&self, project: core::Project) -> Result<(), AccountError> {
        let (members, name) = (members(&project), project.name);
        let spec = json!({ "displayName": project.display_name, "members": members });
        let api: Api<Project> = self.inner.cluster.own();
        match api.patch(name.as_str(), &merges(), &Patch::Merge(json!({ "spec": spec }))).await {
            Ok(written) => {
                self.inner.projects.wrote(written);
                Ok(())
            }
            Err(error) if answer(&error) == Answer::NotFound => {
                Err(AccountError::NotFound(format!("project '{name}'")))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn remove_project(&self, name: &ProjectName) -> Result<(), AccountError> {
        let owner = self.inner.project(name).await?;
        let api: Api<Project> = self.inner.cluster.own();
        match api.delete(name.as_str(), &exactly(&owner.uid, None)).await {
            Ok(_) => {}
            Err(error) if answer(&error) == Answer::NotFound => {
                return Err(AccountError::NotFound(format!("project '{name}'")));
            }
            Err(error) => return Err(unavailable(error)),
        }
        self.inner.projects.deleted(name.as_str(), &owner.uid);
        self.inner.sweep(&owner.uid).await;
        Ok(())
    }

    async fn add_secret(&self, secret: core::StoredSecret) -> Result<(), AccountError> {
        let owner = match &secret.holder {
            Holder::User(user) => self.inner.user(user).await?,
            Holder::Project(project) => self.inner.project(project).await?,
        };
        let what = format!("secret '{}'", secret.name);
        self.inner.add(Sealed::from(secret), &owner, what).await
    }

    async fn remove_secret(&self, id: &str) -> Result<(), AccountError> {
        self.inner.remove::<Sealed>(|secret| secret.id == id, "secret".into()).await
    }

    async fn audit(&self, audited: Audited) -> Result<(), AccountError> {
        self.inner.audit.write(audited).await
    }

    async fn audited(&self, before: Option<Timestamp>, most: usize) -> Result<Vec<Audited>, AccountError> {
        self.inner.audit.read(before, most).await
    }

    async fn add_link(&self, link: core::Link) -> Result<(), AccountError> {
        let owner = self.inner.user(&link.user).await?;
        self.inner.add(Link::from(link), &owner, "link".into()).await
    }

    async fn take_link(&self, digest: &Digest, now: Timestamp) -> Result<Option<core::Link>, AccountError> {
        self.inner.take_link(digest, now).await
    }

    async fn keep_brief(&self, brief: core::Brief) -> Result<bool, AccountError> {
        self.inner.keep_brief(brief).await
    }

    async fn brief(&self, key: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, AccountError> {
        self.inner.brief(key, now).await
    }

    async fn take_brief(&self, key: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, AccountError> {
        self.inner.take_brief(key, now).await
    }

    async fn tidy(&self, used: &[(String, Timestamp)], now: Timestamp) -> Result<(), AccountError> {
        self.inner.tidy(used, now).await
    }
}
