//! From a plan to what the agent of one container is told.

use std::path::{Path, PathBuf};

use dormer_wire::assignment::{Assignment, Command, Editor, EnvVar, Events, Project, Remote, Run, Tracks};
use dormer_wire::door::Door;

use crate::plan::{self, Plan};
use crate::workspace::Workspace;

/// Where a runtime has put things.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Where the agent listens.
    pub door: Door,
    /// The user's home.
    pub home: PathBuf,
    /// Where projects are.
    pub projects_root: PathBuf,
    /// Where logs go.
    pub logs: PathBuf,
    /// Where the agent keeps its sockets.
    pub run: PathBuf,
    /// The editor, where the plan has one.
    pub editor: Option<Editor>,
    /// Variables of the runtime itself, before all others.
    pub env: Vec<EnvVar>,
    /// Whether a process at work counts as activity.
    pub busy_counts: bool,
}

/// What the agent of `container` is told. Projects, editor and events belong to the main container's agent.
pub fn assign(workspace: &Workspace, instance: &str, plan: &Plan, container: &str, layout: Layout) -> Assignment {
    let here = plan.containers.iter().find(|c| c.name == container);
    let main = plan.main == container;
    let working_dir = layout.projects_root.join(&plan.working_dir);
    let mut env = layout.env;
    env.extend(set(&[
        ("HOME", &layout.home),
        ("PROJECTS_ROOT", &layout.projects_root),
        ("PROJECT_SOURCE", &working_dir),
    ]));
    env.push(EnvVar { name: "DORMER_WORKSPACE".into(), value: workspace.name.to_string() });
    env.extend(here.iter().flat_map(|c| &c.env).map(translate));
    // A person's own variables come last: they are the newest word.
    env.extend(
        workspace
            .spec
            .variables
            .iter()
            .filter(|variable| !variable.file)
            .map(|variable| EnvVar { name: variable.name.clone(), value: variable.value.clone() }),
    );
    Assignment {
        workspace: workspace.name.to_string(),
        instance: instance.to_string(),
        container: container.to_string(),
        door: layout.door,
        home: layout.home,
        projects_root: layout.projects_root,
        working_dir,
        logs: layout.logs,
        run: layout.run,
        env,
        projects: if main { plan.projects.iter().map(project).collect() } else { Vec::new() },
        commands: plan.commands.iter().filter_map(|c| command(c, plan, container)).collect(),
        events: if main { events(&plan.events) } else { Events::default() },
        editor: layout.editor.filter(|_| main && plan.editor),
        busy_counts: layout.busy_counts,
    }
}

fn set(paths: &[(&str, &Path)]) -> Vec<EnvVar> {
    paths.iter().map(|(name, path)| EnvVar { name: (*name).into(), value: path.display().to_string() }).collect()
}

fn translate(variable: &plan::EnvVar) -> EnvVar {
    EnvVar { name: variable.name.clone(), value: variable.value.clone() }
}

fn project(project: &plan::Project) -> Project {
    Project {
        name: project.name.clone(),
        path: project.path.clone(),
        remotes: project.remotes.iter().map(|(name, url)| Remote { name: name.clone(), url: url.clone() }).collect(),
        checkout_remote: project.checkout_remote.clone(),
        revision: project.revision.clone(),
        fetch: project.fetch.clone(),
        commit: project.commit.clone(),
        archive: project.archive.clone(),
        tracks: project.tracks.clone().map(|(remote, branch, local)| Tracks { remote, branch, local }),
        depth: project.cloning.depth,
        partial: project.cloning.partial,
        sparse: project.cloning.sparse.clone(),
        without_submodules: project.cloning.without_submodules,
    }
}

/// A command that can run in `container`. Where one process group stands for all containers (the plan has several, the
/// runtime one agent), the runtime asks for the main container and gets the others' commands too.
fn command(command: &plan::Command, plan: &Plan, container: &str) -> Option<Command> {
    let run = match &command.run {
        plan::Run::Exec { component, line, working_dir, env } if component == container || plan.main == container => {
            Run::Exec { line: line.clone(), working_dir: working_dir.clone(), env: env.iter().map(translate).collect() }
        }
        plan::Run::Composite { commands, parallel } => {
            Run::Composite { commands: commands.clone(), parallel: *parallel }
        }
        plan::Run::Exec { .. } | plan::Run::Apply { .. } => return None,
    };
    Some(Command { id: command.id.clone(), run })
}

fn events(events: &plan::Events) -> Events {
    Events {
        pre_start: events.pre_start.clone(),
        post_start: events.post_start.clone(),
        pre_stop: events.pre_stop.clone(),
        post_stop: events.post_stop.clone(),
    }
}
