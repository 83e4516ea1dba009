//! Which of our hosts a request is for, and how the browser spells its origin.

use http::HeaderMap;
use http::header;
use http::request::Parts;

use dormer_core::name::WorkspaceName;
use dormer_core::route::{Route, bare, route};

use axum::extract::FromRequestParts;

use crate::problem::Refused;

/// The host that a request is for. The proxy has removed `dormer-scheme` and `dormer-peer` of outside.
#[derive(Debug, Clone)]
pub struct Site {
    /// Lower case, without port.
    pub host: String,
    /// What it means.
    pub route: Route,
    /// Whether the browser came over TLS.
    pub tls: bool,
    /// As `Origin` has it.
    pub origin: String,
}

impl Site {
    /// Reads it from a request's head. None: that is no host name.
    pub fn of(headers: &HeaderMap, domain: &str) -> Option<Site> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (text, None) = (hosts.next()?.to_str().ok()?, hosts.next()) else { return None };
        let host = bare(text)?;
        let tls = headers.get("dormer-scheme").is_some_and(|scheme| scheme == "https");
        let port = text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let (scheme, usual) = if tls { ("https", 443) } else { ("http", 80) };
        let origin = match port {
            Some(port) if port != usual => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        };
        Some(Site { route: route(&host, domain), host, tls, origin })
    }

    /// The origin of another host of ours, as this browser reaches us: perhaps through a tunnel, on another port than
    /// we know of.
    pub fn sibling(&self, host: &str) -> String {
        let (scheme, rest) = self.origin.split_once("://").unwrap_or(("http", ""));
        match rest.rsplit_once(':') {
            Some((_, port)) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }

    /// The workspace whose host this is.
    pub fn workspace(&self) -> Result<&WorkspaceName, Refused> {
        self.route.workspace().ok_or_else(Refused::no_workspace)
    }

    /// Whether a request was sent by a page of this very origin. A browser says so with each write, and no page can
    /// make it lie.
    pub fn sent_by_own_page(&self, headers: &HeaderMap) -> bool {
        let own = headers.get(header::ORIGIN).is_some_and(|origin| origin == self.origin.as_str());
        own && headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Site {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        parts.extensions.get::<Site>().cloned().ok_or_else(|| Refused::not_found("host"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for (host, scheme, want) in [
            ("Dormer.Test:7080", "http", Some("http://dormer.test:7080")),
            ("dormer.test:80", "http", Some("http://dormer.test")),
            ("dormer.test", "https", Some("https://dormer.test")),
            ("dormer.test:443", "https", Some("https://dormer.test")),
            ("dormer.test:443", "http", Some("http://dormer.test:443")),
            ("dormer.test.", "http", Some("http://dormer.test")),
            ("dormer test", "http", None),
            ("", "http", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            headers.insert("dormer-scheme", scheme.parse().unwrap());
            assert_eq!(Site::of(&headers, "dormer.test").map(|site| site.origin).as_deref(), want, "{host}");
        }
        let mut two = HeaderMap::new();
        two.append(header::HOST, "dormer.test".parse().unwrap());
        two.append(header::HOST, "evil.test".parse().unwrap());
        assert!(Site::of(&two, "dormer.test").is_none());
    }
}
