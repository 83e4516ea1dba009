//! What a class makes of a workspace: the record and the plan that whoever runs it is given.

use super::check::exceeds;
use super::{Class, Fixed, Limits};
use crate::plan::devfile::{DEFAULT_IMAGE, PlanError};
use crate::plan::{Container, Plan};
use crate::workspace::{Lifecycle, Resources, Workspace};

/// When a workspace sleeps: its own word, where the class leaves it one.
pub fn lifecycle(own: &Lifecycle, class: &Class) -> Lifecycle {
    let defaults = &class.spec.defaults.lifecycle;
    let pick = |what, own: Option<u64>, class_says: Option<u64>| own.filter(|_| !class.fixes(what)).or(class_says);
    let busy = own.keep_alive_when_busy.filter(|_| !class.fixes(Fixed::KeepAliveWhenBusy));
    Lifecycle {
        idle_timeout: pick(Fixed::IdleTimeout, own.idle_timeout, defaults.idle_timeout),
        max_lifetime: pick(Fixed::MaxLifetime, own.max_lifetime, defaults.max_lifetime),
        delete_after_stopped: pick(Fixed::DeleteAfterStopped, own.delete_after_stopped, defaults.delete_after_stopped),
        keep_alive_when_busy: busy.or(defaults.keep_alive_when_busy),
    }
}

/// The plan of a workspace as its class has it, and the record as whoever runs it should read it: with what only the
/// class decides in place of what it says itself, and with the class's word where neither it nor its devfile says any.
pub fn apply(
    workspace: &Workspace,
    class: &Class,
    planner: impl FnOnce(&Workspace) -> Result<Plan, PlanError>,
) -> Result<(Workspace, Plan), PlanError> {
    let mut workspace = workspace.clone();
    let says = &class.spec;
    let spec = &mut workspace.spec;
    if (spec.devfile.is_none() || class.fixes(Fixed::Devfile)) && says.devfile.is_some() {
        spec.devfile.clone_from(&says.devfile);
        spec.devfile_path = None;
    }
    spec.lifecycle = lifecycle(&spec.lifecycle, class);
    let (own, default) = (&mut spec.storage, &says.defaults.storage);
    settle(&mut own.size, &None, class.fixes(Fixed::StorageSize).then_some(&default.size));
    settle(&mut own.class, &default.class, class.fixes(Fixed::StorageClass).then_some(&default.class));
    settle(&mut own.strategy, &None, class.fixes(Fixed::StorageStrategy).then_some(&default.strategy));
    let (own, default) = (&mut spec.resources, &says.defaults.resources);
    settle(&mut own.cpu, &None, class.fixes(Fixed::Cpu).then_some(&default.cpu));
    settle(&mut own.memory, &None, class.fixes(Fixed::Memory).then_some(&default.memory));
    settle(&mut own.gpu, &None, class.fixes(Fixed::Gpu).then_some(&default.gpu));
    settle(&mut own.accelerator, &None, class.fixes(Fixed::Gpu).then_some(&default.accelerator));

    let mut plan = planner(&workspace)?;
    let spec = &mut workspace.spec;
    if class.fixes(Fixed::StorageStrategy) {
        plan.storage = None;
    } else if plan.storage.is_none() {
        settle(&mut spec.storage.strategy, &says.defaults.storage.strategy, None);
    }
    if class.fixes(Fixed::Gpu) {
        plan.settings.accelerator = None;
    } else if plan.settings.accelerator.is_none() {
        settle(&mut spec.resources.accelerator, &default.accelerator, None);
    }
    for container in &mut plan.containers {
        let main = container.name == plan.main;
        if main && !class.fixes(Fixed::Gpu) && container.gpu.is_none() {
            settle(&mut spec.resources.gpu, &default.gpu, None);
        }
        complete(container, main.then_some(&mut spec.resources), class)?;
    }
    let size = spec.storage.size.as_ref();
    check("storage", "of the workspace", size, says.limits.storage.as_ref(), class)?;
    Ok((workspace, plan))
}

/// The last word where there is one, else the own one, else the default.
fn settle(own: &mut Option<String>, default: &Option<String>, fixed: Option<&Option<String>>) {
    if let Some(fixed) = fixed {
        own.clone_from(fixed);
    }
    if own.as_ref().is_none_or(String::is_empty) {
        own.clone_from(default);
    }
}

/// Gives a container what its class says. What a record says of resources is the main container's.
fn complete(container: &mut Container, record: Option<&mut Resources>, class: &Class) -> Result<(), PlanError> {
    let (says, limits): (&Resources, &Limits) = (&class.spec.defaults.resources, &class.spec.limits);
    let of = format!("of container '{}'", container.name);
    if let Some(image) = class.spec.image.as_ref().filter(|_| container.image == DEFAULT_IMAGE) {
        container.image.clone_from(image);
    }
    if class.fixes(Fixed::Gpu) {
        container.gpu = None;
    }
    let (mut own_cpu, mut own_memory, gpu) = match record {
        Some(record) => (Some(&mut record.cpu), Some(&mut record.memory), record.gpu.clone()),
        None => (None, None, None),
    };
    for (what, fixed, own, limit, request, default, most) in [
        (
            "cpu",
            class.fixes(Fixed::Cpu),
            &mut own_cpu,
            &mut container.cpu_limit,
            &mut container.cpu_request,
            &says.cpu,
            &limits.cpu,
        ),
        (
            "memory",
            class.fixes(Fixed::Memory),
            &mut own_memory,
            &mut container.memory_limit,
            &mut container.memory_request,
            &says.memory,
            &limits.memory,
        ),
    ] {
        if fixed {
            *limit = None;
            request.take_if(|request| default.as_ref().is_some_and(|default| exceeds(request, default)));
        }
        let wanted = own.as_ref().and_then(|own| own.as_ref()).or(limit.as_ref()).filter(|text| !text.is_empty());
        if wanted.is_none() {
            // Who wants to be sure of more than others get may use that much.
            let mut given = default.clone().or_else(|| most.clone());
            if let (Some(given), Some(request)) = (&mut given, &*request)
                && exceeds(request, given)
            {
                given.clone_from(request);
            }
            *limit = given;
        }
        for text in [own.as_ref().and_then(|own| own.as_ref()), limit.as_ref(), request.as_ref()] {
            check(what, &of, text, most.as_ref(), class)?;
        }
    }
    check("gpu", &of, container.gpu.as_ref().or(gpu.as_ref()), limits.gpu.as_ref(), class)
}

fn check(what: &str, of: &str, asked: Option<&String>, most: Option<&String>, class: &Class) -> Result<(), PlanError> {
    match (asked, most) {
        (Some(asked), Some(most)) if exceeds(asked, most) => Err(PlanError::Class {
            reason: "LimitExceeded",
            message: format!(
                "{what} {of}: {asked} is more than the {most} that class '{}' allows; ask for less, or for another class",
                class.name
            ),
        }),
        _ => Ok(()),
    }
}
