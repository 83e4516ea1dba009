//! Patches of what is rendered for a container or a pod. They are warnings here, since a devfile with them is valid;
//! whoever renders pods refuses them.

use super::Check;
use crate::diagnostic::nearest;
use crate::diagnostic::rule::Rule;
use crate::node::{Node, Step};

const CONTAINER: &str = "container-overrides";
const POD: &str = "pod-overrides";

/// Fields of a container that the component has itself, and what it calls them.
const OWN: [(&str, &str); 7] = [
    ("name", "name"),
    ("image", "image"),
    ("command", "command"),
    ("args", "args"),
    ("ports", "endpoints"),
    ("env", "env"),
    ("volumeMounts", "volumeMounts"),
];

/// Fields of a pod that the components make.
const MADE: [&str; 3] = ["containers", "initContainers", "volumes"];

/// The other fields of Kubernetes' containers.
const CONTAINER_FIELDS: &[&str] = &[
    "envFrom",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
    "securityContext",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "workingDir",
];

/// The other fields of Kubernetes' pods.
const POD_FIELDS: &[&str] = &[
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "hostnameOverride",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
];

impl Check<'_> {
    pub(super) fn overrides(&mut self) {
        let tree = self.tree;
        if let Some(patch) = tree.get("attributes").and_then(|attributes| attributes.get(POD)) {
            self.pod_overrides(&["attributes".into(), POD.into()], patch);
        }
        for (index, component) in tree.get("components").map(Node::items).unwrap_or_default().iter().enumerate() {
            let path: [Step<'_>; 3] = ["components".into(), index.into(), "attributes".into()];
            let Some(attributes) = component.get("attributes") else { continue };
            let place = |last| [path.as_slice(), &[Step::Key(last)]].concat();
            if let Some(patch) = attributes.get(POD) {
                self.pod_overrides(&place(POD), patch);
            }
            if let Some(patch) = attributes.get(CONTAINER).filter(|_| component.get("container").is_some()) {
                self.container_overrides(&place(CONTAINER), patch);
            }
        }
    }

    fn container_overrides(&mut self, path: &[Step<'_>], patch: &Node) {
        let Some(map) = patch.as_map() else {
            return self.no_mapping(Rule::ContainerOverrides, path, patch, CONTAINER);
        };
        for (key, entry) in map {
            if let Some((field, own)) = OWN.iter().find(|(field, _)| *field == &**key && !entry.node.is_null()) {
                let message = format!("'{CONTAINER}' can't set '{field}', which the container component says itself");
                let fix = format!("say it as '{own}' of the component");
                self.report.warning(Rule::ContainerOverrides, entry.key, message).fix(fix);
            } else if !key.starts_with('$') {
                self.known(key, entry.key, "a container", CONTAINER_FIELDS);
            }
        }
    }

    fn pod_overrides(&mut self, path: &[Step<'_>], patch: &Node) {
        let Some(map) = patch.as_map() else { return self.no_mapping(Rule::PodOverrides, path, patch, POD) };
        for (key, entry) in map.iter().filter(|(key, _)| !key.starts_with('$')) {
            self.known(key, entry.key, "a pod template", &["metadata", "spec"]);
        }
        let Some(spec) = patch.get("spec").and_then(Node::as_map) else { return };
        for (key, entry) in spec {
            if MADE.contains(&&**key) && !entry.node.is_null() {
                let message = format!("'{POD}' can't set '{key}', which the components make");
                let fix = match &**key {
                    "volumes" => "add a volume component",
                    _ => "add a container component, or 'container-overrides' to one",
                };
                self.report.warning(Rule::PodOverrides, entry.key, message).fix(fix);
            } else if !key.starts_with('$') && !MADE.contains(&&**key) {
                self.known(key, entry.key, "a pod", POD_FIELDS);
            }
        }
    }

    fn no_mapping(&mut self, rule: Rule, path: &[Step<'_>], patch: &Node, name: &str) {
        let message = format!("'{name}' must be a mapping, not {}", patch.kind());
        let span = self.at(path);
        self.report.warning(rule, span, message);
    }

    /// Kubernetes' own names, where a later Kubernetes may know more: never refused.
    fn known(&mut self, key: &str, span: crate::source::Span, what: &str, fields: &[&str]) {
        if fields.contains(&key) {
            return;
        }
        let shown: String = key.chars().take(60).collect();
        let diagnostic =
            self.report.warning(Rule::UnknownField, span, format!("Kubernetes has no '{shown}' in {what}"));
        if let Some(near) = nearest(key, fields) {
            diagnostic.fix(format!("did you mean '{near}'?"));
        }
    }
}
