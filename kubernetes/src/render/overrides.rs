//! `container-overrides` and `pod-overrides`, as far as the class lets them.

use k8s_openapi::api::core::v1::{Container, Pod};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use dormer_core::plan::{self, merge};

use crate::render::{RenderError, Subject, resources};

/// What a devfile may change in a container, unless its class says otherwise: nothing of this reaches what is somebody
/// else's. Users, privileges and references to secrets are the class's.
const CONTAINER: [&str; 13] = [
    "imagePullPolicy",
    "livenessProbe",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "securityContext",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "workingDir",
];

/// What it may change in a pod.
const POD: [&str; 11] = [
    "affinity",
    "dnsConfig",
    "enableServiceLinks",
    "hostAliases",
    "nodeSelector",
    "resources",
    "securityContext",
    "shareProcessNamespace",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
];

/// Refuses fields that are not on the list. `$patch` and the like say how fields are merged; of the whole, they would
/// replace what is not theirs.
fn check(subject: &Subject<'_>, patch: &Value, what: &str, usual: &[&str], class: Option<&Vec<String>>) -> Checked {
    let Some(map) = patch.as_object() else { return Ok(()) };
    let allowed = |field: &str| match class {
        Some(list) => list.iter().any(|known| known == field || known == "*"),
        None => usual.contains(&field),
    };
    for field in map.keys() {
        let named = field.rsplit_once('/').filter(|_| field.starts_with('$')).map_or(field.as_str(), |(_, of)| of);
        let fixed = named == "resources" && subject.policy.overrides.resources;
        if named.starts_with('$') || !allowed(named) || fixed {
            return Err(refused(subject, what, field));
        }
    }
    match map.get("securityContext") {
        Some(context) if class.is_none() => security(subject, context, what),
        _ => Ok(()),
    }
}

fn refused(subject: &Subject<'_>, what: &str, field: &str) -> RenderError {
    let class = &subject.workspace.spec.class;
    RenderError::new(
        "OverrideRefused",
        format!(
            "'{what}' of the devfile or the workspace sets '{field}', which class '{class}' does not allow; take it away, or ask an \
             administrator to allow it"
        ),
    )
}

/// Of who processes are, a devfile may say which user and group, and give up what it could have; not gain anything.
fn security(subject: &Subject<'_>, context: &Value, what: &str) -> Checked {
    let root = subject.policy.security.allow_root;
    let number = |value: &Value, least: i64| value.as_i64().is_some_and(|number| number >= least);
    for (field, value) in context.as_object().into_iter().flatten() {
        let good = match field.as_str() {
            "runAsUser" => number(value, if root { 0 } else { 1 }),
            "runAsNonRoot" => root || *value == Value::Bool(true),
            "runAsGroup" => number(value, 0),
            "fsGroup" => number(value, 1),
            "fsGroupChangePolicy" => true,
            "allowPrivilegeEscalation" | "privileged" => *value == Value::Bool(false),
            "readOnlyRootFilesystem" => *value == Value::Bool(true),
            "seccompProfile" => *value == serde_json::json!({ "type": "RuntimeDefault" }),
            "capabilities" => value.as_object().is_some_and(|map| map.keys().all(|key| key == "drop")),
            _ => false,
        };
        if !good {
            return Err(refused(subject, what, &format!("securityContext.{field}")));
        }
    }
    Ok(())
}

type Checked = Result<(), RenderError>;

fn value(of: &impl Serialize) -> Result<Value, RenderError> {
    serde_json::to_value(of).map_err(|error| RenderError::new("Internal", error.to_string()))
}

fn back<T: DeserializeOwned>(value: Value, what: &str) -> Result<T, RenderError> {
    serde_json::from_value(value).map_err(|error| {
        RenderError::new("OverrideInvalid", format!("'{what}' of the devfile does not fit Kubernetes' types: {error}"))
    })
}

/// Merges the overrides of a container.
pub fn container(
    subject: &Subject<'_>,
    rendered: Container,
    planned: &plan::Container,
) -> Result<Container, RenderError> {
    const WHAT: &str = "container-overrides";
    let Some(patch) = &planned.overrides else { return Ok(rendered) };
    check(subject, patch, WHAT, &CONTAINER, subject.policy.overrides.container.as_ref())?;
    let mut merged = value(&rendered)?;
    merge::container(&mut merged, patch);
    let mut merged: Container = back(merged, WHAT)?;
    if let Some(asked) = &merged.resources {
        resources::within(subject, &format!("'{WHAT}' of container '{}'", planned.name), asked)?;
    }
    // What makes it a container of a workspace stays, whatever a class allows.
    merged.command = rendered.command;
    merged.args = rendered.args;
    merged.env = rendered.env;
    merged.ports = rendered.ports;
    let mounts = rendered.volume_mounts.unwrap_or_default();
    let mut others = merged.volume_mounts.take().unwrap_or_default();
    others.retain(|mount| mounts.iter().all(|ours| ours.mount_path != mount.mount_path));
    merged.volume_mounts = Some(mounts.into_iter().chain(others).collect());
    if let Some(ours) = rendered.lifecycle {
        merged.lifecycle.get_or_insert_default().post_start = ours.post_start;
    }
    Ok(merged)
}

/// Merges the overrides that are meant for a pod: those of a component in a pod of its own are for that one.
pub fn pod(subject: &Subject<'_>, rendered: Pod, alone: Option<&str>) -> Result<Pod, RenderError> {
    const WHAT: &str = "pod-overrides";
    let dedicated = |component: &str| {
        subject.plan.containers.iter().any(|container| container.dedicated && container.name == component)
    };
    let mut merged = value(&rendered)?;
    for each in &subject.plan.pod_overrides {
        let component = each.component.as_deref().filter(|component| dedicated(component));
        if component != alone && !(each.component.is_none() && alone.is_some()) {
            continue;
        }
        if let Some(spec) = each.patch.get("spec") {
            check(subject, spec, WHAT, &POD, subject.policy.overrides.pod.as_ref())?;
        }
        if let Some(metadata) = each.patch.get("metadata") {
            check(subject, metadata, "pod-overrides.metadata", &["annotations", "labels"], None)?;
        }
        check(subject, &each.patch, WHAT, &["metadata", "spec"], None)?;
        merge::pod_template(&mut merged, &each.patch);
    }
    let mut merged: Pod = back(merged, WHAT)?;
    if let Some(asked) = merged.spec.as_ref().and_then(|spec| spec.resources.as_ref()) {
        resources::within(subject, &format!("'{WHAT}'"), asked)?;
    }
    placed(subject, &mut merged)?;
    restore(&mut merged.metadata.labels, rendered.metadata.labels);
    restore(&mut merged.metadata.annotations, rendered.metadata.annotations);
    Ok(merged)
}

/// Where pods go is the class's to say first: what it says there stays.
fn placed(subject: &Subject<'_>, pod: &mut Pod) -> Result<(), RenderError> {
    let class = &subject.policy.scheduling;
    let Some(spec) = &mut pod.spec else { return Ok(()) };
    let accelerator = resources::accelerator(subject)?.map(|known| known.node_selector.clone()).unwrap_or_default();
    let labels: std::collections::BTreeMap<_, _> = accelerator.into_iter().chain(class.node_selector.clone()).collect();
    if !labels.is_empty() {
        spec.node_selector.get_or_insert_default().extend(labels);
    }
    if let Some(of_nodes) = class.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone()) {
        spec.affinity.get_or_insert_default().node_affinity = Some(of_nodes);
    }
    Ok(())
}

/// Merges what the class says of the pod's spec: the last word, and an administrator's.
pub fn class(subject: &Subject<'_>, pod: &mut Pod) -> Result<(), RenderError> {
    let Some(patch) = &subject.policy.spec else { return Ok(()) };
    let mut merged = value(pod)?;
    merge::pod_template(&mut merged, &serde_json::json!({ "spec": patch }));
    *pod = serde_json::from_value(merged).map_err(|error| {
        let class = &subject.workspace.spec.class;
        let message = format!("the pod overrides of class '{class}' do not fit Kubernetes' types: {error}");
        RenderError::new("ClassInvalid", message)
    })?;
    Ok(())
}

/// Ours stay what they are, and others do not pretend to be ours.
fn restore(
    merged: &mut Option<std::collections::BTreeMap<String, String>>,
    ours: Option<std::collections::BTreeMap<String, String>>,
) {
    let merged = merged.get_or_insert_default();
    merged.retain(|key, _| !is_ours(key));
    merged.extend(ours.unwrap_or_default());
}

/// Whether a label or an annotation means something to Dormer.
pub fn is_ours(key: &str) -> bool {
    key.starts_with("dormer.dev/") || key.starts_with("app.kubernetes.io/")
}
