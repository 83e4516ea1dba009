//! Questions to the API server, counted by what they ask and what came of them.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use kube::client::Body;
use tower::{Layer, Service};

/// Counts what goes through a client.
#[derive(Debug, Clone, Copy)]
pub struct Calls;

/// A client's way to the API server, counted.
#[derive(Debug, Clone)]
pub struct Counted<S>(S);

impl<S> Layer<S> for Calls {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted(inner)
    }
}

impl<S, B> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let verb = verb(request.method().as_str(), request.uri().query().unwrap_or_default());
        let answer = self.0.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let code = answer.as_ref().map_or("none", |answer| code(answer.status().as_u16()));
            metrics::counter!("dormer_kubernetes_requests_total", "verb" => verb, "code" => code).increment(1);
            answer
        })
    }
}

/// A question's verb; one of few.
fn verb(method: &str, query: &str) -> &'static str {
    match method {
        "GET" if query.split('&').any(|part| matches!(part, "watch=true" | "watch=1")) => "watch",
        "GET" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "other",
    }
}

/// A status, as far as an operator tells them apart.
fn code(status: u16) -> &'static str {
    match status {
        403 => "403",
        404 => "404",
        409 => "409",
        410 => "410",
        429 => "429",
        200..=299 => "2xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_words_for_all_questions() {
        for (method, query, want) in [
            ("GET", "", "get"),
            ("GET", "limit=500&watch=true&timeoutSeconds=290", "watch"),
            ("GET", "labelSelector=watch%3Dtrue", "get"),
            ("PATCH", "fieldManager=dormer", "patch"),
            ("BREW", "", "other"),
        ] {
            assert_eq!(verb(method, query), want, "{method} {query}");
        }
        assert_eq!([200, 201, 404, 409, 422, 503, 101].map(code), ["2xx", "2xx", "404", "409", "4xx", "5xx", "other"]);
    }
}
