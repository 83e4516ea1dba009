//! How much a project may take while it is cloned or unpacked. What is fetched is whatever somebody pushed: a few
//! kilobytes that become terabytes, or more files than a disk has room to name.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use dormer_wire::assignment::ProjectLimits;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::statvfs::statvfs;

/// The most on disk, where nothing else is said: more than the largest that people work in.
const OCTETS: u64 = 100 << 30;
/// The most files and folders.
const FILES: u64 = 5_000_000;
/// The most memory of one program, without what it maps of files.
const MEMORY: u64 = 4 << 30;
/// Of what was free when it began, the part that is left free.
const SPARED: u64 = 10;
/// The shortest time between two looks.
const EVERY: Duration = Duration::from_millis(100);

/// Bounds one project.
#[derive(Debug)]
pub struct Bound {
    folder: PathBuf,
    octets: u64,
    files: u64,
    memory: u64,
    /// What the file system must have free, in octets.
    spare: u64,
}

impl Bound {
    /// For what is made in a folder, which need not be there yet.
    pub fn new(folder: &Path, limits: Option<&ProjectLimits>) -> Bound {
        let limits = limits.cloned().unwrap_or_default();
        Bound {
            octets: limits.octets.unwrap_or(OCTETS),
            files: limits.files.unwrap_or(FILES),
            memory: limits.memory.unwrap_or(MEMORY),
            spare: free(folder).unwrap_or_default() / SPARED,
            folder: folder.to_owned(),
        }
    }

    /// Bounds the memory of a command, and of what it starts.
    pub fn apply(&self, command: &mut Command) {
        let memory = self.memory;
        let limit = move || {
            let (_, most) = getrlimit(Resource::RLIMIT_DATA)?;
            setrlimit(Resource::RLIMIT_DATA, memory.min(most), memory.min(most)).map_err(io::Error::from)
        };
        // SAFETY: the closure only makes system calls and allocates nothing.
        unsafe { command.pre_exec(limit) };
    }

    /// What is taken more than may be, if anything is.
    pub async fn look(&self) -> Option<String> {
        let (folder, octets, files) = (self.folder.clone(), self.octets, self.files);
        let looked = tokio::task::spawn_blocking(move || (taken(&folder, octets, files), free(&folder)));
        let (taken, free) = looked.await.ok()?;
        if taken.octets > self.octets {
            return Some(format!("it takes more than {} on disk", amount(self.octets)));
        }
        if taken.files > self.files {
            return Some(format!("it has more than {} files", self.files));
        }
        let full = free.is_some_and(|free| free < self.spare);
        full.then(|| format!("it would leave less than {} free on the disk", amount(self.spare)))
    }

    /// Returns once more is taken than may be, and says what.
    pub async fn exceeded(&self) -> String {
        loop {
            let begun = Instant::now();
            if let Some(what) = self.look().await {
                return what;
            }
            // A look at many files takes a while: a tenth of the time at most.
            tokio::time::sleep(EVERY.max(begun.elapsed() * 9)).await;
        }
    }
}

/// What a folder takes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Taken {
    octets: u64,
    files: u64,
}

/// Counts until either is more than that. What goes away meanwhile is not counted.
fn taken(folder: &Path, octets: u64, files: u64) -> Taken {
    let (mut taken, mut open) = (Taken::default(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            // Of a link itself: it is not followed.
            let Ok(metadata) = entry.metadata() else { continue };
            taken.files += 1;
            taken.octets += metadata.blocks() * 512;
            if taken.octets > octets || taken.files > files {
                return taken;
            }
            if metadata.is_dir() {
                open.push(entry.path());
            }
        }
    }
    taken
}

/// What is free where a folder is, or will be.
fn free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.is_dir())?;
    let found = statvfs(there).ok()?;
    Some(found.blocks_available().saturating_mul(found.fragment_size()))
}

fn amount(octets: u64) -> String {
    match octets >> 20 {
        mebi if mebi >= 10 << 10 => format!("{} GiB", mebi >> 10),
        mebi => format!("{mebi} MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_too_much_is_told_and_what_is_not_never_is() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("a/b");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::write(inside.join("file"), vec![1; 3 << 20]).unwrap();
        std::os::unix::fs::symlink("/", inside.join("link")).unwrap();
        let bound = |octets, files| {
            let limits = ProjectLimits { octets: Some(octets), files: Some(files), memory: None };
            Bound::new(folder.path(), Some(&limits))
        };
        for (octets, files, want) in [
            (2 << 20, 10, Some("it takes more than 2 MiB on disk")),
            (100 << 20, 3, Some("it has more than 3 files")),
            (100 << 20, 4, None),
        ] {
            let bound = bound(octets, files);
            let told = tokio::time::timeout(Duration::from_millis(300), bound.exceeded()).await;
            assert_eq!(told.ok().as_deref(), want, "{octets} {files}");
        }
        let full = Bound { spare: u64::MAX, ..bound(100 << 20, 100) };
        assert!(full.exceeded().await.contains("free on the disk"));
    }
}
