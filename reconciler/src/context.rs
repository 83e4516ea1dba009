//! What every driver needs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;

use dormer_core::class::{self, Class, Limits};
use dormer_core::directory::Directory;
use dormer_core::idle;
use dormer_core::name::WorkspaceName;
use dormer_core::plan::Plan;
use dormer_core::plan::devfile::PlanError;
use dormer_core::ports::classes::Classes;
use dormer_core::ports::clock::Clock;
use dormer_core::ports::forge::{Forge, ForgeCredentials};
use dormer_core::ports::runtime::Runtime;
use dormer_core::ports::store::{Event, Store};
use dormer_core::workspace::{Lifecycle, Workspace};
use dormer_wire::dial::Dialer;

use crate::config::Config;

/// Makes the plan of a workspace.
pub type Planner = Arc<dyn Fn(&Workspace) -> Result<Plan, PlanError> + Send + Sync>;

/// What every driver needs.
pub(crate) struct Context {
    pub store: Arc<dyn Store>,
    pub runtime: Arc<dyn Runtime>,
    pub directory: Arc<Directory>,
    pub clock: Arc<dyn Clock>,
    pub planner: Planner,
    pub config: Config,
    /// Set once everything is to stop because the gateway does.
    pub leaving: AtomicBool,
    /// The grace that is given then.
    pub last_grace: OnceLock<Duration>,
    /// What git in workspaces signs in with, where anything.
    pub credentials: OnceLock<Arc<dyn ForgeCredentials>>,
    /// Who says what a source means, where records may name one that nobody has looked at.
    pub forge: OnceLock<Arc<dyn Forge>>,
    /// What administrators decide for workspaces, where there are classes.
    pub classes: OnceLock<Arc<dyn Classes>>,
    /// Opens doors.
    pub dialer: Dialer,
}

impl Context {
    /// How long processes have to end.
    pub fn grace(&self) -> Duration {
        self.last_grace.get().copied().unwrap_or(self.config.stop_grace)
    }

    /// Whether the gateway is about to end.
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// The class of a workspace. None where there are no classes, or not this one.
    fn class(&self, workspace: &Workspace) -> Option<Arc<Class>> {
        self.classes.get()?.get(&workspace.spec.class)
    }

    /// The plan of a workspace, and its record as whoever runs it should read it: as its class has both.
    pub fn plan(&self, workspace: &Workspace) -> Result<(Workspace, Plan), PlanError> {
        let Some(classes) = self.classes.get() else { return Ok((workspace.clone(), (self.planner)(workspace)?)) };
        let class = classes
            .named(&workspace.spec.class)
            .map_err(|message| PlanError::Class { reason: "ClassMissing", message })?;
        class::apply(workspace, &class, |workspace| (self.planner)(workspace))
    }

    /// When a workspace sleeps, and for how long it may not at most, as its class has it.
    pub fn lifecycle(&self, workspace: &Workspace) -> (Lifecycle, Limits) {
        let own = &workspace.spec.lifecycle;
        match self.class(workspace) {
            Some(class) => (class::lifecycle(own, &class), class.spec.limits.clone()),
            None => (own.clone(), Limits::default()),
        }
    }

    /// When a workspace is to be deleted because nobody came back. None: never, or not as it is now.
    pub fn deleted_at(&self, workspace: &Workspace) -> Option<Timestamp> {
        let (lifecycle, _) = self.lifecycle(workspace);
        idle::deleted_at(workspace, lifecycle.delete_after_stopped, self.config.delete_after_stopped)
    }

    /// Notes that something happened. What cannot be noted is no reason to stop.
    pub async fn note(&self, name: &WorkspaceName, reason: &str, message: String) {
        tracing::info!(workspace = %name, reason, message);
        let event = Event { at: self.clock.now(), reason: reason.into(), message, by: None };
        if let Err(error) = self.store.note(name, event).await {
            tracing::warn!(workspace = %name, %error, "could not note an event");
        }
    }
}
