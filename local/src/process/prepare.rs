//! Everything that must be there before an agent is started: what it needs on this machine, its folders, its task.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use dormer_core::assign::{Layout, assign};
use dormer_core::plan::Plan;
use dormer_core::ports::runtime::RuntimeError;
use dormer_core::workspace::{Variable, Workspace};
use dormer_wire::assignment::{Editor, EnvVar};
use dormer_wire::door::Door;

use super::place::Place;
use super::private;
use super::runtime::RuntimeConfig;

fn impossible(reason: &'static str, message: String) -> RuntimeError {
    RuntimeError::Impossible { reason, message }
}

/// What went wrong with files or processes, in words that say what to do.
pub fn failed(reason: &'static str, what: &str, error: &io::Error) -> RuntimeError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => RuntimeError::Failed {
            reason: "DiskFull",
            message: format!("cannot {what}: the disk is full; make room on the disk of the data folder"),
        },
        _ => RuntimeError::Failed { reason, message: format!("cannot {what}: {error}") },
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Refuses what cannot work here, before anything is made.
pub fn check(config: &RuntimeConfig, workspace: &Workspace, plan: &Plan) -> Result<(), RuntimeError> {
    if !is_program(&config.agent) {
        let path = config.agent.display();
        let message = format!(
            "there is no dormer-agent at {path}; `make build` makes it, `dormer doctor` tells where it is looked for"
        );
        return Err(impossible("AgentMissing", message));
    }
    let needs_git = plan.projects.iter().any(|project| !project.remotes.is_empty());
    let path = std::env::var_os("PATH").unwrap_or_default();
    if needs_git && !std::env::split_paths(&path).any(|folder| is_program(&folder.join("git"))) {
        return Err(impossible(
            "GitMissing",
            "there is no git here to clone with; install it (`apt install git`)".into(),
        ));
    }
    for variable in &workspace.spec.variables {
        let mut octets = variable.name.bytes();
        let named = octets.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && octets.all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
        if !named || variable.name.len() > 200 || (variable.value.contains('\0') && !variable.file) {
            let message = format!("'{}' cannot be a variable; rename it with `dormer update`", variable.name);
            return Err(impossible("VariableInvalid", message));
        }
    }
    editor(config, plan, Path::new("/")).map(drop)
}

fn editor(config: &RuntimeConfig, plan: &Plan, data: &Path) -> Result<Option<Editor>, RuntimeError> {
    if !plan.editor {
        return Ok(None);
    }
    let missing = |what: String| {
        impossible("EditorMissing", format!("{what}; `make run` gets one, `--editor none` does without"))
    };
    let Some(folder) = &config.editor else { return Err(missing("no editor is configured here".into())) };
    let (node, server) = (folder.join("node"), folder.join("vscode/out/server-main.js"));
    for path in [&node, &server] {
        if !path.is_file() {
            return Err(missing(format!("the editor is not whole: {} is missing", path.display())));
        }
    }
    let program = [node, server].map(|path| path.display().to_string()).to_vec();
    let (extensions, install, settings) = (config.extensions.clone(), Vec::new(), serde_json::Map::new());
    Ok(Some(Editor::VscodeServer { program, data: data.to_owned(), extensions, install, settings }))
}

/// Makes the folders of a workspace, and writes what its agent is told.
pub fn make(
    config: &RuntimeConfig,
    place: &Place,
    workspace: &Workspace,
    instance: &str,
    plan: &Plan,
) -> Result<(), RuntimeError> {
    let editor = editor(config, plan, &place.editor)?;
    let folders = || -> io::Result<Vec<EnvVar>> {
        for folder in [&place.root, &place.home, &place.projects, &place.logs, &place.editor, &place.run] {
            private::folder(folder)?;
        }
        files(&place.files, &workspace.spec.variables)
    };
    let env = folders().map_err(|error| failed("FolderFailed", "make the workspace's folders", &error))?;
    let layout = Layout {
        door: Door::Unix(place.door.clone()),
        home: place.home.clone(),
        projects_root: place.projects.clone(),
        logs: place.logs.clone(),
        run: place.run.clone(),
        editor,
        env,
        busy_counts: workspace.spec.lifecycle.keep_alive_when_busy.unwrap_or(true),
        keys: None,
        tools: None,
        siblings: Vec::new(),
        whole_network: false,
    };
    let assignment = assign(workspace, instance, plan, &plan.main, layout);
    serde_json::to_vec(&assignment)
        .map_err(io::Error::other)
        .and_then(|text| private::write(&place.assignment, &text))
        .map_err(|error| failed("FolderFailed", "write what the agent is told", &error))
}

/// Writes the variables that are files; gives those that say where.
fn files(folder: &Path, variables: &[Variable]) -> io::Result<Vec<EnvVar>> {
    super::erase::folder(folder)?;
    let mut env = Vec::new();
    for variable in variables.iter().filter(|variable| variable.file) {
        private::folder(folder)?;
        let path = folder.join(&variable.name);
        private::write(&path, variable.value.as_bytes())?;
        env.push(EnvVar { name: variable.name.clone(), value: path.display().to_string() });
    }
    Ok(env)
}
