//! Every host that speaks git: by git itself, and by its API for what git does not tell.

mod document;
mod reach;
mod request;
mod told;
mod whole;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dormer_core::git_access::credential_host;
use dormer_core::name::UserName;
use dormer_core::ports::forge::{
    Asked, Credential, Forge, ForgeCredentials, ForgeError, NoCredentials, Request, Resolved,
};
use dormer_core::workspace::Source;
use tokio::sync::Semaphore;
use url::Url;

use crate::api::web_url;
use crate::devfile::{self, DevfileError, Found};
use crate::guard::address::is_public;
use crate::guard::policy::{Pattern, Policy, Reach};
use crate::guard::{Ask, Guard, GuardError};
use crate::refs::{Picked, Refs};
use crate::runner::{GitError, Pin, Runner};
use crate::source::address::Address;
use crate::source::{self, Beside, Flavour, Wanted};
use told::{refused, told};

/// The longest list of refs that is read; the largest public repositories have about this much.
const MAX_REFS: usize = 64 << 20;

/// What may be asked, and how long it may take.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which hosts, and which inside the gateway's own network.
    pub policy: Policy,
    /// How long one question to a host may take.
    pub limit: Duration,
    /// How many sources are resolved at once; more wait.
    pub at_once: usize,
    /// Hosts whose program is known: `git.example.com`, `git.example.com:8443`.
    pub flavours: Vec<(String, Flavour)>,
    /// Where devfiles without an address come from.
    pub registry: String,
    /// Whose machine this is: what the gateway asks for them by itself, it asks as they would.
    pub owner: Option<UserName>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            policy: Policy::default(),
            limit: Duration::from_secs(30),
            at_once: 16,
            flavours: Vec::new(),
            registry: "https://registry.devfile.io".into(),
            owner: None,
        }
    }
}

impl Config {
    /// Hosts that may be a source, as a configuration lists them.
    pub fn allowing(hosts: &str) -> Result<Config, String> {
        Ok(Config { policy: Policy { hosts: Pattern::list(hosts)?, ..Policy::default() }, ..Config::default() })
    }
}

/// Resolves sources.
#[derive(Clone)]
pub struct Git {
    config: Arc<Config>,
    guard: Guard,
    credentials: Arc<dyn ForgeCredentials>,
    permits: Arc<Semaphore>,
    /// What hosts turned out to run.
    learned: Arc<Mutex<HashMap<String, Flavour>>>,
}

impl Default for Git {
    fn default() -> Self {
        Git::new(Config::default())
    }
}

/// A repository to be asked, by addresses that were looked at.
struct Route {
    address: Address,
    reach: Reach,
    runner: Runner,
    credential: Option<Credential>,
    _folder: Arc<tempfile::TempDir>,
}

impl Git {
    /// With a configuration, for what is public.
    pub fn new(config: Config) -> Git {
        Git::with(config, Arc::new(NoCredentials))
    }

    /// With a configuration, and what people sign in to git hosts with.
    pub fn with(config: Config, credentials: Arc<dyn ForgeCredentials>) -> Git {
        let guard = Guard::new(config.policy.clone());
        let permits = Arc::new(Semaphore::new(config.at_once.max(1)));
        Git { config: Arc::new(config), guard, credentials, permits, learned: Arc::default() }
    }

    /// The one way out, for others who fetch.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The way to a repository: its host's addresses, looked at and pinned, and what opens it.
    async fn route(&self, address: Address, asked: &Asked) -> Result<Route, ForgeError> {
        let reach = if asked.local { Reach::Own } else { Reach::Public };
        let folder = tempfile::Builder::new().prefix("dormer-source-").tempdir();
        let folder = Arc::new(folder.map_err(|error| ForgeError::Failed(format!("no temporary folder: {error}")))?);
        let mut runner = Runner::new(folder.path(), asked.local, self.config.limit);
        let mut credential = None;
        if address.host.is_none() {
            runner = runner.beside();
        }
        if let Some(host) = &address.host {
            let port = port(&address.url);
            let found = match self.guard.addresses(host, port, reach).await {
                Ok(found) => found,
                // Behind a proxy names may mean nothing here; git says so itself where they do not.
                Err(GuardError::NoHost(_)) if asked.local => Vec::new(),
                Err(error) => return Err(refused(error, host)),
            };
            // Where a person's own ssh goes is their configuration's business.
            if !asked.local || address.url.starts_with("http") {
                self.reached(host, &found).await?;
            }
            let near = !found.is_empty() && found.iter().all(|address| !is_public(address.ip()));
            let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
            if !literal && !found.is_empty() {
                let addresses = found.iter().map(|address| address.ip()).collect();
                runner = runner.pinned(Pin { host: host.clone(), port, addresses });
            }
            let https = address.url.starts_with("https://");
            // In clear text a token goes to nobody but a host of the gateway's own network.
            if let (Some(user), true) = (&asked.by, https || (near && address.url.starts_with("http://"))) {
                let kept_by = credential_host(&address.url).unwrap_or_default();
                credential = self.credentials.for_host(user, &kept_by).await;
            }
            if let Some(credential) = &credential {
                runner = runner.signed_in(&origin(&address.url), credential);
            }
        }
        Ok(Route { address, reach, runner, credential, _folder: folder })
    }

    /// What a repository has, and the way to it: another one where the host says that it moved.
    async fn refs(&self, mut route: Route, asked: &Asked) -> Result<(Route, Refs), ForgeError> {
        for moved in [false, true] {
            let listed = route.runner.run(&["ls-remote", "--symref", "--", &route.address.url], MAX_REFS).await;
            match listed {
                Ok(listed) => return Ok((route, Refs::parse(&String::from_utf8_lossy(&listed)))),
                Err(GitError::Refused(why)) if told::is_redirect(&why) && !moved => {
                    route = self.route(self.moved(&route).await?, asked).await?;
                }
                // A token that is not good any more must not close what is open to everybody.
                Err(GitError::Refused(why)) if told::is_no_right(&why) && route.credential.is_some() && !moved => {
                    route.credential = None;
                    route.runner = route.runner.signed_out();
                }
                Err(GitError::Refused(why)) if told::is_limit(&why) => return Err(self.limited(&route, why).await),
                Err(error) => return Err(told(error, &route.address)),
            }
        }
        Err(ForgeError::NoRepository(source::reference::shown(&route.address.url)))
    }

    /// Where a repository is now. Git itself is not let go anywhere: each step is looked at first.
    async fn moved(&self, route: &Route) -> Result<Address, ForgeError> {
        let host = route.address.host.clone().unwrap_or_default();
        let lost = || ForgeError::NoRepository(source::reference::shown(&route.address.url));
        let tail = "/info/refs";
        let start = Url::parse(&format!("{}{tail}?service=git-upload-pack", route.address.url)).map_err(|_| lost())?;
        let ask = Ask { accept: "*/*", json: false, ..Ask::api(route.reach) };
        let end = self.guard.settle(&start, &ask).await.map_err(|error| refused(error, &host))?;
        let mut end = end;
        end.set_query(None);
        let base = end.as_str().strip_suffix(tail).ok_or_else(lost)?.to_string();
        Ok(source::read(&base, Beside::default()).map_err(|_| lost())?.address)
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
        let _permit = self.permits.acquire().await.map_err(|error| ForgeError::Failed(error.to_string()))?;
        if meaning.wanted == Wanted::Document
            && let Some(resolved) = self.document(&meaning, asked).await?
        {
            return Ok(resolved);
        }
        let route = self.route(meaning.address.clone(), asked).await?;
        let cloud = meaning.flavour == Some(Flavour::BitbucketCloud) && matches!(meaning.wanted, Wanted::Request(_));
        let (route, _, mut picked, known) = match cloud {
            true => self.bitbucket(&meaning, route, asked).await?,
            false => {
                let (route, refs) = self.refs(route, asked).await?;
                let no_ref = |what: String| ForgeError::NoRef { url: route.address.url.clone(), what };
                let picked = refs.pick(&meaning.wanted).map_err(no_ref)?;
                (route, refs, picked, None)
            }
        };
        if let Some(commit) = &asked.commit {
            picked.commit = Some(exactly(commit)?);
        }
        // A link to a file that describes a workspace means that very file.
        let linked = picked.path.take().filter(|path| source::file::describes(path) && is_inside(path));
        let path = path.or(linked.as_deref());
        let url = &route.address.url;
        let found = devfile::find(&route.runner, url, &picked, path, asked.commit.is_some());
        let metadata = async {
            match known {
                Some(request) => Some(request),
                None => self.metadata(&route, meaning.flavour, &picked).await.ok(),
            }
        };
        let (found, request) = tokio::join!(found, metadata);
        let found = found.map_err(|error| {
            let no_ref = |what: String| ForgeError::NoRef { url: url.clone(), what };
            match error {
                DevfileError::NoCommit => no_ref(format!("commit '{}'", picked.commit.as_deref().unwrap_or_default())),
                DevfileError::NoFile(_) => no_ref(error.to_string()),
                DevfileError::NoDevfile(_) => ForgeError::Invalid(error.to_string()),
                DevfileError::Git(error) => told(error, &route.address),
            }
        })?;
        let whole = match &found.devfile {
            Some((path, text)) => Some(self.flatten(path, text, Some((&route.runner, &found.commit))).await),
            None => None,
        };
        Ok(self.resolved(route, meaning.flavour, picked, found, request, whole))
    }

    async fn request(&self, source: &Source, by: Option<&UserName>) -> Result<Option<Request>, ForgeError> {
        let (Some(number), Some(url)) = (source.merge_request, web_url(&source.url)) else { return Ok(None) };
        let local = by.is_some() && self.config.owner.as_ref() == by;
        let asked = Asked { by: by.cloned(), local, ..Asked::default() };
        let meaning = source::read(&url, Beside::default()).map_err(|error| ForgeError::Invalid(error.to_string()))?;
        let _permit = self.permits.acquire().await.map_err(|error| ForgeError::Failed(error.to_string()))?;
        let route = self.route(meaning.address, &asked).await?;
        let picked = Picked { full: source.fetch.clone(), request: Some(number), ..Picked::default() };
        let page = source.page.as_deref().and_then(|page| source::read(page, Beside::default()).ok());
        Ok(self.metadata(&route, page.and_then(|page| page.flavour), &picked).await.ok())
    }

    async fn whole(&self, name: &str, text: &str) -> Result<Option<String>, String> {
        self.flatten(name, text, None).await.map(Some)
    }
}

impl Git {
    fn resolved(
        &self,
        route: Route,
        shape: Option<Flavour>,
        picked: Picked,
        found: Found,
        request: Option<Request>,
        whole: Option<Result<String, String>>,
    ) -> Resolved {
        let Address { url, repository, host } = route.address;
        tracing::debug!(host, commit = found.commit, devfile = found.devfile.is_some(), "resolved a source");
        let flavour = credential_host(&url).and_then(|host| self.flavour(&host, shape));
        let mut notes = Vec::new();
        if picked.request.is_some() && request.is_none() && host.is_some() {
            notes.push("Its host does not tell who made this request, nor from which branch: changes can be looked at, and pushed to a branch of your own.".into());
        }
        if request.as_ref().is_some_and(|request| request.fork_gone) {
            notes.push("The fork that this request was made from is gone; its commits are still here.".into());
        }
        let devfile_page = found.devfile.as_ref().and_then(|(path, _)| page_of(flavour?, &url, &found.commit, path));
        Resolved {
            source: Source {
                reference: picked.name.filter(|_| picked.request.is_none()),
                merge_request: picked.request,
                fetch: picked.full.filter(|_| picked.request.is_some()),
                commit: Some(found.commit).filter(|commit| !commit.is_empty()),
                branch: request.as_ref().and_then(|request| request.branch.clone()),
                fork: request.as_ref().and_then(|request| request.fork.clone()).filter(|fork| *fork != url),
                page: request.as_ref().and_then(|request| request.page.clone()),
                title: request.as_ref().map(|request| request.title.clone()).filter(|title| !title.is_empty()),
                url,
                ..Source::default()
            },
            repository,
            devfile: found.devfile,
            others: found.others,
            whole,
            commit: found.about,
            request,
            devfile_page,
            notes,
        }
    }
}

/// The page of a file at a commit.
fn page_of(flavour: Flavour, url: &str, commit: &str, path: &str) -> Option<String> {
    let mut page = Url::parse(&web_url(url)?).ok()?;
    let repository = page.path().trim_end_matches('/').trim_end_matches(".git").to_string();
    page.set_path(&repository);
    let between: &[&str] = match flavour {
        Flavour::GitHub => &["blob"],
        Flavour::GitLab => &["-", "blob"],
        Flavour::Gitea => &["src", "commit"],
        Flavour::BitbucketCloud => &["src"],
        Flavour::BitbucketServer => return None,
    };
    page.path_segments_mut().ok()?.extend(between).push(commit).extend(path.split('/'));
    Some(page.into())
}

fn exactly(commit: &str) -> Result<String, ForgeError> {
    match source::reference::is_commit(commit) {
        true => Ok(commit.to_ascii_lowercase()),
        false => Err(ForgeError::Invalid("a commit has 40 or 64 hexadecimal digits".into())),
    }
}

/// `https://host:port`
fn origin(url: &str) -> String {
    Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

fn port(url: &str) -> u16 {
    match Url::parse(url) {
        Ok(url) if url.scheme() == "ssh" => url.port().unwrap_or(22),
        Ok(url) if matches!(url.scheme(), "https" | "http") => url.port_or_known_default().unwrap_or(443),
        _ => 22,
    }
}

/// Whether a path stays inside the repository.
fn is_inside(path: &str) -> bool {
    let parts_are_good = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    parts_are_good && !path.starts_with('-') && path.len() <= 1024 && !path.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
