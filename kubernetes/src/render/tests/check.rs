//! What is true of everything that is rendered: names and references fit, and Pod Security "restricted" is kept.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};

use dormer_core::plan::Quantity;

use crate::render::Rendered;

fn is_label(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty() && name.len() <= 63 && name.bytes().all(good) && !name.starts_with('-') && !name.ends_with('-')
}

pub fn objects(rendered: &Rendered) {
    for pod in std::iter::once(&rendered.pod).chain(&rendered.dedicated) {
        self::pod(pod);
    }
    let secret = rendered.secret.data.as_ref().unwrap();
    let spec = rendered.pod.spec.as_ref().unwrap();
    for volume in spec.volumes.iter().flatten() {
        for item in volume.secret.iter().flat_map(|source| source.items.iter().flatten()) {
            assert!(secret.contains_key(&item.key), "the Secret has no '{}'", item.key);
        }
    }
    for (key, value) in secret {
        assert!(key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{key}");
        if key.ends_with(".json") {
            serde_json::from_slice::<dormer_wire::assignment::Assignment>(&value.0).unwrap();
        }
    }
    let text = serde_json::to_string(&(&rendered.pod, &rendered.dedicated)).unwrap();
    assert!(!text.contains("hidden"), "a value of a secret variable is in a pod");
}

fn pod(pod: &Pod) {
    let name = pod.metadata.name.as_deref().unwrap();
    assert!(is_label(name), "{name}");
    for (key, value) in pod.metadata.labels.iter().flatten() {
        assert!(value.len() <= 63, "label {key}={value}");
    }
    let spec = pod.spec.as_ref().unwrap();
    let volumes: Vec<&str> = spec.volumes.iter().flatten().map(|volume| volume.name.as_str()).collect();
    let unique: HashSet<&&str> = volumes.iter().collect();
    assert_eq!(unique.len(), volumes.len(), "{name}: {volumes:?}");
    assert!(volumes.iter().all(|volume| is_label(volume)), "{name}: {volumes:?}");
    let containers = || spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let names: HashSet<&str> = containers().map(|container| container.name.as_str()).collect();
    assert_eq!(names.len(), containers().count(), "{name}: {names:?}");
    let mut mounted = HashSet::new();
    for each in containers() {
        container(each, &volumes);
        mounted.extend(each.volume_mounts.iter().flatten().map(|mount| mount.name.as_str()));
        restricted(spec, each);
    }
    for volume in &volumes {
        assert!(mounted.contains(volume), "{name}: nobody mounts '{volume}'");
    }
    assert_eq!(spec.automount_service_account_token, Some(false));
    assert!(spec.host_network.is_none() && spec.host_pid.is_none() && spec.host_ipc.is_none());
    for volume in spec.volumes.iter().flatten() {
        assert!(volume.host_path.is_none(), "{name}: {}", volume.name);
    }
}

fn container(container: &Container, volumes: &[&str]) {
    let name = &container.name;
    assert!(is_label(name), "{name}");
    assert!(container.image.as_deref().is_some_and(|image| !image.is_empty()), "{name} has no image");
    let mut paths = HashSet::new();
    for mount in container.volume_mounts.iter().flatten() {
        assert!(volumes.contains(&mount.name.as_str()), "{name}: no volume '{}'", mount.name);
        assert!(mount.mount_path.starts_with('/') && !mount.mount_path.contains(':'), "{name}: {}", mount.mount_path);
        assert!(paths.insert(mount.mount_path.trim_end_matches('/')), "{name}: {} twice", mount.mount_path);
        let folder = mount.sub_path.as_deref().unwrap_or_default();
        assert!(!folder.starts_with('/') && !folder.split('/').any(|part| part == ".."), "{name}: {folder}");
    }
    let mut ports = HashSet::new();
    for port in container.ports.iter().flatten() {
        let word = port.name.as_deref().unwrap();
        assert!(word.len() <= 15 && is_label(word) && word.bytes().any(|b| b.is_ascii_lowercase()), "{name}: {word}");
        assert!(ports.insert(word), "{name}: {word} twice");
    }
    let mut variables = HashSet::new();
    for variable in container.env.iter().flatten() {
        assert!(variables.insert(&variable.name), "{name}: {} twice", variable.name);
        assert!(!variable.name.is_empty() && !variable.name.contains('='), "{name}: {}", variable.name);
        assert!(variable.value.is_some() != variable.value_from.is_some(), "{name}: {}", variable.name);
    }
    if let Some(resources) = &container.resources {
        for (resource, request) in resources.requests.iter().flatten() {
            let request: Quantity = request.0.parse().unwrap();
            if let Some(limit) = resources.limits.as_ref().and_then(|limits| limits.get(resource)) {
                assert!(request <= limit.0.parse().unwrap(), "{name}: {resource}");
            }
        }
    }
}

/// The rules of Pod Security's "restricted" that a rendered pod could break.
fn restricted(spec: &PodSpec, container: &Container) {
    let (pod, own) = (spec.security_context.as_ref().unwrap(), container.security_context.as_ref().unwrap());
    let name = &container.name;
    assert_eq!(own.allow_privilege_escalation, Some(false), "{name}");
    assert!(own.privileged.is_none() && own.proc_mount.is_none(), "{name}");
    let capabilities = own.capabilities.as_ref().unwrap();
    assert_eq!(capabilities.drop.as_deref(), Some(["ALL".to_owned()].as_slice()), "{name}");
    assert!(capabilities.add.is_none(), "{name}");
    assert_eq!(own.run_as_non_root.or(pod.run_as_non_root), Some(true), "{name}");
    assert!(own.run_as_user.or(pod.run_as_user).is_none_or(|user| user != 0), "{name}");
    let seccomp = own.seccomp_profile.as_ref().or(pod.seccomp_profile.as_ref()).unwrap();
    assert_eq!(seccomp.type_, "RuntimeDefault", "{name}");
    assert!(container.ports.iter().flatten().all(|port| port.host_port.is_none()), "{name}");
}
