//! A plan as the generator would write it.

use super::parts::ours::apart;
use dormer_core::plan::devfile as planning;
use dormer_core::plan::merge;
use dormer_core::plan::{Container, Plan, Role, Run};
use dormer_devfile::quantity::Quantity;
use dormer_devfile::stage::Valid;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a plan says of pods, in the generator's words; or why there is no plan.
pub fn pod(valid: &Valid) -> Result<Value, String> {
    let plan = planning::of(valid).map_err(|error| error.to_string())?;
    let of = |name: &str| plan.containers.iter().find(|container| container.name == name).unwrap();
    let main: Vec<&Container> = plan.containers.iter().filter(|container| container.role == Role::Main).collect();
    let init: Vec<Value> = plan
        .init
        .iter()
        .map(|init| {
            let mut rendered = container(&plan, of(&init.container), false);
            rendered["name"] = json!(init.name);
            rendered
        })
        .collect();
    let mut volumes: Vec<(&str, bool)> =
        plan.volumes.iter().map(|volume| (volume.name.as_str(), volume.ephemeral)).collect();
    volumes.sort_unstable();
    let mut annotations = (BTreeMap::new(), BTreeMap::new());
    for container in plan.containers.iter().filter(|container| !container.dedicated) {
        annotations.0.extend(container.annotations.deployment.clone());
        annotations.1.extend(container.annotations.service.clone());
    }
    let mut overridden_pod = pod_fields(&plan);
    overridden_pod["containers"] = main.iter().map(|each| overridden(&plan, each)).collect();
    // Whichever event applies it: the generator takes it away.
    let applied =
        |run: &Run| matches!(run, Run::Apply { component } if main.iter().any(|each| each.name == *component));
    let events = !plan.events.pre_start.is_empty() || !plan.events.post_stop.is_empty();
    let both = events && plan.commands.iter().any(|command| applied(&command.run));
    Ok(json!({
        "both": both,
        "containers": main.iter().map(|each| container(&plan, each, true)).collect::<Vec<_>>(),
        "initContainers": init,
        "volumes": volumes.iter().map(|(name, ephemeral)| json!({"name": name, "ephemeral": ephemeral})).collect::<Vec<_>>(),
        "service": service(&plan, &main),
        "podAnnotations": annotations.0,
        "serviceAnnotations": annotations.1,
        "overridden": overridden_pod,
    }))
}

fn container(plan: &Plan, of: &Container, mounts: bool) -> Value {
    let mut ports: Vec<Value> = Vec::new();
    for port in plan.ports.iter().filter(|port| port.container == of.name) {
        let name = if port.name.len() > 15 { format!("port-{}", port.port) } else { port.name.clone() };
        let protocol = if port.protocol == "udp" { "UDP" } else { "TCP" };
        if !ports.iter().any(|other| other["name"] == json!(name)) {
            ports.push(json!({"name": name, "containerPort": port.port, "protocol": protocol}));
        }
    }
    let env: Vec<Value> = plan
        .environment(of, &of.source_mapping)
        .iter()
        .map(|variable| json!({"name": variable.name, "value": variable.value}))
        .collect();
    let amounts = |cpu: &Option<String>, memory: &Option<String>| {
        let both = [("cpu", cpu), ("memory", memory)];
        let given = both.into_iter().filter_map(|(name, amount)| Some((name.to_owned(), json!(amount.as_ref()?))));
        Value::Object(given.collect::<Map<String, Value>>())
    };
    let resources = json!({
        "limits": amounts(&of.cpu_limit, &of.memory_limit), "requests": amounts(&of.cpu_request, &of.memory_request),
    });
    let mut rendered = json!({
        "name": of.name, "image": of.image, "command": of.command, "args": of.args, "env": env, "ports": ports,
        "resources": resources, "imagePullPolicy": "Always",
    });
    if mounts {
        let mut mounts: Vec<Value> =
            of.mounts.iter().map(|mount| json!({"name": mount.volume, "mountPath": mount.path})).collect();
        mounts.sort_by_key(Value::to_string);
        rendered["volumeMounts"] = json!(mounts);
    }
    rendered
}

/// With `container-overrides`, by the merge that backends use.
fn overridden(plan: &Plan, of: &Container) -> Value {
    let mut rendered = container(plan, of, false);
    if let Some(patch) = &of.overrides {
        merge::container(&mut rendered, patch);
    }
    rendered
}

/// The pod's own fields, which come from `pod-overrides` alone.
fn pod_fields(plan: &Plan) -> Value {
    let mut template = json!({"spec": {}});
    for patch in &plan.pod_overrides {
        merge::pod_template(&mut template, &patch.patch);
    }
    template["spec"].take()
}

/// The ports of the service: each once, without those that nobody outside is to reach.
fn service(plan: &Plan, main: &[&Container]) -> Vec<u16> {
    use dormer_core::plan::Exposure;
    let mut ports = Vec::new();
    for container in main {
        for port in plan.ports.iter().filter(|port| port.container == container.name) {
            let reached = plan.ports.iter().any(|other| other.port == port.port && other.exposure != Exposure::None);
            if reached && !ports.contains(&port.port) {
                ports.push(port.port);
            }
        }
    }
    ports
}

/// Where the generator's pod and ours part.
pub fn difference(mut theirs: Value, mine: &Result<Value, String>) -> Option<String> {
    let error = theirs["error"].as_str().map(str::to_owned);
    let mine = match (error, mine) {
        // It relies on defaults that it does not set for the first version.
        (Some(error), _) if error.starts_with("panic") => return None,
        (Some(_), Err(_)) => return None,
        (Some(error), Ok(_)) => return Some(format!("the generator refuses: {error}")),
        (None, Err(error)) if theirs["overriddenError"].is_string() && error.contains("overrides") => return None,
        (None, Err(error)) => return Some(format!("no plan: {error}")),
        (None, Ok(mine)) => mine.clone(),
    };
    if let Some(error) = theirs["overriddenError"].as_str() {
        return Some(format!("the generator refuses the overrides: {error}"));
    }
    // The generator loses the init containers of a pod with overrides.
    theirs["overridden"].as_object_mut()?.remove("initContainers");
    let mut mine = mine;
    if mine["both"] == json!(true) {
        return Some("a container is applied before the start and commands run in it".to_owned());
    }
    mine.as_object_mut()?.remove("both");
    theirs.as_object_mut()?.remove("error");
    resolve(&mut theirs["containers"]);
    resolve(&mut theirs["initContainers"]);
    resolve(&mut theirs["overridden"]["containers"]);
    for side in [&mut theirs, &mut mine] {
        tidy(side);
    }
    for container in theirs["containers"].as_array_mut().into_iter().flatten() {
        if let Some(mounts) = container["volumeMounts"].as_array_mut() {
            mounts.sort_by_key(Value::to_string);
        }
        tidy(container);
    }
    (theirs != mine).then(|| apart(&theirs, &mine, ""))
}

/// A container's own variables come first, so Kubernetes would leave their references to the two folders as they are
/// written. Ours are resolved; so is this side.
fn resolve(containers: &mut Value) {
    for container in containers.as_array_mut().into_iter().flatten() {
        let env = container["env"].clone();
        let value = |name: &str| {
            let of = env.as_array()?.iter().find(|variable| variable["name"] == json!(name))?;
            of["value"].as_str().map(str::to_owned)
        };
        for variable in container["env"].as_array_mut().into_iter().flatten() {
            for name in ["PROJECTS_ROOT", "PROJECT_SOURCE"] {
                let (Some(text), Some(folder)) = (variable["value"].as_str(), value(name)) else { continue };
                variable["value"] = json!(text.replace(&format!("$({name})"), &folder));
            }
        }
    }
}

/// Without what is empty, and with quantities as numbers.
fn tidy(tree: &mut Value) {
    match tree {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if matches!(key.as_str(), "limits" | "requests") {
                    amounts(value);
                }
                tidy(value);
            }
            map.retain(|_, value| match value {
                Value::Null => false,
                Value::String(text) => !text.is_empty(),
                Value::Array(items) => !items.is_empty(),
                Value::Object(map) => !map.is_empty(),
                _ => true,
            });
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn amounts(of: &mut Value) {
    for (_, amount) in of.as_object_mut().into_iter().flatten() {
        let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
        if let Ok(quantity) = text.parse::<Quantity>() {
            *amount = json!(format!("{quantity:?}"));
        }
    }
}
