//! One answer to one question, within limits.

use std::error::Error;
use std::time::Duration;

use dormer_core::secret::Secret;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue, LOCATION, RETRY_AFTER};
use url::Url;

use super::policy::Reach;
use super::{Guard, GuardError, limit};

/// How often a host may send us elsewhere.
const REDIRECTS: usize = 5;

/// A question.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Whose wish it is.
    pub reach: Reach,
    /// All of it, redirects and body, may take so long.
    pub limit: Duration,
    /// The longest body that is read.
    pub longest: usize,
    /// `Authorization`, for the first host only.
    pub authorization: Option<Secret<String>>,
    /// What is wanted.
    pub accept: &'static str,
    /// Whether the answer has to say that it is JSON.
    pub json: bool,
}

impl Ask {
    /// For the API of a git host.
    pub fn api(reach: Reach) -> Ask {
        Ask {
            reach,
            limit: Duration::from_secs(5),
            longest: 2 << 20,
            authorization: None,
            accept: "application/json",
            json: true,
        }
    }

    /// For a document that a devfile refers to.
    pub fn document(reach: Reach) -> Ask {
        Ask {
            reach,
            limit: Duration::from_secs(10),
            longest: 1 << 20,
            authorization: None,
            accept: "application/yaml, text/yaml, text/plain, application/json, */*;q=0.1",
            json: false,
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where it came from in the end.
    pub url: Url,
    /// The body.
    pub body: Vec<u8>,
}

impl Guard {
    /// Fetches a URL.
    pub async fn get(&self, url: &Url, ask: &Ask) -> Result<Answer, GuardError> {
        let in_time = tokio::time::timeout(ask.limit, self.follow(url, ask)).await;
        in_time.unwrap_or_else(|_| Err(GuardError::Unreachable(format!("nothing within {} s", ask.limit.as_secs()))))
    }

    /// Where a URL leads in the end, whatever is said there.
    pub async fn settle(&self, url: &Url, ask: &Ask) -> Result<Url, GuardError> {
        let in_time = tokio::time::timeout(ask.limit, self.last(url, ask)).await;
        let ended = in_time.unwrap_or_else(|_| Err(GuardError::Unreachable("nothing in time".into())));
        ended.map(|(at, _)| at)
    }

    async fn follow(&self, url: &Url, ask: &Ask) -> Result<Answer, GuardError> {
        let (at, answer) = self.last(url, ask).await?;
        read(at, answer, ask).await
    }

    async fn last(&self, url: &Url, ask: &Ask) -> Result<(Url, reqwest::Response), GuardError> {
        let mut at = url.clone();
        for _ in 0..=REDIRECTS {
            self.check(&at, ask.reach)?;
            self.check_name(&at, ask.reach).await?;
            let mut request = self.client(ask.reach)?.request(Method::GET, at.clone()).header(ACCEPT, ask.accept);
            // What opens the first host is nobody else's business.
            if let Some(secret) = ask.authorization.as_ref().filter(|_| at.origin() == url.origin()) {
                let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| GuardError::Kind("credential"))?;
                value.set_sensitive(true);
                request = request.header(AUTHORIZATION, value);
            }
            let answer = request.send().await.map_err(failed)?;
            let status = answer.status();
            if status.is_redirection() {
                let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                let next = to.and_then(|to| at.join(to).ok()).ok_or(GuardError::Redirect)?;
                // From https to http is a step down that nobody asked for.
                if at.scheme() == "https" && next.scheme() != "https" {
                    return Err(GuardError::Redirect);
                }
                at = next;
                continue;
            }
            return Ok((at, answer));
        }
        Err(GuardError::Redirect)
    }

    /// A private host is open at the ports that an administrator named. The connector sees no port, so where a name
    /// needs that permission, the port is looked at here; the addresses are looked at again when it connects.
    async fn check_name(&self, url: &Url, reach: Reach) -> Result<(), GuardError> {
        if reach == Reach::Own || self.policy().private.is_empty() {
            return Ok(());
        }
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        self.addresses(host, port, reach).await.map(drop)
    }
}

async fn read(url: Url, mut answer: reqwest::Response, ask: &Ask) -> Result<Answer, GuardError> {
    let status = answer.status().as_u16();
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let any = |names: [&str; 2]| names.into_iter().find_map(header);
    let spent = any(limit::REMAINING) == Some("0");
    if status == 429 || (status == 403 && spent) {
        let (after, date) = (header(RETRY_AFTER.as_str()), header(DATE.as_str()));
        return Err(GuardError::Limited(limit::seconds(after, any(limit::RESET), date, Timestamp::now())));
    }
    if !answer.status().is_success() {
        return Err(GuardError::Status(status));
    }
    let kind = header(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    if ask.json && !kind.split(';').next().is_some_and(|kind| kind.trim().ends_with("json")) {
        return Err(GuardError::Kind("JSON"));
    }
    if answer.content_length().is_some_and(|length| length > ask.longest as u64) {
        return Err(GuardError::TooLong(ask.longest));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > ask.longest {
            return Err(GuardError::TooLong(ask.longest));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { url, body })
}

/// What the client says, by cause. Its own words may hold the URL, which may hold what a person did not mean to show.
fn failed(error: reqwest::Error) -> GuardError {
    let mut source = error.source();
    let mut last = String::new();
    while let Some(cause) = source {
        if let Some(guard) = cause.downcast_ref::<GuardError>() {
            return match guard {
                GuardError::Private(host) => GuardError::Private(host.clone()),
                other => GuardError::Unreachable(other.to_string()),
            };
        }
        last = cause.to_string();
        source = cause.source();
    }
    match last.is_empty() {
        true => GuardError::Unreachable(error.without_url().to_string()),
        false => GuardError::Unreachable(last.chars().take(200).collect()),
    }
}
