//! From a plan to what the agent of one container is told.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use dormer_wire::assignment::{Assignment, Command, Editor, EnvVar, Events, Project, Remote, Run, Sibling, Tracks};
use dormer_wire::door::Door;
use dormer_wire::tls::AgentKeys;

use crate::plan::settings::Settings;
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
    /// The keys of a door in a network.
    pub keys: Option<AgentKeys>,
    /// The folder with what images may lack.
    pub tools: Option<PathBuf>,
    /// The agents of the other containers. Where there are none, the main container's runs all that it can.
    pub siblings: Vec<Sibling>,
    /// Whether the container is one, with a network that is the workspace's own.
    pub whole_network: bool,
}

/// What the agent of `container` is told. Projects, editor and events belong to the main container's agent.
pub fn assign(workspace: &Workspace, instance: &str, plan: &Plan, container: &str, layout: Layout) -> Assignment {
    let here = plan.containers.iter().find(|c| c.name == container);
    let main = plan.main == container;
    let working_dir = layout.projects_root.join(&plan.working_dir);
    let mut env = layout.env;
    env.extend(set(&[("HOME", &layout.home)]));
    env.push(EnvVar { name: "DORMER_WORKSPACE".into(), value: workspace.name.to_string() });
    let root = layout.projects_root.display().to_string();
    // Where a process stands for a container, it has the projects whether that container would or not.
    let own = here.map(|here| plan.environment(&plan::Container { mount_sources: true, ..here.clone() }, &root));
    match own {
        Some(own) => env.extend(own.iter().map(translate)),
        None => env.extend(set(&[("PROJECTS_ROOT", &layout.projects_root), ("PROJECT_SOURCE", &working_dir)])),
    }
    // A person's own variables come last: they are the newest word.
    env.extend(
        workspace
            .spec
            .variables
            .iter()
            .filter(|variable| !variable.file)
            .map(|variable| EnvVar { name: variable.name.clone(), value: variable.value.clone() }),
    );
    let commands = commands(plan, container, &root, &layout.siblings);
    // A process that stands for a container does not run what keeps a container up.
    let entrypoint = here.filter(|_| layout.whole_network).and_then(|here| {
        let command = here.command.clone().filter(|command| !command.is_empty())?;
        Some(command.into_iter().chain(here.args.clone().unwrap_or_default()).collect())
    });
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
        projects: if main && !plan.skip_clone { plan.projects.iter().map(project).collect() } else { Vec::new() },
        events: if main { events(&plan.events, &commands) } else { Events::default() },
        commands,
        editor: layout.editor.filter(|_| main && plan.editor).map(|editor| customized(editor, &plan.settings)),
        busy_counts: layout.busy_counts,
        keys: layout.keys,
        tools: layout.tools,
        entrypoint,
        siblings: if main { layout.siblings } else { Vec::new() },
        whole_network: layout.whole_network,
        project_limits: None,
    }
}

/// The editor as the workspace's file wants it.
fn customized(editor: Editor, wanted: &Settings) -> Editor {
    match editor {
        Editor::VscodeServer { program, data, extensions, .. } => {
            let install = wanted.extensions.iter().filter(|id| is_extension(id)).cloned().collect();
            let settings = wanted.editor_settings.clone();
            Editor::VscodeServer { program, data, extensions, install, settings }
        }
        other => other,
    }
}

/// `publisher.name`, perhaps with `@version`. One that begins with a minus is not wanted, in a `devcontainer.json`; to the
/// editor it would be an option.
fn is_extension(id: &str) -> bool {
    let (name, version) = id.split_once('@').unwrap_or((id, "0"));
    let word = |text: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet))
    };
    id.len() <= 200
        && word(version)
        && name.split_once('.').is_some_and(|(publisher, name)| word(publisher) && word(name))
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
        sub_dir: project.sub_dir.clone(),
        tracks: project.tracks.clone().map(|(remote, branch, local)| Tracks { remote, branch, local }),
        depth: project.cloning.depth,
        partial: project.cloning.partial,
        sparse: project.cloning.sparse.clone(),
        without_submodules: project.cloning.without_submodules,
    }
}

/// The commands that can run in `container`. The main container gets the others' commands too: it asks their agents to
/// run them, or runs them itself where one process group stands for all containers (the plan has several, the runtime
/// one agent). What is applied is no agent's business: such commands are left out, of composite ones too.
fn commands(plan: &Plan, container: &str, root: &str, siblings: &[Sibling]) -> Vec<Command> {
    let elsewhere = |component: &str| component != container && siblings.iter().any(|one| one.container == component);
    let here = |command: &plan::Command| match &command.run {
        plan::Run::Exec { component, .. } => component == container || plan.main == container,
        plan::Run::Composite { .. } => true,
        plan::Run::Apply { .. } => false,
    };
    let runs: HashSet<&str> = plan.commands.iter().filter(|c| here(c)).map(|command| command.id.as_str()).collect();
    let translated = |command: &plan::Command| {
        let run = match &command.run {
            plan::Run::Exec { component, line, working_dir, env } => {
                // A command of another container has that one's variables, as far as it runs here at all.
                let here = component == container || elsewhere(component);
                let other = plan.containers.iter().find(|other| !here && other.name == *component);
                let theirs = other.map(|other| plan.environment(other, root)).unwrap_or_default();
                let env = theirs.iter().chain(env).map(translate).collect();
                Run::Exec { line: line.clone(), working_dir: working_dir.clone(), env }
            }
            plan::Run::Composite { commands, parallel } => {
                let commands = commands.iter().filter(|id| runs.contains(id.as_str())).cloned().collect();
                Run::Composite { commands, parallel: *parallel }
            }
            plan::Run::Apply { .. } => return None,
        };
        let container = match &command.run {
            plan::Run::Exec { component, .. } if elsewhere(component) => Some(component.clone()),
            _ => None,
        };
        runs.contains(command.id.as_str()).then(|| Command {
            id: command.id.clone(),
            run,
            container,
            once: command.once,
        })
    };
    plan.commands.iter().filter_map(translated).collect()
}

fn events(events: &plan::Events, commands: &[Command]) -> Events {
    let here = |ids: &[String]| -> Vec<String> {
        ids.iter().filter(|id| commands.iter().any(|command| command.id == **id)).cloned().collect()
    };
    Events {
        pre_start: here(&events.pre_start),
        post_start: here(&events.post_start),
        pre_stop: here(&events.pre_stop),
        post_stop: here(&events.post_stop),
    }
}

#[cfg(test)]
mod tests;
