//! Which git hosts a workspace may sign in to, in its owner's name. Pure.
//!
//! The record decides, never the devfile: whoever may push to a repository must not be able to name another host there
//! and be given its owner's token.

use std::net::IpAddr;

use url::Url;

use crate::workspace::Workspace;

/// Whether the workspace may sign in to `host` (`git.example.com`, `git.example.com:8443`) over `protocol`. The host as
/// credentials are kept by, where it may.
pub fn host_of(workspace: &Workspace, protocol: &str, host: &str) -> Option<String> {
    if !workspace.spec.running || workspace.spec.archived || workspace.deleted {
        return None;
    }
    let source = workspace.spec.source.as_ref()?;
    let asked = host.to_ascii_lowercase();
    let asked = match protocol {
        "https" => asked.strip_suffix(":443").unwrap_or(&asked).to_string(),
        // In clear text only to what cannot be elsewhere: an address of the gateway's own network, said as such.
        "http" if is_near(&asked) => asked.strip_suffix(":80").unwrap_or(&asked).to_string(),
        _ => return None,
    };
    let own = sign_in(&source.url)?;
    (own.matches(protocol, &asked)).then_some(asked)
}

fn is_near(host: &str) -> bool {
    let host = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(host, |(host, _)| host);
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Where one signs in for a source.
struct SignIn {
    /// None for ssh: the host's own web address, on its usual port.
    scheme: Option<String>,
    host: String,
}

impl SignIn {
    fn matches(&self, protocol: &str, host: &str) -> bool {
        self.host == host && self.scheme.as_deref().map_or(protocol == "https", |scheme| scheme == protocol)
    }
}

fn sign_in(url: &str) -> Option<SignIn> {
    if let Ok(parsed) = Url::parse(url) {
        let host = parsed.host_str()?.to_ascii_lowercase();
        return match parsed.scheme() {
            "ssh" => Some(SignIn { scheme: None, host }),
            scheme @ ("https" | "http") => {
                let host = match parsed.port() {
                    Some(port) => format!("{host}:{port}"),
                    None => host,
                };
                Some(SignIn { scheme: Some(scheme.to_string()), host })
            }
            _ => None,
        };
    }
    // `git@host:path`
    let (authority, _) = url.split_once(':')?;
    let host = authority.rsplit('@').next()?.to_ascii_lowercase();
    (!host.is_empty() && !host.contains('/')).then_some(SignIn { scheme: None, host })
}

/// The host that credentials for a clone URL are kept by.
pub fn credential_host(url: &str) -> Option<String> {
    sign_in(url).map(|sign_in| sign_in.host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Source, fixture};

    #[test]
    fn only_the_host_of_its_source() {
        for (url, protocol, host, want) in [
            ("https://git.example.com/a/b", "https", "git.example.com", true),
            ("https://git.example.com/a/b", "https", "GIT.example.com", true),
            ("https://git.example.com/a/b", "https", "git.example.com:443", true),
            ("https://git.example.com/a/b", "https", "git.example.com:8443", false),
            ("https://git.example.com/a/b", "http", "git.example.com", false),
            ("https://git.example.com/a/b", "https", "evil.example", false),
            ("https://git.example.com/a/b", "https", "git.example.com.evil.example", false),
            ("https://git.example.com/a/b", "https", "xgit.example.com", false),
            ("https://git.example.com/a/b", "https", "git.example.com@evil.example", false),
            ("https://git.example.com/a/b", "ftp", "git.example.com", false),
            ("https://git.example.com:8443/a/b", "https", "git.example.com:8443", true),
            ("https://git.example.com:8443/a/b", "https", "git.example.com", false),
            ("http://127.0.0.1:3000/a/b", "http", "127.0.0.1:3000", true),
            ("http://127.0.0.1:3000/a/b", "http", "127.0.0.1:3001", false),
            ("http://127.0.0.1:3000/a/b", "https", "127.0.0.1:3000", false),
            ("http://git.example.com/a/b", "http", "git.example.com", false),
            ("git@git.example.com:a/b", "https", "git.example.com", true),
            ("git@git.example.com:a/b", "http", "git.example.com", false),
            ("ssh://git@git.example.com:2222/a/b", "https", "git.example.com", true),
            ("file:///srv/a", "https", "", false),
        ] {
            let mut workspace = fixture("w", "ann");
            workspace.spec.running = true;
            workspace.spec.source = Some(Source { url: url.into(), ..Source::default() });
            // A devfile that asks for more changes nothing.
            workspace.spec.devfile =
                Some("projects: [{name: x, git: {remotes: {o: 'https://evil.example/x'}}}]".into());
            assert_eq!(host_of(&workspace, protocol, host).is_some(), want, "{url} {protocol} {host}");
            workspace.spec.running = false;
            assert_eq!(host_of(&workspace, protocol, host), None);
        }
        let mut none = fixture("w", "ann");
        none.spec.running = true;
        assert_eq!(host_of(&none, "https", "git.example.com"), None);
    }
}
