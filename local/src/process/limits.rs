//! Limits by control groups, of either kind: the old one has a tree of folders a controller, the new one has files beside
//! those of the group itself.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use dormer_core::limits::Limits;

/// The span over which processor time is measured, in microseconds.
const PERIOD: u64 = 100_000;

/// Where limits are set.
#[derive(Debug, Clone, Default)]
pub struct Limiters {
    /// The folder for memory, where it has a tree of its own.
    pub memory: Option<PathBuf>,
    /// The folder for processor time, where it has a tree of its own.
    pub cpu: Option<PathBuf>,
    /// Whether both are set in the group itself.
    pub unified: bool,
}

impl Limiters {
    /// Sets them for the group `id`, whose own folder is `group`. The folders that were made for that are the answer;
    /// processes have to enter them, too.
    pub fn set(&self, group: &Path, id: &str, limits: &Limits) -> Vec<PathBuf> {
        let mut made = Vec::new();
        let mut tree = |base: &Option<PathBuf>, files: &[(&str, String)]| {
            let Some(folder) = base.as_ref().map(|base| base.join(id)) else { return false };
            let set = std::fs::create_dir_all(&folder).and_then(|()| write_all(&folder, files));
            made.push(folder);
            set.is_ok()
        };
        let quota = |cpu: u64| cpu.saturating_mul(PERIOD / 1000).max(1000);
        let memory = limits.memory.is_none_or(|memory| match self.unified {
            true => write_all(group, &[("memory.max", memory.to_string())]).is_ok(),
            false => tree(&self.memory, &[("memory.limit_in_bytes", memory.to_string())]),
        });
        let cpu = limits.cpu.is_none_or(|cpu| match self.unified {
            true => write_all(group, &[("cpu.max", format!("{} {PERIOD}", quota(cpu)))]).is_ok(),
            false => {
                let files = [("cpu.cfs_period_us", PERIOD.to_string()), ("cpu.cfs_quota_us", quota(cpu).to_string())];
                tree(&self.cpu, &files)
            }
        });
        for (set, what) in [(memory, "memory"), (cpu, "processor time")] {
            if !set {
                tracing::warn!(group = %group.display(), "the {what} of a workspace cannot be limited on this machine");
            }
        }
        made
    }
}

fn write_all(folder: &Path, files: &[(&str, String)]) -> io::Result<()> {
    for (name, value) in files {
        OpenOptions::new().write(true).open(folder.join(name))?.write_all(value.as_bytes())?;
    }
    Ok(())
}

/// Has the groups below `folder` get controllers, in the new kind of tree. Fails where a group above it has processes of
/// its own, which then is as it is.
pub fn enable(folder: &Path) -> bool {
    let has = |folder: &Path| {
        let controllers = std::fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
        ["cpu", "memory"].iter().all(|wanted| controllers.split_whitespace().any(|controller| controller == *wanted))
    };
    let enabled = |folder: &Path| {
        has(folder) || write_all(folder, &[("cgroup.subtree_control", "+cpu +memory".into())]).is_ok() && has(folder)
    };
    folder.parent().is_some_and(enabled) && enabled(folder)
}
