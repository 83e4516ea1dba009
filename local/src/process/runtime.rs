//! The port, over processes.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use dormer_core::limits::Limits;
use dormer_core::plan::{Plan, left_out};
use dormer_core::ports::runtime::{Runtime, RuntimeError, Seen};
use dormer_core::workspace::Workspace;
use dormer_wire::door::Door;

use super::group::{Group, Groups};
use super::place::{Place, Places};
use super::prepare::failed;
use super::record::Record;
use super::{erase, prepare, private, remains, spawn, stop};

/// Octets of an agent's own log that are told when it ended by itself.
const TAIL: u64 = 4096;
/// What is left of an earlier start gets so long to end by itself.
const REMAINS: Duration = Duration::from_secs(2);

/// What the runtime needs to know.
#[derive(Debug, Clone)]
pub struct RuntimeConfig {
    /// The data folder.
    pub data: PathBuf,
    /// Where sockets go; a short folder below `/tmp` takes its place where this path is too long for sockets.
    pub run: PathBuf,
    /// The program `dormer-agent`.
    pub agent: PathBuf,
    /// The editor's folder: in it `node` and `vscode/out/server-main.js`.
    pub editor: Option<PathBuf>,
    /// A folder with extensions of ours for the editor.
    pub extensions: Option<PathBuf>,
}

/// Workspaces as processes of this machine.
#[derive(Debug, Clone)]
pub struct ProcessRuntime {
    config: RuntimeConfig,
    pub(super) places: Places,
    groups: Groups,
}

impl ProcessRuntime {
    /// A runtime below `config.data`. Blocks for a moment: call it before serving.
    pub fn new(config: RuntimeConfig) -> Result<Self, RuntimeError> {
        let unusable =
            |path: &PathBuf, error: &std::io::Error| failed("FolderFailed", &format!("use {}", path.display()), error);
        let whole = |path: PathBuf| std::path::absolute(&path).map_err(|error| unusable(&path, &error));
        let config = RuntimeConfig {
            data: whole(config.data)?,
            run: whole(config.run)?,
            agent: whole(config.agent)?,
            editor: config.editor.map(whole).transpose()?,
            extensions: config.extensions.map(whole).transpose()?,
        };
        let places = Places::new(&config.data, &config.run);
        for folder in [places.workspaces().to_owned(), places.run().to_owned()] {
            private::folder(&folder).map_err(|error| unusable(&folder, &error))?;
        }
        let groups = Groups::find(places.label());
        match groups.folder() {
            Some(folder) => {
                let (folder, limits) = (folder.display(), groups.limits());
                tracing::info!(%folder, limits, "workspaces get control groups of their own");
            }
            None => {
                tracing::info!("no control groups can be made here: workspaces are told apart by sessions and marks")
            }
        }
        Ok(ProcessRuntime { config, places, groups })
    }

    /// Where a workspace's logs are, one file `<name>.log` a command or step; they outlive its processes.
    pub fn logs(&self, workspace: &Workspace) -> PathBuf {
        self.places.of(workspace).logs
    }

    /// Whether workspaces get control groups here.
    #[cfg(test)]
    pub fn groups_are_there(&self) -> bool {
        self.groups.folder().is_some()
    }

    /// Whether they can be limited.
    #[cfg(test)]
    pub fn limits_are_there(&self) -> bool {
        self.groups.limits()
    }

    fn group(&self, place: &Place, record: &Record) -> Option<Group> {
        record.group.as_ref().and_then(|path| self.groups.noted(path, &record.limits, &place.id))
    }

    /// The numbers of a workspace's processes. None: nothing of it is known.
    pub(super) async fn pids(&self, workspace: &Workspace) -> Option<Vec<i32>> {
        let place = self.places.of(workspace);
        let record = self.known(&place).await.ok()??;
        let group = self.group(&place, &record);
        let find = move |_: &ProcessRuntime| {
            Ok(match group {
                Some(group) => group.pids(),
                None => remains::find(&record, None, &HashSet::new()).iter().map(|process| process.pid).collect(),
            })
        };
        self.blocking(find).await.ok()
    }

    /// What blocks, off the runtime's threads.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ProcessRuntime) -> Result<T, RuntimeError> + Send + 'static,
    ) -> Result<T, RuntimeError> {
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&this)).await;
        done.unwrap_or_else(|error| Err(RuntimeError::Failed { reason: "Internal", message: error.to_string() }))
    }

    async fn known(&self, place: &Place) -> Result<Option<Record>, RuntimeError> {
        let place = place.clone();
        self.blocking(move |_| {
            let record = Record::load(&place.record)
                .map_err(|error| failed("FolderFailed", "read what is known of its processes", &error))?;
            Ok(record.map(|mut record| {
                if record.agent.is_none() {
                    record.agent = remains::agent(&record, &place.assignment);
                }
                record
            }))
        })
        .await
    }

    async fn stop_known(&self, place: &Place, record: &Record, grace: Duration) -> Result<(), RuntimeError> {
        let group = self.group(place, record);
        stop::all(place, record, group.as_ref(), grace).await.map_err(|error| match error {
            stop::StopError::Left(_) => RuntimeError::Failed { reason: "ProcessesLeft", message: error.to_string() },
            stop::StopError::Io(error) => failed("StopFailed", "end its processes", &error),
        })?;
        let place = place.clone();
        self.blocking(move |_| {
            if let Some(group) = group {
                group.remove();
            }
            // The record goes last: as long as something is left, it says that there may be.
            erase::folder(&place.run)
                .and_then(|()| std::fs::remove_file(&place.record))
                .or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
                .map_err(|error| failed("FolderFailed", "remove its sockets", &error))
        })
        .await
    }

    fn launch(&self, workspace: &Workspace, instance: &str, plan: &Plan) -> Result<Door, RuntimeError> {
        let place = self.places.of(workspace);
        prepare::make(&self.config, &place, workspace, instance, plan)?;
        let group = self.groups.make(&place.id, &Limits::of(workspace, plan));
        let mut record = Record::new(instance, group.as_ref());
        let noted = |record: &Record| {
            record.save(&place.record).map_err(|error| failed("FolderFailed", "note down its processes", &error))
        };
        noted(&record)?;
        let agent = spawn::agent(&self.config.agent, &place, instance, group.as_ref())
            .map_err(|error| failed("SpawnFailed", "start the agent", &error))?;
        record.agent = agent.process;
        let workspace = workspace.name.clone();
        tokio::spawn(async move {
            // Reaped as soon as it ends. Where the gateway ended before, whoever adopted it does that.
            agent.reap().await;
            tracing::debug!(%workspace, "the agent ended");
        });
        noted(&record)?;
        Ok(Door::Unix(place.door))
    }
}

#[async_trait]
impl Runtime for ProcessRuntime {
    async fn notes(&self, _: &Workspace, plan: &Plan) -> Vec<String> {
        left_out::processes(plan)
    }

    async fn start(&self, workspace: &Workspace, instance: &str, plan: &Plan) -> Result<Option<Door>, RuntimeError> {
        let place = self.places.of(workspace);
        if let Some(record) = self.known(&place).await? {
            let alive = record.agent.is_some_and(|agent| agent.is_alive());
            if record.instance == instance && alive {
                return Ok(Some(Door::Unix(place.door)));
            }
            self.stop_known(&place, &record, REMAINS).await?;
        }
        let (workspace, instance, plan) = (workspace.clone(), instance.to_owned(), plan.clone());
        self.blocking(move |this| {
            prepare::check(&this.config, &workspace, &plan)?;
            this.launch(&workspace, &instance, &plan).map(Some)
        })
        .await
    }

    async fn look(&self, workspace: &Workspace) -> Result<Seen, RuntimeError> {
        let place = self.places.of(workspace);
        let Some(record) = self.known(&place).await? else { return Ok(Seen::Absent) };
        Ok(match record.agent {
            Some(agent) if agent.is_alive() => Seen::Alive { instance: record.instance, door: Door::Unix(place.door) },
            // The record itself is what is left at least; a stop looks for the rest and removes it.
            _ => Seen::Lost,
        })
    }

    async fn stop(&self, workspace: &Workspace, grace: Duration) -> Result<(), RuntimeError> {
        let place = self.places.of(workspace);
        match self.known(&place).await? {
            Some(record) => self.stop_known(&place, &record, grace).await,
            None => Ok(()),
        }
    }

    async fn erase(&self, workspace: &Workspace) -> Result<(), RuntimeError> {
        let place = self.places.of(workspace);
        self.blocking(move |_| {
            erase::folder(&place.run)
                .and_then(|()| erase::folder(&place.root))
                .map_err(|error| failed("EraseFailed", "delete its files", &error))
        })
        .await
    }

    fn projects_root(&self, workspace: &Workspace) -> PathBuf {
        self.places.of(workspace).projects
    }

    async fn log_tail(&self, workspace: &Workspace) -> Option<String> {
        let path = self.places.of(workspace).logs.join("agent.log");
        let read = move |_: &ProcessRuntime| Ok(tail(&path).ok());
        self.blocking(read).await.ok().flatten().filter(|text| !text.trim().is_empty())
    }
}

fn tail(path: &std::path::Path) -> std::io::Result<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    use std::os::unix::fs::OpenOptionsExt as _;
    // A workspace can put a link, or a pipe, in its place.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let mut file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut text = Vec::new();
    file.take(TAIL).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
