//! `WorkspaceClass`: what an administrator decides for workspaces.

use std::collections::BTreeMap;

use dormer_core::class::Fixed;
use k8s_openapi::api::core::v1::{Affinity, Toleration};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema;
use super::workspace::{Lifecycle, Resources, Storage};

/// What an administrator decides for workspaces.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[kube(
    group = "dormer.dev",
    version = "v1alpha1",
    kind = "WorkspaceClass",
    plural = "workspaceclasses",
    doc = "What an administrator decides for workspaces: defaults, limits, and what their pods may.",
    shortname = "wsc",
    category = "dormer",
    derive = "PartialEq",
    cel,
    validation = Rule::new("size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')")
        .message("a class's name is a DNS label of at most 63 characters"),
    printcolumn(name = "Description", type_ = "string", json_path = ".spec.description"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceClassSpec {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub description: Option<String>,
    /// The image of workspaces whose devfile names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub image: Option<String>,
    /// The devfile of workspaces whose repository has none, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262144))]
    pub devfile: Option<String>,
    /// What a workspace gets that does not say.
    #[serde(default)]
    pub defaults: Defaults,
    /// What a workspace may ask for at most.
    #[serde(default)]
    pub limits: Limits,
    /// What only the class decides, whatever a workspace or its devfile says: the defaults, where there are some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::fixed")]
    pub fixed: Vec<Fixed>,
    /// Where pods go, and as what they run.
    #[serde(default)]
    pub pod: PodSettings,
    /// What workspaces may do within their pods.
    #[serde(default)]
    pub security: Security,
    /// Where workspaces may connect to.
    #[serde(default)]
    pub network: Network,
    /// Accelerators by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accelerators: BTreeMap<String, Accelerator>,
    /// Kinds of objects that a devfile's `kubernetes` and `openshift` components may bring: `ConfigMap`, `apps/Deployment`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub allowed_kinds: Vec<String>,
}

/// What a workspace gets that does not say.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Defaults {
    /// Limits.
    pub resources: Resources,
    /// What is kept.
    pub storage: Storage,
    /// When it sleeps.
    pub lifecycle: Lifecycle,
}

/// What may be used at most.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub cpu: Option<IntOrString>,
    /// Memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub memory: Option<IntOrString>,
    /// Accelerators.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub gpu: Option<IntOrString>,
    /// Storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub storage: Option<IntOrString>,
    /// Running pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<u32>,
    /// Seconds without activity, before a workspace is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 315_360_000u64))]
    pub idle_timeout: Option<u64>,
    /// Seconds since its start, before it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 315_360_000u64))]
    pub max_lifetime: Option<u64>,
}

/// Where pods go, and as what they run.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSettings {
    /// Labels that the node has to have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that are tolerated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Affinity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// The priority class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<String>,
    /// The runtime class: `sysbox-runc`, `kata`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_class_name: Option<String>,
    /// The service account. Its token is not mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Secrets of the project's namespace to pull images with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<String>,
    /// More labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// More annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Merged over the pod's spec, last, whatever it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::anything")]
    pub overrides: Option<serde_json::Value>,
}

/// What workspaces may do within their pods.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Security {
    /// The user that pods run as; missing: 1000, or the image's own where that is not root.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 4_294_967_294u64))]
    pub run_as_user: Option<i64>,
    /// Whether images may run as root.
    pub allow_root: bool,
    /// Whether `sudo` works inside: privileges can be gained there.
    pub allow_privilege_escalation: bool,
    /// Whether pods have users of their own, so that root inside is nobody outside.
    pub user_namespace: bool,
    /// Whether containers can be built and run inside. Needs `userNamespace`.
    pub nested_containers: bool,
    /// Whether a devfile's `pod-overrides` and `container-overrides` may touch security: else they are refused.
    pub allow_overrides: bool,
}

/// Where workspaces may connect to.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Network {
    /// Whether they may connect to the internet.
    pub internet: bool,
    /// Address ranges inside (`10.1.0.0/16`) that they may connect to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub allow: Vec<String>,
}

impl Default for Network {
    fn default() -> Self {
        Network { internet: true, allow: Vec::new() }
    }
}

/// An accelerator.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Accelerator {
    /// The resource to ask for: `nvidia.com/gpu`.
    pub resource: String,
    /// Labels that the node has to have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that are tolerated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
}
