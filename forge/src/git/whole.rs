//! A devfile with its parents and plugins brought in, so that a record needs nobody else afterwards.

use std::sync::atomic::{AtomicBool, Ordering};

use dormer_core::plan::devfile::read;
use dormer_devfile::resolve::{Fetched, ResolveError, Resolver, registry_address};
use tokio::runtime::Handle;
use url::Url;

use super::Git;
use crate::devfile::blob;
use crate::guard::policy::Reach;
use crate::guard::{Ask, Guard};
use crate::runner::Runner;

impl Git {
    /// The devfile as it can be kept: as it was written where it needs no other, else flattened. Or what is wrong.
    pub(super) async fn flatten(&self, name: &str, text: &str, at: Option<(&Runner, &str)>) -> Result<String, String> {
        let sources = Sources {
            guard: self.guard.clone(),
            registry: self.config.registry.clone(),
            repository: at.map(|(runner, commit)| (runner.clone(), commit.to_string())),
            asked: AtomicBool::new(false),
            runtime: Handle::current(),
        };
        let (name, text) = (name.to_string(), text.to_string());
        let work = move || {
            let valid = read(&name, &text, &sources).map_err(|wrong| wrong.to_string())?;
            match sources.asked.load(Ordering::Relaxed) {
                true => valid.to_yaml().map_err(|error| error.to_string()),
                false => Ok(text),
            }
        };
        // Reading is work, and waiting for others' hosts in the middle of it blocks a thread.
        tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())?
    }
}

/// Where parents and plugins come from: the repository itself, and whatever a stranger may have fetched.
struct Sources {
    guard: Guard,
    registry: String,
    /// And the commit that is looked at.
    repository: Option<(Runner, String)>,
    /// Whether anything was wanted.
    asked: AtomicBool,
    runtime: Handle,
}

impl Sources {
    fn get(&self, url: &Url) -> Result<Fetched, ResolveError> {
        // Whoever wrote the devfile chose the address, whoever the person is that uses it.
        let answer = self.runtime.block_on(self.guard.get(url, &Ask::document(Reach::Public)));
        match answer {
            Ok(answer) => Ok(Fetched { location: answer.url.into(), bytes: answer.body }),
            Err(error) if error.is_temporary() => Err(ResolveError::temporary(error.to_string())),
            Err(error) => Err(ResolveError::refused(error.to_string())),
        }
    }

    fn file(&self, path: &str) -> Result<Fetched, ResolveError> {
        let (runner, commit) = self.repository.as_ref().ok_or_else(|| {
            ResolveError::refused(format!("'{path}' is a path, and this devfile is in no repository"))
        })?;
        if !super::is_inside(path) {
            return Err(ResolveError::refused(format!("'{path}' is outside the repository")));
        }
        match self.runtime.block_on(blob(runner, commit, path)) {
            Ok(Some(bytes)) => Ok(Fetched { location: path.to_string(), bytes }),
            Ok(None) => Err(ResolveError::refused(format!("the repository has no file '{path}' at this commit"))),
            Err(error) => Err(ResolveError::temporary(error.to_string())),
        }
    }
}

impl Resolver for Sources {
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        self.asked.store(true, Ordering::Relaxed);
        match Url::parse(uri) {
            Ok(url) if matches!(url.scheme(), "https" | "http") => self.get(&url),
            _ => self.file(uri),
        }
    }

    fn registry(&self, id: &str, version: Option<&str>, registry: Option<&str>) -> Result<Fetched, ResolveError> {
        self.asked.store(true, Ordering::Relaxed);
        self.get(&registry_address(registry.unwrap_or(&self.registry), id, version)?)
    }
}
