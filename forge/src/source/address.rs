//! Where a repository is, in the form that git is given.

use url::{Host, Url};

use super::SourceError;
use super::reference::{is_invisible, shown};

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// What git is given.
    pub url: String,
    /// The host, in lower case and punycode; None for a file of this machine.
    pub host: Option<String>,
    /// The repository's own name: the last part of its path without `.git`.
    pub repository: String,
}

/// The text without blanks around it, if it could be a source at all.
pub fn tidy(text: &str) -> Result<&str, SourceError> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() || text.len() > 2048 {
        return Err(SourceError::Length);
    }
    // `url` would drop tabs and line ends and turn '\' into '/': what was meant is not ours to guess.
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\' || is_invisible(c)) {
        return Err(SourceError::Characters);
    }
    if text.starts_with('-') {
        return Err(SourceError::Option);
    }
    Ok(text)
}

/// A web address with the path of its repository.
pub fn web(url: &Url, path: &str) -> Result<Address, SourceError> {
    let host = checked_host(url.host_str().unwrap_or_default())?;
    check_path(path)?;
    let repository = repository(path)?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(Address { url: format!("{}://{host}{port}/{path}", url.scheme()), host: Some(host), repository })
}

/// `ssh://[user@]host[:port]/path`.
pub fn ssh(text: &str) -> Result<Address, SourceError> {
    let rest = text.get("ssh://".len()..).unwrap_or_default();
    let (authority, path) = rest.split_once('/').ok_or(SourceError::Repository)?;
    let (user, place) = user(authority)?;
    // The port is behind the last colon, unless that is inside an IPv6 address.
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    };
    let host = checked_host(host)?;
    let port = match port {
        None => String::new(),
        Some(port) if port.parse::<u16>().is_ok_and(|port| port > 0) => format!(":{port}"),
        Some(_) => return Err(SourceError::Host(shown(place))),
    };
    let path = path.trim_end_matches('/');
    check_path(path)?;
    Ok(Address { url: format!("ssh://{user}{host}{port}/{path}"), host: Some(host), repository: repository(path)? })
}

/// `[user@]host:path`, as scp has it.
pub fn scp(text: &str) -> Result<Address, SourceError> {
    let (authority, path) = text.split_once(':').ok_or(SourceError::Repository)?;
    let (user, host) = user(authority)?;
    let host = checked_host(host)?;
    let path = path.trim_end_matches('/');
    check_path(path.trim_start_matches('/'))?;
    Ok(Address { url: format!("{user}{host}:{path}"), host: Some(host), repository: repository(path)? })
}

/// `file:///path`, or a path.
pub fn file(text: &str) -> Result<Address, SourceError> {
    // Before parsing, which resolves `..`.
    let typed = text.strip_prefix("file://").unwrap_or(text);
    check_typed(typed)?;
    if text.starts_with("file://") && !typed.starts_with('/') && !typed.to_ascii_lowercase().starts_with("localhost/") {
        return Err(SourceError::Host(shown(typed.split('/').next().unwrap_or_default())));
    }
    let url = match text.starts_with('/') {
        true => Url::from_file_path(text).map_err(|()| SourceError::Path)?,
        false => Url::parse(text).map_err(|error| SourceError::Malformed(error.to_string()))?,
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(SourceError::Path);
    }
    let path = url.path().trim_end_matches('/');
    check_path(path.trim_start_matches('/'))?;
    // `/srv/app/.git` is the repository `app`.
    let name = path.strip_suffix("/.git").unwrap_or(path);
    Ok(Address { url: format!("file://{path}"), host: None, repository: repository(name)? })
}

/// The user of an SSH address with its `@`, and what follows.
fn user(authority: &str) -> Result<(String, &str), SourceError> {
    let Some((user, place)) = authority.split_once('@') else { return Ok((String::new(), authority)) };
    let good = !user.is_empty()
        && !user.starts_with('-')
        && user.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    match good && !place.contains('@') {
        true => Ok((format!("{user}@"), place)),
        false => Err(SourceError::Userinfo),
    }
}

/// A host in lower case and punycode, so that what looks like another host shows that it is not.
pub fn checked_host(text: &str) -> Result<String, SourceError> {
    let refuse = || SourceError::Host(shown(text));
    let host = Host::parse(text).map_err(|_| refuse())?.to_string();
    let host = host.trim_end_matches('.').to_string();
    if host.starts_with('[') {
        return Ok(host);
    }
    let good = !host.is_empty()
        && host.len() <= 253
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
        });
    if good { Ok(host) } else { Err(refuse()) }
}

/// A path as somebody typed it: it must not lead up, nor hide characters that no path has.
pub fn check_typed(path: &str) -> Result<(), SourceError> {
    let controls = codes(path).any(|code| code.is_none_or(|code| code < 0x20 || code == 0x7f));
    let plain = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    let up = plain.split('/').any(|part| part == ".." || part == ".");
    if controls || up { Err(SourceError::Path) } else { Ok(()) }
}

/// The path of a repository, which becomes a part of a command line on its host.
pub fn check_path(path: &str) -> Result<(), SourceError> {
    check_typed(path)?;
    let hidden = codes(path).any(|code| matches!(code, Some(b'/' | b'\\')));
    let quotes = path.contains(['\'', '"', '`', '$', ';', '|', '<', '>', '&', '(', ')', '{', '}', '*', '?']);
    if hidden || quotes || path.starts_with('-') { Err(SourceError::Path) } else { Ok(()) }
}

/// What is percent-encoded in a path; None for a `%` that encodes nothing.
fn codes(path: &str) -> impl Iterator<Item = Option<u8>> {
    path.match_indices('%').map(|(at, _)| {
        let code = path.get(at + 1..at + 3).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u8::from_str_radix(code, 16).ok()
    })
}

fn repository(path: &str) -> Result<String, SourceError> {
    let last = path.rsplit('/').next().unwrap_or_default();
    let last = last.rsplit(':').next().unwrap_or_default();
    let name = last.strip_suffix(".git").unwrap_or(last);
    if name.is_empty() || name == "~" { Err(SourceError::Repository) } else { Ok(name.into()) }
}
