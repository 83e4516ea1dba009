//! The pods of a workspace.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, LocalObjectReference, Pod, PodAffinity, PodAffinityTerm, PodDNSConfig, PodSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::render::container;
use crate::render::identity::{annotation, joined};
use crate::render::overrides::{self, is_ours};
use crate::render::parts::{Part, Way};
use crate::render::resources::{self, digest};
use crate::render::storage::{Shelf, Strategy};
use crate::render::{RenderError, Subject, name, security, selector};

/// The annotation of a component's own pod.
const COMPONENT: &str = "dormer.dev/component";
/// Between asking a pod to end and ending it, where nobody says.
const GRACE: i64 = 30;

/// The pod that the gateway comes to.
pub fn main(
    subject: &Subject<'_>,
    parts: &[Part<'_>],
    strategy: Strategy,
    notes: &mut Vec<String>,
) -> Result<Pod, RenderError> {
    let mut shelf = Shelf::new(subject, strategy);
    let mut init: Vec<_> = container::tools(subject, &mut shelf).into_iter().collect();
    let mut containers = Vec::new();
    // The main container comes first: it is the one that `kubectl logs` and `kubectl exec` mean.
    let order = |part: &&Part<'_>| !part.main;
    let mut here: Vec<&Part<'_>> = parts.iter().filter(|part| !part.is_dedicated()).collect();
    here.sort_by_key(order);
    for part in here {
        let rendered = container::of(subject, part, &mut shelf, notes)?;
        match part.way {
            Way::Init => init.push(rendered),
            _ => containers.push(rendered),
        }
    }
    let several = parts.iter().any(Part::is_dedicated);
    let spec = PodSpec {
        containers,
        init_containers: (!init.is_empty()).then_some(init),
        volumes: Some(shelf.volumes()),
        hostname: Some(subject.workspace.name.to_string()),
        // Its other pods are found by the names of their components.
        dns_config: several.then(|| PodDNSConfig {
            searches: Some(vec![format!("{}.{}.svc.cluster.local", name(subject.workspace), subject.namespace)]),
            ..PodDNSConfig::default()
        }),
        ..PodSpec::default()
    };
    let annotations = parts
        .iter()
        .filter(|part| !part.is_dedicated())
        .flat_map(|part| part.container.annotations.deployment.clone())
        .collect();
    pod(subject, name(subject.workspace), spec, annotations, None)
}

/// The pod of a container that wants one of its own.
pub fn dedicated(subject: &Subject<'_>, part: &Part<'_>, strategy: Strategy) -> Result<Pod, RenderError> {
    let mut shelf = Shelf::new(subject, strategy);
    let rendered = container::of(subject, part, &mut shelf, &mut Vec::new())?;
    // A claim is on one node at a time: who shares it has to be there too.
    let beside = shelf.holds_claim().then(|| Affinity {
        pod_affinity: Some(PodAffinity {
            required_during_scheduling_ignored_during_execution: Some(vec![PodAffinityTerm {
                label_selector: Some(LabelSelector {
                    match_labels: Some(selector(subject.workspace)),
                    ..LabelSelector::default()
                }),
                topology_key: "kubernetes.io/hostname".into(),
                ..PodAffinityTerm::default()
            }]),
            ..PodAffinity::default()
        }),
        ..Affinity::default()
    });
    let spec = PodSpec {
        containers: vec![rendered],
        volumes: Some(shelf.volumes()),
        affinity: beside,
        hostname: Some(part.name.to_owned()),
        subdomain: Some(name(subject.workspace)),
        ..PodSpec::default()
    };
    let annotations = part.container.annotations.deployment.clone();
    pod(subject, joined(&name(subject.workspace), part.name), spec, annotations, Some(part.name))
}

/// What all pods have.
fn pod(
    subject: &Subject<'_>,
    name: String,
    own: PodSpec,
    annotations: BTreeMap<String, String>,
    component: Option<&str>,
) -> Result<Pod, RenderError> {
    let policy = subject.policy;
    let (scheduling, who) = (&policy.scheduling, &policy.security);
    let accelerator = resources::accelerator(subject)?;
    let mut node_selector = scheduling.node_selector.clone();
    let mut tolerations = scheduling.tolerations.clone();
    if let Some(accelerator) = accelerator {
        node_selector.extend(accelerator.node_selector.clone());
        tolerations.extend(accelerator.tolerations.clone());
    }
    let pull = policy.image_pull_secrets.iter().map(|name| LocalObjectReference { name: name.clone() });
    let pull: Vec<_> = pull.collect();
    let spec = PodSpec {
        affinity: own.affinity.or_else(|| scheduling.affinity.clone()),
        node_selector: (!node_selector.is_empty()).then_some(node_selector),
        tolerations: (!tolerations.is_empty()).then_some(tolerations),
        priority_class_name: scheduling.priority_class_name.clone(),
        // Isolation that an administrator wants is not for a devfile to take away.
        runtime_class_name: scheduling.runtime_class_name.clone().or_else(|| subject.plan.runtime_class.clone()),
        scheduler_name: scheduling.scheduler_name.clone(),
        image_pull_secrets: (!pull.is_empty()).then_some(pull),
        service_account_name: who.service_account_name.clone(),
        automount_service_account_token: Some(who.automount_service_account_token),
        enable_service_links: Some(false),
        host_users: who.host_users,
        security_context: Some(security::pod(who)),
        // An agent that was asked to stop ends well, and must not begin anew until its pod is deleted.
        restart_policy: Some("OnFailure".into()),
        termination_grace_period_seconds: Some(GRACE),
        ..own
    };
    let mut metadata = subject.metadata(name);
    let labels = metadata.labels.get_or_insert_default();
    let mut all: BTreeMap<String, String> =
        policy.labels.iter().filter(|(key, _)| !is_ours(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
    all.append(labels);
    *labels = all;
    if let Some(component) = component {
        labels.insert(COMPONENT.into(), component.into());
    }
    let annotations = annotations.into_iter().chain(policy.annotations.clone());
    let mut annotations: BTreeMap<String, String> = annotations.filter(|(key, _)| !is_ours(key)).collect();
    annotations.insert(annotation::INSTANCE.into(), subject.instance.to_owned());
    metadata.annotations = Some(annotations);
    let mut pod = overrides::pod(subject, Pod { metadata, spec: Some(spec), status: None }, component)?;
    overrides::class(subject, &mut pod)?;
    mark(subject, &mut pod);
    Ok(pod)
}

/// Notes down what it was rendered from, without what is another at each start.
fn mark(subject: &Subject<'_>, pod: &mut Pod) {
    let mut same = pod.clone();
    if let Some(annotations) = &mut same.metadata.annotations {
        annotations.remove(annotation::INSTANCE);
    }
    let variables = &subject.workspace.spec.variables;
    // Values are in the digest, and cannot be had from it: it is of more than them.
    let told = serde_json::json!({ "pod": same, "plan": subject.plan, "variables": variables });
    let digest: String = digest(told.to_string().as_bytes()).chars().take(32).collect();
    pod.metadata.annotations.get_or_insert_default().insert(annotation::RENDERED.into(), digest);
}
