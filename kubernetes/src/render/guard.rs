//! Keeps what a devfile brings to itself: it runs no more freely than its workspace, and refers to nothing of others.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use crate::render::overrides::is_ours;
use crate::render::{Manifest, RenderError};

/// What a devfile brings itself, and may therefore refer to: by kind and name.
pub struct Own(HashSet<(String, String)>);

impl Own {
    /// Of these objects.
    pub fn of(manifests: &[Manifest]) -> Self {
        Own(manifests.iter().map(|each| (each.kind.clone(), each.name.clone())).collect())
    }

    fn has(&self, kind: &str, name: &str) -> bool {
        self.0.contains(&(kind.to_owned(), name.to_owned()))
    }
}

/// Where an object of a kind keeps its pods.
fn template(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "Pod" => &[],
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => &["spec", "template"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template"],
        _ => return None,
    })
}

fn at<'a>(object: &'a mut Value, path: &[&str]) -> Option<&'a mut Value> {
    path.iter().try_fold(object, |object, step| object.get_mut(step))
}

struct Refusal<'a>(&'a Manifest);

impl Refusal<'_> {
    fn because(&self, why: impl std::fmt::Display) -> RenderError {
        let Manifest { component, kind, name, .. } = self.0;
        RenderError::new("ManifestRefused", format!("component '{component}': {kind} '{name}' {why}"))
    }
}

/// Looks at an object; makes its pods as tame as those of the workspace.
pub fn look(manifest: &mut Manifest, own: &Own) -> Result<(), RenderError> {
    let mut object = manifest.object.take();
    let result = look_at(&mut object, manifest, own);
    manifest.object = object;
    result
}

fn look_at(object: &mut Value, manifest: &Manifest, own: &Own) -> Result<(), RenderError> {
    let refusal = Refusal(manifest);
    match manifest.kind.as_str() {
        "Service" => service(object, &refusal)?,
        "Secret" => {
            let kind = object.get("type").and_then(Value::as_str).unwrap_or("Opaque");
            if kind.contains("service-account-token") || kind.starts_with("bootstrap.") {
                return Err(refusal.because(format!("has the type '{kind}', which is the cluster's own")));
            }
        }
        "PersistentVolumeClaim" => {
            claim(object, &refusal)?;
        }
        "StatefulSet" => {
            let spec = object.get("spec").and_then(|spec| spec.get("volumeClaimTemplates"));
            for template in spec.and_then(Value::as_array).into_iter().flatten() {
                claim(template, &refusal)?;
            }
        }
        _ => {}
    }
    let Some(path) = template(&manifest.kind) else { return Ok(()) };
    match at(object, path).and_then(|template| template.get_mut("spec")).and_then(Value::as_object_mut) {
        Some(spec) => pod(spec, &refusal, own),
        None => Err(refusal.because("has no pod")),
    }
}

fn claim(object: &Value, refusal: &Refusal<'_>) -> Result<(), RenderError> {
    for field in ["volumeName", "dataSource", "dataSourceRef"] {
        if object.get("spec").and_then(|spec| spec.get(field)).is_some_and(|value| !value.is_null()) {
            return Err(refusal.because(format!("sets '{field}' of a claim, which could be of others' data")));
        }
    }
    Ok(())
}

fn service(object: &Value, refusal: &Refusal<'_>) -> Result<(), RenderError> {
    let Some(spec) = object.get("spec") else { return Ok(()) };
    match spec.get("type").and_then(Value::as_str) {
        None | Some("ClusterIP") => {}
        Some(kind) => {
            return Err(refusal.because(format!(
                "has the type '{kind}'; only ClusterIP is allowed: ports are opened through the gateway"
            )));
        }
    }
    for field in ["externalIPs", "externalName", "loadBalancerIP"] {
        if spec.get(field).is_some_and(|value| !value.is_null()) {
            return Err(refusal.because(format!("sets '{field}', which is not allowed")));
        }
    }
    Ok(())
}

fn pod(spec: &mut Map<String, Value>, refusal: &Refusal<'_>, own: &Own) -> Result<(), RenderError> {
    for field in
        ["hostNetwork", "hostPID", "hostIPC", "nodeName", "priorityClassName", "schedulerName", "runtimeClassName"]
    {
        if spec.get(field).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false))) {
            return Err(refusal.because(format!("sets '{field}' of its pods, which is not allowed")));
        }
    }
    for field in ["serviceAccountName", "serviceAccount"] {
        if let Some(name) = spec.get(field).and_then(Value::as_str).filter(|name| !matches!(*name, "" | "default")) {
            return Err(refusal.because(format!("wants the service account '{name}', which is not allowed")));
        }
    }
    spec.insert("automountServiceAccountToken".into(), json!(false));
    for secret in spec.get("imagePullSecrets").and_then(Value::as_array).into_iter().flatten() {
        reference(Some(secret), "Secret", refusal, own)?;
    }
    for volume in spec.get("volumes").and_then(Value::as_array).into_iter().flatten() {
        source(volume, refusal, own)?;
    }
    let context = spec.entry("securityContext").or_insert_with(|| json!({}));
    if let Some(context) = context.as_object_mut() {
        let non_root = context.get("runAsNonRoot").and_then(Value::as_bool);
        if non_root == Some(false) || context.get("runAsUser").and_then(Value::as_i64) == Some(0) {
            return Err(refusal.because("wants to run as root, which is not allowed"));
        }
        const KEPT: [&str; 4] = ["runAsUser", "runAsGroup", "fsGroup", "supplementalGroups"];
        context.retain(|field, _| KEPT.contains(&field.as_str()));
        context.insert("runAsNonRoot".into(), json!(true));
        context.entry("runAsUser").or_insert(json!(super::security::USER));
        context.entry("fsGroup").or_insert(json!(super::security::USER));
        context.insert("seccompProfile".into(), json!({ "type": "RuntimeDefault" }));
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            contained(container, refusal, own)?;
        }
    }
    Ok(())
}

fn contained(container: &mut Value, refusal: &Refusal<'_>, own: &Own) -> Result<(), RenderError> {
    for from in container.get("envFrom").and_then(Value::as_array).into_iter().flatten() {
        reference(from.get("secretRef"), "Secret", refusal, own)?;
        reference(from.get("configMapRef"), "ConfigMap", refusal, own)?;
    }
    for variable in container.get("env").and_then(Value::as_array).into_iter().flatten() {
        let Some(from) = variable.get("valueFrom") else { continue };
        reference(from.get("secretKeyRef"), "Secret", refusal, own)?;
        reference(from.get("configMapKeyRef"), "ConfigMap", refusal, own)?;
    }
    for port in container.get("ports").and_then(Value::as_array).into_iter().flatten() {
        if port.get("hostPort").and_then(Value::as_i64).is_some_and(|port| port != 0) {
            return Err(refusal.because("wants a port of its node, which is not allowed"));
        }
    }
    let Some(map) = container.as_object_mut() else { return Ok(()) };
    let context = map.entry("securityContext").or_insert_with(|| json!({}));
    let Some(context) = context.as_object_mut() else { return Ok(()) };
    if context.get("privileged").and_then(Value::as_bool) == Some(true)
        || context.get("allowPrivilegeEscalation").and_then(Value::as_bool) == Some(true)
        || context.get("runAsUser").and_then(Value::as_i64) == Some(0)
        || context.get("runAsNonRoot").and_then(Value::as_bool) == Some(false)
    {
        return Err(refusal.because("wants privileges in a container, which is not allowed"));
    }
    let user = context.get("runAsUser").cloned();
    let read_only = context.get("readOnlyRootFilesystem").cloned();
    *context = Map::new();
    context.insert("allowPrivilegeEscalation".into(), json!(false));
    context.insert("capabilities".into(), json!({ "drop": ["ALL"] }));
    context.extend(user.map(|user| ("runAsUser".to_owned(), user)));
    context.extend(read_only.map(|read_only| ("readOnlyRootFilesystem".to_owned(), read_only)));
    Ok(())
}

fn source(volume: &Value, refusal: &Refusal<'_>, own: &Own) -> Result<(), RenderError> {
    for (kind, source) in volume.as_object().into_iter().flatten().filter(|(field, _)| *field != "name") {
        match kind.as_str() {
            "emptyDir" | "downwardAPI" => {}
            "configMap" => reference(Some(source), "ConfigMap", refusal, own)?,
            "secret" => named(source.get("secretName"), "Secret", refusal, own)?,
            "persistentVolumeClaim" => named(source.get("claimName"), "PersistentVolumeClaim", refusal, own)?,
            "projected" => {
                for source in source.get("sources").and_then(Value::as_array).into_iter().flatten() {
                    if source.get("serviceAccountToken").is_some() || source.get("clusterTrustBundle").is_some() {
                        return Err(refusal.because("wants a token of the cluster, which is not allowed"));
                    }
                    reference(source.get("secret"), "Secret", refusal, own)?;
                    reference(source.get("configMap"), "ConfigMap", refusal, own)?;
                }
            }
            kind => return Err(refusal.because(format!("has a volume of the kind '{kind}', which is not allowed"))),
        }
    }
    Ok(())
}

fn reference(of: Option<&Value>, kind: &str, refusal: &Refusal<'_>, own: &Own) -> Result<(), RenderError> {
    match of {
        None | Some(Value::Null) => Ok(()),
        Some(of) => named(of.get("name"), kind, refusal, own),
    }
}

fn named(name: Option<&Value>, kind: &str, refusal: &Refusal<'_>, own: &Own) -> Result<(), RenderError> {
    let name = name.and_then(Value::as_str).unwrap_or_default();
    if own.has(kind, name) {
        return Ok(());
    }
    Err(refusal.because(format!("refers to the {kind} '{name}', which the devfile does not bring itself")))
}

/// Labels the pods of an object as the workspace's.
pub fn mark_template(kind: &str, object: &mut Value, labels: &BTreeMap<String, String>) {
    let claims = object.get_mut("spec").and_then(|spec| spec.get_mut("volumeClaimTemplates"));
    for claim in claims.and_then(Value::as_array_mut).into_iter().flatten() {
        mark(claim, labels);
    }
    let Some(path) = template(kind).filter(|path| !path.is_empty()) else { return };
    if let Some(template) = at(object, path) {
        mark(template, labels);
    }
}

fn mark(template: &mut Value, labels: &BTreeMap<String, String>) {
    let Some(template) = template.as_object_mut() else { return };
    let Some(metadata) = template.entry("metadata").or_insert_with(|| json!({})).as_object_mut() else { return };
    let own = metadata.entry("labels").or_insert_with(|| json!({}));
    if !own.is_object() {
        *own = json!({});
    }
    if let Some(own) = own.as_object_mut() {
        // Selectors of the devfile name labels of its own, which `app.kubernetes.io/` ones may be: they stay.
        own.retain(|key, _| !key.starts_with("dormer.dev/"));
        own.extend(
            labels
                .iter()
                .filter(|(key, _)| key.starts_with("dormer.dev/") && is_ours(key))
                .map(|(k, v)| (k.clone(), json!(v))),
        );
    }
}
