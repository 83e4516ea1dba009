//! Containers and their ports.

use dormer_devfile::model::Devfile;
use dormer_devfile::model::component::{self, Component};
use dormer_devfile::model::endpoint::{self, Protocol};
use serde::Deserialize;

use crate::plan::devfile::attribute::{self, Place};
use crate::plan::devfile::event::Schedule;
use crate::plan::devfile::{DEFAULT_IMAGE, PlanError};
use crate::plan::{Annotations, Container, EnvVar, Exposure, Mount, Plan, Port, Role};

/// Adds the devfile's containers and their ports.
pub fn add_all(plan: &mut Plan, devfile: &Devfile, schedule: &Schedule) {
    for component in &devfile.components {
        let of = format!("component '{}'", component.name);
        let role = schedule.role(&component.name);
        attribute::unknown(plan, &component.attributes, Place::Container, &of);
        let Some(mut container) = container(component, role) else { continue };
        container.user = attribute::read(plan, &component.attributes, attribute::USER, &of);
        container.gpu = attribute::read::<Amount>(plan, &component.attributes, attribute::GPU, &of).map(Amount::text);
        for endpoint in component.endpoints() {
            let port = port(plan, endpoint, &component.name);
            plan.ports.push(port);
        }
        plan.containers.push(container);
    }
}

/// A number, which people write as one or as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(u64),
    Text(String),
}

impl Amount {
    fn text(self) -> String {
        match self {
            Amount::Number(number) => number.to_string(),
            Amount::Text(text) => text,
        }
    }
}

fn container(component: &Component, role: Role) -> Option<Container> {
    let container = component.container()?;
    let given = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    Some(Container {
        name: component.name.clone(),
        image: if container.image.is_empty() { DEFAULT_IMAGE.to_string() } else { container.image.clone() },
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
        init: role == Role::Init,
        role,
        memory_limit: container.memory_limit.clone(),
        memory_request: container.memory_request.clone(),
        cpu_limit: container.cpu_limit.clone(),
        cpu_request: container.cpu_request.clone(),
        gpu: None,
        user: None,
        annotations: container.annotation.as_ref().map(annotations).unwrap_or_default(),
        built_by: None,
        overrides: component.attributes.get(attribute::CONTAINER_OVERRIDES).filter(|patch| patch.is_object()).cloned(),
    })
}

fn annotations(of: &component::Annotation) -> Annotations {
    let copy = |map: &indexmap::IndexMap<String, String>| map.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    Annotations { deployment: copy(&of.deployment), service: copy(&of.service) }
}

fn port(plan: &mut Plan, endpoint: &endpoint::Endpoint, container: &str) -> Port {
    let of = format!("endpoint '{}'", endpoint.name);
    attribute::unknown(plan, &endpoint.attributes, Place::Endpoint, &of);
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
        share: attribute::read(plan, &endpoint.attributes, attribute::SHARE, &of),
    }
}

/// The container that editor, shells and clones are in: the one that says so (`gl/inject-editor`, or the one that
/// editors of others are merged into), else the first that has the projects, else the first.
pub fn main(plan: &mut Plan, devfile: &Devfile) -> Result<String, PlanError> {
    for name in [attribute::INJECT_EDITOR, attribute::MERGE_CONTRIBUTION, attribute::MERGED] {
        let asks = |component: &&Component| match name {
            attribute::MERGED => component.attributes.contains_key(name),
            name => attribute::says(&component.attributes, name) == Some(true),
        };
        let mut marked = devfile.components.iter().filter(|component| component.container().is_some()).filter(asks);
        let Some(first) = marked.next() else { continue };
        if marked.next().is_some() {
            let first = &first.name;
            plan.warnings.push(format!("several containers have the attribute '{name}'; the editor is in '{first}'"));
        }
        return Ok(first.name.clone());
    }
    let able = || plan.containers.iter().filter(|container| container.role == Role::Main);
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
