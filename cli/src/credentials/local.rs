//! Servers of this machine: each writes a record of itself, so that the person who started it is signed in already.

use std::fs;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::credentials::origin::Origin;
use crate::credentials::{Token, private};
use crate::environment::Environment;
use crate::error::CliError;

/// What a running server says of itself, in `<state>/servers/<host>_<port>.json`, mode 0600.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LocalServer {
    /// Its address.
    pub url: Origin,
    /// A token of the person who started it.
    pub token: Token,
    /// Where its data is.
    pub data: PathBuf,
    /// Its process.
    pub pid: i32,
    /// Where it listens for ssh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<String>,
}

impl LocalServer {
    /// Whether its process is there.
    pub fn is_alive(&self) -> bool {
        // 0 and below mean groups of processes, not one.
        self.pid > 0 && matches!(kill(Pid::from_raw(self.pid), None), Ok(()) | Err(Errno::EPERM))
    }

    /// Where its record is.
    pub fn path(&self, environment: &Environment) -> PathBuf {
        folder(environment).join(format!("{}.json", self.url.file_name()))
    }

    /// Writes its record.
    pub fn save(&self, environment: &Environment) -> Result<(), CliError> {
        let text =
            serde_json::to_string(self).map_err(|error| CliError::Failed(format!("cannot write JSON: {error}")))?;
        private::write(&self.path(environment), &text)
    }

    /// Removes its record, if it is still its own.
    pub fn remove(&self, environment: &Environment) -> Result<(), CliError> {
        let path = self.path(environment);
        let now = private::read(&path)?.and_then(|text| serde_json::from_str::<LocalServer>(&text).ok());
        match now {
            Some(now) if now.pid == self.pid => private::remove(&path),
            _ => Ok(()),
        }
    }
}

fn folder(environment: &Environment) -> PathBuf {
    environment.state.join("servers")
}

/// What was found on this machine.
#[derive(Debug, Default)]
pub struct Found {
    /// The servers, also those that have ended.
    pub servers: Vec<LocalServer>,
    /// Why some files were not taken.
    pub refused: Vec<String>,
}

/// Reads the records of this machine's servers.
pub fn find(environment: &Environment) -> Found {
    let mut found = Found::default();
    let Ok(entries) = fs::read_dir(folder(environment)) else { return found };
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path())).collect::<Vec<_>>();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    for path in paths {
        match private::read(&path) {
            Ok(None) => {}
            Ok(Some(text)) => match serde_json::from_str(&text) {
                Ok(server) => found.servers.push(server),
                Err(_) => found.refused.push(format!("{} cannot be understood", path.display())),
            },
            Err(error) => found.refused.push(error.to_string()),
        }
    }
    found
}
