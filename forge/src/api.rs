//! What the APIs of git hosts tell of a merge or pull request: title, author, state, branch, fork.
//!
//! Never needed to make a workspace: the commits are at a ref of the repository itself. So whatever an API says wrong,
//! late or not at all costs a title or a remote, and nothing else. And whatever it says is a stranger's word: texts are
//! cut, and a repository that it names counts only on the very host that was asked.

mod bitbucket;
mod github;
mod gitlab;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dormer_core::ports::forge::{Credential, Request};
use dormer_core::secret::Secret;
use serde::de::DeserializeOwned;
use url::Url;

use crate::guard::policy::Reach;
use crate::guard::{Ask, Guard, GuardError};
use crate::source::address::Address;
use crate::source::{Beside, Flavour, read};

/// A repository on a host with an API.
#[derive(Debug, Clone)]
pub struct Api<'a> {
    /// The way out.
    pub guard: &'a Guard,
    /// Whose wish it is.
    pub reach: Reach,
    /// Its web address, such as `https://host/path/owner/repository.git`.
    pub address: &'a Address,
    /// What opens it.
    pub credential: Option<&'a Credential>,
}

impl Api<'_> {
    /// What the host tells of a request.
    pub async fn request(&self, flavour: Flavour, number: u64) -> Result<Request, GuardError> {
        let request = match flavour {
            Flavour::GitLab => gitlab::request(self, number).await,
            Flavour::GitHub => github::request(self, &self.github_base()?, number).await,
            Flavour::Gitea => github::request(self, &self.base(2, "api/v1")?, number).await,
            Flavour::BitbucketCloud => bitbucket::cloud(self, number).await,
            Flavour::BitbucketServer => bitbucket::server(self, number).await,
        }?;
        Ok(self.checked(request))
    }

    /// `https://host/path`, without the last `parts` of the repository's path, and with `api` behind it.
    fn base(&self, parts: usize, api: &str) -> Result<Url, GuardError> {
        let mut url = self.url()?;
        let path = self.path();
        let keep = path.len().saturating_sub(parts);
        let kept = path.get(..keep).unwrap_or_default().join("/");
        url.set_path(&if kept.is_empty() { format!("/{api}") } else { format!("/{kept}/{api}") });
        Ok(url)
    }

    fn github_base(&self) -> Result<Url, GuardError> {
        match self.address.host.as_deref() {
            Some("github.com") => Url::parse("https://api.github.com/").map_err(|_| GuardError::Scheme),
            _ => self.base(2, "api/v3"),
        }
    }

    fn url(&self) -> Result<Url, GuardError> {
        Url::parse(&web_url(&self.address.url).unwrap_or_default()).map_err(|_| GuardError::Scheme)
    }

    /// The repository's path without `.git`, in parts.
    fn path(&self) -> Vec<String> {
        let Ok(url) = self.url() else { return Vec::new() };
        let path = url.path().trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        path.split('/').filter(|part| !part.is_empty()).map(str::to_string).collect()
    }

    /// Its last two parts: owner and name.
    fn owner_and_name(&self) -> Result<(String, String), GuardError> {
        let mut path = self.path();
        let name = path.pop().ok_or(GuardError::Kind("repository"))?;
        let owner = path.pop().ok_or(GuardError::Kind("repository"))?;
        Ok((owner, name))
    }

    async fn get<T: DeserializeOwned>(&self, url: &Url, basic: bool) -> Result<T, GuardError> {
        let mut ask = Ask::api(self.reach);
        ask.authorization = self.credential.map(|credential| {
            let password = credential.password.expose();
            Secret::new(match basic {
                true => format!("Basic {}", STANDARD.encode(format!("{}:{password}", credential.username))),
                false => format!("Bearer {password}"),
            })
        });
        let answer = self.guard.get(url, &ask).await?;
        serde_json::from_slice(&answer.body).map_err(|_| GuardError::Kind("answer that can be understood"))
    }

    /// What of a stranger's word can be kept.
    fn checked(&self, mut request: Request) -> Request {
        let short = |text: &str, most: usize| -> String {
            text.chars().filter(|c| !c.is_control()).take(most).collect::<String>().trim().to_string()
        };
        request.title = short(&request.title, 300);
        request.author = short(&request.author, 100);
        let is_ref = |name: &String| crate::source::reference::check(name).is_ok() && !name.starts_with("refs/");
        request.branch = request.branch.filter(is_ref);
        request.target = request.target.filter(is_ref);
        // A repository elsewhere would be cloned from, and pushed to: only the host that the person named.
        request.fork = request.fork.and_then(|url| self.on_same_host(&url));
        request.page = request.page.filter(|page| {
            let (Ok(page), Ok(own)) = (Url::parse(page), self.url()) else { return false };
            matches!(page.scheme(), "https" | "http") && page.host_str() == own.host_str() && page.username().is_empty()
        });
        request
    }

    fn on_same_host(&self, url: &str) -> Option<String> {
        let meaning = read(url, Beside::default()).ok()?;
        let (theirs, own) = (Url::parse(&meaning.address.url).ok()?, self.url().ok()?);
        // A host that knows itself by http behind a proxy with https says so; what we clone by stays as it was named.
        let same = theirs.host_str() == own.host_str()
            && (theirs.port() == own.port() || theirs.port_or_known_default() == Some(80));
        if !same || !matches!(theirs.scheme(), "https" | "http") {
            return None;
        }
        let mut url = own;
        url.set_path(theirs.path());
        Some(url.to_string())
    }
}

/// The web address of a repository, where it is cloned over ssh too: same host, same path.
pub fn web_url(url: &str) -> Option<String> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Some(url.to_string());
    }
    if let Some(rest) = url.strip_prefix("ssh://") {
        let (authority, path) = rest.split_once('/')?;
        let host = authority.rsplit('@').next()?;
        let host = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(host, |(host, _)| host);
        return Some(format!("https://{host}/{path}"));
    }
    if url.starts_with("file:") {
        return None;
    }
    let (authority, path) = url.split_once(':')?;
    let host = authority.rsplit('@').next()?;
    Some(format!("https://{host}/{}", path.trim_start_matches('/')))
}

#[cfg(test)]
mod tests;
