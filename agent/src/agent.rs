//! Where the parts meet: one life of an agent, from its assignment to the last process gone.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use dormer_wire::assignment::Assignment;
use dormer_wire::door::Door;
use dormer_wire::tls;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::credential::{self, Broker};
use crate::door::{self, Rooms, Visitors};
use crate::editor::EditorHandle;
use crate::logs::AGENT;
use crate::ports::{self, owner::Owners};
use crate::process::family;
use crate::stop::{self, StopRequests};
use crate::workspace::{Workspace, make_private};
use crate::{activity, assignment, busy, entrypoint, health, siblings, start};

/// How often logs are looked at for having grown too long.
const CUT_LOGS: Duration = Duration::from_secs(10);

/// Lives one life.
pub fn run(file: &Path) -> anyhow::Result<()> {
    let assignment = assignment::load(file)?;
    make_private(&assignment.run).with_context(|| format!("cannot make {}", assignment.run.display()))?;
    std::fs::create_dir_all(&assignment.logs).with_context(|| format!("cannot make {}", assignment.logs.display()))?;
    log_to_file(&assignment)?;
    family::adopt_orphans().context("cannot adopt orphaned processes")?;
    let inherited =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let workspace = Arc::new(Workspace::new(assignment, inherited));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(live(workspace));
    // A thread that still reads a file for somebody does not keep the agent alive.
    runtime.shutdown_background();
    outcome
}

fn log_to_file(assignment: &Assignment) -> anyhow::Result<()> {
    let path = assignment.logs.join(format!("{AGENT}.log"));
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    let level = std::env::var("DORMER_AGENT_LOG").ok().and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .with_writer(Arc::new(file))
        .with_ansi(false)
        .with_max_level(level.unwrap_or(tracing::level_filters::LevelFilter::INFO))
        .try_init()
        .map_err(|error| anyhow::anyhow!("cannot log: {error}"))
}

async fn live(workspace: Arc<Workspace>) -> anyhow::Result<()> {
    // Signals first: one that comes early must find the agent, not end it.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let entrance = Entrance::open(&workspace.assignment).await?;
    let inner = door::bind(&activity::socket(&workspace.assignment.run)).await?;
    let git = door::bind(&credential::socket(&workspace.assignment.run)).await?;
    let probes = door::bind(&health::socket(&workspace.assignment.run)).await?;
    let config = credential::config::path(&workspace.assignment.run);
    let everywhere = workspace.assignment.whole_network;
    credential::config::write(&config, None, everywhere)
        .with_context(|| format!("cannot write {}", config.display()))?;
    let broker = Broker::new(config, everywhere);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), instance = workspace.assignment.instance, "listening");

    let board = &workspace.board;
    let editor = Arc::new(EditorHandle::new(&workspace));
    let owners = Arc::new(Owners::new(workspace.assignment.whole_network));
    let requests = StopRequests::new();
    let rooms = Rooms {
        workspace: Arc::clone(&workspace),
        editor: Arc::clone(&editor),
        owners: Arc::clone(&owners),
        stop: requests.clone(),
        knocks: door::listen::Knocks::default(),
        broker: broker.clone(),
    };
    // Dropped, and so ended, together with this function.
    let mut tasks = JoinSet::new();
    let reaper = workspace.processes.clone();
    tasks.spawn(async move {
        if let Err(error) = reaper.reap().await {
            tracing::error!(%error, "children are not reaped");
        }
    });
    let anybody = workspace.assignment.whole_network;
    let visitors = Visitors::new(rooms);
    match entrance {
        Entrance::Local(listener) => tasks.spawn(door::serve(listener, anybody, visitors)),
        Entrance::Network(listener, acceptor) => tasks.spawn(door::network::serve(listener, acceptor, visitors)),
    };
    tasks.spawn(activity::serve(inner, board.clone()));
    tasks.spawn(broker.serve(git));
    tasks.spawn(health::serve(probes, board.clone()));
    tasks.spawn(siblings::follow(Arc::clone(&workspace)));
    tasks.spawn(entrypoint::run(Arc::clone(&workspace)));
    tasks.spawn(ports::watch::run(board.clone(), owners));
    if workspace.assignment.busy_counts {
        tasks.spawn(busy::run(board.clone(), Arc::clone(&editor)));
    }
    tasks.spawn(cut_logs(Arc::clone(&workspace)));
    let starting = tokio::spawn(start::run(Arc::clone(&workspace), editor));

    loop {
        tokio::select! {
            () = requests.requested() => break,
            _ = terminate.recv() => requests.request(stop::DEFAULT_GRACE),
            _ = interrupt.recv() => requests.request(stop::DEFAULT_GRACE),
            // The terminal or session that it was started from is gone: no reason to go, too.
            _ = hangup.recv() => {}
        }
    }
    tracing::info!("stopping");
    board.stopping();
    starting.abort();
    stop::run(&workspace, &requests).await;
    start::sweep(&workspace.assignment);
    let run = &workspace.assignment.run;
    let mut sockets = vec![activity::socket(run), credential::socket(run), health::socket(run)];
    if let Door::Unix(path) = &workspace.assignment.door {
        sockets.push(path.clone());
    }
    for socket in sockets {
        if let Err(error) = std::fs::remove_file(&socket) {
            tracing::warn!(%error, socket = %socket.display(), "a socket could not be removed");
        }
    }
    tracing::info!("stopped");
    Ok(())
}

/// Where the gateway comes in.
enum Entrance {
    Local(UnixListener),
    Network(TcpListener, tokio_rustls::TlsAcceptor),
}

impl Entrance {
    async fn open(assignment: &Assignment) -> anyhow::Result<Entrance> {
        match &assignment.door {
            Door::Unix(path) if assignment.whole_network => Ok(Entrance::Local(door::bind_shared(path).await?)),
            Door::Unix(path) => Ok(Entrance::Local(door::bind(path).await?)),
            Door::Tls { address, .. } => {
                let keys = assignment.keys.as_ref().context("there are no keys for the door")?;
                let acceptor = tls::acceptor(keys).context("the keys for the door cannot be used")?;
                let listener =
                    TcpListener::bind(address).await.with_context(|| format!("cannot listen at {address}"))?;
                Ok(Entrance::Network(listener, acceptor))
            }
        }
    }
}

async fn cut_logs(workspace: Arc<Workspace>) {
    let mut every = tokio::time::interval(CUT_LOGS);
    loop {
        every.tick().await;
        workspace.logs.cut();
    }
}
