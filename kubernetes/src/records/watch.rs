//! Watching: one task that keeps the index, and the stream of changes for everybody else. The stream never ends before
//! the records are closed: where the API server is away, or says that a version is too old, everything is read anew.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt as _;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::oneshot;

use dormer_core::name::ProjectName;
use dormer_core::ports::store::Change;

use super::Inner;
use super::index::Kept;
use crate::error::{KubeError, because};
use crate::names::{MANAGED, MANAGER, PROJECT};
use crate::resource::workspace::Workspace;

/// Between two tries to reach the API server: the first, and at most.
const RETRY: Duration = Duration::from_millis(200);
const SLOWEST_RETRY: Duration = Duration::from_secs(3);
/// The first look at everything may take so long.
const FIRST: Duration = Duration::from_secs(60);

/// Starts the task, and returns once it knows everything.
pub(super) async fn start(inner: &Arc<Inner>) -> Result<(), KubeError> {
    let (known, all) = oneshot::channel();
    let (task, closed) = (Arc::clone(inner), inner.closed.clone());
    tokio::spawn(async move { closed.run_until_cancelled(watch(&task, known)).await });
    match tokio::time::timeout(FIRST, all).await {
        Ok(Ok(())) => Ok(()),
        _ => {
            inner.closed.cancel();
            Err(KubeError::Damaged("the workspaces could not be listed; the lines above say why".into()))
        }
    }
}

/// Waits longer with each failure, until one try goes well.
struct Patience(Duration);

impl Patience {
    async fn lose(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(SLOWEST_RETRY);
    }

    fn regain(&mut self) {
        self.0 = RETRY;
    }
}

async fn watch(inner: &Inner, known: oneshot::Sender<()>) {
    let mut known = Some(known);
    let config = watcher::Config::default().labels(PROJECT);
    let mut namespaces = pin!(watcher(inner.cluster.all::<PartialObjectMeta<Namespace>>(), config));
    let mut labels = Labels::default();
    // Before the first object: what a namespace is decides what its objects are.
    let mut patience = Patience(RETRY);
    while !labels.whole {
        match namespaces.next().await {
            Some(Ok(event)) => labels.take(event),
            Some(Err(error)) => {
                tracing::warn!(error = %because(&error), "cannot watch namespaces; trying again");
                patience.lose().await;
            }
            None => return,
        }
    }
    inner.index().label(labels.said());
    loop {
        let anew = follow(inner, &mut namespaces, &mut labels, &mut known).await;
        if !anew {
            return;
        }
    }
}

/// Follows objects until namespaces change what objects are (true), or a stream ends, which none does.
async fn follow(
    inner: &Inner,
    mut namespaces: impl Stream<Item = watcher::Result<Event<PartialObjectMeta<Namespace>>>> + Unpin,
    labels: &mut Labels,
    known: &mut Option<oneshot::Sender<()>>,
) -> bool {
    let mut objects = pin!(watcher(inner.cluster.all::<Workspace>(), watcher::Config::default()));
    let mut listed: Vec<Kept> = Vec::new();
    let mut patience = Patience(RETRY);
    loop {
        let event = tokio::select! {
            event = namespaces.next() => {
                match event {
                    Some(Ok(event)) => labels.take(event),
                    Some(Err(error)) => {
                        tracing::warn!(error = %because(&error), "cannot watch namespaces; trying again");
                        patience.lose().await;
                    }
                    None => return false,
                }
                if labels.whole && inner.index().label(labels.said()) {
                    tracing::info!("namespaces are other projects' now: workspaces are read anew");
                    return true;
                }
                continue;
            }
            event = objects.next() => event,
        };
        match event {
            Some(Ok(event)) => {
                patience.regain();
                let change = match event {
                    Event::Init => {
                        listed.clear();
                        None
                    }
                    Event::InitApply(object) => {
                        listed.push(inner.keep(object));
                        None
                    }
                    Event::InitDone => {
                        let change = inner.index().replace(std::mem::take(&mut listed));
                        if let Some(known) = known.take() {
                            // Whoever waited for it may have given up.
                            let _ = known.send(());
                        }
                        Some(change)
                    }
                    Event::Apply(object) => {
                        let kept = inner.keep(object);
                        inner.index().put(kept)
                    }
                    Event::Delete(object) => {
                        inner.index().remove(&object.namespace().unwrap_or_default(), &object.name_any())
                    }
                };
                if let Some(change) = change {
                    // An error says only that nobody watches.
                    let _ = inner.changes.send(change);
                }
                inner.refusals.send_modify(|revision| *revision += 1);
            }
            Some(Err(error)) => {
                tracing::warn!(error = %because(&error), "cannot watch workspaces; trying again");
                patience.lose().await;
            }
            None => return false,
        }
    }
}

/// Projects of namespaces, by label.
#[derive(Default)]
struct Labels {
    all: BTreeMap<String, Said>,
    listed: BTreeMap<String, Said>,
    /// Whether `all` is.
    whole: bool,
}

/// What a namespace says.
#[derive(Clone)]
enum Said {
    /// Whoever made it says which project's it is.
    Project(ProjectName),
    /// A gateway made it: this one, and then its name says the rest, or another one of this cluster.
    Made,
}

impl Labels {
    fn said(&self) -> (BTreeMap<String, ProjectName>, BTreeSet<String>) {
        let (mut projects, mut made) = (BTreeMap::new(), BTreeSet::new());
        for (namespace, said) in &self.all {
            match said {
                Said::Project(project) => drop(projects.insert(namespace.clone(), project.clone())),
                Said::Made => drop(made.insert(namespace.clone())),
            }
        }
        (projects, made)
    }

    fn take(&mut self, event: Event<PartialObjectMeta<Namespace>>) {
        let read = |namespace: &PartialObjectMeta<Namespace>| {
            // Nothing new can be made in one that goes.
            if namespace.metadata.deletion_timestamp.is_some() {
                return None;
            }
            let said = namespace.labels().get(PROJECT)?;
            if namespace.labels().get(MANAGED).is_some_and(|by| by == MANAGER) {
                return Some((namespace.name_any(), Said::Made));
            }
            let project = said.parse();
            if project.is_err() {
                tracing::warn!(namespace = namespace.name_any(), said, "the label {PROJECT} is no project's name");
            }
            Some((namespace.name_any(), Said::Project(project.ok()?)))
        };
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(namespace) => self.listed.extend(read(&namespace)),
            Event::InitDone => {
                self.all = std::mem::take(&mut self.listed);
                self.whole = true;
            }
            Event::Apply(namespace) => {
                self.all.remove(&namespace.name_any());
                self.all.extend(read(&namespace));
            }
            Event::Delete(namespace) => drop(self.all.remove(&namespace.name_any())),
        }
    }
}

/// The changes, until the records are closed: everything first, then each change, and everything again when a watcher
/// was too slow for that.
pub(super) fn changes(inner: Arc<Inner>) -> BoxStream<'static, Change> {
    stream::unfold((inner, None::<broadcast::Receiver<Change>>), |(inner, changes)| async move {
        if let Some(mut changes) = changes {
            let closed = inner.closed.clone();
            match closed.run_until_cancelled(changes.recv()).await? {
                Ok(change) => return Some((change, (inner, Some(changes)))),
                Err(RecvError::Closed) => return None,
                Err(RecvError::Lagged(_)) => {}
            }
        }
        // One lock over both: no change falls between, and what comes twice is the same.
        let (all, changes) = {
            let index = inner.index();
            (index.holders(), inner.changes.subscribe())
        };
        Some((Change::All(all), (inner, Some(changes))))
    })
    .boxed()
}
