//! Where things of a workspace are.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use dormer_core::workspace::Workspace;

/// The longest folder for sockets: a socket's path must fit in 108 octets, and in it are an id and a name besides.
const LONGEST_RUN: usize = 64;

/// Where workspaces are.
#[derive(Debug, Clone)]
pub struct Places {
    workspaces: PathBuf,
    run: PathBuf,
    label: String,
}

/// Where one workspace is.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its folder, below which everything is that a stop keeps.
    pub root: PathBuf,
    /// The user's home.
    pub home: PathBuf,
    /// Its projects.
    pub projects: PathBuf,
    /// Its logs.
    pub logs: PathBuf,
    /// What the editor keeps.
    pub editor: PathBuf,
    /// What is known of its processes.
    pub record: PathBuf,
    /// Its sockets and secrets, as long as it runs.
    pub run: PathBuf,
    /// Its door.
    pub door: PathBuf,
    /// What its agent is told.
    pub assignment: PathBuf,
    /// Variables that are files.
    pub files: PathBuf,
    /// Twelve characters that no other workspace has.
    pub id: String,
}

impl Places {
    /// Below `data`, with sockets in `run`, or in a short folder elsewhere when that is too long for sockets.
    pub fn new(data: &Path, run: &Path) -> Places {
        let label = hash(data.as_os_str().as_encoded_bytes(), 8);
        let user = nix::unistd::geteuid();
        let run = match run.as_os_str().len() {
            0..=LONGEST_RUN => run.to_owned(),
            // The same each time, or a restarted gateway would not find the doors.
            _ => PathBuf::from(format!("/tmp/dormer-{user}-{label}")),
        };
        Places { workspaces: data.join("workspaces"), run, label }
    }

    /// The folder that all workspaces are in.
    pub fn workspaces(&self) -> &Path {
        &self.workspaces
    }

    /// The folder that all sockets are in.
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// Tells this data folder from others of the machine.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Where a workspace is. Its name is a DNS label, and an id is made of letters and digits: nothing leads out.
    pub fn of(&self, workspace: &Workspace) -> Place {
        let id = id(&workspace.uid);
        let short: String = id.chars().take(8).collect();
        let root = self.workspaces.join(format!("{}-{short}", workspace.name));
        let run = self.run.join(&id);
        Place {
            home: root.join("home"),
            projects: root.join("projects"),
            logs: root.join("logs"),
            editor: root.join("editor"),
            record: root.join("agent.json"),
            door: run.join("door"),
            assignment: run.join("assignment.json"),
            files: run.join("files"),
            root,
            run,
            id,
        }
    }
}

fn id(uid: &str) -> String {
    let plain = uid.len() >= 12 && uid.bytes().all(|octet| octet.is_ascii_hexdigit() && !octet.is_ascii_uppercase());
    if plain { uid.chars().take(12).collect() } else { hash(uid.as_bytes(), 12) }
}

fn hash(bytes: &[u8], length: usize) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|octet| format!("{octet:02x}")).collect::<String>().chars().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::workspace::fixture;

    #[test]
    fn nothing_leads_out_and_sockets_fit() {
        let long = PathBuf::from(format!("/{}", "long".repeat(40)));
        for (uid, run) in [
            ("0123456789abcdef0123456789abcdef", Path::new("/data/run")),
            ("../../../etc", Path::new("/data/run")),
            ("", long.as_path()),
        ] {
            let mut workspace = fixture("hello", "ann");
            workspace.uid = uid.into();
            let place = Places::new(Path::new("/data"), run).of(&workspace);
            assert_eq!(place.root.parent(), Some(Path::new("/data/workspaces")), "{uid}");
            assert!(place.id.len() == 12 && place.id.bytes().all(|octet| octet.is_ascii_hexdigit()), "{uid}");
            assert!(place.door.as_os_str().len() < 85, "{}", place.door.display());
        }
        let mut workspace = fixture("hello", "ann");
        workspace.uid = "0123456789abcdef0123456789abcdef".into();
        let place = Places::new(Path::new("/data"), Path::new("/data/run")).of(&workspace);
        assert_eq!(place.root, Path::new("/data/workspaces/hello-01234567"));
        assert_eq!(place.door, Path::new("/data/run/0123456789ab/door"));
    }
}
