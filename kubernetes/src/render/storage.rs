//! Where a workspace's volumes are.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    EmptyDirVolumeSource, ImageVolumeSource, PersistentVolumeClaimVolumeSource, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use dormer_core::plan::settings::StorageKind;

use crate::render::identity::joined;
use crate::render::settings::Tools;
use crate::render::{Subject, common_claim, name, task};

/// The pod's volume of the claim.
const CLAIM: &str = "dormer-claim";
/// The pod's volume of agent, editor and tools.
const TOOLS: &str = "dormer-tools";
/// The pod's volume of sockets and logs.
const RUN: &str = "dormer-run";
/// The pod's volume of `/tmp`, where images cannot be written to.
const TMP: &str = "dormer-tmp";

/// Where the tools are in every container.
pub const TOOLS_PATH: &str = "/.dormer";
/// Where agents keep what lives as long as the pod.
pub const RUN_PATH: &str = "/.dormer-run";
/// The user's home.
pub const HOME: &str = "/home/user";
/// The name that a devfile may mount the projects by, as it is called in the reference.
const PROJECTS: &str = "projects";

/// How volumes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// On a claim of the workspace's own.
    PerWorkspace,
    /// On a claim that workspaces of a project share, each in a folder of its own.
    Common,
    /// Not at all.
    Ephemeral,
}

/// The record's word, else the devfile's, else the class's.
pub fn strategy(subject: &Subject<'_>, notes: &mut Vec<String>) -> Strategy {
    let read = |word: &str| match word {
        "common" | "per-user" => Some(Strategy::Common),
        "per-workspace" => Some(Strategy::PerWorkspace),
        "ephemeral" => Some(Strategy::Ephemeral),
        _ => None,
    };
    let record = subject.workspace.spec.storage.strategy.as_deref().filter(|word| !word.is_empty());
    if let Some(word) = record
        && read(word).is_none()
    {
        notes.push(format!(
            "storage strategy '{word}' is not known; it may be 'per-workspace', 'common' or 'ephemeral'"
        ));
    }
    let devfile = subject.plan.storage.map(|kind| match kind {
        StorageKind::Common => Strategy::Common,
        StorageKind::Ephemeral => Strategy::Ephemeral,
        StorageKind::PerWorkspace | StorageKind::Async => Strategy::PerWorkspace,
    });
    let class = subject.policy.storage.strategy.as_deref().and_then(read);
    record.and_then(read).or(devfile).or(class).unwrap_or(Strategy::PerWorkspace)
}

fn empty(name: &str, size: Option<&String>) -> Volume {
    Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: size.map(|size| Quantity(size.clone())),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// A devfile's volume in the pod, out of the way of ours.
fn own_name(volume: &str) -> String {
    match volume.starts_with("dormer-") {
        true => format!("v-{volume}").chars().take(63).collect(),
        false => volume.to_owned(),
    }
}

/// The mounts of a pod's containers, and the volumes that they need.
pub struct Shelf<'a> {
    subject: &'a Subject<'a>,
    strategy: Strategy,
    used: BTreeSet<String>,
    /// Volumes of assignments, and whose they are.
    tasks: BTreeMap<String, String>,
}

impl<'a> Shelf<'a> {
    /// An empty one.
    pub fn new(subject: &'a Subject<'a>, strategy: Strategy) -> Self {
        Shelf { subject, strategy, used: BTreeSet::new(), tasks: BTreeMap::new() }
    }

    /// Whether its pod has to be where the claim is.
    pub fn holds_claim(&self) -> bool {
        self.used.contains(CLAIM)
    }

    fn mount(&mut self, volume: &str, path: &str, folder: Option<String>, read_only: bool) -> VolumeMount {
        self.used.insert(volume.to_owned());
        VolumeMount {
            name: volume.to_owned(),
            mount_path: path.to_owned(),
            sub_path: folder,
            read_only: read_only.then_some(true),
            ..VolumeMount::default()
        }
    }

    /// A folder that is kept as the strategy says.
    fn kept(&mut self, folder: &str, path: &str) -> VolumeMount {
        match self.strategy {
            Strategy::PerWorkspace => self.mount(CLAIM, path, Some(folder.to_owned()), false),
            Strategy::Common => {
                let folder = format!("{}/{folder}", self.subject.workspace.uid);
                self.mount(CLAIM, path, Some(folder), false)
            }
            Strategy::Ephemeral => {
                let volume = match folder.strip_prefix("volumes/") {
                    Some(volume) => own_name(volume),
                    None => format!("dormer-{folder}"),
                };
                self.mount(&volume, path, None, false)
            }
        }
    }

    /// The home.
    pub fn home(&mut self) -> VolumeMount {
        self.kept("home", HOME)
    }

    /// The projects.
    pub fn projects(&mut self, path: &str) -> VolumeMount {
        self.kept(PROJECTS, path)
    }

    /// A volume of the devfile.
    pub fn volume(&mut self, volume: &str, path: &str) -> VolumeMount {
        let known = self.subject.plan.volumes.iter().find(|known| known.name == volume);
        match known {
            Some(known) if known.ephemeral => self.mount(&own_name(volume), path, None, false),
            None if volume == PROJECTS => self.projects(path),
            _ => self.kept(&format!("volumes/{volume}"), path),
        }
    }

    /// Agent, editor and tools.
    pub fn tools(&mut self) -> VolumeMount {
        let folder = (self.subject.settings.tools == Tools::Mount).then(|| "dormer-tools".to_owned());
        self.mount(TOOLS, TOOLS_PATH, folder, true)
    }

    /// The same, to be filled.
    pub fn tools_to_fill(&mut self) -> VolumeMount {
        self.mount(TOOLS, TOOLS_PATH, None, false)
    }

    /// What the agent of a container is told: nobody else's.
    pub fn task(&mut self, container: &str) -> VolumeMount {
        let volume = joined("dormer-task", container);
        self.tasks.insert(volume.clone(), container.to_owned());
        self.mount(&volume, task::PATH, None, true)
    }

    /// Sockets and logs.
    pub fn run(&mut self) -> VolumeMount {
        self.mount(RUN, RUN_PATH, None, false)
    }

    /// `/tmp` of a container.
    pub fn tmp(&mut self, container: &str) -> VolumeMount {
        self.mount(TMP, "/tmp", Some(container.to_owned()), false)
    }

    /// The volumes of all mounts so far.
    pub fn volumes(&self) -> Vec<Volume> {
        let subject = self.subject;
        let source = |volume: &String| match volume.as_str() {
            task if self.tasks.contains_key(task) => {
                let container = self.tasks.get(task).map(String::as_str).unwrap_or_default();
                task::volume(subject, task, container)
            }
            CLAIM => {
                let claim_name = match self.strategy {
                    Strategy::Common => common_claim().to_owned(),
                    _ => name(subject.workspace),
                };
                Volume {
                    name: CLAIM.into(),
                    persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource { claim_name, read_only: None }),
                    ..Volume::default()
                }
            }
            TOOLS if subject.settings.tools == Tools::Mount => Volume {
                name: TOOLS.into(),
                image: Some(ImageVolumeSource {
                    reference: Some(subject.settings.tools_image.clone()),
                    pull_policy: subject.pull_policy(),
                }),
                ..Volume::default()
            },
            volume => {
                let planned = subject.plan.volumes.iter().find(|planned| own_name(&planned.name) == volume);
                empty(volume, planned.and_then(|planned| planned.size.as_ref()))
            }
        };
        self.used.iter().map(source).collect()
    }
}
