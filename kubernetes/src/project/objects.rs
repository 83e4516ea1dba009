//! What is in a project's namespace. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    LimitRange, LimitRangeItem, LimitRangeSpec, Namespace, ResourceQuota, ResourceQuotaSpec,
};
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPort, NetworkPolicySpec};
use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::ObjectMeta;

use dormer_core::name::ProjectName;

use crate::cluster::Rights;
use crate::names::{MANAGER, PROJECT};
use crate::resource::class::WorkspaceClassSpec;
use crate::resource::people::ProjectSpec;

/// What our own objects in a project's namespace are called.
pub const NAME: &str = "dormer";

fn meta(name: &str, more: &[(&str, &str)]) -> ObjectMeta {
    let ours = [("app.kubernetes.io/managed-by", MANAGER), ("app.kubernetes.io/part-of", "dormer")];
    let labels = ours.iter().chain(more).map(|(key, value)| (key.to_string(), value.to_string()));
    ObjectMeta { name: Some(name.into()), labels: Some(labels.collect()), ..ObjectMeta::default() }
}

/// What the API server itself holds pods to: the Pod Security Standards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Security {
    /// Nothing that could lead out.
    #[default]
    Restricted,
    /// Root, and gaining privileges, inside.
    Baseline,
    /// Anything: whoever may make pods there may do everything on their nodes.
    Privileged,
}

impl Security {
    /// The least under which pods of a class are let in.
    pub fn of(class: &WorkspaceClassSpec) -> Security {
        let security = &class.security;
        if security.nested_containers || class.pod.overrides.is_some() {
            Security::Privileged
        } else if security.allow_root || security.allow_privilege_escalation || security.allow_overrides {
            Security::Baseline
        } else {
            Security::Restricted
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Security::Restricted => "restricted",
            Security::Baseline => "baseline",
            Security::Privileged => "privileged",
        }
    }
}

/// Whether a namespace is one that we made.
pub fn is_ours(meta: &ObjectMeta) -> bool {
    meta.labels.as_ref().and_then(|labels| labels.get("app.kubernetes.io/managed-by")).is_some_and(|by| by == MANAGER)
}

/// The namespace.
pub fn namespace(project: &ProjectName, name: &str, security: Security) -> Namespace {
    let security = [
        (PROJECT, project.as_str()),
        ("pod-security.kubernetes.io/enforce", security.as_str()),
        ("pod-security.kubernetes.io/enforce-version", "latest"),
        ("pod-security.kubernetes.io/warn", "restricted"),
        ("pod-security.kubernetes.io/audit", "restricted"),
    ];
    Namespace { metadata: meta(name, &security), ..Namespace::default() }
}

/// The gateway's rights in it.
pub fn binding(rights: &Rights, own_namespace: &str) -> RoleBinding {
    RoleBinding {
        metadata: meta(NAME, &[]),
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".into(),
            kind: "ClusterRole".into(),
            name: rights.role.clone(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".into(),
            name: rights.service_account.clone(),
            namespace: Some(own_namespace.into()),
            ..Subject::default()
        }]),
    }
}

/// Nothing comes in, nothing goes out but questions for names. Policies add up: what a workspace may, its own says.
pub fn shut() -> NetworkPolicy {
    let dns = ["UDP", "TCP"].map(|protocol| NetworkPolicyPort {
        protocol: Some(protocol.into()),
        port: Some(IntOrString::Int(53)),
        ..NetworkPolicyPort::default()
    });
    NetworkPolicy {
        metadata: meta(NAME, &[]),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(LabelSelector::default()),
            policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
            egress: Some(vec![NetworkPolicyEgressRule { ports: Some(dns.into()), to: None }]),
            ingress: None,
        }),
    }
}

fn text(quantity: &IntOrString) -> Quantity {
    Quantity(match quantity {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => text.clone(),
    })
}

/// What all its workspaces together may use. None: whatever there is.
pub fn quota(project: &ProjectSpec) -> Option<ResourceQuota> {
    let limits = project.limits.as_ref()?;
    let mut hard = BTreeMap::new();
    for (keys, amount) in [
        (&["limits.cpu", "requests.cpu"][..], &limits.cpu),
        (&["limits.memory", "requests.memory"], &limits.memory),
        (&["requests.nvidia.com/gpu"], &limits.gpu),
        (&["requests.storage"], &limits.storage),
    ] {
        if let Some(amount) = amount {
            hard.extend(keys.iter().map(|key| (key.to_string(), text(amount))));
        }
    }
    if let Some(pods) = limits.pods {
        hard.insert("pods".into(), Quantity(pods.to_string()));
    }
    if hard.is_empty() {
        return None;
    }
    let spec = ResourceQuotaSpec { hard: Some(hard), ..ResourceQuotaSpec::default() };
    Some(ResourceQuota { metadata: meta(NAME, &[]), spec: Some(spec), ..ResourceQuota::default() })
}

/// What containers get that do not say, where a quota wants everybody to say: else the quota would refuse them.
pub fn range(project: &ProjectSpec) -> Option<LimitRange> {
    let limits = project.limits.as_ref()?;
    let of = |cpu: &str, memory: &str| {
        let mut given = BTreeMap::new();
        if limits.cpu.is_some() {
            given.insert("cpu".to_string(), Quantity(cpu.into()));
        }
        if limits.memory.is_some() {
            given.insert("memory".to_string(), Quantity(memory.into()));
        }
        (!given.is_empty()).then_some(given)
    };
    let item = LimitRangeItem {
        type_: "Container".into(),
        default: Some(of("1", "1Gi")?),
        default_request: of("100m", "256Mi"),
        ..LimitRangeItem::default()
    };
    Some(LimitRange { metadata: meta(NAME, &[]), spec: Some(LimitRangeSpec { limits: vec![item] }) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn project(limits: serde_json::Value) -> ProjectSpec {
        serde_json::from_value(json!({ "limits": limits })).unwrap()
    }

    #[test]
    fn quota_and_range_go_together() {
        assert_eq!(quota(&ProjectSpec::default()), None);
        assert_eq!(quota(&project(json!({}))), None);
        let some = project(json!({ "cpu": 8, "pods": 3, "storage": "100Gi" }));
        let hard = serde_json::to_value(quota(&some).unwrap()).unwrap()["spec"]["hard"].clone();
        let want = json!({ "limits.cpu": "8", "requests.cpu": "8", "pods": "3", "requests.storage": "100Gi" });
        assert_eq!(hard, want);
        let item = serde_json::to_value(range(&some).unwrap()).unwrap()["spec"]["limits"][0].clone();
        assert_eq!(item["default"], json!({ "cpu": "1" }), "no more than what the quota wants to be said");
        assert_eq!(range(&project(json!({ "pods": 3 }))), None);
    }

    #[test]
    fn the_network_is_shut_but_for_names() {
        let policy = serde_json::to_value(shut()).unwrap();
        assert_eq!(policy["spec"]["podSelector"], json!({}));
        assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
        assert!(policy["spec"].get("ingress").is_none());
        assert_eq!(policy["spec"]["egress"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn pods_are_held_to_restricted() {
        let of = |security: serde_json::Value| {
            Security::of(&serde_json::from_value(json!({ "security": security })).unwrap())
        };
        assert_eq!(of(json!({ "userNamespace": true })), Security::Restricted);
        let most =
            [json!({}), json!({ "allowRoot": true }), json!({ "nestedContainers": true })].map(of).into_iter().max();
        assert_eq!(most, Some(Security::Privileged), "a namespace lets in what one of the classes needs");
        let made = namespace(&"team".parse().unwrap(), "dormer-team", Security::default());
        assert!(is_ours(&made.metadata));
        let namespace = serde_json::to_value(made).unwrap();
        let labels = &namespace["metadata"]["labels"];
        assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
        assert_eq!(labels["dormer.dev/project"], "team");
    }
}
