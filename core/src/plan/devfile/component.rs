//! Containers and their ports.

use std::collections::HashSet;

use dormer_devfile::model::Devfile;
use dormer_devfile::model::command::CommandKind;
use dormer_devfile::model::component::Component;
use dormer_devfile::model::endpoint::{self, Protocol};

use crate::plan::devfile::{PlanError, without_meaning};
use crate::plan::{Annotations, Container, EnvVar, Exposure, Mount, Plan, Port, Role};

/// Names of the containers that run before the others and end: those which `preStart` commands apply.
pub fn init_names(devfile: &Devfile, pre_start: &[String]) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut seen = HashSet::new();
    let mut open: Vec<&str> = pre_start.iter().map(String::as_str).collect();
    while let Some(id) = open.pop() {
        // A composite may name another; validation has refused cycles, and this does not rely on it.
        let Some(command) = devfile.command(id).filter(|command| seen.insert(&command.id)) else { continue };
        match &command.kind {
            CommandKind::Apply(apply) => {
                names.insert(apply.component.clone());
            }
            CommandKind::Composite(composite) => open.extend(composite.commands.iter().map(String::as_str)),
            _ => {}
        }
    }
    names
}

/// Adds the devfile's containers, their ports, and a word about components that mean nothing here.
pub fn add_all(plan: &mut Plan, devfile: &Devfile, init: &HashSet<String>) {
    for component in &devfile.components {
        if let Some(why) = without_meaning(&component.kind) {
            plan.warnings.push(format!("component '{}' {why}", component.name));
        }
        if let Some(container) = container(component, init.contains(&component.name)) {
            plan.ports.extend(component.endpoints().iter().map(|endpoint| port(endpoint, &component.name)));
            plan.containers.push(container);
        }
    }
}

fn container(component: &Component, init: bool) -> Option<Container> {
    let container = component.container()?;
    let given = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    Some(Container {
        name: component.name.clone(),
        image: container.image.clone(),
        command: given(&container.command),
        args: given(&container.args),
        env: container.env.iter().map(|v| EnvVar { name: v.name.clone(), value: v.value.clone() }).collect(),
        mounts: container
            .volume_mounts
            .iter()
            .map(|mount| Mount { volume: mount.name.clone(), path: mount.path() })
            .collect(),
        mount_sources: container.mounts_sources(),
        source_mapping: container.source_mapping().to_string(),
        dedicated: container.is_dedicated(),
        init,
        role: if init { Role::Init } else { Role::Main },
        memory_limit: container.memory_limit.clone(),
        memory_request: container.memory_request.clone(),
        cpu_limit: container.cpu_limit.clone(),
        cpu_request: container.cpu_request.clone(),
        gpu: None,
        user: None,
        annotations: Annotations::default(),
        built_by: None,
        overrides: component.attributes.get("container-overrides").cloned(),
    })
}

fn port(endpoint: &endpoint::Endpoint, container: &str) -> Port {
    let protocol = match endpoint.protocol() {
        Protocol::Http => "http",
        Protocol::Https => "https",
        Protocol::Ws => "ws",
        Protocol::Wss => "wss",
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    Port {
        name: endpoint.name.clone(),
        port: endpoint.target_port,
        container: container.to_string(),
        exposure: match endpoint.exposure() {
            endpoint::Exposure::Public => Exposure::Public,
            endpoint::Exposure::Internal => Exposure::Internal,
            endpoint::Exposure::None => Exposure::None,
        },
        protocol: protocol.to_string(),
        path: endpoint.path.clone(),
        secure: endpoint.is_secure(),
        annotations: endpoint.annotation.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        share: None,
    }
}

/// The container that editor, shells and clones are in: the one that says so (`gl/inject-editor`), else the first that
/// has the projects, else the first.
pub fn main(plan: &Plan, devfile: &Devfile) -> Result<String, PlanError> {
    let marked = devfile.components.iter().find(|component| {
        component.container().is_some()
            && component.attributes.get("gl/inject-editor").and_then(serde_json::Value::as_bool) == Some(true)
    });
    if let Some(component) = marked {
        return Ok(component.name.clone());
    }
    let able = || plan.containers.iter().filter(|container| !container.init);
    able()
        .find(|container| container.mount_sources && !container.dedicated)
        .or_else(|| able().next())
        .map(|container| container.name.clone())
        .ok_or_else(|| {
            PlanError::Impossible(
                "the devfile has no container component to work in; add one under 'components'".to_string(),
            )
        })
}
