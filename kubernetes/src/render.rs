//! From a plan to the objects of a cluster. Pure: what a cluster says of them is found out by whoever applies them.

mod claim;
mod cleaner;
mod container;
mod guard;
mod identity;
mod manifest;
mod network;
mod overrides;
mod parts;
mod pod;
mod resources;
mod security;
pub mod settings;
mod storage;
mod task;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;

use dormer_core::plan::{Plan, left_out};
use dormer_core::ports::runtime::RuntimeError;
use dormer_core::workspace::Workspace;
use dormer_wire::tls::AgentKeys;

use crate::policy::PodPolicy;
use crate::render::settings::Settings;

pub use cleaner::cleaner;
pub use container::projects_root;
pub use identity::{annotation, common_claim, labels, name, peer, selector};
pub use manifest::Manifest;
pub use security::{least as least_security, pod as pod_security};
pub use storage::Strategy;

/// The port of an agent's door.
pub const DOOR_PORT: u16 = 7443;

/// What is to be rendered.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The record.
    pub workspace: &'a Workspace,
    /// Tells this start from all others.
    pub instance: &'a str,
    /// What to run.
    pub plan: &'a Plan,
    /// What its class says.
    pub policy: &'a PodPolicy,
    /// What the installation says.
    pub settings: &'a Settings,
    /// Where it goes.
    pub namespace: &'a str,
    /// The keys of its door.
    pub keys: &'a AgentKeys,
}

/// The objects of a workspace.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// What its files are in. None: nothing is kept.
    pub claim: Option<PersistentVolumeClaim>,
    /// What its agents are told.
    pub secret: Secret,
    /// Who may come in, and where it may go.
    pub network: NetworkPolicy,
    /// The names of its pods, where it has several.
    pub service: Option<Service>,
    /// The pod that the gateway comes to.
    pub pod: Pod,
    /// Pods of containers that want one of their own.
    pub dedicated: Vec<Pod>,
    /// Objects of the devfile.
    pub manifests: Vec<Manifest>,
    /// What people should know.
    pub notes: Vec<String>,
}

/// Why a plan cannot be rendered. A retry does not help; the message says what would.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// One CamelCase word.
    pub reason: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl RenderError {
    fn new(reason: &'static str, message: impl Into<String>) -> Self {
        RenderError { reason, message: message.into() }
    }
}

impl From<RenderError> for RuntimeError {
    fn from(error: RenderError) -> Self {
        RuntimeError::Impossible { reason: error.reason, message: error.message }
    }
}

/// Renders a workspace.
pub fn render(subject: &Subject<'_>) -> Result<Rendered, RenderError> {
    let mut notes = left_out::pods(subject.plan);
    let parts = parts::of(subject.plan, &mut notes);
    let strategy = storage::strategy(subject, &mut notes);
    let secret = task::secret(subject, &parts)?;
    let dedicated: Vec<Pod> = parts
        .iter()
        .filter(|part| part.is_dedicated())
        .map(|part| pod::dedicated(subject, part, strategy))
        .collect::<Result<_, _>>()?;
    let manifests = manifest::all(subject)?;
    Ok(Rendered {
        claim: claim::of(subject, strategy)?,
        secret,
        network: network::of(subject),
        service: (!dedicated.is_empty()).then(|| network::names(subject)),
        pod: pod::main(subject, &parts, strategy, &mut notes)?,
        dedicated,
        manifests,
        notes,
    })
}

#[cfg(test)]
mod tests;
