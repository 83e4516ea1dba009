//! What every part needs to know of the workspace: folders, shell, variables, board, logs and processes.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use dormer_wire::assignment::Assignment;

use crate::credential;
use crate::env::{self, Variables};
use crate::logs::Logs;
use crate::passwd;
use crate::process::spawn::Processes;
use crate::status::Board;
use crate::tools;

/// Marks every process of one start of a workspace.
const INSTANCE: &str = "DORMER_INSTANCE";
/// Tells processes which workspace they are in.
const WORKSPACE: &str = "DORMER_WORKSPACE";
/// Where a process has to look for programs when nobody says.
/// Who somebody is that the system has no name for.
const NOBODY: &str = "user";
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The shell that every system has, or nearly every one.
const SH: &str = "/bin/sh";
/// Shells whose language is that of `sh`, as far as a devfile's command lines go.
const SH_LIKE: [&str; 6] = ["bash", "sh", "zsh", "dash", "ksh", "ash"];

/// The workspace.
#[derive(Debug)]
pub struct Workspace {
    /// What the agent was told.
    pub assignment: Assignment,
    /// The variables of its processes.
    pub variables: Variables,
    /// The login shell.
    pub shell: PathBuf,
    /// The folder that the agent was started in: an image's own.
    pub began_in: PathBuf,
    /// The logs.
    pub logs: Logs,
    /// The status.
    pub board: Board,
    /// The processes.
    pub processes: Processes,
}

impl Workspace {
    /// Works out what follows from an assignment and the agent's own environment. `logs` must exist by now.
    pub fn new(assignment: Assignment, inherited: impl Iterator<Item = (String, String)>) -> Self {
        let user = passwd::by_uid(nix::unistd::getuid().as_raw());
        // Of what an image says all is kept; what is meant for the gateway is not the workspace's to see.
        let mut variables: Variables =
            inherited.filter(|(name, _)| env::is_name(name) && !name.starts_with("DORMER_")).collect();
        variables.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
        for name in ["USER", "LOGNAME"] {
            match &user {
                Some(user) => drop(variables.insert(name.to_owned(), user.name.clone())),
                None => drop(variables.entry(name.to_owned()).or_insert_with(|| NOBODY.to_owned())),
            }
        }
        // What the image or the machine sets can be referred to as well: `$(PATH)` is what nearly everybody means.
        let mut known = variables.clone();
        env::extend(&mut variables, &mut known, &assignment.env);
        let tools = assignment.tools.as_deref();
        tools::offer(&mut variables, tools, &assignment.run.join("tmp"));
        let unknown = user.is_none();
        let named = variables.get("SHELL").map(PathBuf::from);
        let shell =
            [named, user.and_then(|user| user.shell), Some("/bin/bash".into()), Some(SH.into()), tools::shell(tools)]
                .into_iter()
                .flatten()
                .find(|shell| is_shell(shell))
                .unwrap_or_else(|| SH.into());
        if unknown && tools.is_some() {
            match passwd::introduce(&assignment.run, NOBODY, &assignment.home, &shell) {
                Ok(files) => variables.extend(files),
                Err(error) => tracing::warn!(%error, "programs will not know the user's name"),
            }
        }
        let own = [
            ("SHELL", shell.to_string_lossy().into_owned()),
            ("HOME", assignment.home.to_string_lossy().into_owned()),
            (INSTANCE, assignment.instance.clone()),
            (WORKSPACE, assignment.workspace.clone()),
            (credential::config::VARIABLE, credential::config::path(&assignment.run).to_string_lossy().into_owned()),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let logs = Logs::new(&assignment.logs);
        let board = Board::new(&assignment.instance);
        let began_in = std::env::current_dir().unwrap_or_else(|_| "/".into());
        Workspace { assignment, variables, shell, began_in, logs, board, processes: Processes::default() }
    }

    /// A command with the workspace's variables and nothing else, in the folder where shells begin.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.variables).current_dir(self.folder());
        command
    }

    /// Where shells begin: the project, or as near to it as there is something.
    pub fn folder(&self) -> &Path {
        let Assignment { working_dir, projects_root, home, .. } = &self.assignment;
        let candidates = [working_dir.as_path(), projects_root, home];
        candidates.into_iter().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"))
    }

    /// Where people begin: the project, though it be still on its way.
    pub fn beginning(&self) -> &Path {
        let Assignment { projects, projects_root, working_dir, .. } = &self.assignment;
        let is_coming = projects.iter().any(|project| !projects_root.join(&project.path).exists());
        if is_coming { working_dir } else { self.folder() }
    }

    /// The shell for the command lines of a devfile, which are written for `sh`.
    pub fn sh(&self) -> PathBuf {
        let is_sh = |name: &std::ffi::OsStr| SH_LIKE.iter().any(|sh| name == *sh);
        if self.shell.file_name().is_some_and(is_sh) {
            return self.shell.clone();
        }
        let others = [Some(SH.into()), tools::shell(self.assignment.tools.as_deref())];
        others.into_iter().flatten().find(|shell| is_shell(shell)).unwrap_or_else(|| SH.into())
    }
}

fn is_shell(path: &Path) -> bool {
    let refuses = path.file_name().is_some_and(|name| name == "nologin" || name == "false");
    path.is_absolute() && !refuses && tools::is_program(path)
}

/// Makes a folder that is nobody else's: mode 0700, owned by this user. One that is there already is tightened.
pub fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let metadata = std::fs::symlink_metadata(folder)?;
    if !metadata.is_dir() || metadata.uid() != nix::unistd::geteuid().as_raw() {
        let what = format!("{} is not a folder of this user's own", folder.display());
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, what));
    }
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A workspace in a folder, for tests.
    pub fn sample(folder: &Path) -> Workspace {
        for name in ["home", "projects", "logs", "run"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        let assignment = serde_json::json!({
            "workspace": "w", "instance": "i", "container": "c",
            "door": format!("unix:{}/run/door.sock", folder.display()),
            "home": folder.join("home"), "projectsRoot": folder.join("projects"),
            "workingDir": folder.join("projects/app"), "logs": folder.join("logs"), "run": folder.join("run"),
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)2"}, {"name": "HOME", "value": "/elsewhere"}],
        });
        let inherited = [("DORMER_SECRET", "s"), ("LANG", "C.UTF-8"), ("A", "0"), ("SHELL", "/usr/sbin/nologin")];
        let inherited = inherited.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Workspace::new(serde_json::from_value(assignment).unwrap(), inherited)
    }

    #[test]
    fn variables_are_the_images_then_the_assignments_then_ours() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = sample(folder.path());
        let get = |name: &str| workspace.variables.get(name).map(String::as_str);
        assert_eq!((get("A"), get("B"), get("LANG")), (Some("1"), Some("12"), Some("C.UTF-8")));
        assert_eq!(get("DORMER_SECRET"), None);
        assert_eq!(get("DORMER_INSTANCE"), Some("i"));
        assert_eq!(get("HOME").map(Path::new), Some(folder.path().join("home").as_path()));
        assert!(!workspace.shell.ends_with("nologin"));
    }

    #[test]
    fn the_folder_is_the_project_as_soon_as_there_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = sample(folder.path());
        assert_eq!(workspace.folder(), folder.path().join("projects"));
        std::fs::create_dir(folder.path().join("projects/app")).unwrap();
        assert_eq!(workspace.folder(), folder.path().join("projects/app"));
    }

    #[test]
    fn a_private_folder_is_tightened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        make_private(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(make_private(&folder.path().join("file")).is_err());
    }
}
