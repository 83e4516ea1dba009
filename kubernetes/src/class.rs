//! Classes, as they are now.

use std::sync::Arc;

use kube::runtime::watcher;
use tokio_util::sync::CancellationToken;

use crate::cache::Cache;
use crate::cluster::Cluster;
use crate::error::KubeError;
use crate::resource::class::{WorkspaceClass, WorkspaceClassSpec};

/// Classes, as they are now. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Classes(Cache<WorkspaceClass>);

impl Classes {
    /// Begins to watch them, until `closed`.
    pub async fn open(cluster: &Cluster, closed: &CancellationToken) -> Result<Classes, KubeError> {
        Ok(Classes(Cache::open(cluster.all(), watcher::Config::default(), closed).await?))
    }

    /// The class of that name. The default one needs no object: it is what all defaults make of it.
    pub fn get(&self, name: &str) -> Option<Arc<WorkspaceClassSpec>> {
        let found = self.0.get(name).map(|class| Arc::new(class.spec.clone()));
        found.or_else(|| (name == "default").then(Arc::default))
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<WorkspaceClass>> {
        self.0.all()
    }

    /// Rises with each change.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.changes()
    }
}
