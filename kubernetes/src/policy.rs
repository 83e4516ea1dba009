//! What a class says of the pods of its workspaces, as rendering wants it. Everything has a default that works on any
//! cluster and keeps to Pod Security "restricted".

mod class;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Affinity, Toleration};

/// What a class says of pods.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PodPolicy {
    /// Where pods may run.
    pub scheduling: Scheduling,
    /// Who they are in their containers.
    pub security: Security,
    /// What a container gets that does not say, and what none may exceed.
    pub resources: Amounts,
    /// What is kept, and where.
    pub storage: StoragePolicy,
    /// Whom they may talk to.
    pub network: NetworkPolicy,
    /// Accelerators by the name that people ask for.
    pub accelerators: BTreeMap<String, Accelerator>,
    /// Secrets of the project's namespace that images are pulled with.
    pub image_pull_secrets: Vec<String>,
    /// `Always`, `IfNotPresent` or `Never`.
    pub image_pull_policy: Option<String>,
    /// Annotations of the pods.
    pub annotations: BTreeMap<String, String>,
    /// Labels of the pods. Those of Dormer cannot be replaced.
    pub labels: BTreeMap<String, String>,
    /// What a devfile may change in its pods.
    pub overrides: Overrides,
    /// Kinds that a devfile's `kubernetes` components may have; None is the usual ones.
    pub manifest_kinds: Option<Vec<String>>,
    /// The image of workspaces whose devfile names none.
    pub image: Option<String>,
    /// Merged over the pod's spec, last.
    pub spec: Option<serde_json::Value>,
}

/// Where pods may run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scheduling {
    /// Labels of nodes.
    pub node_selector: BTreeMap<String, String>,
    /// Kubernetes' own.
    pub affinity: Option<Affinity>,
    /// Kubernetes' own.
    pub tolerations: Vec<Toleration>,
    /// A priority class.
    pub priority_class_name: Option<String>,
    /// A runtime class, such as one of kata or sysbox.
    pub runtime_class_name: Option<String>,
    /// A scheduler.
    pub scheduler_name: Option<String>,
}

/// Who processes are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Security {
    /// The user that containers run as; 1000.
    pub run_as_user: Option<i64>,
    /// Their group; 0, for which images of any user make their files writable.
    pub run_as_group: Option<i64>,
    /// The group of files that persist; 1000.
    pub fs_group: Option<i64>,
    /// Containers run as their image's user, which must be a number and not root unless that is allowed.
    pub image_user: bool,
    /// Root may be asked for. Together with `hostUsers: false` it is nobody outside its pod.
    pub allow_root: bool,
    /// `sudo` works.
    pub allow_privilege_escalation: bool,
    /// false: the pod has a user namespace of its own.
    pub host_users: Option<bool>,
    /// Images cannot be written to; `/tmp` can.
    pub read_only_root_filesystem: bool,
    /// A seccomp profile of the node in place of the runtime's own; `Unconfined` for none.
    pub seccomp_profile: Option<String>,
    /// Containers can be made inside. Needs a user namespace.
    pub nested: bool,
    /// The service account; its token is not mounted unless that is said.
    pub service_account_name: Option<String>,
    /// Whether its token is mounted.
    pub automount_service_account_token: bool,
}

/// Amounts, as Kubernetes quantities.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amounts {
    /// Processor time that a container may use.
    pub cpu_limit: Option<String>,
    /// Processor time that it is sure to have.
    pub cpu_request: Option<String>,
    /// Memory that it may use.
    pub memory_limit: Option<String>,
    /// Memory that it is sure to have.
    pub memory_request: Option<String>,
    /// The most processor time of a container, whatever it says.
    pub max_cpu: Option<String>,
    /// The most memory of a container, whatever it says.
    pub max_memory: Option<String>,
    /// The most accelerators of a container, whatever it says.
    pub max_gpu: Option<String>,
}

/// What is kept, and where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoragePolicy {
    /// The size of a claim.
    pub size: Option<String>,
    /// The largest that a workspace may ask for.
    pub max_size: Option<String>,
    /// The storage class.
    pub class: Option<String>,
    /// `per-workspace`, `common` or `ephemeral`.
    pub strategy: Option<String>,
    /// `ReadWriteOnce`; a common claim on several nodes wants `ReadWriteMany`.
    pub access_mode: Option<String>,
}

/// Whom pods may talk to. Only the gateway, and the workspace's own pods, may talk to them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NetworkPolicy {
    /// What is outside the workspace.
    pub egress: Egress,
    /// Ranges that may be reached beside.
    pub allow: Vec<String>,
}

/// What may be reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Egress {
    /// The internet; no private ranges, no metadata addresses.
    #[default]
    Internet,
    /// Name servers only.
    None,
    /// Everything.
    All,
}

/// An accelerator.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accelerator {
    /// The resource that is counted, such as `nvidia.com/gpu`, which it also is when empty.
    pub resource: String,
    /// Labels of the nodes that have it.
    pub node_selector: BTreeMap<String, String>,
    /// What keeps others off them.
    pub tolerations: Vec<Toleration>,
}

/// What a devfile may change in its pods with `pod-overrides` and `container-overrides`; None is what can do no harm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// Fields of a pod's spec.
    pub pod: Option<Vec<String>>,
    /// Fields of a container.
    pub container: Option<Vec<String>>,
    /// What its containers may use is only the class's to say.
    pub resources: bool,
}
