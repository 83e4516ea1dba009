//! From a `WorkspaceClass` to what rendering wants.

use dormer_core::class::Fixed;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::policy::{
    Accelerator, Amounts, Egress, NetworkPolicy, Overrides, PodPolicy, Scheduling, Security, StoragePolicy,
};
use crate::resource::class::WorkspaceClassSpec;
use crate::resource::workspace::Strategy;

fn text(quantity: Option<&IntOrString>) -> Option<String> {
    Some(match quantity? {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => text.clone(),
    })
}

fn word(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::PerWorkspace => "per-workspace",
        Strategy::Common => "common",
        Strategy::Ephemeral => "ephemeral",
    }
}

impl From<&WorkspaceClassSpec> for PodPolicy {
    fn from(class: &WorkspaceClassSpec) -> Self {
        let (pod, security) = (&class.pod, &class.security);
        let storage = &class.defaults.storage;
        // A user namespace is what makes the rest of it harmless: who asks for nested containers gets one.
        let own_users = security.user_namespace || security.nested_containers;
        let any = || Some(vec!["*".to_owned()]);
        PodPolicy {
            scheduling: Scheduling {
                node_selector: pod.node_selector.clone(),
                affinity: pod.affinity.clone(),
                tolerations: pod.tolerations.clone(),
                priority_class_name: pod.priority_class_name.clone(),
                runtime_class_name: pod.runtime_class_name.clone(),
                scheduler_name: None,
            },
            security: Security {
                run_as_user: security.run_as_user,
                allow_root: security.allow_root,
                allow_privilege_escalation: security.allow_privilege_escalation,
                host_users: own_users.then_some(false),
                nested: security.nested_containers,
                service_account_name: pod.service_account_name.clone(),
                ..Security::default()
            },
            resources: Amounts {
                cpu_limit: text(class.defaults.resources.cpu.as_ref()),
                memory_limit: text(class.defaults.resources.memory.as_ref()),
                max_cpu: text(class.limits.cpu.as_ref()),
                max_memory: text(class.limits.memory.as_ref()),
                max_gpu: text(class.limits.gpu.as_ref()),
                ..Amounts::default()
            },
            storage: StoragePolicy {
                size: text(storage.size.as_ref()),
                max_size: text(class.limits.storage.as_ref()),
                class: storage.class.clone(),
                strategy: storage.strategy.map(|strategy| word(strategy).to_owned()),
                access_mode: None,
            },
            network: NetworkPolicy {
                egress: if class.network.internet { Egress::Internet } else { Egress::None },
                allow: class.network.allow.clone(),
            },
            accelerators: class
                .accelerators
                .iter()
                .map(|(name, each)| {
                    let accelerator = Accelerator {
                        resource: each.resource.clone(),
                        node_selector: each.node_selector.clone(),
                        tolerations: each.tolerations.clone(),
                    };
                    (name.clone(), accelerator)
                })
                .collect(),
            image_pull_secrets: pod.image_pull_secrets.clone(),
            image_pull_policy: None,
            annotations: pod.annotations.clone(),
            labels: pod.labels.clone(),
            overrides: Overrides {
                pod: security.allow_overrides.then(any).flatten(),
                container: security.allow_overrides.then(any).flatten(),
                resources: class.fixed.iter().any(|what| matches!(what, Fixed::Cpu | Fixed::Memory | Fixed::Gpu)),
            },
            manifest_kinds: (!class.allowed_kinds.is_empty()).then(|| class.allowed_kinds.clone()),
            image: class.image.clone(),
            spec: pod.overrides.clone(),
        }
    }
}
