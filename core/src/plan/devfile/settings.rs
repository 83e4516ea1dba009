//! What a devfile says about its workspace as a whole.

use std::collections::HashMap;

use dormer_devfile::model::component::Component;
use dormer_devfile::model::{Attributes, Devfile};
use serde::Deserialize;

use crate::plan::devfile::PlanError;
use crate::plan::devfile::attribute::{self, Place, read};
use crate::plan::settings::{Settings, StorageKind};
use crate::plan::{EnvVar, Plan, PodOverride};

/// The devfile as errors and warnings call it.
const TOP: &str = "the devfile";

/// Reads the devfile's own attributes.
pub fn add(plan: &mut Plan, devfile: &Devfile) -> Result<(), PlanError> {
    let attributes = &devfile.attributes;
    attribute::unknown(plan, attributes, Place::Top, TOP);
    plan.storage = read::<String>(plan, attributes, attribute::STORAGE_TYPE, TOP).and_then(|word| storage(plan, &word));
    plan.runtime_class =
        read::<String>(plan, attributes, attribute::RUNTIME_CLASS, TOP).filter(|class| !class.is_empty());
    plan.skip_clone =
        read::<String>(plan, attributes, attribute::PROJECT_CLONE, TOP).is_some_and(|word| word == "disable");
    plan.settings = Settings {
        name: devfile.name().map(str::to_owned),
        description: devfile.metadata.as_ref().and_then(|metadata| metadata.description.clone()),
        project: read(plan, attributes, attribute::PROJECT, TOP),
        domain: read(plan, attributes, attribute::DOMAIN, TOP),
        idle_timeout: read(plan, attributes, attribute::IDLE_TIMEOUT, TOP),
        accelerator: read(plan, attributes, attribute::ACCELERATOR, TOP),
        secrets: read(plan, attributes, attribute::SECRETS, TOP).unwrap_or_default(),
        extensions: read(plan, attributes, attribute::EXTENSIONS, TOP).unwrap_or_default(),
        editor_settings: read(plan, attributes, attribute::SETTINGS, TOP).unwrap_or_default(),
        source: read(plan, attributes, attribute::SOURCE, TOP),
        devfile: read(plan, attributes, attribute::DEVFILE, TOP),
    };
    let mut known = HashMap::new();
    for component in &devfile.components {
        pod_overrides(plan, Some(component), &component.attributes);
        environment(plan, &mut known, &component.attributes, &format!("component '{}'", component.name))?;
    }
    pod_overrides(plan, None, attributes);
    environment(plan, &mut known, attributes, TOP)
}

fn storage(plan: &mut Plan, word: &str) -> Option<StorageKind> {
    Some(match word {
        "common" | "per-user" => StorageKind::Common,
        "per-workspace" => StorageKind::PerWorkspace,
        "async" => StorageKind::Async,
        "ephemeral" => StorageKind::Ephemeral,
        "" => return None,
        word => {
            let name = attribute::STORAGE_TYPE;
            plan.warnings.push(format!(
                "attribute '{name}' is '{word}'; it may be 'common', 'per-user', 'per-workspace', 'async' or 'ephemeral'"
            ));
            return None;
        }
    })
}

fn pod_overrides(plan: &mut Plan, component: Option<&Component>, attributes: &Attributes) {
    if let Some(patch) = attributes.get(attribute::POD_OVERRIDES).filter(|patch| patch.is_object()) {
        let component = component.map(|component| component.name.clone());
        plan.pod_overrides.push(PodOverride { component, patch: patch.clone() });
    }
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    #[serde(default)]
    value: String,
}

/// `workspaceEnv`: two that give one variable different values would depend on an order that nobody sees.
fn environment(
    plan: &mut Plan,
    known: &mut HashMap<String, String>,
    attributes: &Attributes,
    of: &str,
) -> Result<(), PlanError> {
    for Variable { name, value } in
        read::<Vec<Variable>>(plan, attributes, attribute::WORKSPACE_ENV, of).unwrap_or_default()
    {
        match known.get(&name) {
            None => {
                known.insert(name.clone(), value.clone());
                plan.env.push(EnvVar { name, value });
            }
            Some(known) if *known == value => {}
            Some(_) => {
                let message = format!("'{}' gives '{name}' another value in {of}", attribute::WORKSPACE_ENV);
                return Err(PlanError::Impossible(message));
            }
        }
    }
    Ok(())
}
