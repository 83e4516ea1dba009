//! Classes: what an administrator decides for workspaces. Defaults, limits, what cannot be said otherwise, and what a
//! backend does with their pods.

mod apply;
mod check;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::workspace::{Lifecycle, Resources, Storage};

pub use apply::{apply, lifecycle};

/// The class of workspaces that name none. It is there even where nobody made it: all of its defaults are empty then.
pub const DEFAULT: &str = "default";

/// A class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Class {
    /// Its name, a label.
    pub name: String,
    /// When it was made; None for the default one, where nobody made it.
    pub created_at: Option<Timestamp>,
    /// What it says.
    pub spec: ClassSpec,
}

/// What a class says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClassSpec {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The image of workspaces whose devfile names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The devfile of workspaces whose repository has none, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devfile: Option<String>,
    /// What a workspace gets that does not say.
    pub defaults: Defaults,
    /// What it may ask for at most.
    pub limits: Limits,
    /// What only the class decides, whatever a workspace or its devfile says: the defaults, where there are some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<Fixed>,
    /// What a cluster does with their pods: the fields of [`BACKEND`].
    #[serde(flatten)]
    pub backend: Map<String, Value>,
}

/// Fields that only a backend with pods understands. Others keep them as they are.
pub const BACKEND: [&str; 5] = ["pod", "security", "network", "accelerators", "allowedKinds"];

/// What a workspace gets that does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Defaults {
    /// What each of its containers may use.
    pub resources: Resources,
    /// What is kept.
    pub storage: Storage,
    /// When it sleeps.
    pub lifecycle: Lifecycle,
}

/// What a workspace may ask for at most. What it does not ask for it gets no more of, either.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Processor time of a container, as a Kubernetes quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory of a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Accelerators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// Storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// Workspaces of it that run at the same time, of one project in a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<u32>,
    /// Seconds without activity, before it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<u64>,
    /// Seconds since its start, before it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_lifetime: Option<u64>,
}

/// A value that only the class decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fixed {
    /// The devfile, the repository's included.
    #[serde(rename = "devfile")]
    Devfile,
    /// Processor time.
    #[serde(rename = "resources.cpu")]
    Cpu,
    /// Memory.
    #[serde(rename = "resources.memory")]
    Memory,
    /// Accelerators: how many and which.
    #[serde(rename = "resources.gpu")]
    Gpu,
    /// The size of what is kept.
    #[serde(rename = "storage.size")]
    StorageSize,
    /// The storage class.
    #[serde(rename = "storage.class")]
    StorageClass,
    /// How claims are shared.
    #[serde(rename = "storage.strategy")]
    StorageStrategy,
    /// When it sleeps.
    #[serde(rename = "lifecycle.idleTimeout")]
    IdleTimeout,
    /// How long it may run.
    #[serde(rename = "lifecycle.maxLifetime")]
    MaxLifetime,
    /// When it is deleted.
    #[serde(rename = "lifecycle.deleteAfterStopped")]
    DeleteAfterStopped,
    /// Whether a process at work keeps it awake.
    #[serde(rename = "lifecycle.keepAliveWhenBusy")]
    KeepAliveWhenBusy,
}

impl Fixed {
    /// All of them.
    pub const ALL: [Fixed; 11] = [
        Fixed::Devfile,
        Fixed::Cpu,
        Fixed::Memory,
        Fixed::Gpu,
        Fixed::StorageSize,
        Fixed::StorageClass,
        Fixed::StorageStrategy,
        Fixed::IdleTimeout,
        Fixed::MaxLifetime,
        Fixed::DeleteAfterStopped,
        Fixed::KeepAliveWhenBusy,
    ];

    /// As it is written: the path of the field.
    pub fn name(self) -> &'static str {
        match self {
            Fixed::Devfile => "devfile",
            Fixed::Cpu => "resources.cpu",
            Fixed::Memory => "resources.memory",
            Fixed::Gpu => "resources.gpu",
            Fixed::StorageSize => "storage.size",
            Fixed::StorageClass => "storage.class",
            Fixed::StorageStrategy => "storage.strategy",
            Fixed::IdleTimeout => "lifecycle.idleTimeout",
            Fixed::MaxLifetime => "lifecycle.maxLifetime",
            Fixed::DeleteAfterStopped => "lifecycle.deleteAfterStopped",
            Fixed::KeepAliveWhenBusy => "lifecycle.keepAliveWhenBusy",
        }
    }
}

impl Class {
    /// The default one, where nobody made it.
    pub fn built_in() -> Class {
        Class { name: DEFAULT.into(), ..Class::default() }
    }

    /// Whether only the class decides that.
    pub fn fixes(&self, what: Fixed) -> bool {
        self.spec.fixed.contains(&what)
    }
}

/// Why there is no such class, with the one that was probably meant.
pub fn unknown<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    match dormer_devfile::diagnostic::nearest(name, &known) {
        Some(near) => format!("there is no class '{name}'; did you mean '{near}'?"),
        None => format!("there is no class '{name}'; there is: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests;
