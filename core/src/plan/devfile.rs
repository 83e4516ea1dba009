//! From a devfile to a plan.

mod apply;
mod attribute;
mod component;
mod contribution;
mod event;
pub mod notice;
mod project;
mod settings;

use dormer_devfile::diagnostic::Diagnostics;
use dormer_devfile::diagnostic::rule::Rule;
use dormer_devfile::limits::Limits;
use dormer_devfile::model::Devfile;
use dormer_devfile::model::command::{self, CommandKind};
use dormer_devfile::resolve::{NoResolver, Resolver};
use dormer_devfile::stage::Valid;

use crate::plan::devfile::event::Commands;
use crate::plan::{Command, EnvVar, Events, Plan, PodOverride, Run, Volume};
use crate::workspace::{EditorKind, Workspace};

/// What a container without an image runs, as in a `workspace.yaml` that leaves it out.
pub const DEFAULT_IMAGE: &str = "ghcr.io/dormer/workspace-base:latest";

/// What a repository without a devfile gets, where its class has none.
pub const DEFAULT: &str = "\
schemaVersion: 2.3.0
metadata:
  name: default
components:
  - name: workspace
    container:
      image: ghcr.io/dormer/workspace-base:latest
";

/// Why no plan can be made. A retry does not help; somebody has to change something.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The devfile is not valid.
    #[error("the devfile is not valid:\n{0}")]
    Devfile(Diagnostics),
    /// It is valid, and asks for something that cannot be.
    #[error("{0}")]
    Impossible(String),
    /// The workspace's class is missing, or does not allow it.
    #[error("{message}")]
    Class {
        /// One CamelCase word.
        reason: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
}

impl PlanError {
    /// One CamelCase word for it.
    pub fn reason(&self) -> &'static str {
        match self {
            PlanError::Devfile(_) => "DevfileInvalid",
            PlanError::Impossible(_) => "PlanImpossible",
            PlanError::Class { reason, .. } => reason,
        }
    }
}

/// Reads a devfile, a `workspace.yaml` or a `devcontainer.json` and makes it whole: flattened, substituted, valid.
/// `name` is what errors call it.
pub fn read(name: &str, text: &str, resolver: &dyn Resolver) -> Result<Valid, Diagnostics> {
    dormer_devfile::load_any(name, text.as_bytes(), resolver, &Limits::default())
}

/// The plan of a workspace. Its record holds a devfile that needs no other: parents were resolved when it was created.
pub fn plan(workspace: &Workspace) -> Result<Plan, PlanError> {
    let name = workspace.spec.devfile_path.as_deref().unwrap_or("devfile.yaml");
    let text = workspace.spec.devfile.as_deref().unwrap_or(DEFAULT);
    let valid = read(name, text, &NoResolver).map_err(PlanError::Devfile)?;
    let mut plan = of(&valid)?;
    plan.editor = workspace.spec.editor != EditorKind::None;
    let own = workspace.spec.pod.iter().map(|patch| PodOverride { component: None, patch: patch.clone() });
    plan.pod_overrides.extend(own);
    project::add_source(&mut plan, workspace)?;
    Ok(plan)
}

/// The plan of a valid devfile alone: `dormer devfile plan`. Overrides of what they may not touch are refused here, with
/// their places; to whoever runs no pods they are warnings.
pub fn of(valid: &Valid) -> Result<Plan, PlanError> {
    let warnings = valid.warnings();
    let refused = |rule: Rule| matches!(rule, Rule::ContainerOverrides | Rule::PodOverrides);
    let forbidden: Diagnostics = warnings.iter().filter(|warning| refused(warning.rule)).cloned().collect();
    if !forbidden.is_empty() {
        return Err(PlanError::Devfile(forbidden));
    }
    let mut plan = translate(valid.devfile())?;
    plan.warnings.extend(warnings.iter().map(|warning| warning.message.clone()));
    Ok(plan)
}

/// The plan of a devfile's text that needs no other, of no workspace: what it would run.
pub fn alone(name: &str, text: &str) -> Result<Plan, PlanError> {
    translate(read(name, text, &NoResolver).map_err(PlanError::Devfile)?.devfile())
}

/// The plan of a model that was made in code.
pub fn translate(devfile: &Devfile) -> Result<Plan, PlanError> {
    let devfile = &contribution::merged(devfile)?;
    let events = devfile.events.clone().unwrap_or_default();
    let commands = Commands::of(devfile);
    let mut schedule = event::Schedule::of(devfile, &commands);
    let mut plan = Plan { editor: true, ..Plan::default() };
    component::add_all(&mut plan, devfile, &schedule);
    apply::add_all(&mut plan, &devfile.components, &schedule);
    plan.init = std::mem::take(&mut schedule.init);
    plan.main = component::main(&mut plan, devfile)?;
    settings::add(&mut plan, devfile)?;
    plan.volumes = devfile
        .components
        .iter()
        .filter_map(|component| {
            let volume = component.volume()?;
            Some(Volume { name: component.name.clone(), size: volume.size.clone(), ephemeral: volume.is_ephemeral() })
        })
        .collect();
    for project in &devfile.projects {
        project::add(&mut plan, project)?;
    }
    project::add_starter(&mut plan, devfile)?;
    // Dependent projects are beside what is worked on, wherever they stand.
    plan.working_dir = plan.projects.first().map(|project| project.path.clone()).unwrap_or_default();
    for project in &devfile.dependent_projects {
        project::add(&mut plan, project)?;
    }
    plan.commands = devfile.commands.iter().filter_map(|each| command(&commands, each)).collect();
    for command in &devfile.commands {
        let of = format!("command '{}'", command.id);
        attribute::unknown(&mut plan, &command.attributes, attribute::Place::Command, &of);
    }
    let ids = |list: &[String]| list.iter().map(|each| commands.id(each)).collect();
    plan.events = Events {
        pre_start: ids(&events.pre_start),
        post_start: ids(&events.post_start),
        pre_stop: ids(&events.pre_stop),
        post_stop: ids(&events.post_stop),
    };
    Ok(plan)
}

fn command(commands: &Commands<'_>, command: &command::Command) -> Option<Command> {
    let run = match &command.kind {
        CommandKind::Exec(exec) => Run::Exec {
            component: exec.component.clone(),
            line: exec.command_line.clone(),
            working_dir: exec.working_dir.clone().filter(|dir| !dir.is_empty()),
            env: exec.env.iter().map(|v| EnvVar { name: v.name.clone(), value: v.value.clone() }).collect(),
        },
        CommandKind::Apply(apply) => Run::Apply { component: apply.component.clone() },
        CommandKind::Composite(composite) => {
            let commands = composite.commands.iter().map(|each| commands.id(each)).collect();
            Run::Composite { commands, parallel: composite.is_parallel() }
        }
        _ => return None,
    };
    Some(Command {
        id: command.id.clone(),
        label: (command.label() != command.id).then(|| command.label().to_string()),
        group: command.group().map(|group| (group.kind.as_str().to_string(), group.is_default())),
        run,
        once: attribute::says(&command.attributes, attribute::ONCE) == Some(true),
    })
}

#[cfg(test)]
mod tests;
