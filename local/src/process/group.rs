//! Control groups: the one way to find every process of a workspace, whatever it did to get away. Where the machine
//! does not let us make any, sessions, descent and marks in the environment have to do.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use dormer_core::limits::Limits;

use super::limits::{self, Limiters};

const ROOT: &str = "/sys/fs/cgroup";

/// Where groups can be made.
#[derive(Debug, Clone)]
pub struct Groups {
    folder: Option<PathBuf>,
    name: String,
    limiters: Limiters,
}

/// A group.
#[derive(Debug, Clone)]
pub struct Group {
    path: PathBuf,
    /// Folders in other trees that limit it.
    limits: Vec<PathBuf>,
}

impl Groups {
    /// Looks where groups of the data folder called `label` can be made.
    pub fn find(label: &str) -> Groups {
        let name = format!("dormer-{label}");
        let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let folder = candidates(&own).into_iter().map(|base| base.join(&name)).find(|folder| usable(folder));
        let tree =
            |controller| candidate(&own, controller).map(|base| base.join(&name)).filter(|folder| usable(folder));
        let unified = folder.as_deref().is_some_and(|folder| {
            let controllers = folder.parent().map(|base| std::fs::read_to_string(base.join("cgroup.controllers")));
            controllers.is_some_and(|text| text.is_ok_and(|text| text.contains("memory")))
        });
        let limiters = Limiters { memory: tree("memory"), cpu: tree("cpu"), unified };
        Groups { folder, name, limiters }
    }

    /// Whether limits can be set.
    pub fn limits(&self) -> bool {
        self.limiters.unified || (self.limiters.memory.is_some() && self.limiters.cpu.is_some())
    }

    /// Where they are made.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Makes the group of a workspace, with these limits as far as they can be set. None where that cannot be.
    pub fn make(&self, id: &str, limits: &Limits) -> Option<Group> {
        let folder = self.folder.as_ref()?;
        let path = folder.join(id);
        match std::fs::create_dir_all(&path) {
            Ok(()) => {
                if self.limiters.unified && !limits.is_none() {
                    limits::enable(folder);
                }
                let limits = self.limiters.set(&path, id, limits);
                Some(Group { path, limits })
            }
            Err(error) => {
                tracing::debug!(path = %path.display(), %error, "no control group");
                None
            }
        }
    }

    /// The group that was noted down for a workspace, perhaps by a gateway that ran elsewhere in the tree. What was
    /// noted is believed only where it names a group that we would have made: others are not ours to end.
    pub fn noted(&self, path: &Path, limits: &[PathBuf], id: &str) -> Option<Group> {
        let ours = |path: &Path| {
            let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
            plain && path.starts_with(ROOT) && path.ends_with(Path::new(&self.name).join(id)) && path.is_dir()
        };
        let limits = limits.iter().filter(|path| ours(path)).cloned().collect();
        ours(path).then(|| Group { path: path.to_owned(), limits })
    }
}

/// Where this process is in the tree of one controller of the old kind.
fn candidate(own: &str, controller: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        controllers.split(',').any(|one| one == controller).then_some(path)
    })?;
    Some(Path::new(ROOT).join(controller).join(path.trim_start_matches('/')))
}

/// Where this process is in each hierarchy, the newest kind first.
fn candidates(own: &str) -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    let unified = if root.join("cgroup.controllers").exists() { root.to_owned() } else { root.join("unified") };
    let mut found = Vec::new();
    for wanted in ["", "pids", "freezer", "name=systemd"] {
        let mount = match wanted {
            "" => unified.clone(),
            "name=systemd" => root.join("systemd"),
            controller => root.join(controller),
        };
        for line in own.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            if let (Some(controllers), Some(path)) = (fields.next(), fields.next())
                && controllers.split(',').any(|controller| controller == wanted)
            {
                found.push(mount.join(path.trim_start_matches('/')));
            }
        }
    }
    found
}

fn usable(folder: &Path) -> bool {
    let writable = |file: PathBuf| OpenOptions::new().write(true).open(file).is_ok();
    // To move a process, the group that it comes from must be ours to write as well.
    if !folder.parent().is_some_and(|base| writable(base.join("cgroup.procs"))) {
        return false;
    }
    let usable = std::fs::create_dir_all(folder).is_ok() && writable(folder.join("cgroup.procs"));
    // Made again with the first group in it; fails where there are some, which is as it should be.
    let _ = std::fs::remove_dir(folder);
    usable
}

impl Group {
    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Folders in other trees that limit it.
    pub fn limits(&self) -> &[PathBuf] {
        &self.limits
    }

    /// The file through which a process enters it.
    pub fn entrance(&self) -> io::Result<File> {
        entrance(&self.path)
    }

    /// The files through which a process enters its limits.
    pub fn limit_entrances(&self) -> io::Result<Vec<File>> {
        self.limits.iter().map(|folder| entrance(folder)).collect()
    }

    /// Its folder, where it is of the new kind.
    pub fn unified(&self) -> Option<File> {
        self.path.join("cgroup.events").exists().then(|| File::open(&self.path).ok()).flatten()
    }

    /// The numbers of the processes in it and in those below it.
    pub fn pids(&self) -> Vec<i32> {
        let mut pids = Vec::new();
        for folder in self.folders() {
            let text = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            pids.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()));
        }
        pids
    }

    /// Ends all of them at once, where the kernel can.
    pub fn kill(&self) {
        // Where it cannot, each is ended by itself.
        let _ = OpenOptions::new()
            .write(true)
            .open(self.path.join("cgroup.kill"))
            .and_then(|mut file| file.write_all(b"1"));
    }

    /// Removes it, and those below it.
    pub fn remove(&self) {
        let limits: Vec<PathBuf> = self.limits.iter().flat_map(|path| folders(path)).collect();
        for folder in self.folders().iter().chain(&limits).rev() {
            if let Err(error) = std::fs::remove_dir(folder) {
                tracing::debug!(path = %folder.display(), %error, "a control group is left");
            }
        }
        // The last one takes the folder of all of them along; it is not empty before.
        for path in std::iter::once(&self.path).chain(&self.limits) {
            let _ = path.parent().map(std::fs::remove_dir);
        }
    }

    /// It and those below it, parents first.
    fn folders(&self) -> Vec<PathBuf> {
        folders(&self.path)
    }
}

fn entrance(folder: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(folder.join("cgroup.procs"))
}

/// A folder and those below it, parents first.
fn folders(path: &Path) -> Vec<PathBuf> {
    let mut folders = vec![path.to_owned()];
    let mut next = 0;
    while let Some(folder) = folders.get(next) {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let below: Vec<_> =
            entries.filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir())).map(|e| e.path()).collect();
        folders.extend(below);
        next += 1;
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_of_ours_are_believed() {
        let groups = Groups { folder: None, name: "dormer-0abc".into(), limiters: Limiters::default() };
        for path in
            ["/", "/sys/fs/cgroup", "/sys/fs/cgroup/pids", "/tmp/dormer-0abc/1", "/sys/fs/cgroup/x/../dormer-0abc/1"]
        {
            assert!(groups.noted(Path::new(path), &[], "1").is_none(), "{path}");
        }
    }

    #[test]
    fn the_newest_kind_first() {
        let own = "9:name=systemd:/s\n8:pids:/p\n3:cpu,cpuacct:/\n0::/u\n";
        let found = candidates(own);
        assert_eq!(found.len(), 3);
        assert_eq!(candidate(own, "cpu"), Some(PathBuf::from("/sys/fs/cgroup/cpu")));
        assert_eq!(candidate(own, "memory"), None);
        assert!(found[0].ends_with("u"));
        assert_eq!(found[1..], [PathBuf::from("/sys/fs/cgroup/pids/p"), PathBuf::from("/sys/fs/cgroup/systemd/s")]);
    }
}
