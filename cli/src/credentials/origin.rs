//! A server's address: scheme, host and port, and nothing else.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::error::CliError;

/// A server's address. Two are equal when they are the same place: `localhost` and `127.0.0.1` are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(Url);

impl Origin {
    /// As a URL with the path `/`.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether this is the person's own machine, so that neither a proxy nor TLS has a part in it.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => is_localhost(name),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }

    /// Whether what is sent there can be read on the way.
    pub fn is_in_the_clear(&self) -> bool {
        self.0.scheme() == "http" && !self.is_loopback()
    }

    /// A file name for what is kept about this server: `localhost_7080`.
    pub fn file_name(&self) -> String {
        let (_, host, port) = self.place();
        let host = host.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-', "-");
        format!("{host}_{port}")
    }

    fn place(&self) -> (&str, String, u16) {
        let host = match self.0.host() {
            Some(Host::Ipv4(ip)) if IpAddr::V4(ip) == IpAddr::from([127, 0, 0, 1]) => "localhost".into(),
            Some(host) => host.to_string().trim_end_matches('.').to_ascii_lowercase(),
            None => String::new(),
        };
        (self.0.scheme(), host, self.0.port_or_known_default().unwrap_or(0))
    }
}

/// Whether a name is of this machine by definition (RFC 6761): `localhost` and all below it.
pub fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> String {
        origin.to_string()
    }
}

impl TryFrom<String> for Origin {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|error: CliError| error.to_string())
    }
}

impl FromStr for Origin {
    type Err = CliError;
    fn from_str(text: &str) -> Result<Self, CliError> {
        let refuse = |why: &str| {
            let shown = crate::output::clean(&text.chars().take(100).collect::<String>());
            CliError::Usage(format!("'{shown}' is no server's address: {why}"))
        };
        // `url` drops tabs and line ends silently; what was meant is not ours to guess.
        if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refuse("expected something like https://dormer.example.com"));
        }
        let full = match text.contains("://") {
            true => text.to_string(),
            false => {
                let host = text.split(['/', ':']).next().unwrap_or_default();
                let ours = is_localhost(host) || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
                format!("{}://{text}", if ours { "http" } else { "https" })
            }
        };
        let mut url = Url::parse(&full).map_err(|error| refuse(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("it must begin with https:// or http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it must not carry a user or a password"));
        }
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        Ok(Origin(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place() {
        let table = [
            ("http://localhost:7080", "http://127.0.0.1:7080/", true),
            ("localhost:7080", "http://LOCALHOST.:7080/login?x#y", true),
            ("https://a.example", "a.example:443", true),
            ("https://a.example", "http://a.example", false),
            ("https://a.example", "https://a.example:444", false),
            ("https://a.example", "https://b.a.example", false),
            ("http://localhost:7080", "http://localhost:7081", false),
            ("http://localhost:7080", "http://x.localhost:7080", false),
            ("http://localhost:7080", "http://127.0.0.2:7080", false),
        ];
        for (a, b, same) in table {
            assert_eq!(a.parse::<Origin>().unwrap() == b.parse().unwrap(), same, "{a} {b}");
        }
    }

    #[test]
    fn no_address() {
        for bad in
            ["", " ", "ftp://x", "https://u:p@x", "https://u@x", "https://", "a b", "https://x\ny", "javascript://x"]
        {
            assert!(matches!(bad.parse::<Origin>(), Err(CliError::Usage(_))), "{bad}");
        }
    }

    #[test]
    fn loopback_and_the_clear() {
        for (text, loopback, clear) in [
            ("http://ws.localhost:1", true, false),
            ("http://127.3.2.1", true, false),
            ("http://[::1]:80", true, false),
            ("http://example.com", false, true),
            ("http://localhost.evil.example", false, true),
            ("https://example.com", false, false),
        ] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!((origin.is_loopback(), origin.is_in_the_clear()), (loopback, clear), "{text}");
        }
        assert_eq!("http://127.0.0.1:7080".parse::<Origin>().unwrap().file_name(), "localhost_7080");
        assert_eq!("http://[::1]".parse::<Origin>().unwrap().file_name(), "---1-_80");
    }
}
