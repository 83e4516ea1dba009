//! Containers that are meant to be part of another one (`controller.devfile.io/container-contribution`), as editors of
//! Eclipse Che bring them: merged into the first container of the devfile, or into the one that asks for it.

use std::collections::{HashMap, HashSet};

use dormer_devfile::model::command::CommandKind;
use dormer_devfile::model::component::{Component, ComponentKind, Container};
use dormer_devfile::model::{Attributes, Devfile};
use dormer_devfile::quantity::Quantity;
use serde_json::Value;

use crate::plan::devfile::PlanError;
use crate::plan::devfile::attribute::{CONTRIBUTION, MERGE_CONTRIBUTION, MERGED, says};

const IMPORTED: &str = "api.devfile.io/imported-from";

fn contributes(component: &Component) -> bool {
    component.container().is_some() && says(&component.attributes, CONTRIBUTION) == Some(true)
}

/// The container that contributions go into: the one that asks, else the first of the devfile itself, else the first
/// that was imported. One that says no is left alone.
fn target(devfile: &Devfile) -> Result<Option<String>, PlanError> {
    let able: Vec<&Component> = devfile
        .components
        .iter()
        .filter(|component| component.container().is_some() && !contributes(component))
        .collect();
    let mut asking = able.iter().filter(|component| says(&component.attributes, MERGE_CONTRIBUTION) == Some(true));
    if let Some(first) = asking.next() {
        return match asking.next() {
            None => Ok(Some(first.name.clone())),
            Some(second) => Err(PlanError::Impossible(format!(
                "'{}' and '{}' both have the attribute '{MERGE_CONTRIBUTION}'; one container may have it",
                first.name, second.name
            ))),
        };
    }
    let own = |component: &&&Component| !component.attributes.contains_key(IMPORTED);
    let mut open = able.iter().filter(|component| !component.attributes.contains_key(MERGE_CONTRIBUTION));
    let first = open.clone().find(own).or_else(|| open.next());
    Ok(first.map(|component| component.name.clone()))
}

/// The devfile with its contributions merged; as it is, where nothing contributes or nothing takes them.
pub fn merged(devfile: &Devfile) -> Result<Devfile, PlanError> {
    let mut whole = devfile.clone();
    if !whole.components.iter().any(contributes) {
        return Ok(whole);
    }
    let Some(target) = target(&whole)? else { return Ok(whole) };
    let (given, kept): (Vec<Component>, Vec<Component>) = whole.components.into_iter().partition(contributes);
    whole.components = kept;
    let names: HashSet<String> = given.iter().map(|component| component.name.clone()).collect();
    if let Some(into) = whole.components.iter_mut().find(|component| component.name == target) {
        for component in given {
            give(into, component)?;
        }
        let list: Vec<&str> = names.iter().map(String::as_str).collect();
        into.attributes.insert(MERGED.into(), Value::String(sorted(list).join(",")));
    }
    for command in &mut whole.commands {
        match &mut command.kind {
            CommandKind::Exec(exec) if names.contains(&exec.component) => exec.component.clone_from(&target),
            CommandKind::Apply(apply) if names.contains(&apply.component) => {
                return Err(PlanError::Impossible(format!(
                    "command '{}' applies '{}', which is merged into '{target}' and so is no container of its own",
                    command.id, apply.component
                )));
            }
            _ => {}
        }
    }
    Ok(whole)
}

fn sorted(mut list: Vec<&str>) -> Vec<&str> {
    list.sort_unstable();
    list
}

/// Merges one contribution. What the contribution says wins, but for the image; resources add up.
fn give(into: &mut Component, from: Component) -> Result<(), PlanError> {
    merge_attributes(&mut into.attributes, from.attributes);
    let (ComponentKind::Container(mine), ComponentKind::Container(theirs)) = (&mut into.kind, from.kind) else {
        return Ok(());
    };
    let Container { env, volume_mounts, command, args, endpoints, annotation, .. } = theirs.clone();
    by_name(&mut mine.env, env, |variable| variable.name.clone());
    by_name(&mut mine.volume_mounts, volume_mounts, |mount| mount.name.clone());
    by_name(&mut mine.endpoints, endpoints, |endpoint| endpoint.name.clone());
    if !command.is_empty() {
        mine.command = command;
    }
    if !args.is_empty() {
        mine.args = args;
    }
    mine.mount_sources = theirs.mount_sources.or(mine.mount_sources);
    mine.source_mapping = theirs.source_mapping.clone().or(mine.source_mapping.take());
    mine.dedicated_pod = theirs.dedicated_pod.or(mine.dedicated_pod);
    if let Some(annotation) = annotation {
        let own = mine.annotation.get_or_insert_default();
        own.deployment.extend(annotation.deployment);
        own.service.extend(annotation.service);
    }
    for (mine, theirs) in [
        (&mut mine.memory_limit, theirs.memory_limit),
        (&mut mine.memory_request, theirs.memory_request),
        (&mut mine.cpu_limit, theirs.cpu_limit),
        (&mut mine.cpu_request, theirs.cpu_request),
    ] {
        add(mine, theirs)?;
    }
    Ok(())
}

fn merge_attributes(mine: &mut Attributes, theirs: Attributes) {
    const STAY: [&str; 2] = [CONTRIBUTION, IMPORTED];
    mine.extend(theirs.into_iter().filter(|(name, _)| !STAY.contains(&name.as_str())));
}

fn by_name<T>(mine: &mut Vec<T>, theirs: Vec<T>, name: impl Fn(&T) -> String) {
    // Of several with one name the first is replaced.
    let mut places: HashMap<String, usize> = HashMap::new();
    for (index, known) in mine.iter().enumerate() {
        places.entry(name(known)).or_insert(index);
    }
    for item in theirs {
        let place = *places.entry(name(&item)).or_insert(mine.len());
        match mine.get_mut(place) {
            Some(known) => *known = item,
            None => mine.push(item),
        }
    }
}

fn add(mine: &mut Option<String>, theirs: Option<String>) -> Result<(), PlanError> {
    let Some(theirs) = theirs.filter(|text| !text.is_empty()) else { return Ok(()) };
    let Some(own) = mine.take().filter(|text| !text.is_empty()) else {
        *mine = Some(theirs);
        return Ok(());
    };
    let read = |text: &str| {
        let wrong = |error| PlanError::Impossible(format!("'{text}' is not a quantity: {error}"));
        text.parse::<Quantity>().map_err(wrong)
    };
    *mine = Some(read(&own)?.plus(read(&theirs)?).to_string());
    Ok(())
}
