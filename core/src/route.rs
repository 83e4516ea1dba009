//! Which workspace, and what of it, a host name means.

use crate::name::WorkspaceName;

/// What a host name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The installation itself: dashboard, API, login.
    Apex,
    /// The editor of a workspace.
    Editor(WorkspaceName),
    /// A port of a workspace.
    Port(WorkspaceName, PortRef),
    /// No host of ours.
    Foreign,
}

/// A port, by number or by the name of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortRef {
    /// 1 to 65535.
    Number(u16),
    /// A DNS label without `--`, not all digits.
    Named(String),
}

impl Route {
    /// The workspace, where one is meant.
    pub fn workspace(&self) -> Option<&WorkspaceName> {
        match self {
            Route::Editor(name) | Route::Port(name, _) => Some(name),
            Route::Apex | Route::Foreign => None,
        }
    }
}

/// What `host` (a `Host` header or an authority: any case, perhaps with a trailing dot and a port) means under
/// `domain` (lower case, neither). Whether such a workspace exists is another question.
pub fn route(host: &str, domain: &str) -> Route {
    bare(host).map_or(Route::Foreign, |host| bare_route(&host, domain))
}

/// The same of a host that is [`bare`] already.
pub fn bare_route(host: &str, domain: &str) -> Route {
    if host == domain {
        return Route::Apex;
    }
    let Some(label) = host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.')) else { return Route::Foreign };
    match label.rsplit_once("--") {
        None => label.parse().map_or(Route::Foreign, Route::Editor),
        Some((port, name)) => match (name.parse(), port_ref(port)) {
            (Ok(name), Some(port)) => Route::Port(name, port),
            _ => Route::Foreign,
        },
    }
}

/// `host` in lower case without its port and trailing dot. None when it is no host name at all.
pub fn bare(host: &str) -> Option<String> {
    // A DNS name has at most 253 characters; more is an attack, not a name.
    if host.is_empty() || host.len() > 260 {
        return None;
    }
    let host = match host.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        Some(_) => return None,
        None => host,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let good = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') && !host.is_empty();
    good.then(|| host.to_ascii_lowercase())
}

fn port_ref(text: &str) -> Option<PortRef> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        // "0", "080" and "70000" are not other names of a port.
        return match text.parse::<u16>() {
            Ok(port) if port != 0 && !text.starts_with('0') => Some(PortRef::Number(port)),
            _ => None,
        };
    }
    let good = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (good && !text.starts_with('-') && !text.ends_with('-') && !text.contains("--"))
        .then(|| PortRef::Named(text.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let editor = |name: &str| Route::Editor(name.parse().unwrap());
        let port = |name: &str, port| Route::Port(name.parse().unwrap(), PortRef::Number(port));
        let named = |name: &str, port: &str| Route::Port(name.parse().unwrap(), PortRef::Named(port.into()));
        for (host, want) in [
            ("dev.example.org", Route::Apex),
            ("DEV.Example.ORG.:8443", Route::Apex),
            ("hello.dev.example.org", editor("hello")),
            ("Hello.dev.example.org:443", editor("hello")),
            ("hello.dev.example.org.", editor("hello")),
            ("3000--hello.dev.example.org", port("hello", 3000)),
            ("65535--a-b.dev.example.org:1", port("a-b", 65535)),
            ("web--hello.dev.example.org", named("hello", "web")),
            ("web-ui--hello.dev.example.org", named("hello", "web-ui")),
            ("0--hello.dev.example.org", Route::Foreign),
            ("080--hello.dev.example.org", Route::Foreign),
            ("65536--hello.dev.example.org", Route::Foreign),
            ("a--b--hello.dev.example.org", Route::Foreign),
            ("--hello.dev.example.org", Route::Foreign),
            ("a.b.dev.example.org", Route::Foreign),
            ("xdev.example.org", Route::Foreign),
            ("example.org", Route::Foreign),
            ("dev.example.org.evil.com", Route::Foreign),
            ("login.dev.example.org", Route::Foreign),
            ("hello.dev.example.org..", Route::Foreign),
            ("hello@dev.example.org", Route::Foreign),
            ("hello.dev.example.org:80:80", Route::Foreign),
            (":80", Route::Foreign),
            ("[::1]:80", Route::Foreign),
            ("127.0.0.1", Route::Foreign),
            ("", Route::Foreign),
            (".dev.example.org", Route::Foreign),
            (&"a".repeat(1 << 16), Route::Foreign),
        ] {
            assert_eq!(route(host, "dev.example.org"), want, "{host}");
        }
    }
}
