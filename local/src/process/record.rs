//! What is known of a workspace's processes, on disk from before the first of them begins until the last has ended.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::group::Group;
use super::private;
use super::proc::{self, Process};

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Of which start.
    pub instance: String,
    /// In which run of the machine.
    pub boot: String,
    /// The agent, once it runs.
    pub agent: Option<Process>,
    /// The control group that it and what comes from it are in.
    pub group: Option<PathBuf>,
    /// Those that limit it.
    #[serde(default)]
    pub limits: Vec<PathBuf>,
}

impl Record {
    /// For a start that is about to be.
    pub fn new(instance: &str, group: Option<&Group>) -> Record {
        let limits = group.map(|group| group.limits().to_vec()).unwrap_or_default();
        let group = group.map(|group| group.path().to_owned());
        Record { instance: instance.to_owned(), boot: proc::boot(), agent: None, group, limits }
    }

    /// Reads it. None where nothing was started, or only in an earlier run of the machine.
    pub fn load(path: &Path) -> io::Result<Option<Record>> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        match serde_json::from_slice::<Record>(&text) {
            Ok(record) => Ok(Some(record).filter(|record| record.boot == proc::boot())),
            // It is written whole or not at all, so somebody else wrote it: there may be remains, of an unknown start.
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "cannot understand what is known of a workspace's processes");
                Ok(Some(Record::new("", None)))
            }
        }
    }

    /// Writes it.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        private::write(path, &serde_json::to_vec(self).map_err(io::Error::other)?)
    }

    /// The entry in the environment that marks the processes.
    pub fn mark(&self) -> Option<String> {
        (!self.instance.is_empty()).then(|| mark(&self.instance))
    }
}

/// The entry in the environment that marks the processes of a start.
pub fn mark(instance: &str) -> String {
    format!("DORMER_INSTANCE={instance}")
}
