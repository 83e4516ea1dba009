//! Pages of git hosts, as people paste them.
//!
//! Nothing is asked of the host: the shape of the path tells. GitLab puts `/-/` between project and page; GitHub, Gitea
//! and Bitbucket have the page in the third place; what has no such shape is a clone URL.

use url::Url;

use super::address::{self, Address};
use super::{Flavour, Kind, Meaning, SourceError, Wanted};
use super::{file, reference};

/// Reads a tidy source.
pub fn read(text: &str, local: bool) -> Result<Meaning, SourceError> {
    let plain = |address: Address| {
        let flavour = address.host.as_deref().and_then(Flavour::of_host);
        Meaning { address, wanted: Wanted::Default, flavour }
    };
    if let Some((scheme, rest)) = text.split_once("://") {
        return match scheme.to_ascii_lowercase().as_str() {
            "https" | "http" => web(text),
            "ssh" => Ok(plain(address::ssh(&format!("ssh://{rest}"))?)),
            "file" if local => Ok(plain(address::file(&format!("file://{rest}"))?)),
            "file" => Err(SourceError::Local),
            _ => Err(SourceError::Scheme(format!("{}://", reference::shown(scheme)))),
        };
    }
    // `ext::sh -c …` and its like run commands.
    if let Some((helper, _)) = text.split_once("::") {
        return Err(SourceError::Scheme(format!("{}::", reference::shown(helper))));
    }
    if text.starts_with('/') {
        return if local { Ok(plain(address::file(text)?)) } else { Err(SourceError::Local) };
    }
    let (first, _) = text.split_once('/').unwrap_or((text, ""));
    match first.split_once(':') {
        // `host:8080/x` is a web address without its scheme, `host:x` is scp's way.
        Some((host, rest))
            if host.contains('.') && !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()) && first != text =>
        {
            web(&format!("https://{text}"))
        }
        Some((host, _)) if host.contains(['@', '.']) => Ok(plain(address::scp(text)?)),
        Some((scheme, _)) => Err(SourceError::Scheme(format!("{}:", reference::shown(scheme)))),
        None if first.contains('@') => Err(SourceError::Userinfo),
        None if first.contains('.') && !first.starts_with('.') => web(&format!("https://{text}")),
        None => Err(SourceError::Malformed(format!("'{}' names no host", reference::shown(text)))),
    }
}

fn web(text: &str) -> Result<Meaning, SourceError> {
    // Before parsing: `url` forgives `https:////host` and an empty user.
    let rest = text.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(SourceError::Host(String::new()));
    }
    if authority.contains('@') {
        return Err(SourceError::Userinfo);
    }
    // Also before: `url` resolves `..`, and what it leads to is not what was read.
    let typed = rest.get(authority.len()..).unwrap_or_default();
    address::check_typed(typed.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/'))?;
    let url = Url::parse(text).map_err(|error| SourceError::Malformed(error.to_string()))?;
    let url = raw_of_github(&url).unwrap_or(url);
    let parts = url.path().split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let (path, mut wanted) = page(&url, &parts)?;
    let flavour = Flavour::of_host(url.host_str().unwrap_or_default()).or_else(|| flavour(&parts));
    let mut address = address::web(&url, &path)?;
    if wanted == Wanted::Default && file::is_document(&path) {
        wanted = Wanted::Document;
        address.repository = file::name(&path).unwrap_or(address.repository);
    }
    Ok(Meaning { address, wanted, flavour })
}

/// GitHub shows files as they are on another host: `raw.githubusercontent.com/owner/repository/main/devfile.yaml`.
fn raw_of_github(url: &Url) -> Option<Url> {
    if url.host_str() != Some("raw.githubusercontent.com") {
        return None;
    }
    let mut parts = url.path().trim_start_matches('/').splitn(3, '/');
    let (owner, repository, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let rest = ["refs/heads/", "refs/tags/"].iter().find_map(|kind| rest.strip_prefix(kind)).unwrap_or(rest);
    Url::parse(&format!("https://github.com/{owner}/{repository}/raw/{rest}")).ok()
}

/// What a page's shape tells of the program that made it, where it leaves no doubt.
fn flavour(parts: &[&str]) -> Option<Flavour> {
    let has = |page: &[&str]| parts.windows(page.len()).skip(2).any(|window| window == page);
    let number = |name: &str| parts.windows(2).skip(2).any(|pair| matches!(pair, [n, m] if *n == name && is_number(m)));
    match parts {
        ["projects", _, "repos", _, ..] => Some(Flavour::BitbucketServer),
        _ if has(&["-"]) || number("merge_requests") => Some(Flavour::GitLab),
        _ if number("pull") => Some(Flavour::GitHub),
        _ if number("pulls") || has(&["src", "branch"]) || has(&["src", "tag"]) || has(&["src", "commit"]) => {
            Some(Flavour::Gitea)
        }
        _ => None,
    }
}

/// The repository's path and what of it a page shows.
fn page(url: &Url, parts: &[&str]) -> Result<(String, Wanted), SourceError> {
    let join = |parts: &[&str]| parts.join("/");
    if let Some(at) = parts.iter().position(|part| *part == "-").filter(|at| *at >= 2) {
        let (project, page) = split(parts, at);
        return Ok((join(project), gitlab(page)?));
    }
    // Bitbucket Server.
    if let ["projects", key, "repos", slug, page @ ..] = parts {
        return Ok((format!("scm/{}/{slug}.git", key.to_lowercase()), bitbucket_server(url, page)?));
    }
    if parts.last().is_some_and(|last| last.ends_with(".git")) {
        return Ok((join(parts), Wanted::Default));
    }
    // Azure: `…/_git/repository?version=GBmain`.
    if let Some(at) = parts.iter().position(|part| *part == "_git") {
        let (repository, page) = split(parts, at + 2);
        return Ok((join(repository), azure(url, page)?));
    }
    for at in 2..parts.len() {
        let (repository, page) = split(parts, at);
        if let Some(wanted) = third_place(url, at, page)? {
            return Ok((join(repository), wanted));
        }
    }
    Ok((join(parts), Wanted::Default))
}

fn split<'a, 'b>(parts: &'a [&'b str], at: usize) -> (&'a [&'b str], &'a [&'b str]) {
    parts.split_at_checked(at).unwrap_or((parts, &[]))
}

fn gitlab(page: &[&str]) -> Result<Wanted, SourceError> {
    match page {
        [_, "tree" | "blob" | "raw" | "commits" | "blame", rest @ ..] if !rest.is_empty() => named(rest, Kind::Any),
        [_, "tags", rest @ ..] if !rest.is_empty() => named(rest, Kind::Tag),
        [_, "releases", tag, ..] => named(&[tag], Kind::Tag),
        [_, "commit", commit, ..] => named(&[commit], Kind::Commit),
        [_, "merge_requests", number, ..] if is_number(number) => request(number),
        // Issues, pipelines and the rest: pages of the repository.
        _ => Ok(Wanted::Default),
    }
}

fn bitbucket_server(url: &Url, page: &[&str]) -> Result<Wanted, SourceError> {
    match page {
        ["pull-requests", number, ..] if is_number(number) => request(number),
        ["commits", commit, ..] => named(&[commit], Kind::Commit),
        _ => match url.query_pairs().find(|(key, _)| key == "at") {
            Some((_, at)) => {
                let (name, kind) = match (at.strip_prefix("refs/heads/"), at.strip_prefix("refs/tags/")) {
                    (Some(name), _) => (name, Kind::Branch),
                    (_, Some(name)) => (name, Kind::Tag),
                    _ => (at.as_ref(), Kind::Any),
                };
                Ok(Wanted::Named { name: reference::check(name)?, kind, link: false })
            }
            None => Ok(Wanted::Default),
        },
    }
}

fn azure(url: &Url, page: &[&str]) -> Result<Wanted, SourceError> {
    if let ["pullrequest", number, ..] = page {
        return request(number);
    }
    let version = url.query_pairs().find(|(key, _)| key == "version").map(|(_, version)| version.into_owned());
    let Some(version) = version else { return Ok(Wanted::Default) };
    let (kind, name) = match version.split_at_checked(2) {
        Some(("GB", name)) => (Kind::Branch, name),
        Some(("GT", name)) => (Kind::Tag, name),
        Some(("GC", name)) => (Kind::Commit, name),
        _ => return Ok(Wanted::Default),
    };
    Ok(Wanted::Named { name: reference::check(name)?, kind, link: false })
}

/// What stands behind `owner/repository`, or deeper where the shape leaves no doubt. None when it is no page.
fn third_place(url: &Url, at: usize, page: &[&str]) -> Result<Option<Wanted>, SourceError> {
    let exactly = at == 2;
    let cloud = url.host_str() == Some("bitbucket.org");
    let wanted = match page {
        [shown, "branch", rest @ ..] if is_gitea(shown, url) && !rest.is_empty() => named(rest, Kind::Branch)?,
        [shown, "tag", rest @ ..] if is_gitea(shown, url) && !rest.is_empty() => named(rest, Kind::Tag)?,
        [shown, "commit", rest @ ..] if is_gitea(shown, url) && !rest.is_empty() => named(rest, Kind::Commit)?,
        ["src", rest @ ..] if rest.first().is_some_and(|commit| reference::is_commit(commit)) => {
            named(rest, Kind::Commit)?
        }
        ["src", rest @ ..] if cloud && exactly && !rest.is_empty() => named(rest, Kind::Any)?,
        ["branch", rest @ ..] if cloud && exactly && !rest.is_empty() => named(rest, Kind::Branch)?,
        ["pull-requests", number, ..] if cloud && exactly && is_number(number) => request(number)?,
        // GitLab has kept these names from being groups or projects, so they are pages at any depth.
        ["tree" | "blob" | "raw" | "blame", rest @ ..] if !rest.is_empty() => named(rest, Kind::Any)?,
        ["merge_requests", number, ..] if is_number(number) => request(number)?,
        ["pull" | "pulls", number, ..] if is_number(number) => request(number)?,
        ["commit" | "commits", commit, ..] if reference::is_commit(commit) => named(&[commit], Kind::Commit)?,
        ["commits", rest @ ..] if exactly && !rest.is_empty() => named(rest, Kind::Any)?,
        ["releases", "tag", rest @ ..] if !rest.is_empty() => named(rest, Kind::Tag)?,
        // Other pages of a repository; elsewhere they could be a project in a group of this name.
        [_, ..] if exactly && matches!(url.host_str(), Some("github.com" | "codeberg.org")) => Wanted::Default,
        _ => return Ok(None),
    };
    Ok(Some(wanted))
}

/// Gitea says what kind of name follows: `src/branch/main`, `raw/tag/v1`. On GitHub that is how the name itself begins.
fn is_gitea(shown: &str, url: &Url) -> bool {
    shown == "src" || (matches!(shown, "raw" | "blame" | "commits") && url.host_str() != Some("github.com"))
}

fn named(parts: &[&str], kind: Kind) -> Result<Wanted, SourceError> {
    let decoded = parts.iter().map(|part| decode(part)).collect::<Result<Vec<_>, _>>()?.join("/");
    let link = kind != Kind::Commit || parts.len() > 1;
    // A path behind the name is not a part of it, so the rules for names hold for the first part only; the whole is
    // checked again once the repository has told where the name ends.
    reference::check(decoded.split('/').next().unwrap_or_default())?;
    match decoded.contains(|c: char| c.is_control()) || decoded.len() > 1024 {
        true => Err(SourceError::Reference(reference::shown(&decoded))),
        false => Ok(Wanted::Named { name: decoded, kind, link }),
    }
}

fn request(number: &str) -> Result<Wanted, SourceError> {
    let number = number.parse::<u64>().ok().filter(|number| *number > 0);
    number.map(Wanted::Request).ok_or_else(|| SourceError::Reference("0".into()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Percent-encoding undone.
fn decode(part: &str) -> Result<String, SourceError> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let code = [rest.next().unwrap_or(b'x'), rest.next().unwrap_or(b'x')];
        let code = std::str::from_utf8(&code).ok().and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.ok_or_else(|| SourceError::Reference(reference::shown(part)))?);
    }
    String::from_utf8(bytes).map_err(|_| SourceError::Reference(reference::shown(part)))
}
