//! The logs of commands and steps: one file each, which the processes write to by themselves.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use dormer_wire::assignment::Assignment;

use crate::status::STEPS;

/// A log that has grown beyond this is cut down to its newest part.
const MAX_LOG: u64 = 32 * 1024 * 1024;
/// What is kept of a log that was cut.
pub const KEPT: u64 = 4 * 1024 * 1024;
/// How many octets and lines of a log a failure carries.
const TAIL_OCTETS: u64 = 4 * 1024;
const TAIL_LINES: usize = 20;
/// The agent's own log.
pub const AGENT: &str = "agent";
/// The log of what the container runs by itself.
pub const CONTAINER: &str = "container";

/// The folder of logs.
#[derive(Debug, Clone)]
pub struct Logs {
    folder: PathBuf,
}

impl Logs {
    /// Logs in a folder, which exists.
    pub fn new(folder: &Path) -> Self {
        Logs { folder: folder.to_owned() }
    }

    /// The file of a log, for a name that [`is_name`] accepts.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// Opens a log to write to, emptied first. Always appending, so that it can be cut while a process writes to it.
    pub fn create(&self, name: &str) -> std::io::Result<File> {
        let path = self.path(name);
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.set_len(0)?;
        Ok(file)
    }

    /// The last lines of a log, for people.
    pub fn tail(&self, name: &str) -> String {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(self.path(name))?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL_OCTETS)))?;
            let mut tail = Vec::new();
            file.take(TAIL_OCTETS).read_to_end(&mut tail)?;
            Ok(tail)
        };
        let tail = read().unwrap_or_default();
        let text = String::from_utf8_lossy(&tail);
        let lines: Vec<&str> = text.trim_end().lines().collect();
        lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
    }

    /// Cuts the logs that have grown too long.
    pub fn cut(&self) {
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let is_log = entry.path().extension().is_some_and(|extension| extension == "log");
            let too_long = entry.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > MAX_LOG);
            if is_log
                && too_long
                && let Err(error) = cut_file(&entry.path(), KEPT)
            {
                tracing::warn!(%error, log = %entry.path().display(), "a log could not be cut");
            }
        }
    }
}

fn cut_file(path: &Path, kept: u64) -> std::io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(kept)))?;
    let mut tail = Vec::new();
    (&mut file).take(kept).read_to_end(&mut tail)?;
    file.set_len(0)?;
    file.write_all(b"[older lines were removed]\n")?;
    file.write_all(&tail)
}

/// The name of a command's log: its id, unless a step of the start has that name.
pub fn of_command(id: &str) -> String {
    if STEPS.contains(&id) || id == AGENT || id == CONTAINER { format!("command-{id}") } else { id.to_owned() }
}

/// The container whose agent has a log, and the log's name there, where it is another container: the log of a command
/// that runs there, or as `container-<name>` what it runs by itself.
pub fn elsewhere(assignment: &Assignment, name: &str) -> Option<(String, String)> {
    let command = assignment.commands.iter().find(|command| of_command(&command.id) == name);
    if let Some(command) = command {
        return Some((command.container.clone()?, name.to_owned()));
    }
    let container = name.strip_prefix(CONTAINER)?.strip_prefix('-')?;
    let known = assignment.siblings.iter().any(|sibling| sibling.container == container);
    known.then(|| (container.to_owned(), CONTAINER.to_owned()))
}

/// Whether a name can be that of a log: it must not lead out of the folder.
pub fn is_name(name: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 128 && !name.starts_with(['.', '-']) && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        assert!(is_name("build-1") && is_name("a.b_c"));
        for bad in ["", "..", ".x", "a/b", "/etc/passwd", "-x", "a\0", &"x".repeat(129)] {
            assert!(!is_name(bad), "{bad:?}");
        }
        assert_eq!((of_command("clone").as_str(), of_command("x").as_str()), ("command-clone", "x"));
    }

    #[test]
    fn some_logs_are_elsewhere() {
        let assignment = serde_json::json!({
            "workspace": "w", "instance": "i", "container": "main", "door": "unix:/d", "home": "/h", "projectsRoot": "/p",
            "workingDir": "/p", "logs": "/l", "run": "/r", "env": [], "siblings": [{"container": "db", "door": "unix:/x"}],
            "commands": [{"id": "build", "exec": {"line": "make"}}, {"id": "load", "exec": {"line": "x"}, "container": "db"}],
        });
        let assignment: Assignment = serde_json::from_value(assignment).unwrap();
        for (name, expected) in [
            ("build", None),
            ("clone", None),
            ("container", None),
            ("container-main", None),
            ("container-web", None),
            ("load", Some(("db", "load"))),
            ("container-db", Some(("db", "container"))),
        ] {
            let found = elsewhere(&assignment, name);
            assert_eq!(found.as_ref().map(|(container, name)| (container.as_str(), name.as_str())), expected, "{name}");
        }
    }

    #[test]
    fn the_tail_is_whole_lines_and_short() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::new(folder.path());
        assert_eq!(logs.tail("none"), "");
        let text: String = (0..100).map(|n| format!("line {n}\n")).collect();
        logs.create("x").unwrap().write_all(text.as_bytes()).unwrap();
        let tail = logs.tail("x");
        assert_eq!((tail.lines().count(), tail.lines().last()), (TAIL_LINES, Some("line 99")));
    }

    #[test]
    fn a_cut_log_keeps_its_end_and_its_writer() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::new(folder.path());
        let mut writer = logs.create("x").unwrap();
        writer.write_all(b"old old old new").unwrap();
        cut_file(&logs.path("x"), 3).unwrap();
        writer.write_all(b"er").unwrap();
        assert_eq!(std::fs::read_to_string(logs.path("x")).unwrap(), "[older lines were removed]\nnewer");
    }
}
