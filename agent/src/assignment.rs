//! Reading what the agent is told to be, and refusing what it could not be.

use std::collections::HashSet;
use std::path::{Component, Path};

use dormer_wire::assignment::{Assignment, Editor};
use dormer_wire::door::Door;

use crate::{env, logs};

/// The largest assignment that is read, in octets.
const MAX_ASSIGNMENT: u64 = 16 * 1024 * 1024;

/// Why an assignment cannot be carried out. Trying again does not help: whoever wrote it has to change it.
#[derive(Debug, thiserror::Error)]
pub enum AssignmentError {
    /// It cannot be read.
    #[error("cannot read the assignment: {0}")]
    Io(#[from] std::io::Error),
    /// It is larger than anything that makes sense.
    #[error("the assignment has more than {MAX_ASSIGNMENT} octets")]
    TooLong,
    /// It is not the JSON that was expected. Says the place only: the values may be secrets.
    #[error("the assignment cannot be understood: {category:?} error at line {line}, column {column}")]
    Malformed {
        /// What kind of mistake.
        category: serde_json::error::Category,
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
    /// A part of it makes no sense.
    #[error("the assignment's {what} makes no sense: '{value}'")]
    Invalid {
        /// Which part.
        what: &'static str,
        /// Its value; never that of a variable.
        value: String,
    },
}

/// Reads and checks the assignment in a file.
pub fn load(path: &Path) -> Result<Assignment, AssignmentError> {
    if std::fs::metadata(path)?.len() > MAX_ASSIGNMENT {
        return Err(AssignmentError::TooLong);
    }
    let text = std::fs::read(path)?;
    let assignment: Assignment = serde_json::from_slice(&text).map_err(|error| AssignmentError::Malformed {
        category: error.classify(),
        line: error.line(),
        column: error.column(),
    })?;
    check(&assignment)?;
    Ok(assignment)
}

fn check(assignment: &Assignment) -> Result<(), AssignmentError> {
    let invalid = |what, value: &str| Err(AssignmentError::Invalid { what, value: value.to_owned() });
    let folders = [
        ("home", &assignment.home),
        ("projectsRoot", &assignment.projects_root),
        ("workingDir", &assignment.working_dir),
        ("logs", &assignment.logs),
        ("run", &assignment.run),
    ];
    for (what, folder) in folders {
        if !folder.is_absolute() {
            return invalid(what, &folder.to_string_lossy());
        }
    }
    for text in [&assignment.workspace, &assignment.instance] {
        if text.is_empty() || text.contains('\0') {
            return invalid("workspace or instance", text);
        }
    }
    for variable in &assignment.env {
        if !env::is_name(&variable.name) || variable.value.contains('\0') {
            return invalid("variable", &variable.name);
        }
    }
    if matches!(assignment.door, Door::Tls { .. }) && assignment.keys.is_none() {
        return invalid("door", "in a network and without keys");
    }
    if assignment.tools.as_ref().is_some_and(|tools| !tools.is_absolute()) {
        return invalid("tools", "a relative folder");
    }
    let mut containers = HashSet::from([assignment.container.as_str()]);
    for sibling in &assignment.siblings {
        if !containers.insert(&sibling.container) || !matches!(sibling.door, Door::Unix(_)) {
            return invalid("sibling", &sibling.container);
        }
    }
    if assignment.entrypoint.iter().flatten().any(|word| word.contains('\0')) {
        return invalid("entrypoint", "a NUL");
    }
    let mut paths = HashSet::new();
    for project in &assignment.projects {
        if !is_inside(&project.path) || !paths.insert(&project.path) {
            return invalid("project path", &project.path);
        }
    }
    let mut ids = HashSet::new();
    for command in &assignment.commands {
        let there = command.container.as_deref().is_none_or(|container| containers.contains(container));
        if !there || !logs::is_name(&command.id) || !ids.insert(command.id.as_str()) {
            return invalid("command", &command.id);
        }
    }
    let events = &assignment.events;
    for id in [&events.pre_start, &events.post_start, &events.pre_stop, &events.post_stop].into_iter().flatten() {
        if !ids.contains(id.as_str()) {
            return invalid("event's command", id);
        }
    }
    match &assignment.editor {
        Some(Editor::VscodeServer { program, .. }) if program.is_empty() => invalid("editor", "no program"),
        _ => Ok(()),
    }
}

/// Whether a relative path names something below the folder it is relative to.
fn is_inside(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.eq_ignore_ascii_case(".git");
    !path.contains('\0')
        && Path::new(path).components().next().is_some()
        && Path::new(path).components().all(|component| match component {
            Component::Normal(part) => part.to_str().is_some_and(plain),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> serde_json::Value {
        serde_json::json!({
            "workspace": "w", "instance": "i", "container": "c", "door": "unix:/x/d", "home": "/h",
            "projectsRoot": "/p", "workingDir": "/p/a", "logs": "/l", "run": "/r", "env": [],
            "commands": [{"id": "build", "exec": {"line": "make"}}],
            "events": {"preStart": ["build"]},
        })
    }

    fn with(change: impl FnOnce(&mut serde_json::Value)) -> Result<(), AssignmentError> {
        let mut value = sample();
        change(&mut value);
        check(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        with(|_| {}).unwrap();
        assert!(with(|a| a["home"] = "h".into()).is_err());
        assert!(with(|a| a["instance"] = "".into()).is_err());
        assert!(with(|a| a["events"]["postStop"] = serde_json::json!(["gone"])).is_err());
        assert!(with(|a| a["commands"][0]["id"] = "../x".into()).is_err());
        assert!(with(|a| a["commands"][0]["container"] = "nowhere".into()).is_err());
        assert!(with(|a| a["door"] = "tls:0.0.0.0:1/a".into()).is_err(), "without keys");
        let siblings = |container: &str, door: &str| serde_json::json!([{"container": container, "door": door}]);
        with(|a| a["siblings"] = siblings("db", "unix:/x")).unwrap();
        assert!(with(|a| a["siblings"] = siblings("c", "unix:/x")).is_err(), "its own");
        assert!(with(|a| a["siblings"] = siblings("db", "tls:1.2.3.4:1/a")).is_err());
        assert!(with(|a| a["tools"] = "tools".into()).is_err());
        assert!(with(|a| a["env"] = serde_json::json!([{"name": "A=B", "value": ""}])).is_err());
        for path in ["", "..", "a/../..", "/etc", "-x", "a/.git", ".", "a\0b"] {
            let project = serde_json::json!([{"name": "n", "path": path, "remotes": []}]);
            assert!(with(|a| a["projects"] = project).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_malformed_assignment_does_not_show_its_values() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.json");
        std::fs::write(&file, r#"{"workspace": "hunter2", "instance": 3}"#).unwrap();
        let message = load(&file).unwrap_err().to_string();
        assert!(message.contains("line 1") && !message.contains("hunter2"), "{message}");
    }
}
