//! SOURCE as a person types it, as the server wants to be told: a folder becomes the URL that its repository came from,
//! a devfile's path its text, and a URL stays as it is, since reading links is the server's.

use std::path::{Path, PathBuf};
use std::process::Command;

use url::Url;

use crate::error::CliError;
use crate::output::clean;

/// The largest devfile that is sent.
const MAX_DEVFILE: u64 = 1 << 20;

/// What a SOURCE is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A repository, or a page that shows one.
    Url {
        /// Its URL.
        url: String,
        /// The branch that a folder is on, where its repository has it too.
        reference: Option<String>,
    },
    /// A devfile's text.
    Devfile(String),
}

/// Reads a SOURCE, relative to a folder.
pub fn read(text: &str, here: &Path) -> Result<Source, CliError> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(CliError::Usage("a source is a folder, a URL or a devfile, without control characters".into()));
    }
    if text.starts_with('-') {
        return Err(CliError::Usage(format!(
            "'{text}' begins with '-': no source does; a folder can be given as './{text}'"
        )));
    }
    if text.contains("://") || text.contains("::") {
        return Ok(Source::Url { url: text.into(), reference: None });
    }
    let path = here.join(text);
    if path.is_dir() {
        return folder(&path);
    }
    if path.is_file() {
        return devfile(&path);
    }
    // What is left is a URL only if it looks like one: `git@host:path` or `host.tld/path`.
    let looks_like_a_path = text.starts_with(['.', '/', '~']);
    let (first, rest) = text.split_once(['/', ':']).unwrap_or((text, ""));
    if !looks_like_a_path && !rest.is_empty() && (first.contains('@') || first.contains('.')) {
        return Ok(Source::Url { url: text.into(), reference: None });
    }
    Err(CliError::Usage(format!("'{text}' is no folder, no file and no URL")))
}

fn folder(path: &Path) -> Result<Source, CliError> {
    let Some(top) = git(path, &["rev-parse", "--show-toplevel"]) else {
        return Err(CliError::Usage(format!("'{}' is not in a git repository", path.display())));
    };
    let Some(origin) = git(path, &["remote", "get-url", "--", "origin"]) else {
        return Ok(Source::Url { url: file_url(Path::new(&top))?, reference: None });
    };
    // `origin/feature` is a branch that the server can see; one that was never pushed is not.
    let upstream = git(path, &["rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"]);
    let reference = upstream.and_then(|name| name.strip_prefix("origin/").map(Into::into));
    let is_url = origin.contains("://") || origin.split('/').next().is_some_and(|first| first.contains(':'));
    let url = match is_url {
        true => without_password(&origin),
        false => file_url(&Path::new(&top).join(&origin))?,
    };
    Ok(Source::Url { url, reference })
}

/// A remote may carry a token (`https://user:token@host`), which must not become part of a record.
fn without_password(origin: &str) -> String {
    match Url::parse(origin) {
        Ok(mut url) if matches!(url.scheme(), "http" | "https") => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.to_string()
        }
        _ => origin.into(),
    }
}

fn file_url(path: &Path) -> Result<String, CliError> {
    let path: PathBuf =
        path.canonicalize().map_err(|error| CliError::Usage(format!("'{}': {error}", path.display())))?;
    let url = Url::from_file_path(&path).map_err(|()| CliError::Usage(format!("'{}' has no URL", path.display())))?;
    Ok(url.into())
}

fn devfile(path: &Path) -> Result<Source, CliError> {
    Ok(Source::Devfile(text_of(path)?))
}

/// The text of a devfile or a `workspace.yaml`.
pub fn text_of(path: &Path) -> Result<String, CliError> {
    let named = path.extension().and_then(|extension| extension.to_str());
    if !matches!(named, Some("yaml" | "yml" | "json")) {
        return Err(CliError::Usage(format!("'{}' is no devfile and no workspace.yaml (.yaml)", path.display())));
    }
    let refuse = |why: &dyn std::fmt::Display| CliError::Usage(format!("cannot read '{}': {why}", path.display()));
    if path.metadata().map_err(|error| refuse(&error))?.len() > MAX_DEVFILE {
        return Err(refuse(&"it has more than 1 MB"));
    }
    std::fs::read_to_string(path).map_err(|error| refuse(&error))
}

/// One line of what git says; None when it says nothing or fails.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.trim_end_matches('\n');
    (output.status.success() && !line.is_empty() && clean(line) == line).then(|| line.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(folder: &Path, arguments: &[&str]) {
        let set = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"];
        let output = Command::new("git").arg("-C").arg(folder).args(set).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn url(url: &str, reference: Option<&str>) -> Source {
        Source::Url { url: url.into(), reference: reference.map(Into::into) }
    }

    #[test]
    fn urls_stay_as_they_are() {
        let here = tempfile::tempdir().unwrap();
        for text in ["https://h/x/-/tree/a", "git@h:x/y.git", "ssh://h/x", "github.com/a/b", "file:///x", "ext::sh"] {
            assert_eq!(read(text, here.path()).unwrap(), url(text, None), "{text}");
        }
        for bad in ["", "-x", "--help", "https://h/\n", "./none", "/none/at/all", "none", "~/x", "a/b"] {
            assert!(matches!(read(bad, here.path()), Err(CliError::Usage(_))), "{bad}");
        }
    }

    #[test]
    fn folders() {
        let here = tempfile::tempdir().unwrap();
        let top = here.path().canonicalize().unwrap().join("my repo");
        std::fs::create_dir_all(top.join("sub")).unwrap();
        run(&top, &["init", "-q"]);
        let at = format!("file://{}", top.display().to_string().replace(' ', "%20"));
        assert_eq!(read("my repo/sub", here.path()).unwrap(), url(&at, None));
        run(&top, &["remote", "add", "origin", "https://ann:secret@h.example/x.git"]);
        assert_eq!(read(".", &top).unwrap(), url("https://h.example/x.git", None));
        run(&top, &["remote", "set-url", "origin", "git@h.example:x.git"]);
        assert_eq!(read(".", &top).unwrap(), url("git@h.example:x.git", None));
        // A branch counts once the remote has it.
        run(&top, &["commit", "-q", "--allow-empty", "-m", "x"]);
        run(&top, &["clone", "-q", "--bare", ".", "../bare"]);
        run(&top, &["remote", "set-url", "origin", "../bare"]);
        run(&top, &["checkout", "-q", "-b", "feature/x"]);
        let bare = format!("file://{}", here.path().canonicalize().unwrap().join("bare").display());
        assert_eq!(read(".", &top).unwrap(), url(&bare, None));
        run(&top, &["push", "-q", "-u", "origin", "feature/x"]);
        assert_eq!(read(".", &top).unwrap(), url(&bare, Some("feature/x")));
    }

    #[test]
    fn a_devfile() {
        let here = tempfile::tempdir().unwrap();
        std::fs::write(here.path().join("devfile.yaml"), "schemaVersion: 2.3.0\n").unwrap();
        std::fs::write(here.path().join("big.yaml"), vec![b'#'; (1 << 20) + 1]).unwrap();
        std::fs::write(here.path().join("x.txt"), "").unwrap();
        assert_eq!(read("devfile.yaml", here.path()).unwrap(), Source::Devfile("schemaVersion: 2.3.0\n".into()));
        assert!(read("big.yaml", here.path()).is_err());
        assert!(read("x.txt", here.path()).is_err());
    }
}
