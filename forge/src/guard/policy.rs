//! What may be reached. Pure.

use std::net::IpAddr;

use super::GuardError;
use super::address::is_public;

/// Whose wish it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A stranger's: public addresses, and what an administrator opened.
    Public,
    /// The person's whose machine this is: they reach everything from here anyway.
    Own,
}

/// What an administrator decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The only hosts that may be asked; all, when there is none.
    pub hosts: Vec<Pattern>,
    /// Hosts that may be inside the gateway's own network.
    pub private: Vec<Pattern>,
}

/// `git.example.com`, `*.example.com` for all below it, either with a port behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    host: String,
    below: bool,
    port: Option<u16>,
}

impl std::str::FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no host: write git.example.com, *.example.com or git.example.com:8443");
        let (below, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().map_err(|_| wrong())?)),
            _ => (rest, None),
        };
        let host = crate::source::address::checked_host(host).map_err(|_| wrong())?;
        Ok(Pattern { host, below, port })
    }
}

impl Pattern {
    /// `a, b` as it stands in a configuration.
    pub fn list(text: &str) -> Result<Vec<Pattern>, String> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::parse).collect()
    }

    fn fits(&self, host: &str, port: Option<u16>) -> bool {
        let named = match self.below {
            true => host.strip_suffix(self.host.as_str()).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            false => host == self.host,
        };
        named && (self.port.is_none() || port.is_none() || self.port == port)
    }
}

impl Policy {
    /// Whether a host may be asked at all.
    pub fn check_host(&self, host: &str, port: u16) -> Result<(), GuardError> {
        let host = plain(host);
        let allowed = self.hosts.iter().chain(&self.private).any(|pattern| pattern.fits(&host, Some(port)));
        if self.hosts.is_empty() || allowed { Ok(()) } else { Err(GuardError::Host(host)) }
    }

    /// Whether all addresses of a host may be connected to. One that may not spoils the others: whoever gives both
    /// hopes that the wrong one is taken. Without a port, a host that was opened at any is good.
    pub fn check_addresses(
        &self,
        host: &str,
        port: Option<u16>,
        addresses: &[IpAddr],
        reach: Reach,
    ) -> Result<(), GuardError> {
        let host = plain(host);
        let open = reach == Reach::Own || self.private.iter().any(|pattern| pattern.fits(&host, port));
        match open || addresses.iter().all(|ip| is_public(*ip)) {
            true => Ok(()),
            false => Err(GuardError::Private(host)),
        }
    }
}

fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, host, port, fits) in [
            ("a.example", "a.example", 443, true),
            ("a.example", "A.example", 443, true),
            ("a.example", "a.example.", 443, true),
            ("a.example", "x.a.example", 443, false),
            ("a.example:8443", "a.example", 8443, true),
            ("a.example:8443", "a.example", 443, false),
            ("*.a.example", "x.a.example", 443, true),
            ("*.a.example", "x.y.a.example", 443, true),
            ("*.a.example", "a.example", 443, false),
            ("*.a.example", "xa.example", 443, false),
            ("*.a.example:1", "x.a.example", 2, false),
            ("127.0.0.1:3000", "127.0.0.1", 3000, true),
            ("127.0.0.1:3000", "127.0.0.1", 3001, false),
            ("[::1]:3000", "[::1]", 3000, true),
        ] {
            let policy = Policy { hosts: vec![pattern.parse().unwrap()], ..Policy::default() };
            assert_eq!(policy.check_host(host, port).is_ok(), fits, "{pattern} {host}:{port}");
        }
        for bad in ["", "*", "a b", "http://a", "a/b", "a:b", "*.", "a:99999"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
        assert_eq!(Pattern::list(" a.example, *.b.example:1 ,").unwrap().len(), 2);
    }

    #[test]
    fn private_addresses_only_where_they_were_opened() {
        let policy = Policy { private: vec!["git.corp:3000".parse().unwrap()], ..Policy::default() };
        let check = |host: &str, port, ips: &[&str], reach| {
            let ips = ips.iter().map(|ip| ip.parse().unwrap()).collect::<Vec<_>>();
            policy.check_addresses(host, Some(port), &ips, reach).is_ok()
        };
        assert!(check("git.corp", 3000, &["10.0.0.1"], Reach::Public));
        assert!(!check("git.corp", 22, &["10.0.0.1"], Reach::Public));
        assert!(!check("other.corp", 3000, &["10.0.0.1"], Reach::Public));
        assert!(check("other.corp", 3000, &["10.0.0.1"], Reach::Own));
        assert!(check("a.example", 443, &["8.8.8.8"], Reach::Public));
        assert!(!check("a.example", 443, &["8.8.8.8", "127.0.0.1"], Reach::Public), "one bad address spoils all");
    }
}
