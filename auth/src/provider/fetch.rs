//! HTTP to providers: no redirects, a bounded answer, a bounded time for all of it.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

/// The longest answer that is read: discovery documents and key sets have some kilobytes.
const MAX_ANSWER: usize = 1 << 20;
/// How long a request may take, to the last octet of its answer.
const WITHIN: Duration = Duration::from_secs(10);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// It took too long.
    #[error("it took too long to answer")]
    Slow,
    /// The answer has no end.
    #[error("its answer is longer than 1 MiB")]
    Long,
}

/// Sends requests. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fetch {
    http: reqwest::Client,
    within: Duration,
}

impl Fetch {
    /// Through a client of its own, which follows no redirects.
    pub fn new() -> Result<Fetch, reqwest::Error> {
        Fetch::within(WITHIN)
    }

    /// The same, where a request may take so long.
    pub fn within(within: Duration) -> Result<Fetch, reqwest::Error> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("dormer/", env!("CARGO_PKG_VERSION")))
            // A provider that sends us elsewhere would have our secret, or a person's token, sent there.
            .redirect(reqwest::redirect::Policy::none());
        Ok(Fetch { http: builder.build()?, within })
    }

    /// Sends a request and reads its answer.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        tokio::time::timeout(self.within, self.exchange(request)).await.unwrap_or(Err(FetchError::Slow))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let unreachable = |error: reqwest::Error| FetchError::Unreachable(cause(&error.without_url()));
        let request = reqwest::Request::try_from(request).map_err(unreachable)?;
        let mut answer = self.http.execute(request).await.map_err(unreachable)?;
        let mut body = Vec::new();
        let head = (answer.status(), answer.headers().clone());
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(FetchError::Long);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(body);
        (*response.status_mut(), *response.headers_mut()) = head;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Fetch {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The innermost cause: the outer ones only repeat that a request failed.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().chars().take(200).collect()
}
