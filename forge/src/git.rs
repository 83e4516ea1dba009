//! Every host that speaks git, by git alone: no API of the host is asked.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use dormer_core::ports::forge::{Asked, Forge, ForgeError, Resolved};
use dormer_core::workspace::Source;

use crate::devfile::{self, DevfileError};
use crate::refs::Refs;
use crate::runner::{GitError, Runner};
use crate::source::address::Address;
use crate::source::{self, reference};

/// The longest list of refs that is read; the largest public repositories have about this much.
const MAX_REFS: usize = 64 << 20;

/// What may be asked, and how long it may take.
#[derive(Debug, Clone)]
pub struct Config {
    /// Hosts that may be a source: `git.example.com`, or `*.example.com` for all below it. Empty: every host but those of
    /// the gateway's own machine and link.
    pub hosts: Vec<String>,
    /// How long one question to a host may take.
    pub limit: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config { hosts: Vec::new(), limit: Duration::from_secs(60) }
    }
}

/// Resolves sources by git alone.
#[derive(Debug, Clone, Default)]
pub struct Git {
    config: Config,
}

impl Git {
    /// With a configuration.
    pub fn new(config: Config) -> Git {
        Git { config }
    }

    fn check_host(&self, address: &Address, local: bool) -> Result<(), ForgeError> {
        let Some(host) = &address.host else { return Ok(()) };
        let named = |pattern: &String| match pattern.strip_prefix("*.") {
            Some(parent) => host.strip_suffix(parent).is_some_and(|below| below.ends_with('.')),
            None => pattern == host,
        };
        let allowed = match self.config.hosts.is_empty() {
            true => local || !is_own(host),
            false => self.config.hosts.iter().any(named),
        };
        if allowed {
            Ok(())
        } else {
            Err(ForgeError::Invalid(format!("the host '{host}' is not allowed as a source here")))
        }
    }
}

/// Whether a host is the gateway's own machine, or only reachable from it: what listens there trusts whoever reaches it.
fn is_own(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => match ip.to_ipv4_mapped() {
            Some(ip) => ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
            None => ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local(),
        },
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[async_trait]
impl Forge for Git {
    async fn resolve(&self, asked: &Asked) -> Result<Resolved, ForgeError> {
        let meaning = source::asked_for(asked)?;
        let path = asked.devfile_path.as_deref();
        if path.is_some_and(|path| !is_inside(path)) {
            return Err(ForgeError::Invalid("the devfile's path must be one inside the repository".into()));
        }
        let address = &meaning.address;
        self.check_host(address, asked.local)?;
        let folder = tempfile::Builder::new()
            .prefix("dormer-source-")
            .tempdir()
            .map_err(|error| ForgeError::Failed(format!("no temporary folder: {error}")))?;
        let git = Runner::new(folder.path(), asked.local, self.config.limit);
        let listed = git.run(&["ls-remote", "--symref", "--", &address.url], MAX_REFS).await;
        let listed = listed.map_err(|error| told(error, address))?;
        let refs = Refs::parse(&String::from_utf8_lossy(&listed));
        let no_ref = |what: String| ForgeError::NoRef { url: address.url.clone(), what };
        let picked = refs.pick(&meaning.wanted).map_err(no_ref)?;
        let found = devfile::find(&git, &address.url, &picked, path).await.map_err(|error| match error {
            DevfileError::NoCommit => no_ref(format!("commit '{}'", picked.commit.as_deref().unwrap_or_default())),
            DevfileError::NoFile(_) => no_ref(error.to_string()),
            DevfileError::NoDevfile(_) => ForgeError::Invalid(error.to_string()),
            DevfileError::Git(error) => told(error, address),
        })?;
        tracing::debug!(
            host = address.host,
            commit = found.commit,
            devfile = found.devfile.is_some(),
            "resolved a source"
        );
        Ok(Resolved {
            source: Source {
                url: address.url.clone(),
                reference: picked.name,
                merge_request: picked.request,
                fetch: picked.full.filter(|_| picked.request.is_some()),
                commit: Some(found.commit).filter(|commit| !commit.is_empty()),
            },
            repository: address.repository.clone(),
            devfile: found.devfile,
            others: found.others,
        })
    }
}

/// Whether a path stays inside the repository.
fn is_inside(path: &str) -> bool {
    let parts_are_good = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    parts_are_good && !path.starts_with('-') && path.len() <= 1024 && !path.chars().any(char::is_control)
}

/// Git's words, by cause.
fn told(error: GitError, address: &Address) -> ForgeError {
    let host = address.host.clone().unwrap_or_else(|| "this machine".into());
    let why = match error {
        GitError::Refused(why) => why,
        GitError::TimedOut(_) => return ForgeError::Unreachable { host, message: error.to_string() },
        GitError::TooLong(_) | GitError::Missing(_) => return ForgeError::Failed(error.to_string()),
    };
    let lower = why.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if says(&["host key verification failed"]) {
        return ForgeError::Failed(format!("the SSH host key of {host} is not known to this machine"));
    }
    if says(&[
        "could not resolve",
        "failed to connect",
        "couldn't connect",
        "connection refused",
        "timed out",
        "network is unreachable",
        "no route to host",
        "connection reset",
        "ssl",
        "certificate",
        "returned error: 5",
        "empty reply",
        "timeout",
        "too slow",
    ]) {
        return ForgeError::Unreachable { host, message: why };
    }
    if says(&[
        "not found",
        "does not exist",
        "does not appear to be a git repository",
        "authentication failed",
        "could not read username",
        "prompts disabled",
        "permission denied",
        "returned error: 40",
        "access denied",
        "could not read from remote",
        "not valid: is this a git",
        "unable to read askpass",
    ]) {
        return ForgeError::NoRepository(reference::shown(&address.url));
    }
    ForgeError::Failed(why)
}

#[cfg(test)]
mod tests;
