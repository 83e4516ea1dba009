//! Writing records that are Secrets.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, Patch, PostParams, Preconditions};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use dormer_core::name::{ProjectName, UserName};
use dormer_core::ports::accounts::AccountError;

use super::Inner;
use super::secret::{self, Owner, holder, kind, read};
use super::stored::Record;
use crate::error::{Answer, KubeError, answer};
use crate::names::MANAGER;
use crate::resource::people::{Project, User};

/// How often a write is tried again that somebody else was faster than.
pub(super) const TRIES: usize = 5;

pub(super) fn posts() -> PostParams {
    PostParams { field_manager: Some(MANAGER.into()), ..PostParams::default() }
}

/// Exactly this object, as it is.
pub(super) fn exactly(uid: &str, version: Option<String>) -> DeleteParams {
    DeleteParams::background().preconditions(Preconditions { uid: Some(uid.into()), resource_version: version })
}

pub(super) fn unavailable(error: kube::Error) -> AccountError {
    KubeError::from(error).into()
}

impl Inner {
    pub(super) fn secrets(&self) -> Api<Secret> {
        self.cluster.own()
    }

    /// A user that is there: known by the watch, or made a moment ago at another replica.
    pub(super) async fn user(&self, name: &UserName) -> Result<Owner, AccountError> {
        let missing = || AccountError::NotFound(format!("user '{name}'"));
        let uid = match self.users.get(name.as_str()) {
            Some(user) => user.uid(),
            None => {
                let api: Api<User> = self.cluster.own();
                api.get_opt(name.as_str()).await.map_err(unavailable)?.ok_or_else(missing)?.uid()
            }
        };
        Ok(Owner { kind: "User", name: name.to_string(), uid: uid.ok_or_else(missing)? })
    }

    /// A project that is there.
    pub(super) async fn project(&self, name: &ProjectName) -> Result<Owner, AccountError> {
        let missing = || AccountError::NotFound(format!("project '{name}'"));
        let uid = match self.projects.get(name.as_str()) {
            Some(project) => project.uid(),
            None => {
                let api: Api<Project> = self.cluster.own();
                api.get_opt(name.as_str()).await.map_err(unavailable)?.ok_or_else(missing)?.uid()
            }
        };
        Ok(Owner { kind: "Project", name: name.to_string(), uid: uid.ok_or_else(missing)? })
    }

    /// Whether whom a record belongs to is there. What is known may be a moment old: asked of the API server then.
    pub(super) async fn is_held(&self, secret: &Secret) -> Result<bool, AccountError> {
        let uid = holder(secret);
        let Some(owner) = secret.owner_references().iter().find(|owner| owner.uid == uid) else { return Ok(false) };
        let now = match owner.kind.as_str() {
            "User" => {
                let api: Api<User> = self.cluster.own();
                api.get_opt(&owner.name).await.map_err(unavailable)?.map(|user| user.metadata)
            }
            _ => {
                let api: Api<Project> = self.cluster.own();
                api.get_opt(&owner.name).await.map_err(unavailable)?.map(|project| project.metadata)
            }
        };
        Ok(now.is_some_and(|now| now.uid.as_deref() == Some(uid) && now.deletion_timestamp.is_none()))
    }

    /// Adds a record; `what` names it where there is such a one already.
    pub(super) async fn add<R: Record>(&self, record: R, owner: &Owner, what: String) -> Result<(), AccountError> {
        let (api, made) = (self.secrets(), secret::of(&record, owner)?);
        for _ in 0..TRIES {
            match api.create(&posts(), &made).await {
                Ok(written) => {
                    if super::stored::WATCHED.contains(&R::KIND) {
                        self.records.wrote(written);
                    }
                    return Ok(());
                }
                Err(error) if answer(&error) == Answer::Exists => {}
                Err(error) => return Err(unavailable(error)),
            }
            // What a removed user left is in nobody's way.
            let Some(there) = api.get_opt(&made.name_any()).await.map_err(unavailable)? else { continue };
            if self.is_held(&there).await? {
                return Err(AccountError::Taken(what));
            }
            self.delete(&there).await?;
        }
        Err(AccountError::Taken(what))
    }

    /// Deletes a record. False: somebody else did.
    pub(super) async fn delete(&self, secret: &Secret) -> Result<bool, AccountError> {
        let (name, uid) = (secret.name_any(), secret.uid().unwrap_or_default());
        let deleted = match self.secrets().delete(&name, &exactly(&uid, None)).await {
            Ok(_) => true,
            Err(error) if matches!(answer(&error), Answer::NotFound | Answer::Conflict) => false,
            Err(error) => return Err(unavailable(error)),
        };
        self.records.deleted(&name, &uid);
        Ok(deleted)
    }

    /// The watched records of a kind, with their Secrets.
    pub(super) fn of_kind<R: Record>(&self) -> Vec<(Arc<Secret>, R)> {
        let all = self.records.all().into_iter().filter(|secret| kind(secret) == R::KIND);
        all.filter_map(|secret| read(&secret).map(|record| (secret, record))).collect()
    }

    /// Removes the one record of a kind that is meant.
    pub(super) async fn remove<R: Record>(&self, is: impl Fn(&R) -> bool, what: String) -> Result<(), AccountError> {
        let found = self.of_kind::<R>().into_iter().find(|(_, record)| is(record));
        match found {
            Some((secret, _)) if self.delete(&secret).await? => Ok(()),
            _ => Err(AccountError::NotFound(what)),
        }
    }

    /// Notes a use beside a record.
    pub(super) async fn used(&self, name: &str, at: jiff::Timestamp) -> Result<(), AccountError> {
        let patch = json!({ "metadata": { "annotations": { secret::LAST_USED: at } } });
        let params = kube::api::PatchParams { field_manager: Some(MANAGER.into()), ..Default::default() };
        match self.secrets().patch(name, &params, &Patch::Merge(&patch)).await {
            Ok(written) => {
                self.records.wrote(written);
                Ok(())
            }
            // It was revoked meanwhile.
            Err(error) if answer(&error) == Answer::NotFound => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }
}
