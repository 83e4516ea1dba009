//! Workspaces, with something that starts them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;

use dormer_core::directory::Directory;
use dormer_core::fixture::records::Records;
use dormer_core::name::WorkspaceName;
use dormer_core::phase::Phase;
use dormer_core::ports::store::{Change, Store as _};
use dormer_core::workspace::Workspace;
use dormer_wire::door::Door;
use dormer_wire::report::{Step, StepState};

/// How a workspace starts.
#[derive(Clone)]
pub enum Start {
    /// It takes so long, and then it is up.
    Up(Duration, Door),
    /// It takes so long, and then it has failed.
    Fails(Duration),
}

#[derive(Default)]
pub struct Workspaces {
    pub records: Arc<Records>,
    starts: Mutex<HashMap<WorkspaceName, Start>>,
    pub directory: Arc<Directory>,
}

impl Workspaces {
    /// Nothing yet; what is put in is started when its record says so, as a reconciler would.
    pub fn new() -> Arc<Workspaces> {
        let workspaces = Arc::new(Workspaces::default());
        let (mut changes, myself) = (workspaces.records.watch(), Arc::downgrade(&workspaces));
        tokio::spawn(async move {
            while let (Some(change), Some(workspaces)) = (changes.next().await, myself.upgrade()) {
                let starts = match &change {
                    Change::Put(record)
                        if record.spec.running && matches!(record.status.phase, Phase::Stopped | Phase::Failed) =>
                    {
                        Some(record.name.clone())
                    }
                    _ => None,
                };
                workspaces.directory.apply(change);
                if let Some(name) = starts {
                    tokio::spawn(async move { workspaces.start(name).await });
                }
            }
        });
        workspaces
    }

    pub async fn add(&self, workspace: Workspace, start: Start) {
        let name = workspace.name.clone();
        self.starts.lock().unwrap().insert(name.clone(), start);
        self.records.put(workspace);
        while self.directory.get(name.as_str()).is_none() {
            tokio::task::yield_now().await;
        }
    }

    async fn start(&self, name: WorkspaceName) {
        let start = self.starts.lock().unwrap()[&name].clone();
        let step = |detail: &str| Step {
            step: "clone".into(),
            state: StepState::Running,
            since: Timestamp::UNIX_EPOCH,
            detail: Some(detail.into()),
        };
        let (Start::Up(time, _) | Start::Fails(time)) = &start;
        for detail in ["10 %", "90 %"] {
            self.records.change(name.as_str(), |workspace| {
                workspace.status.phase = Phase::Starting;
                workspace.status.progress = vec![step(detail)];
            });
            tokio::time::sleep(*time / 2).await;
        }
        self.records.change(name.as_str(), |workspace| match start {
            Start::Up(_, door) => {
                workspace.status.phase = Phase::Running;
                workspace.status.door = Some(door);
            }
            Start::Fails(_) => {
                workspace.spec.running = false;
                workspace.status.phase = Phase::Failed;
                workspace.status.reason = Some("CloneFailed".into());
                workspace.status.message = Some("the clone failed".into());
                workspace.status.log_tail = Some("fatal: repository not found\n".into());
            }
        });
    }
}
