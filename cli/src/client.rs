//! The HTTP API. Answers are handed on as the JSON that came, so that `-o json` prints what the server said and not
//! what this version of us knows of it.

use std::time::Duration;

use dormer_wire::api::Problem;
use reqwest::{Method, Response, StatusCode, redirect};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::credentials::{Target, dead_server};
use crate::error::CliError;

pub mod resolver;
pub mod sse;
pub mod stream;

/// The longest answer that is read.
const MAX_ANSWER: usize = 64 << 20;
/// Long enough for a server that looks at a repository first.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// A connection to a server, as somebody.
pub struct Client {
    http: reqwest::Client,
    target: Target,
}

impl Client {
    /// A client for a server.
    pub fn new(target: Target) -> Result<Client, CliError> {
        // Whoever came first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("dormer-cli/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            // A redirect would carry a token, or a body, to a place that nobody named.
            .redirect(redirect::Policy::none())
            .dns_resolver(resolver::LocalhostFirst);
        if target.origin.is_loopback() {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| CliError::Failed(format!("cannot set up HTTP: {error}")))?;
        Ok(Client { http, target })
    }

    /// Where it goes, and as whom.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Asks for something.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, CliError> {
        self.call(Method::GET, path, query, None::<&()>).await
    }

    /// Makes something.
    pub async fn post(&self, path: &[&str], body: &impl Serialize) -> Result<Value, CliError> {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    /// Changes something.
    pub async fn patch(&self, path: &[&str], body: &impl Serialize) -> Result<Value, CliError> {
        self.call(Method::PATCH, path, &[], Some(body)).await
    }

    /// Says something anew.
    pub async fn put(&self, path: &[&str], body: &impl Serialize) -> Result<Value, CliError> {
        self.call(Method::PUT, path, &[], Some(body)).await
    }

    /// Removes something.
    pub async fn delete(&self, path: &[&str]) -> Result<Value, CliError> {
        self.call(Method::DELETE, path, &[], None::<&()>).await
    }

    /// Asks for all items of a list, page by page.
    pub async fn list(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Vec<Value>, CliError> {
        let mut items = Vec::new();
        let mut page = None::<String>;
        // A server that never ends its pages shall not keep us for ever.
        for _ in 0..10_000 {
            let mut query = query.to_vec();
            if let Some(page) = &page {
                query.push(("page", page));
            }
            let mut answer = self.get(path, &query).await?;
            match answer.get_mut("items").map(Value::take) {
                Some(Value::Array(more)) => items.extend(more),
                _ => return Err(CliError::Failed("the server's answer is no list; is it of another version?".into())),
            }
            match answer.get("next").and_then(Value::as_u64) {
                Some(next) => page = Some(next.to_string()),
                None => break,
            }
        }
        Ok(items)
    }

    /// Opens a stream of server-sent events.
    pub async fn stream(&self, path: &[&str], query: &[(&str, &str)]) -> Result<stream::Events, CliError> {
        let request = self.http.get(self.url(path, query)?).header("accept", "text/event-stream");
        let response = self.send(request).await?;
        Ok(stream::Events::new(response))
    }

    async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&impl Serialize>,
    ) -> Result<Value, CliError> {
        let mut request = self.http.request(method, self.url(path, query)?).timeout(ANSWER_WITHIN);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = self.send(request).await?;
        let bytes = read(response, MAX_ANSWER).await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|_| {
            CliError::Failed(format!("{} did not answer with JSON: is it a Dormer gateway?", self.target.origin))
        })
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, CliError> {
        let request = match self.target.token.expose() {
            "" => request,
            token => request.bearer_auth(token),
        };
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status.is_redirection() {
            let to = response.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
            let to = crate::output::clean(to);
            return Err(CliError::Failed(format!("{} answered with a redirect to {to}", self.target.origin)));
        }
        let body = read(response, 1 << 20).await.unwrap_or_default();
        Err(refusal(status, &body))
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, CliError> {
        let mut url = self.target.origin.url().clone();
        url.path_segments_mut()
            .map_err(|()| CliError::Usage(format!("{} cannot have a path", self.target.origin)))?
            .clear()
            .extend(["api", "v1"])
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn unreachable(&self, error: &reqwest::Error) -> CliError {
        if error.is_timeout() {
            return CliError::TimedOut(format!("{} did not answer in time", self.target.origin));
        }
        if let (true, Some(server)) = (error.is_connect(), &self.target.local) {
            return dead_server(server);
        }
        // The outer message only repeats the URL; the innermost says what happened.
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        CliError::Failed(format!("cannot reach {}: {cause}", self.target.origin))
    }
}

/// What the server's refusal means: a problem where it is one, else the status.
fn refusal(status: StatusCode, body: &[u8]) -> CliError {
    let problem = serde_json::from_slice::<Problem>(body).unwrap_or_else(|_| Problem {
        kind: "about:blank".into(),
        title: status.to_string(),
        status: status.as_u16(),
        detail: format!("the server answered {status}"),
        errors: Vec::new(),
    });
    // What travelled in the head counts, whatever the body says.
    CliError::Problem(Box::new(Problem { status: status.as_u16(), ..problem }))
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let broken = |error: reqwest::Error| CliError::Failed(format!("the answer broke off: {}", error.without_url()));
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > limit {
            return Err(CliError::Failed("the server's answer is too long".into()));
        }
    }
    Ok(bytes)
}
