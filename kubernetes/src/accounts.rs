//! The records of people, in the gateway's own namespace: users and projects as resources of ours, credentials as Secrets
//! that hold hashes, secrets as Secrets that hold what is sealed.
//!
//! Each Secret bears the uid of the user or project that it belongs to. One whose holder is gone counts for nothing,
//! whether or not it has been collected: whoever removes a user shuts them out with that one write.
//!
//! Every replica keeps what is there by watches, so that a right that is taken away at one is gone at all.

mod audit;
mod credentials;
mod everybody;
mod port;
mod secret;
mod stored;

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::runtime::watcher;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cache::Cache;
use crate::cluster::Cluster;
use crate::error::KubeError;
use crate::names::RECORD;
use crate::resource::people::{Project, User};
use audit::Audit;

/// The records of people. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

struct Inner {
    cluster: Cluster,
    users: Cache<User>,
    projects: Cache<Project>,
    records: Cache<Secret>,
    changes: watch::Sender<u64>,
    audit: Audit,
    closed: CancellationToken,
}

impl Accounts {
    /// Begins to watch, and returns once everybody is known. The watch goes on until [`Accounts::close`].
    pub async fn open(cluster: Cluster) -> Result<Accounts, KubeError> {
        let closed = CancellationToken::new();
        let kinds = stored::WATCHED.join(",");
        let select = watcher::Config::default().labels(&format!("{RECORD} in ({kinds})"));
        let (users, projects, records) = tokio::try_join!(
            Cache::open(cluster.own(), watcher::Config::default(), &closed),
            Cache::open(cluster.own(), watcher::Config::default(), &closed),
            Cache::open(cluster.own(), select, &closed),
        )
        .inspect_err(|_| closed.cancel())?;
        let (changes, audit) = (watch::Sender::new(0), Audit::new(cluster.own()));
        let inner = Arc::new(Inner { cluster, users, projects, records, changes, audit, closed });
        let (task, closed) = (Arc::clone(&inner), inner.closed.clone());
        tokio::spawn(async move { closed.run_until_cancelled(task.tell()).await });
        Ok(Accounts { inner })
    }

    /// Ends the watch.
    pub fn close(&self) {
        self.inner.closed.cancel();
    }

    /// The projects.
    pub fn projects(&self) -> &Cache<Project> {
        &self.inner.projects
    }
}

impl Inner {
    /// One number for what changes anywhere.
    async fn tell(&self) {
        let (mut users, mut projects) = (self.users.changes(), self.projects.changes());
        let mut records = self.records.changes();
        loop {
            let changed = tokio::select! {
                changed = users.changed() => changed,
                changed = projects.changed() => changed,
                changed = records.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
            self.changes.send_modify(|revision| *revision += 1);
        }
    }
}
