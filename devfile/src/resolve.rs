//! Fetching what a devfile refers to: the caller's business, through a trait.

use crate::model::import::ImportReference;
use url::Url;

/// Fetches parents and plugins.
///
/// Nothing is fetched but through this trait, so the caller decides which schemes, hosts, folders and clusters may be
/// asked. Every method refuses by default: implement those that you allow.
pub trait Resolver {
    /// Fetches an address (`https:` or `http:`) or, for a devfile that was read from a path, a path.
    ///
    /// A relative reference is already joined with the place of the document that contains it.
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        Err(ResolveError::refused(format!("fetching {uri} is not allowed here")))
    }

    /// Fetches the manifests of a `kubernetes` or `openshift` component, for
    /// [`Flattened::inline_manifests`](crate::stage::Flattened::inline_manifests). As [`uri`](Self::uri), unless
    /// implemented otherwise.
    fn manifests(&self, uri: &str) -> Result<Fetched, ResolveError> {
        self.uri(uri)
    }

    /// Fetches a devfile of a registry. Without `registry` it is the caller's own; without `version` the registry's default.
    fn registry(&self, id: &str, version: Option<&str>, registry: Option<&str>) -> Result<Fetched, ResolveError> {
        let _ = (version, registry);
        Err(ResolveError::refused(format!("there is no registry here to ask for '{id}'")))
    }

    /// Fetches a `DevWorkspaceTemplate` of a cluster, as YAML or JSON.
    fn kubernetes(&self, name: &str, namespace: Option<&str>) -> Result<Fetched, ResolveError> {
        let _ = namespace;
        Err(ResolveError::refused(format!("there is no cluster here to ask for the DevWorkspaceTemplate '{name}'")))
    }
}

/// Refuses everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoResolver;

impl Resolver for NoResolver {}

/// A document that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it was in the end (after redirects): relative references in it are joined with this, and problems in it
    /// are reported under this name.
    pub location: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why a document could not be fetched, for the person whose devfile refers to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ResolveError {
    message: String,
    temporary: bool,
}

impl ResolveError {
    /// It will not work another time either: not allowed, not found.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), temporary: false }
    }

    /// It may work another time: a time-out, a server that is down.
    pub fn temporary(message: impl Into<String>) -> Self {
        Self { message: message.into(), temporary: true }
    }

    /// Whether it may work another time.
    pub fn is_temporary(&self) -> bool {
        self.temporary
    }
}

/// The address of a devfile in a registry, as registries serve it.
///
/// ```
/// use dormer_devfile::resolve::registry_address;
///
/// let url = registry_address("https://registry.devfile.io", "go", Some("2.6.0")).unwrap();
/// assert_eq!(url.as_str(), "https://registry.devfile.io/devfiles/go/2.6.0");
/// ```
pub fn registry_address(registry: &str, id: &str, version: Option<&str>) -> Result<Url, ResolveError> {
    let refused = |why: String| ResolveError::refused(format!("'{registry}' is not the address of a registry: {why}"));
    let mut url = Url::parse(registry).map_err(|error| refused(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("it must begin with https: or http:".to_owned()));
    }
    match url.path_segments_mut() {
        Ok(mut path) => {
            path.pop_if_empty().push("devfiles").push(id).extend(version);
        }
        Err(()) => return Err(refused("it has no path".to_owned())),
    }
    Ok(url)
}

/// Joins a reference with the place of the document that contains it.
pub(crate) fn join(base: &str, uri: &str) -> Result<String, ResolveError> {
    let no_scheme = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric()).count();
    let absolute = uri.get(no_scheme(uri)..).is_some_and(|rest| rest.starts_with(':')) && no_scheme(uri) > 1;
    if uri.chars().any(char::is_control) {
        return Err(ResolveError::refused("the reference contains control characters"));
    }
    if absolute {
        return web(Url::parse(uri).map_err(|error| ResolveError::refused(format!("not an address: {error}")))?);
    }
    match Url::parse(base) {
        Ok(base) if matches!(base.scheme(), "http" | "https") => {
            let joined = base.join(uri);
            web(joined.map_err(|error| ResolveError::refused(format!("not an address: {error}")))?)
        }
        _ => Ok(join_path(base, uri)),
    }
}

/// The place of a relative reference below the document of the web that contains it, as if that were a folder.
pub(crate) fn join_below(base: &str, uri: &str) -> Option<String> {
    if uri.contains(':') || uri.starts_with('/') || uri.chars().any(char::is_control) {
        return None;
    }
    let mut folder = Url::parse(base).ok().filter(|base| matches!(base.scheme(), "http" | "https"))?;
    folder.path_segments_mut().ok()?.pop_if_empty().push("");
    Some(folder.join(uri).ok()?.into())
}

fn web(url: Url) -> Result<String, ResolveError> {
    if matches!(url.scheme(), "http" | "https") {
        return Ok(url.into());
    }
    Err(ResolveError::refused(format!("'{}:' is not fetched, only https: and http: are", url.scheme())))
}

fn join_path(base: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let rooted = base.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    format!("{}{}", if rooted { "/" } else { "" }, parts.join("/"))
}

/// What two references have in common if they mean the same document.
pub(crate) fn identity(reference: &ImportReference, location: Option<&str>) -> String {
    match location {
        Some(location) => format!("uri: {location}"),
        None => format!("{reference}, version: {}", reference.version.as_deref().unwrap_or("default")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_joined_with_their_base() {
        let table = [
            ("devfile.yaml", "parent.yaml", Ok("parent.yaml")),
            ("a/b/devfile.yaml", "../parent.yaml", Ok("a/parent.yaml")),
            ("devfile.yaml", "../parent.yaml", Ok("../parent.yaml")),
            ("/a/devfile.yaml", "../../../etc/x", Ok("/etc/x")),
            ("/a/devfile.yaml", "/b/x", Ok("/b/x")),
            ("https://h/a/devfile.yaml", "../p.yaml", Ok("https://h/p.yaml")),
            ("https://h/a/devfile.yaml", "/etc/passwd", Ok("https://h/etc/passwd")),
            ("https://h/a/devfile.yaml", "//other/x", Ok("https://other/x")),
            ("a.yaml", "https://h/x", Ok("https://h/x")),
            ("a.yaml", "file:///etc/passwd", Err(())),
            ("https://h/a", "file:///etc/passwd", Err(())),
            ("a.yaml", "a\nb", Err(())),
        ];
        assert_eq!(join_below("https://h/a/devfile.yaml", "../p.yaml").as_deref(), Some("https://h/a/p.yaml"));
        assert_eq!(
            join_below("https://h/a/devfile.yaml?x=y", "p.yaml").as_deref(),
            Some("https://h/a/devfile.yaml/p.yaml")
        );
        for (base, uri) in [("/a/b", "c"), ("https://h/a", "//other/x"), ("https://h/a", "https://other/x")] {
            assert_eq!(join_below(base, uri), None, "{base} + {uri}");
        }
        for (base, uri, expected) in table {
            assert_eq!(
                join(base, uri).map_err(|_| ()).as_deref(),
                expected.as_ref().map(|s| *s).map_err(|()| &()),
                "{base} + {uri}"
            );
        }
    }
}
