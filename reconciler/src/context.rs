//! What every driver needs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dormer_core::directory::Directory;
use dormer_core::name::WorkspaceName;
use dormer_core::plan::Plan;
use dormer_core::plan::devfile::PlanError;
use dormer_core::ports::clock::Clock;
use dormer_core::ports::forge::{Forge, ForgeCredentials};
use dormer_core::ports::runtime::Runtime;
use dormer_core::ports::store::{Event, Store};
use dormer_core::workspace::Workspace;
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

    /// Notes that something happened. What cannot be noted is no reason to stop.
    pub async fn note(&self, name: &WorkspaceName, reason: &str, message: String) {
        tracing::info!(workspace = %name, reason, message);
        let event = Event { at: self.clock.now(), reason: reason.into(), message, by: None };
        if let Err(error) = self.store.note(name, event).await {
            tracing::warn!(workspace = %name, %error, "could not note an event");
        }
    }
}
