//! What the agents of a workspace are told, and the values of its variables: the one object with secrets in it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{KeyToPath, Secret, SecretVolumeSource, Volume};

use dormer_core::assign::{Layout, assign};
use dormer_core::workspace::Variable;
use dormer_wire::assignment::{Editor, EnvVar, Sibling};
use dormer_wire::door::Door;

use crate::render::parts::Part;
use crate::render::storage::{HOME, RUN_PATH, TOOLS_PATH};
use crate::render::{DOOR_PORT, RenderError, Subject, container, name, peer};

/// Where an agent finds what it is told.
pub const PATH: &str = "/.dormer-task";

/// The file with the assignment of a container's agent, in the Secret and below [`PATH`].
pub fn file(container: &str) -> String {
    format!("{container}.json")
}

/// The key of a variable's value.
pub fn variable(name: &str) -> String {
    format!("var.{name}")
}

/// The Secret.
pub fn secret(subject: &Subject<'_>, parts: &[Part<'_>]) -> Result<Secret, RenderError> {
    for variable in &subject.workspace.spec.variables {
        check(variable)?;
    }
    let mut data = BTreeMap::new();
    for part in parts.iter().filter(|part| part.has_agent()) {
        data.insert(file(part.name), ByteString(assignment(subject, parts, part)?));
    }
    for value in &subject.workspace.spec.variables {
        data.insert(variable(&value.name), ByteString(value.value.clone().into_bytes()));
    }
    Ok(Secret {
        metadata: subject.metadata(name(subject.workspace)),
        type_: Some("dormer.dev/workspace".into()),
        data: Some(data),
        ..Secret::default()
    })
}

fn check(variable: &Variable) -> Result<(), RenderError> {
    let mut octets = variable.name.bytes();
    let named = octets.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && octets.all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
    if !named || variable.name.len() > 200 || (variable.value.contains('\0') && !variable.file) {
        let message = format!("'{}' cannot be a variable; rename it with `dormer update`", variable.name);
        return Err(RenderError::new("VariableInvalid", message));
    }
    Ok(())
}

/// The volume of an agent's assignment, and of the variables that are files.
pub fn volume(subject: &Subject<'_>, volume: &str, container: &str) -> Volume {
    let item = |key: String, path: String| KeyToPath { key, path, mode: None };
    let files = subject.workspace.spec.variables.iter().filter(|variable| variable.file);
    let items = std::iter::once(item(file(container), file(container)))
        .chain(files.map(|value| item(variable(&value.name), format!("files/{}", value.name))));
    Volume {
        name: volume.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(name(subject.workspace)),
            default_mode: Some(0o400),
            items: Some(items.collect()),
            optional: None,
        }),
        ..Volume::default()
    }
}

fn assignment(subject: &Subject<'_>, parts: &[Part<'_>], part: &Part<'_>) -> Result<Vec<u8>, RenderError> {
    let (workspace, plan) = (subject.workspace, subject.plan);
    let main = part.main;
    let own = Path::new(RUN_PATH).join(part.name);
    let door = match main {
        true => Door::Tls {
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, DOOR_PORT)),
            peer: peer(workspace, subject.instance),
        },
        false => socket(part.name),
    };
    let layout = Layout {
        door,
        home: match container::has_home(part) {
            true => PathBuf::from(HOME),
            false => own.join("home"),
        },
        projects_root: container::projects_root(part.container).into(),
        logs: own.join("logs"),
        run: own.join("run"),
        editor: main.then(|| editor(Path::new(HOME))),
        env: workspace
            .spec
            .variables
            .iter()
            .filter(|variable| variable.file)
            .map(|variable| EnvVar { name: variable.name.clone(), value: format!("{PATH}/files/{}", variable.name) })
            .collect(),
        busy_counts: workspace.spec.lifecycle.keep_alive_when_busy.unwrap_or(true),
        keys: main.then(|| subject.keys.clone()),
        tools: Some(PathBuf::from(TOOLS_PATH)),
        siblings: parts
            .iter()
            .filter(|other| main && other.has_agent() && !other.main)
            .map(|other| Sibling { container: other.name.to_owned(), door: socket(other.name) })
            .collect(),
        whole_network: true,
    };
    let assignment = assign(workspace, subject.instance, plan, &part.container.name, layout);
    serde_json::to_vec(&assignment)
        .map_err(|error| RenderError::new("Internal", format!("an assignment cannot be written: {error}")))
}

/// Where the agent of another container than the main one listens.
fn socket(container: &str) -> Door {
    Door::Unix(Path::new(RUN_PATH).join(format!("{container}.sock")))
}

fn editor(home: &Path) -> Editor {
    let tool = |path: &str| Path::new(TOOLS_PATH).join(path);
    let program = [tool("editor/node"), tool("editor/vscode/out/server-main.js")];
    Editor::VscodeServer {
        program: program.map(|path| path.display().to_string()).to_vec(),
        data: home.join(".dormer/editor"),
        extensions: Some(tool("extension")),
        install: Vec::new(),
        settings: serde_json::Map::new(),
    }
}
