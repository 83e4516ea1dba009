//! The devfile at a commit: the commit's tree is fetched without its files, then the one file.

use dormer_core::ports::forge::Commit;
use jiff::Timestamp;

use crate::refs::Picked;
use crate::runner::{GitError, Runner};

/// The largest devfile.
const MAX_DEVFILE: usize = 1 << 20;
/// The longest list of candidates.
const MAX_LIST: usize = 1 << 20;

/// Where devfiles are looked for, and the files of others that are read as such.
const PLACES: [&str; 6] = [
    ".devfile.yaml",
    "devfile.yaml",
    ".devfile/",
    ".gitlab/workspaces/",
    ".devcontainer/devcontainer.json",
    ".devcontainer.json",
];

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The devfile: path and text.
    pub devfile: Option<(String, String)>,
    /// Others that could have been meant.
    pub others: Vec<String>,
    /// The commit, where the ref had moved on meanwhile.
    pub commit: String,
    /// Who made it.
    pub about: Option<Commit>,
}

/// Why nothing was found.
#[derive(Debug, thiserror::Error)]
pub enum DevfileError {
    /// The repository has no such commit.
    #[error("no such commit")]
    NoCommit,
    /// The path that was asked for is not there, or no file.
    #[error("file '{0}'")]
    NoFile(String),
    /// It is larger than a devfile may be, or no text.
    #[error("{0} is no devfile: it has more than 1 MB, or is not text")]
    NoDevfile(String),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Finds the devfile of a commit: the one at `path`, else the first in the order in which they are looked for. Where
/// that very commit is wanted (`exactly`), one that its ref has moved on to is none.
pub async fn find(
    git: &Runner,
    url: &str,
    picked: &Picked,
    path: Option<&str>,
    exactly: bool,
) -> Result<Found, DevfileError> {
    let Some(wanted) = &picked.commit else { return Ok(Found::default()) };
    let commit = fetch(git, url, wanted, picked.full.as_deref()).await?;
    if exactly && commit != *wanted {
        return Err(DevfileError::NoCommit);
    }
    let about = about(git, &commit).await;
    let places: Vec<&str> = path.into_iter().chain(PLACES).collect();
    let mut listed = tree(git, &commit, &places).await?;
    let wanted = path.map(|path| listed.iter().position(|entry| entry.path == path).map(|at| listed.remove(at)));
    let mut candidates = in_order(listed);
    let first = match (path, wanted.flatten()) {
        (Some(path), None) => return Err(DevfileError::NoFile(crate::source::reference::shown(path))),
        (_, Some(wanted)) => wanted,
        (None, None) if candidates.is_empty() => return Ok(Found { commit, about, ..Found::default() }),
        (None, None) => candidates.remove(0),
    };
    let text = match git.run(&["-C", "repository", "cat-file", "blob", &first.id], MAX_DEVFILE).await {
        Ok(bytes) => String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')),
        Err(GitError::TooLong(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let text = text.ok_or_else(|| DevfileError::NoDevfile(first.path.clone()))?;
    let others = candidates.into_iter().map(|entry| entry.path).collect();
    Ok(Found { devfile: Some((first.path.clone(), text)), others, commit, about })
}

/// Who made a commit. Nothing depends on it.
async fn about(git: &Runner, commit: &str) -> Option<Commit> {
    let format = "--format=%an%x00%ae%x00%at%x00%s";
    let told = git.run(&["-C", "repository", "log", "-1", format, "--no-show-signature", commit, "--"], 64 << 10).await;
    let told = String::from_utf8_lossy(&told.ok()?).into_owned();
    let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
    let mut parts = told.trim_end().splitn(4, '\0');
    let (author, email, at) = (parts.next()?, parts.next()?, parts.next()?);
    let at = at.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    Some(Commit { author: clean(author), email: clean(email), at, subject: clean(parts.next().unwrap_or_default()) })
}

/// The content of a plain file at a commit that was fetched. None where there is none.
pub(crate) async fn blob(git: &Runner, commit: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
    let found = tree(git, commit, &[path]).await.map_err(|error| match error {
        DevfileError::Git(error) => error,
        other => GitError::Refused(other.to_string()),
    })?;
    match found.into_iter().find(|entry| entry.path == path) {
        Some(entry) => git.run(&["-C", "repository", "cat-file", "blob", &entry.id], MAX_DEVFILE).await.map(Some),
        None => Ok(None),
    }
}

/// A file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    id: String,
    path: String,
}

async fn fetch(git: &Runner, url: &str, commit: &str, full: Option<&str>) -> Result<String, DevfileError> {
    git.run(&["init", "-q", "--bare", "repository"], 1024).await?;
    // As a value of the configuration, a URL can be no option; and git remembers there that files are to come later.
    git.run(&["-C", "repository", "config", "remote.origin.url", url], 1024).await?;
    let shallow =
        ["-C", "repository", "fetch", "-q", "--depth=1", "--filter=blob:none", "--no-tags", "--no-recurse-submodules"];
    let by = |what| shallow.into_iter().chain(["origin", what]).collect::<Vec<_>>();
    match (git.run(&by(commit), 1024).await, full) {
        (Ok(_), _) => Ok(commit.into()),
        // Servers of the old protocol give only what a ref points to.
        (Err(GitError::Refused(_)), Some(full)) => {
            git.run(&by(full), 1024).await?;
            let head = git.run(&["-C", "repository", "rev-parse", "--verify", "FETCH_HEAD^{commit}"], 1024).await?;
            Ok(String::from_utf8_lossy(&head).trim().to_string())
        }
        (Err(GitError::Refused(why)), None) if is_unknown(&why) => Err(DevfileError::NoCommit),
        (Err(error), _) => Err(error.into()),
    }
}

fn is_unknown(why: &str) -> bool {
    [
        "not our ref",
        "unadvertised object",
        "couldn't find remote ref",
        "no such remote ref",
        "not a commit",
        "bad object",
    ]
    .iter()
    .any(|words| why.to_lowercase().contains(words))
}

async fn tree(git: &Runner, commit: &str, places: &[&str]) -> Result<Vec<Entry>, DevfileError> {
    let mut arguments = vec!["-C", "repository", "--literal-pathspecs", "ls-tree", "-z", commit, "--"];
    arguments.extend(places);
    let listed = git.run(&arguments, MAX_LIST).await?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    Ok(listed.split('\0').filter_map(entry).collect())
}

/// A plain file; a link could point anywhere and a folder is no devfile.
fn entry(line: &str) -> Option<Entry> {
    let (about, path) = line.split_once('\t')?;
    let mut about = about.split(' ');
    let (mode, kind, id) = (about.next()?, about.next()?, about.next()?);
    let plain = matches!(mode, "100644" | "100755") && kind == "blob" && !path.chars().any(char::is_control);
    plain.then(|| Entry { id: id.into(), path: path.into() })
}

/// The candidates in the order in which they are looked for.
fn in_order(listed: Vec<Entry>) -> Vec<Entry> {
    let rank = |path: &str| {
        let yaml = path.ends_with(".yaml") || path.ends_with(".yml");
        match path {
            ".devfile.yaml" => Some(0),
            "devfile.yaml" => Some(1),
            _ if path.starts_with(".devfile/") && yaml => Some(2),
            _ if path.starts_with(".gitlab/workspaces/") && yaml => Some(3),
            ".devcontainer/devcontainer.json" => Some(4),
            ".devcontainer.json" => Some(5),
            _ => None,
        }
    };
    let mut ranked = listed.into_iter().filter_map(|entry| Some((rank(&entry.path)?, entry))).collect::<Vec<_>>();
    ranked.sort_by(|a, b| (a.0, &a.1.path).cmp(&(b.0, &b.1.path)));
    ranked.into_iter().map(|(_, entry)| entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order() {
        let paths = [
            ".devcontainer.json",
            ".devcontainer/devcontainer.json",
            ".devfile/b.yaml",
            ".gitlab/workspaces/x.yaml",
            ".devfile/README.md",
            ".devfile/a.yml",
            "devfile.yaml",
        ];
        let listed = paths.map(|path| Entry { id: "1".into(), path: path.into() }).to_vec();
        let order = in_order(listed).into_iter().map(|entry| entry.path).collect::<Vec<_>>();
        #[rustfmt::skip]
        let want = [
            "devfile.yaml", ".devfile/a.yml", ".devfile/b.yaml", ".gitlab/workspaces/x.yaml",
            ".devcontainer/devcontainer.json", ".devcontainer.json",
        ];
        assert_eq!(order, want);
    }

    #[test]
    fn only_plain_files() {
        assert!(entry("100644 blob abc\tdevfile.yaml").is_some());
        for other in [
            "120000 blob abc\tdevfile.yaml",
            "040000 tree abc\tdevfile.yaml",
            "160000 commit abc\tx",
            "100644 blob abc\ta\nb",
            "",
        ] {
            assert!(entry(other).is_none(), "{other}");
        }
    }
}
