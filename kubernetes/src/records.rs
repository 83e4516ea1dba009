//! The records of workspaces: `Workspace` objects, in the namespaces of their projects.
//!
//! One task watches; everybody reads from what it keeps ([`index`]). Writes are merge patches of what changes, based on a
//! resource version, so that nobody's other fields are touched and a lost race is a conflict.

mod activity;
mod based;
mod events;
mod index;
mod patch;
mod refusal;
mod store;
mod tell;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use dormer_core::name::ProjectName;
use dormer_core::ports::store::Change;
use dormer_core::workspace::Workspace;

use crate::cluster::Cluster;
use crate::error::KubeError;
use index::Index;

/// Changes by which a watcher may lag before it gets everything anew.
const LAG: usize = 4096;

/// Makes the address of a workspace of its name.
pub type Urls = Box<dyn Fn(&str) -> String + Send + Sync>;

/// The records of workspaces. Cheap to clone.
#[derive(Clone)]
pub struct Records {
    inner: Arc<Inner>,
}

struct Inner {
    cluster: Cluster,
    index: Mutex<Index>,
    changes: broadcast::Sender<Change>,
    /// Rises with each change of what is not accepted.
    refusals: tokio::sync::watch::Sender<u64>,
    urls: OnceLock<Urls>,
    closed: CancellationToken,
}

impl Records {
    /// Begins to watch, and returns once everything is known. The watch goes on until [`Records::close`].
    pub async fn open(cluster: Cluster) -> Result<Records, KubeError> {
        cluster.check().await?;
        let inner = Arc::new(Inner {
            index: Mutex::new(Index::new(cluster.prefix.clone())),
            cluster,
            changes: broadcast::Sender::new(LAG),
            refusals: tokio::sync::watch::Sender::new(0),
            urls: OnceLock::new(),
            closed: CancellationToken::new(),
        });
        watch::start(&inner).await?;
        Ok(Records { inner })
    }

    /// Says where workspaces are opened, for `kubectl get`. The first word counts.
    pub fn say_urls(&self, urls: Urls) {
        // The first word counts.
        let _ = self.inner.urls.set(urls);
    }

    /// The namespace of a project.
    pub fn namespace(&self, project: &ProjectName) -> String {
        self.inner.index().namespace(project)
    }

    /// The namespace that a workspace's object is in. That of its project, where nobody has seen the object yet.
    pub fn namespace_of(&self, workspace: &Workspace) -> String {
        let index = self.inner.index();
        match index.holder(workspace.name.as_str()) {
            Some(kept) if kept.uid == workspace.uid => kept.namespace.clone(),
            _ => index.namespace(&workspace.spec.project),
        }
    }

    /// Ends the watch.
    pub fn close(&self) {
        self.inner.closed.cancel();
    }
}

impl Inner {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self, name: &str) -> Option<String> {
        self.urls.get().map(|urls| urls(name))
    }
}
