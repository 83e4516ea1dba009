//! Everything that a reconciler needs: records in memory, a runtime whose agents are tasks behind real doors.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::net::UnixListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use dormer_core::directory::{Directory, Entry};
use dormer_core::fixture::classes::Shelf;
use dormer_core::fixture::records::Records;
use dormer_core::plan::Plan;
use dormer_core::plan::devfile::PlanError;
use dormer_core::ports::runtime::{Outlook, Runtime, RuntimeError, Seen, Trouble};
use dormer_core::ports::store::{Store as _, modify};
use dormer_core::wake::Waker;
use dormer_core::workspace::{Workspace, fixture};
use dormer_wire::door::{Door, Preface, Reply};
use dormer_wire::message;
use dormer_wire::report::{AgentState, AgentStatus, Failure};

use crate::config::Config;
use crate::reconciler::Reconciler;

/// What a start comes to.
#[derive(Clone, Copy, PartialEq)]
pub enum Fate {
    Ready,
    /// Never ready.
    Slow,
    /// The agent says that it failed; whether that may pass.
    Fails(bool),
    /// The agent ends before it opens its door.
    Dies,
    /// The runtime refuses; whether a retry may help.
    Refused(bool),
}

pub struct FakeRuntime {
    folder: tempfile::TempDir,
    pub fate: Mutex<Vec<Fate>>,
    agents: Mutex<HashMap<String, Agent>>,
    pub starts: AtomicUsize,
    pub looks: AtomicUsize,
    pub stops: AtomicUsize,
    pub erased: Mutex<Vec<String>>,
    /// What it says of its workspaces.
    pub trouble: Mutex<Option<Trouble>>,
    /// Where agents are is not known yet.
    pub hidden: AtomicBool,
    /// What runs is not what a start would make.
    pub outdated: AtomicBool,
    news: Notify,
}

struct Agent {
    instance: String,
    door: Door,
    alive: bool,
    status: watch::Sender<AgentStatus>,
    task: JoinHandle<()>,
}

fn agent_status(instance: &str, fate: Fate) -> AgentStatus {
    let (state, failure) = match fate {
        Fate::Ready => (AgentState::Ready, None),
        Fate::Fails(transient) => {
            let failure = Failure {
                reason: "CloneFailed".into(),
                message: "the repository cannot be reached".into(),
                log: "clone".into(),
                tail: "fatal: no".into(),
                transient,
            };
            (AgentState::Failed, Some(failure))
        }
        _ => (AgentState::Starting, None),
    };
    AgentStatus {
        instance: instance.into(),
        version: "0".into(),
        state,
        steps: Vec::new(),
        failure,
        listening: vec![3000],
        activity: None,
        busy: false,
        commit: Some("abc".into()),
        commands: Vec::new(),
        containers: Vec::new(),
    }
}

async fn serve(listener: UnixListener, status: watch::Receiver<AgentStatus>) {
    let mut streams = tokio::task::JoinSet::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut status = status.clone();
        streams.spawn(async move {
            let _: Option<Preface> = message::read(&mut stream).await.unwrap();
            message::write(&mut stream, &Reply::Accepted).await.unwrap();
            loop {
                let now = status.borrow_and_update().clone();
                if message::write(&mut stream, &now).await.is_err() || status.changed().await.is_err() {
                    return;
                }
            }
        });
    }
}

impl FakeRuntime {
    /// Kills the agent; what it leaves behind stays.
    pub fn kill(&self, uid: &str) {
        let mut agents = self.agents.lock().unwrap();
        let agent = agents.get_mut(uid).unwrap();
        agent.alive = false;
        agent.task.abort();
    }

    /// Something has changed that a look would show, and tells of it.
    pub fn tell(&self, trouble: Option<(&str, Outlook)>, hidden: bool) {
        let trouble =
            trouble.map(|(reason, outlook)| Trouble { reason: reason.into(), message: "so it is".into(), outlook });
        *self.trouble.lock().unwrap() = trouble;
        self.hidden.store(hidden, Ordering::SeqCst);
        self.news.notify_one();
    }

    /// The agent is gone, and nobody has hung up.
    pub fn lose(&self, uid: &str) {
        self.agents.lock().unwrap().get_mut(uid).unwrap().alive = false;
    }

    /// Changes what the agent says.
    pub fn say(&self, uid: &str, change: impl FnOnce(&mut AgentStatus)) {
        self.agents.lock().unwrap().get(uid).unwrap().status.send_modify(change);
    }

    pub fn count(&self) -> usize {
        self.agents.lock().unwrap().len()
    }
}

#[async_trait]
impl Runtime for FakeRuntime {
    async fn start(&self, workspace: &Workspace, instance: &str, _: &Plan) -> Result<Option<Door>, RuntimeError> {
        let number = self.starts.fetch_add(1, Ordering::SeqCst);
        let fate = {
            let mut fates = self.fate.lock().unwrap();
            if fates.len() > 1 { fates.remove(0) } else { fates[0] }
        };
        match fate {
            Fate::Refused(true) => {
                return Err(RuntimeError::Failed { reason: "DiskFull", message: "the disk is full".into() });
            }
            Fate::Refused(false) => {
                return Err(RuntimeError::Impossible { reason: "EditorMissing", message: "no editor".into() });
            }
            _ => {}
        }
        let path = self.folder.path().join(format!("{number}"));
        let (status, seen) = watch::channel(agent_status(instance, fate));
        let listener = UnixListener::bind(&path).unwrap();
        let task = tokio::spawn(serve(listener, seen));
        let (door, alive) = (Door::Unix(path), fate != Fate::Dies);
        if !alive {
            task.abort();
        }
        let agent = Agent { instance: instance.into(), door: door.clone(), alive, status, task };
        self.agents.lock().unwrap().insert(workspace.uid.clone(), agent);
        Ok(Some(door).filter(|_| !self.hidden.load(Ordering::SeqCst)))
    }

    async fn look(&self, workspace: &Workspace) -> Result<Seen, RuntimeError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        Ok(match self.agents.lock().unwrap().get(&workspace.uid) {
            None => Seen::Absent,
            Some(agent) if agent.alive && self.hidden.load(Ordering::SeqCst) => {
                Seen::Coming { instance: agent.instance.clone() }
            }
            Some(agent) if agent.alive => Seen::Alive { instance: agent.instance.clone(), door: agent.door.clone() },
            Some(_) => Seen::Lost,
        })
    }

    async fn stop(&self, workspace: &Workspace, _: Duration) -> Result<(), RuntimeError> {
        self.stops.fetch_add(1, Ordering::SeqCst);
        if let Some(agent) = self.agents.lock().unwrap().remove(&workspace.uid) {
            agent.task.abort();
        }
        Ok(())
    }

    async fn erase(&self, workspace: &Workspace) -> Result<(), RuntimeError> {
        self.erased.lock().unwrap().push(workspace.uid.clone());
        Ok(())
    }

    async fn trouble(&self, _: &Workspace) -> Option<Trouble> {
        self.trouble.lock().unwrap().clone()
    }

    async fn changed(&self, _: &Workspace) {
        self.news.notified().await;
    }

    async fn is_outdated(&self, _: &Workspace, _: &Plan) -> bool {
        self.outdated.load(Ordering::SeqCst)
    }

    async fn log_tail(&self, _: &Workspace) -> Option<String> {
        Some("last words".into())
    }
}

pub struct House {
    pub store: Arc<Records>,
    pub classes: Arc<Shelf>,
    pub runtime: Arc<FakeRuntime>,
    pub directory: Arc<Directory>,
    pub waker: Waker,
    pub config: Config,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    shutdown: CancellationToken,
    running: Option<(Reconciler, JoinHandle<()>)>,
}

pub fn config() -> Config {
    Config { warn_before: Duration::ZERO, idle_timeout: Some(Duration::from_secs(600)), ..Config::default() }
}

impl House {
    /// A house in which a reconciler runs.
    pub async fn new(fates: &[Fate]) -> House {
        House::with(fates, config(), &["hello"]).await
    }

    pub async fn with(fates: &[Fate], config: Config, names: &[&str]) -> House {
        let store = Arc::new(Records::default());
        for name in names {
            store.put(fixture(name, "ann"));
        }
        let runtime = Arc::new(FakeRuntime {
            folder: tempfile::tempdir().unwrap(),
            fate: Mutex::new(fates.to_vec()),
            agents: Mutex::default(),
            starts: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            stops: AtomicUsize::new(0),
            erased: Mutex::default(),
            trouble: Mutex::default(),
            hidden: AtomicBool::new(false),
            outdated: AtomicBool::new(false),
            news: Notify::new(),
        });
        let directory = Arc::new(Directory::default());
        let (watch, follower) = (store.watch(), Arc::clone(&directory));
        tokio::spawn(async move { follower.follow(watch).await });
        let began = Instant::now();
        let clock = move || {
            let since = jiff::SignedDuration::try_from(began.elapsed()).unwrap();
            Timestamp::from_second(1_000_000).unwrap().checked_add(since).unwrap()
        };
        let waker = Waker::new(store.clone(), directory.clone(), Arc::new(clock));
        let shutdown = CancellationToken::new();
        let mut house = House {
            store,
            classes: Arc::default(),
            runtime,
            directory,
            waker,
            config,
            clock: Arc::new(clock),
            shutdown,
            running: None,
        };
        house.open();
        house.settle().await;
        house
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn open(&mut self) {
        let clock = Arc::clone(&self.clock);
        let plan = |workspace: &Workspace| match workspace.spec.devfile.as_deref() {
            Some("bad") => Err(PlanError::Impossible("no container".into())),
            _ => Ok(Plan { main: "main".into(), ..Plan::default() }),
        };
        let reconciler = Reconciler::new(
            self.store.clone(),
            self.runtime.clone(),
            self.directory.clone(),
            Arc::new(move || clock()),
            Arc::new(plan),
            dormer_wire::dial::Dialer::local(),
            self.config.clone(),
        )
        .in_classes(self.classes.clone());
        self.shutdown = CancellationToken::new();
        let task = tokio::spawn(reconciler.clone().run(self.shutdown.clone()));
        self.running = Some((reconciler, task));
    }

    /// Ends the reconciler, leaving everything as it is.
    pub async fn close(&mut self) {
        self.shutdown.cancel();
        self.running.take().unwrap().1.await.unwrap();
    }

    /// Another one takes over.
    pub async fn restart(&mut self) {
        self.close().await;
        self.open();
        self.settle().await;
    }

    /// Another one begins after [`House::close`].
    pub async fn restart_closed(&mut self) {
        self.open();
        self.settle().await;
    }

    pub fn reconciler(&self) -> Reconciler {
        self.running.as_ref().unwrap().0.clone()
    }

    /// Lets everything happen that happens by itself within a moment.
    pub async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(900)).await;
    }

    pub fn entry(&self) -> Arc<Entry> {
        self.directory.get("hello").unwrap()
    }

    pub fn record(&self) -> Arc<Workspace> {
        self.entry().record()
    }

    pub async fn want(&self, running: bool) {
        let name = "hello".parse().unwrap();
        modify(&*self.store, &name, |_, spec| std::mem::replace(&mut spec.running, running) != running).await.unwrap();
    }

    pub async fn change(&self, change: impl Fn(&mut dormer_core::workspace::Spec) + Send + Sync) {
        modify(&*self.store, &"hello".parse().unwrap(), |_, spec| {
            change(spec);
            true
        })
        .await
        .unwrap();
    }

    pub fn starts(&self) -> usize {
        self.runtime.starts.load(Ordering::SeqCst)
    }

    /// Phase, reason and whether it should run.
    pub fn told(&self) -> String {
        let record = self.record();
        let reason = record.status.reason.as_deref().unwrap_or("-");
        format!("{} {reason} {}", record.status.phase, if record.spec.running { "on" } else { "off" })
    }
}
