//! What a workspace is made of.

use super::Attributes;
use crate::model::endpoint::Endpoint;
use crate::model::import::Plugin;
use crate::model::project::GitSource;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// One component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// Name, unique among the components.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: ComponentKind,
    /// Free-form data.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl Component {
    /// The container, if it is one.
    pub fn container(&self) -> Option<&Container> {
        match &self.kind {
            ComponentKind::Container(container) => Some(container),
            _ => None,
        }
    }

    /// The volume, if it is one.
    pub fn volume(&self) -> Option<&Volume> {
        match &self.kind {
            ComponentKind::Volume(volume) => Some(volume),
            _ => None,
        }
    }

    /// The endpoints of any kind of component.
    pub fn endpoints(&self) -> &[Endpoint] {
        match &self.kind {
            ComponentKind::Container(container) => &container.endpoints,
            ComponentKind::Kubernetes(manifests) | ComponentKind::Openshift(manifests) => &manifests.endpoints,
            _ => &[],
        }
    }
}

/// The kinds of components.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ComponentKind {
    /// A container.
    Container(Container),
    /// Storage.
    Volume(Volume),
    /// Kubernetes manifests.
    Kubernetes(Manifests),
    /// OpenShift manifests.
    Openshift(Manifests),
    /// An image that is built.
    Image(Image),
    /// Another devfile's content. A flattened devfile has none.
    Plugin(Plugin),
    /// Something that only its own tool understands (in a `DevWorkspaceTemplate`).
    Custom(Custom),
}

impl ComponentKind {
    /// The field that holds it: `container`.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Container(_) => "container",
            Self::Volume(_) => "volume",
            Self::Kubernetes(_) => "kubernetes",
            Self::Openshift(_) => "openshift",
            Self::Image(_) => "image",
            Self::Plugin(_) => "plugin",
            Self::Custom(_) => "custom",
        }
    }
}

/// A container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// The image.
    pub image: String,
    /// Environment, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Volumes to mount.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Memory it may use, as a Kubernetes quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<String>,
    /// Memory it is promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<String>,
    /// Processor time it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<String>,
    /// Processor time it is promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<String>,
    /// Replaces the image's entry point.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Whether the projects are mounted; see [`Container::mounts_sources`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_sources: Option<bool>,
    /// Where the projects are mounted; see [`Container::source_mapping`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_mapping: Option<String>,
    /// Whether it runs in a pod of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedicated_pod: Option<bool>,
    /// Annotations of the Kubernetes objects made for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotation: Option<Annotation>,
    /// Ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Endpoint>,
}

impl Container {
    /// Whether it runs in a pod of its own: not unless it says so.
    pub fn is_dedicated(&self) -> bool {
        self.dedicated_pod.unwrap_or(false)
    }

    /// Whether the projects are mounted: yes, unless it says no or has a pod of its own.
    pub fn mounts_sources(&self) -> bool {
        self.mount_sources.unwrap_or(!self.is_dedicated())
    }

    /// Where the projects are mounted: `/projects`, unless it says otherwise.
    pub fn source_mapping(&self) -> &str {
        self.source_mapping.as_deref().filter(|path| !path.is_empty()).unwrap_or("/projects")
    }
}

/// An environment variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvVar {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// A volume at a place in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeMount {
    /// The volume component.
    pub name: String,
    /// The place; see [`VolumeMount::path`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl VolumeMount {
    /// The place: `/` and the volume's name, unless it says otherwise.
    pub fn path(&self) -> String {
        self.path.clone().filter(|path| !path.is_empty()).unwrap_or_else(|| format!("/{}", self.name))
    }
}

/// Annotations of the Kubernetes objects that are made for a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Annotation {
    /// Of the deployment.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub deployment: IndexMap<String, String>,
    /// Of the service.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub service: IndexMap<String, String>,
}

/// Storage that containers can mount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// Size, as a Kubernetes quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Whether it may be lost when the workspace stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral: Option<bool>,
}

impl Volume {
    /// Whether it may be lost when the workspace stops: not unless it says so.
    pub fn is_ephemeral(&self) -> bool {
        self.ephemeral.unwrap_or(false)
    }
}

/// Kubernetes or OpenShift manifests, inline or by reference.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Manifests {
    /// Where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The manifests themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inlined: Option<String>,
    /// Whether they are applied when the workspace starts; see [`Manifests::is_deployed_by_default`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deploy_by_default: Option<bool>,
    /// Ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Endpoint>,
}

impl Manifests {
    /// Whether they are applied when the workspace starts: not unless it says so.
    pub fn is_deployed_by_default(&self) -> bool {
        self.deploy_by_default.unwrap_or(false)
    }
}

/// An image to build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Image {
    /// The name that the image gets.
    pub image_name: String,
    /// How to build it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<Dockerfile>,
    /// Whether it is built when the workspace starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_build: Option<bool>,
}

impl Image {
    /// Whether it is built when the workspace starts: not unless it says so.
    pub fn is_auto_built(&self) -> bool {
        self.auto_build.unwrap_or(false)
    }
}

/// A Dockerfile and how to use it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Dockerfile {
    /// Path or address of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The file of a registry's devfile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devfile_registry: Option<DockerfileRegistry>,
    /// The file in a Git repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<DockerfileGit>,
    /// Folder that is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_context: Option<String>,
    /// Arguments of the build.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Whether the build must run as root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_required: Option<bool>,
}

/// A Dockerfile from a devfile registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DockerfileRegistry {
    /// The devfile in the registry.
    pub id: String,
    /// The registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_url: Option<String>,
}

/// A Dockerfile from a Git repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DockerfileGit {
    /// The repository.
    #[serde(flatten)]
    pub source: GitSource,
    /// The file in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_location: Option<String>,
}

/// A component that only its own tool understands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Custom {
    /// The tool.
    #[serde(alias = "commandClass", alias = "projectSourceClass")]
    pub component_class: String,
    /// What it needs.
    pub embedded_resource: serde_json::Value,
}
