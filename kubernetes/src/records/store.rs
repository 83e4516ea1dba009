//! The domain's `Store`.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::{Value, json};

use dormer_core::name::WorkspaceName;
use dormer_core::ports::store::{Change, Event, Store, StoreError};
use dormer_core::workspace::{self as core, Spec, Status};
use dormer_wire::report::Activity;

use super::based::{explain, record};
use super::index::Kept;
use super::{Inner, Records, activity, events, patch, watch};
use crate::error::{Answer, KubeError, answer};
use crate::names::{FINALIZER, MANAGER, labels};
use crate::project;
use crate::resource::status::WorkspaceStatus;
use crate::resource::translate;
use crate::resource::workspace::Workspace;

/// How often a write that bases itself on nothing is tried again.
const TRIES: usize = 8;

pub(super) fn writes() -> PatchParams {
    PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() }
}

/// Deletes this object, and none that took its name meanwhile.
fn exactly(uid: &str) -> DeleteParams {
    DeleteParams::background().preconditions(Preconditions { uid: Some(uid.into()), resource_version: None })
}

fn value(what: &impl serde::Serialize) -> Result<Value, KubeError> {
    serde_json::to_value(what).map_err(|error| KubeError::Damaged(error.to_string()))
}

impl Inner {
    fn of(&self, kept: &Kept) -> Api<Workspace> {
        self.cluster.within(&kept.namespace)
    }

    async fn create(&self, name: &WorkspaceName, spec: &Spec) -> Result<core::Workspace, StoreError> {
        if self.index().holder(name.as_str()).is_some() {
            return Err(StoreError::Taken(name.clone()));
        }
        let namespace = self.index().namespace(&spec.project);
        let mut object = Workspace::new(name.as_str(), translate::spec_of(spec)?);
        // The uid is not known yet: what bears it is made later.
        object.metadata.labels =
            Some(labels(name.as_str(), "").into_iter().filter(|(_, value)| !value.is_empty()).collect());
        let api: Api<Workspace> = self.cluster.within(&namespace);
        let params = PostParams { field_manager: Some(MANAGER.into()), ..PostParams::default() };
        let made = match api.create(&params, &object).await {
            // The first workspace of its project.
            Err(error) if answer(&error) == Answer::NotFound => {
                project::ensure(&self.cluster, &spec.project, &namespace).await?;
                api.create(&params, &object).await
            }
            made => made,
        };
        let made = self.keep(made.map_err(|error| explain(name, error))?);
        // Another replica, or a person, may have made one in another namespace at the same time: each of both looks
        // after it wrote, so that the younger one is seen by whoever made it.
        let all = self.list(&ListParams::default().fields(&format!("metadata.name={name}"))).await?;
        let record = record(name, &made)?;
        // Of one second, the one that was written first: both see the same.
        let age = |kept: &Kept| (kept.created_at, kept.record().map(|record| record.version));
        let earlier = |other: &Arc<Kept>| other.uid != made.uid && age(other) < age(&made);
        if all.candidates(name.as_str()).iter().any(earlier) {
            self.of(&made).delete(name.as_str(), &exactly(&made.uid)).await.map_err(|error| explain(name, error))?;
            return Err(StoreError::Taken(name.clone()));
        }
        Ok(record)
    }

    async fn put_spec(&self, name: &WorkspaceName, version: u64, spec: &Spec) -> Result<core::Workspace, StoreError> {
        let base = self.based_on(name, version).await?;
        let before = record(name, &base)?;
        let (old, new) = (value(&translate::spec_of(&before.spec)?)?, value(&translate::spec_of(spec)?)?);
        let Some(mut change) = patch::between(&old, &new) else { return Ok(before) };
        // It is said by the namespace, and people who apply the object need not say it.
        if let Some(change) = change.as_object_mut() {
            change.remove("project");
        }
        let patch = json!({ "metadata": { "resourceVersion": version.to_string() }, "spec": change });
        let written = self.of(&base).patch(name.as_str(), &writes(), &Patch::Merge(&patch)).await;
        self.written(name, written.map_err(|error| explain(name, error))?)
    }

    async fn put_status(
        &self,
        name: &WorkspaceName,
        version: u64,
        status: Status,
    ) -> Result<core::Workspace, StoreError> {
        let mut base = self.based_on(name, version).await?;
        let mut version = version;
        if !base.is_held() && !record(name, &base)?.deleted {
            // Before anything of it is started, so that nothing of it is left behind.
            base = Arc::new(self.hold(name, &base, version).await?);
            version = record(name, &base)?.version;
        }
        let before = record(name, &base)?;
        let mut status = status;
        // When somebody last did something is written beside this, and only goes forward.
        let older = |a: &Activity, b: &Activity| a.at < b.at;
        status.last_activity = match (status.last_activity, before.status.last_activity.clone()) {
            (Some(new), Some(known)) if older(&new, &known) => Some(known),
            (None, known) => known,
            (new, _) => new,
        };
        let old = self.shown(name, &base, &before.status)?;
        let mut new = translate::status_of(&status)?;
        new.observed_generation = Some(base.generation);
        new.url = self.url(name.as_str()).or_else(|| base.url.clone());
        new.conditions = super::refusal::conditions(&new, None, base.generation, &base.conditions);
        let Some(mut change) = patch::between(&value(&old)?, &value(&new)?) else { return Ok(before) };
        if base.said.is_some()
            && let Some(change) = change.as_object_mut()
        {
            // What was said of it while another held the name, and what the index therefore does not know.
            for (key, now) in [("reason", &new.reason), ("message", &new.message)] {
                change.insert(key.into(), json!(now));
            }
            change.insert("phase".into(), json!(new.phase));
            change.insert("since".into(), json!(new.since));
        }
        let patch = json!({ "metadata": { "resourceVersion": version.to_string() }, "status": change });
        let written = self.of(&base).patch_status(name.as_str(), &writes(), &Patch::Merge(&patch)).await;
        self.written(name, written.map_err(|error| explain(name, error))?)
    }

    /// A record's status as the object has it.
    fn shown(&self, _: &WorkspaceName, kept: &Kept, status: &Status) -> Result<WorkspaceStatus, StoreError> {
        let mut shown = translate::status_of(status)?;
        shown.observed_generation = kept.observed_generation;
        shown.url.clone_from(&kept.url);
        shown.conditions.clone_from(&kept.conditions);
        Ok(shown)
    }

    /// Keeps an object from being deleted until nothing of the workspace is left.
    async fn hold(&self, name: &WorkspaceName, base: &Kept, version: u64) -> Result<Kept, StoreError> {
        let mut finalizers = base.finalizers.clone();
        finalizers.push(FINALIZER.into());
        let patch = json!({ "metadata": { "resourceVersion": version.to_string(), "finalizers": finalizers } });
        let held = self.of(base).patch(name.as_str(), &writes(), &Patch::Merge(&patch)).await;
        Ok(self.keep(held.map_err(|error| explain(name, error))?))
    }

    async fn remove(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let kept = self.find(name).await?;
            let before = record(name, &kept)?;
            let api = self.of(&kept);
            if !before.deleted {
                api.delete(name.as_str(), &exactly(&kept.uid)).await.map_err(|error| explain(name, error))?;
                if !kept.is_held() {
                    return Ok(());
                }
                continue;
            }
            let finalizers: Vec<&String> = kept.finalizers.iter().filter(|finalizer| *finalizer != FINALIZER).collect();
            let patch = json!({
                "metadata": { "resourceVersion": before.version.to_string(), "finalizers": finalizers }
            });
            match api.patch(name.as_str(), &writes(), &Patch::Merge(&patch)).await {
                Ok(_) => return Ok(()),
                Err(error) if answer(&error) == Answer::Conflict => {}
                Err(error) => return Err(explain(name, error)),
            }
        }
        Err(StoreError::Conflict(name.clone()))
    }
}

#[async_trait]
impl Store for Records {
    async fn create(&self, name: &WorkspaceName, spec: Spec) -> Result<core::Workspace, StoreError> {
        self.inner.create(name, &spec).await
    }

    async fn get(&self, name: &WorkspaceName) -> Result<core::Workspace, StoreError> {
        record(name, &*self.inner.find(name).await?)
    }

    async fn list(&self) -> Result<Vec<core::Workspace>, StoreError> {
        let all = self.inner.list(&ListParams::default()).await?;
        Ok(all.holders().into_iter().map(|record| core::Workspace::clone(&record)).collect())
    }

    async fn put_spec(&self, name: &WorkspaceName, version: u64, spec: Spec) -> Result<core::Workspace, StoreError> {
        self.inner.put_spec(name, version, &spec).await
    }

    async fn put_status(
        &self,
        name: &WorkspaceName,
        version: u64,
        status: Status,
    ) -> Result<core::Workspace, StoreError> {
        self.inner.put_status(name, version, status).await
    }

    async fn put_activity(&self, activity: &[(WorkspaceName, Activity)]) -> Result<(), StoreError> {
        activity::put(&self.inner, activity).await
    }

    async fn mark_deleted(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        let kept = self.inner.find(name).await?;
        if record(name, &kept)?.deleted {
            return Ok(());
        }
        self.inner.of(&kept).delete(name.as_str(), &exactly(&kept.uid)).await.map_err(|error| explain(name, error))?;
        Ok(())
    }

    async fn remove(&self, name: &WorkspaceName) -> Result<(), StoreError> {
        self.inner.remove(name).await
    }

    fn watch(&self) -> BoxStream<'static, Change> {
        watch::changes(Arc::clone(&self.inner))
    }

    async fn note(&self, name: &WorkspaceName, event: Event) -> Result<(), StoreError> {
        events::note(&self.inner, name, event).await
    }

    async fn events(&self, name: &WorkspaceName) -> Result<Vec<Event>, StoreError> {
        events::list(&self.inner, name).await
    }
}
