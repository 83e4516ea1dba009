//! Gives a driver to every workspace that needs one.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use dormer_core::directory::{Directory, Entry};
use dormer_core::name::WorkspaceName;
use dormer_core::phase::Phase;
use dormer_core::ports::classes::Classes;
use dormer_core::ports::clock::Clock;
use dormer_core::ports::forge::{Forge, ForgeCredentials};
use dormer_core::ports::runtime::{Runtime, Seen};
use dormer_core::ports::store::{Store, modify};
use dormer_wire::dial::Dialer;

use crate::activity;
use crate::config::Config;
use crate::context::Context;
pub use crate::context::Planner;
use crate::driver::{Driver, is_restless};
use crate::expiry;

/// Drivers have so long to come to a stop when the gateway ends. What they were at goes on after its next start.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The reconciler. Cheap to clone.
#[derive(Clone)]
pub struct Reconciler {
    context: Arc<Context>,
}

impl Reconciler {
    /// A reconciler of the workspaces in `directory`, which follows `store`.
    pub fn new(
        store: Arc<dyn Store>,
        runtime: Arc<dyn Runtime>,
        directory: Arc<Directory>,
        clock: Arc<dyn Clock>,
        planner: Planner,
        dialer: Dialer,
        config: Config,
    ) -> Reconciler {
        let (leaving, last_grace) = (AtomicBool::new(false), OnceLock::new());
        let (credentials, forge, classes) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let context = Context {
            store,
            runtime,
            directory,
            clock,
            planner,
            config,
            leaving,
            last_grace,
            credentials,
            forge,
            classes,
            dialer,
        };
        Reconciler { context: Arc::new(context) }
    }

    /// One whose workspaces sign in to git hosts with these.
    pub fn signing_in_with(self, credentials: Arc<dyn ForgeCredentials>) -> Reconciler {
        // The first word counts.
        let _ = self.context.credentials.set(credentials);
        self
    }

    /// One that looks itself at sources that nobody has looked at.
    pub fn resolving_with(self, forge: Arc<dyn Forge>) -> Reconciler {
        // The first word counts.
        let _ = self.context.forge.set(forge);
        self
    }

    /// One whose workspaces have classes. Without, every class is as good as any other.
    pub fn in_classes(self, classes: Arc<dyn Classes>) -> Reconciler {
        // The first word counts.
        let _ = self.context.classes.set(classes);
        self
    }

    /// Reconciles until `shutdown`; what runs is left running.
    pub async fn run(self, shutdown: CancellationToken) {
        let (found, mut leftovers) = mpsc::channel(16);
        let context = self.context;
        let mut changes = context.directory.subscribe();
        let mut crew = Crew {
            context: Arc::clone(&context),
            shutdown: shutdown.child_token(),
            drivers: HashMap::new(),
            tasks: JoinSet::new(),
            seen: HashSet::new(),
            found,
            expiry: None,
            expired: HashMap::new(),
        };
        let mut flush_at = Instant::now() + context.config.activity_every;
        crew.scan();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                Ok(()) = changes.changed() => crew.scan(),
                Some(ended) = crew.tasks.join_next_with_id(), if !crew.tasks.is_empty() => {
                    let id = match ended {
                        Ok((id, ())) => id,
                        Err(error) => {
                            tracing::error!(%error, "the driver of a workspace broke off; another takes over");
                            error.id()
                        }
                    };
                    crew.drivers.retain(|_, driver| driver.task != id);
                    crew.scan();
                }
                Some(name) = leftovers.recv() => crew.drive_named(&name),
                () = expired(crew.expiry) => crew.scan(),
                () = tokio::time::sleep_until(flush_at), if !crew.drivers.is_empty() => {
                    flush_at = Instant::now() + context.config.activity_every;
                    let (context, names) = (Arc::clone(&context), crew.names());
                    crew.aside(async move { activity::write(&context, names.iter()).await });
                }
            }
        }
        let names = crew.names();
        crew.shutdown.cancel();
        let last = async {
            while crew.tasks.join_next().await.is_some() {}
            activity::write(&context, names.iter()).await;
        };
        if tokio::time::timeout(LAST_WORDS, last).await.is_err() {
            tracing::warn!(
                "some workspaces were in the middle of something; the next start of the gateway goes on with it"
            );
        }
    }

    /// Stops every workspace and takes back that it should run, while [`Reconciler::run`] runs. Returns once all sleep,
    /// or after `grace` and a little: false then.
    pub async fn stop_all(&self, grace: Duration) -> bool {
        let context = &self.context;
        context.leaving.store(true, Ordering::Relaxed);
        // The first word counts.
        let _ = context.last_grace.set(grace.min(context.config.stop_grace));
        let mut changes = context.directory.subscribe();
        let all = async {
            loop {
                changes.mark_unchanged();
                let entries = context.directory.all();
                let restless: Vec<Arc<Entry>> = entries.into_iter().filter(|entry| is_awake(entry)).collect();
                if restless.is_empty() {
                    return;
                }
                let stops = restless.iter().filter(|entry| entry.peek().spec.running).map(|entry| async {
                    let name = entry.peek().name.clone();
                    let stop = modify(&*context.store, &name, |_, spec| std::mem::replace(&mut spec.running, false));
                    if let Err(error) = stop.await {
                        tracing::warn!(workspace = %name, %error, "could not stop it");
                    }
                });
                futures::future::join_all(stops).await;
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(grace + LAST_WORDS, all).await.is_ok()
    }
}

fn is_awake(entry: &Entry) -> bool {
    let record = entry.peek();
    record.spec.running && !record.spec.archived && !record.deleted
        || matches!(record.status.phase, Phase::Starting | Phase::Running | Phase::Stopping | Phase::Dozing)
}

struct Running {
    uid: String,
    cancel: CancellationToken,
    task: Id,
}

/// The drivers at work.
struct Crew {
    context: Arc<Context>,
    shutdown: CancellationToken,
    drivers: HashMap<WorkspaceName, Running>,
    tasks: JoinSet<()>,
    /// Workspaces at rest of which the runtime was asked whether something of them is left.
    seen: HashSet<String>,
    found: mpsc::Sender<WorkspaceName>,
    /// When one that sleeps is to be looked at because its time may have come.
    expiry: Option<Instant>,
    /// Those whose time had come, by id, and when it had: each is seen to once.
    expired: HashMap<String, Timestamp>,
}

/// The longest that an expiry is slept towards in one go: clocks are set, and machines sleep.
const LONGEST: Duration = Duration::from_secs(600);

async fn expired(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

impl Crew {
    fn names(&self) -> Vec<WorkspaceName> {
        self.drivers.keys().cloned().collect()
    }

    /// Does something beside the drivers, that ends with them.
    fn aside(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Looks at every record: a glance at each, and only when one of them has changed.
    fn scan(&mut self) {
        let entries = self.context.directory.all();
        let mut unseen = Vec::new();
        let (now, mut expired, mut next) = (self.context.clock.now(), Vec::new(), None);
        for entry in &entries {
            let record = entry.peek();
            if let Some(at) = self.context.deleted_at(&record) {
                match at <= now {
                    true if self.expired.get(&record.uid) == Some(&at) => {}
                    true => {
                        self.expired.insert(record.uid.clone(), at);
                        expired.push(Arc::clone(entry));
                    }
                    false => next = next.into_iter().chain([at]).min(),
                }
            }
            match self.drivers.get(&record.name) {
                // Its driver hears of the change itself.
                Some(driver) if driver.uid == record.uid => {}
                Some(driver) => driver.cancel.cancel(),
                None if is_restless(&record) => self.drive(Arc::clone(entry)),
                None if !self.seen.contains(&record.uid) => {
                    self.seen.insert(record.uid.clone());
                    unseen.push(Arc::clone(entry));
                }
                None => {}
            }
        }
        self.expiry = next.map(|at| {
            let left = Duration::try_from(at.duration_since(now)).unwrap_or_default().min(LONGEST);
            Instant::now() + left + Duration::from_millis(1)
        });
        for entry in expired {
            let (context, shutdown) = (Arc::clone(&self.context), self.shutdown.clone());
            self.aside(async move {
                shutdown.run_until_cancelled(expiry::delete(&context, &entry)).await;
            });
        }
        if self.seen.len() > 2 * entries.len() + 64 {
            let there: HashSet<String> = entries.iter().map(|entry| entry.peek().uid.clone()).collect();
            self.seen.retain(|uid| there.contains(uid));
            self.expired.retain(|uid, _| there.contains(uid));
        }
        for (name, driver) in &self.drivers {
            if self.context.directory.get(name.as_str()).is_none() {
                driver.cancel.cancel();
            }
        }
        if !unseen.is_empty() {
            let (context, found, shutdown) = (Arc::clone(&self.context), self.found.clone(), self.shutdown.clone());
            self.aside(async move {
                shutdown.run_until_cancelled(look_for_leftovers(&context, unseen, found)).await;
            });
        }
    }

    fn drive_named(&mut self, name: &WorkspaceName) {
        if let Some(entry) = self.context.directory.get(name.as_str())
            && !self.drivers.contains_key(name)
        {
            self.drive(entry);
        }
    }

    fn drive(&mut self, entry: Arc<Entry>) {
        let cancel = self.shutdown.child_token();
        let (name, uid) = (entry.peek().name.clone(), entry.peek().uid.clone());
        // Whoever ran needs no look for what is left: its driver sees to that.
        self.seen.insert(uid.clone());
        let driver = Driver::new(Arc::clone(&self.context), entry, cancel.clone());
        let task = self.tasks.spawn(driver.run()).id();
        self.drivers.insert(name, Running { uid, cancel, task });
    }
}

/// Workspaces that sleep by their records, and of which something runs: after a gateway that was killed.
async fn look_for_leftovers(context: &Context, entries: Vec<Arc<Entry>>, found: mpsc::Sender<WorkspaceName>) {
    for entry in entries {
        let record = entry.record();
        match context.runtime.look(&record).await {
            Ok(Seen::Absent) => {}
            Ok(Seen::Coming { .. } | Seen::Alive { .. } | Seen::Lost) => {
                if found.send(record.name.clone()).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(workspace = %record.name, %error, "cannot look whether something of it is left")
            }
        }
    }
}
