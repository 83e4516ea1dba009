//! Amounts.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use sha2::{Digest as _, Sha256};

use dormer_core::plan::Container;
use dormer_core::plan::Quantity as Amount;

use crate::policy::Accelerator;
use crate::render::{RenderError, Subject};

const REASON: &str = "ResourcesInvalid";

/// A digest in hexadecimal digits.
pub fn digest(octets: &[u8]) -> String {
    Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

fn read(text: &str, what: &str) -> Result<Amount, RenderError> {
    text.parse().map_err(|error| RenderError::new(REASON, format!("{what}: '{text}' is not a quantity: {error}")))
}

/// One resource: what a container may use of it and is sure to have.
fn pair(
    name: &str,
    of: &str,
    limit: Option<&String>,
    request: Option<&String>,
    most: Option<&String>,
    defaults: (Option<&String>, Option<&String>),
) -> Result<[Option<String>; 2], RenderError> {
    let what = format!("{name} of container '{of}'");
    let mut limit = limit.filter(|text| !text.is_empty()).or(defaults.0).cloned();
    let own_request = request.filter(|text| !text.is_empty());
    let mut request = own_request.or(defaults.1).cloned();
    if let Some(most) = most {
        let ceiling = read(most, "the class's most")?;
        if let Some(asked) = &limit
            && read(asked, &what)? > ceiling
        {
            let message = format!("{what}: {asked} is more than the {most} that its class allows; ask for less");
            return Err(RenderError::new(REASON, message));
        }
        limit.get_or_insert_with(|| most.clone());
    }
    if let (Some(most), Some(asked)) = (&limit, &request)
        && read(asked, &what)? > read(most, &what)?
    {
        if own_request.is_some_and(|own| own == asked) {
            let message = format!("{what}: it asks to be sure of {asked} and may use only {most}");
            return Err(RenderError::new(REASON, message));
        }
        request.clone_from(&limit);
    }
    for text in [&limit, &request].into_iter().flatten() {
        read(text, &what)?;
    }
    Ok([limit, request])
}

/// The resources of a container. What the record says is the main container's.
pub fn of(subject: &Subject<'_>, container: &Container) -> Result<Option<ResourceRequirements>, RenderError> {
    let main = container.name == subject.plan.main;
    let own = &subject.workspace.spec.resources;
    let class = &subject.policy.resources;
    let pick = |record: &Option<String>| record.clone().filter(|text| main && !text.is_empty());
    let (cpu, memory) = (pick(&own.cpu), pick(&own.memory));
    // Where a person gives a container less than its devfile is sure of, the person wins.
    let request = |record: &Option<String>, devfile: &Option<String>| {
        let (Some(record), Some(devfile)) = (record, devfile) else { return devfile.clone() };
        let less = matches!((record.parse::<Amount>(), devfile.parse::<Amount>()), (Ok(most), Ok(sure)) if sure > most);
        Some(if less { record.clone() } else { devfile.clone() })
    };
    let pairs = [
        (
            "cpu",
            pair(
                "cpu",
                &container.name,
                cpu.as_ref().or(container.cpu_limit.as_ref()),
                request(&cpu, &container.cpu_request).as_ref(),
                class.max_cpu.as_ref(),
                (class.cpu_limit.as_ref(), class.cpu_request.as_ref()),
            )?,
        ),
        (
            "memory",
            pair(
                "memory",
                &container.name,
                memory.as_ref().or(container.memory_limit.as_ref()),
                request(&memory, &container.memory_request).as_ref(),
                class.max_memory.as_ref(),
                (class.memory_limit.as_ref(), class.memory_request.as_ref()),
            )?,
        ),
    ];
    let mut limits = BTreeMap::new();
    let mut requests = BTreeMap::new();
    for (name, [limit, request]) in pairs {
        limits.extend(limit.map(|text| (name.to_owned(), Quantity(text))));
        requests.extend(request.map(|text| (name.to_owned(), Quantity(text))));
    }
    if let Some((resource, count)) = gpu(subject, container)? {
        limits.insert(resource, Quantity(count));
    }
    let given = |map: BTreeMap<String, Quantity>| (!map.is_empty()).then_some(map);
    let (limits, requests) = (given(limits), given(requests));
    Ok((limits.is_some() || requests.is_some()).then(|| ResourceRequirements {
        limits,
        requests,
        ..ResourceRequirements::default()
    }))
}

/// Whether amounts that a devfile's overrides come to are within what the class allows.
pub fn within(subject: &Subject<'_>, whose: &str, asked: &ResourceRequirements) -> Result<(), RenderError> {
    let class = &subject.policy.resources;
    for (name, amount) in asked.limits.iter().chain(&asked.requests).flatten() {
        let most = match name.as_str() {
            "cpu" => class.max_cpu.as_ref(),
            "memory" => class.max_memory.as_ref(),
            // What a device plugin counts.
            name if name.contains('/') => class.max_gpu.as_ref(),
            _ => None,
        };
        let Some(most) = most else { continue };
        if read(&amount.0, whose)? > read(most, "the class's most")? {
            let message = format!("{whose}: {} of {name} is more than the {most} that its class allows", amount.0);
            return Err(RenderError::new(REASON, message));
        }
    }
    Ok(())
}

fn gpu(subject: &Subject<'_>, container: &Container) -> Result<Option<(String, String)>, RenderError> {
    let own = subject.workspace.spec.resources.gpu.clone().filter(|_| container.name == subject.plan.main);
    let Some(count) = own.or_else(|| container.gpu.clone()).filter(|count| !count.is_empty()) else { return Ok(None) };
    match count.parse::<u32>() {
        Ok(0) => return Ok(None),
        Ok(_) => {}
        Err(_) => {
            let message = format!("'{count}' is no number of accelerators for container '{}'", container.name);
            return Err(RenderError::new(REASON, message));
        }
    }
    let resource = accelerator(subject)?.map(|known| known.resource.clone()).filter(|resource| !resource.is_empty());
    Ok(Some((resource.unwrap_or_else(|| "nvidia.com/gpu".into()), count)))
}

/// The accelerator that is asked for by name, as the class knows it.
pub fn accelerator<'a>(subject: &Subject<'a>) -> Result<Option<&'a Accelerator>, RenderError> {
    let own = subject.workspace.spec.resources.accelerator.as_ref();
    let Some(name) = own.or(subject.plan.settings.accelerator.as_ref()).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let known = &subject.policy.accelerators;
    if let Some(found) = known.get(name) {
        return Ok(Some(found));
    }
    let names = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let has = if names.is_empty() { "it has none".to_owned() } else { format!("it has: {names}") };
    let class = &subject.workspace.spec.class;
    Err(RenderError::new("AcceleratorUnknown", format!("class '{class}' has no accelerator '{name}'; {has}")))
}
