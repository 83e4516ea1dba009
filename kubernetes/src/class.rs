//! Classes, as they are now, and writing them.

mod translate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher;
use kube::{Api, ResourceExt as _};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use dormer_core::class::{Class, DEFAULT};
use dormer_core::ports::classes::{ClassError, Classes as Port};

use crate::cache::Cache;
use crate::cluster::Cluster;
use crate::error::{Answer, KubeError, answer, because};
use crate::names::MANAGER;
use crate::resource::class::{WorkspaceClass, WorkspaceClassSpec};

/// A class as the domain has it, with the version of the object that it was read from.
type Versioned = (Option<String>, Arc<Class>);

/// Classes, as they are now. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Classes {
    cache: Cache<WorkspaceClass>,
    cluster: Cluster,
    /// As they were read last: they are asked for more often than they change.
    read: Arc<Mutex<HashMap<String, Versioned>>>,
}

impl Classes {
    /// Begins to watch them, until `closed`.
    pub async fn open(cluster: &Cluster, closed: &CancellationToken) -> Result<Classes, KubeError> {
        let cache = Cache::open(cluster.all(), watcher::Config::default(), closed).await?;
        Ok(Classes { cache, cluster: cluster.clone(), read: Arc::default() })
    }

    /// What the class of that name says. The default one needs no object: it is what all defaults make of it.
    pub fn object(&self, name: &str) -> Option<Arc<WorkspaceClassSpec>> {
        let found = self.cache.get(name).map(|class| Arc::new(class.spec.clone()));
        found.or_else(|| (name == DEFAULT).then(Arc::default))
    }

    /// All objects.
    pub fn objects(&self) -> Vec<Arc<WorkspaceClass>> {
        self.cache.all()
    }

    /// Rises with each change.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.cache.changes()
    }

    fn api(&self) -> Api<WorkspaceClass> {
        self.cluster.all()
    }

    fn record(&self, object: &WorkspaceClass) -> Arc<Class> {
        let (name, version) = (object.name_any(), object.resource_version());
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, class)) = read.get(&name)
            && *known == version
        {
            return class.clone();
        }
        let class = Arc::new(translate::class(object));
        read.insert(name, (version, class.clone()));
        class
    }
}

fn failed(name: &str, error: kube::Error) -> ClassError {
    match (answer(&error), error) {
        (Answer::Exists, _) => ClassError::Taken(name.into()),
        (Answer::NotFound, _) => ClassError::NotFound(name.into()),
        (_, kube::Error::Api(status)) if matches!(status.code, 400 | 422) => {
            ClassError::Refused { field: String::new(), message: status.message.clone() }
        }
        (_, error) => {
            tracing::warn!(class = name, error = because(&error), "a class could not be written");
            ClassError::Unavailable(Box::new(KubeError::from(error)))
        }
    }
}

#[async_trait]
impl Port for Classes {
    fn get(&self, name: &str) -> Option<Arc<Class>> {
        let found = self.cache.get(name).map(|object| self.record(&object));
        found.or_else(|| (name == DEFAULT).then(|| Arc::new(Class::built_in())))
    }

    fn all(&self) -> Vec<Arc<Class>> {
        let mut all: Vec<Arc<Class>> = self.cache.all().iter().map(|object| self.record(object)).collect();
        if all.iter().all(|class| class.name != DEFAULT) {
            all.push(Arc::new(Class::built_in()));
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    async fn add(&self, class: Class) -> Result<Class, ClassError> {
        let object = WorkspaceClass::new(&class.name, translate::spec(&class.spec)?);
        let params = PostParams { field_manager: Some(MANAGER.into()), ..PostParams::default() };
        let made = self.api().create(&params, &object).await.map_err(|error| failed(&class.name, error))?;
        let class = translate::class(&made);
        self.cache.wrote(made);
        Ok(class)
    }

    async fn put(&self, class: Class) -> Result<Class, ClassError> {
        let spec = translate::spec(&class.spec)?;
        let Some(known) = self.cache.get(&class.name) else {
            return match class.name == DEFAULT {
                true => self.add(class).await,
                false => Err(ClassError::NotFound(class.name)),
            };
        };
        // What is not said any more is gone; labels and what else is not the class itself stay.
        let before = serde_json::to_value(&known.spec).unwrap_or_default();
        let now = serde_json::to_value(&spec).unwrap_or_default();
        let patch = json!({ "spec": translate::difference(&before, &now) });
        let params = PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() };
        let made = self
            .api()
            .patch(&class.name, &params, &Patch::Merge(&patch))
            .await
            .map_err(|error| failed(&class.name, error))?;
        let class = translate::class(&made);
        self.cache.wrote(made);
        Ok(class)
    }

    async fn remove(&self, name: &str) -> Result<(), ClassError> {
        let known = self.cache.get(name).ok_or_else(|| ClassError::NotFound(name.into()))?;
        self.api().delete(name, &DeleteParams::default()).await.map_err(|error| failed(name, error))?;
        self.cache.deleted(name, &known.uid().unwrap_or_default());
        Ok(())
    }
}
