//! Finding what a project is to be checked out at, and checking it out.

use std::path::Path;

use dormer_wire::assignment::{Project, Tracks};

use super::git::{Git, GitError};

/// What there is to check out.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// A local branch of this name, at this commit, following that branch of the remote, if any.
    Branch { name: String, at: String, follows: Option<String> },
    /// A commit, on no branch.
    Detached(String),
    /// The remote's own default branch, at this commit, if one is given.
    Default(Option<String>),
}

/// Checks out a fresh clone.
pub async fn run(git: &Git<'_>, folder: &Path, project: &Project, remote: &str) -> Result<(), GitError> {
    if let Some(fetch) = &project.fetch {
        let refspec = format!("+{fetch}:{}", kept_as(remote, fetch));
        git.run(folder, &["fetch", "--progress", remote, &refspec]).await?;
    }
    if let Some(commit) = &project.commit {
        obtain(git, folder, remote, commit).await?;
    }
    if let Some(tracks) = &project.tracks {
        return request(git, folder, project, remote, tracks).await;
    }
    match find(git, folder, project, remote).await? {
        Target::Branch { name, at, follows } => {
            git.run(folder, &["checkout", "--progress", "--no-track", "-B", &name, &at, "--"]).await?;
            if let Some(follows) = follows {
                git.run(folder, &["branch", "--set-upstream-to", &follows, &name]).await?;
            }
        }
        Target::Detached(commit) => {
            git.run(folder, &["checkout", "--progress", "--detach", &commit, "--"]).await?;
        }
        Target::Default(Some(commit)) => {
            git.run(folder, &["reset", "--hard", &commit, "--"]).await?;
        }
        // A repository without a commit has nothing to check out.
        Target::Default(None) if resolve(git, folder, "HEAD").await.is_some() => {
            git.run(folder, &["checkout", "--progress", "HEAD", "--"]).await?;
        }
        Target::Default(None) => {}
    }
    Ok(())
}

/// Checks out the branch of a request, which may be in a fork: at the request's own commits, following that branch as
/// long as it is there, so that a push goes to where the request is made from.
async fn request(
    git: &Git<'_>,
    folder: &Path,
    project: &Project,
    remote: &str,
    tracks: &Tracks,
) -> Result<(), GitError> {
    let Tracks { remote: theirs, branch, local } = tracks;
    let kept = format!("refs/remotes/{theirs}/{branch}");
    let there = match resolve(git, folder, &kept).await {
        Some(_) => true,
        // A fork that may not be read, or is gone, is no reason to fail: the commits came from the request.
        None => {
            git.run(folder, &["fetch", "--progress", theirs, &format!("+refs/heads/{branch}:{kept}")]).await.is_ok()
        }
    };
    let requested = project.fetch.as_ref().map(|fetch| kept_as(remote, fetch));
    let Some(at) = project.commit.clone().or(requested).or_else(|| there.then_some(kept)) else {
        let message = format!("the branch '{branch}' is gone");
        return Err(GitError { message, transient: false, stopped: false });
    };
    git.run(folder, &["checkout", "--progress", "--no-track", "-B", local, &at, "--"]).await?;
    if there {
        git.run(folder, &["branch", "--set-upstream-to", &format!("{theirs}/{branch}"), local]).await?;
        if local != branch {
            git.run(folder, &["config", "push.default", "upstream"]).await?;
        }
    }
    Ok(())
}

async fn find(git: &Git<'_>, folder: &Path, project: &Project, remote: &str) -> Result<Target, GitError> {
    let commit = project.commit.clone();
    let Some(revision) = &project.revision else {
        let Some(fetch) = &project.fetch else { return Ok(Target::Default(commit)) };
        let at = commit.unwrap_or_else(|| kept_as(remote, fetch));
        return Ok(Target::Branch { name: local_name(fetch), at, follows: None });
    };
    let branch = revision.strip_prefix("refs/heads/").unwrap_or(revision);
    let tracking = format!("refs/remotes/{remote}/{branch}");
    if resolve(git, folder, &tracking).await.is_some() {
        let follows = Some(format!("{remote}/{branch}"));
        return Ok(Target::Branch { name: branch.to_owned(), at: commit.unwrap_or(tracking), follows });
    }
    let tag = format!("refs/tags/{}", revision.strip_prefix("refs/tags/").unwrap_or(revision));
    if let Some(tagged) = resolve(git, folder, &tag).await {
        return Ok(Target::Detached(commit.unwrap_or(tagged)));
    }
    if is_commit(revision) {
        obtain(git, folder, remote, revision).await?;
        if let Some(found) = resolve(git, folder, revision).await {
            return Ok(Target::Detached(found));
        }
    }
    if let Some(fetch) = &project.fetch {
        // The branch of a merge request lives in another repository: the name is right, its commits came by `fetch`.
        let at = commit.unwrap_or_else(|| kept_as(remote, fetch));
        return Ok(Target::Branch { name: branch.to_owned(), at, follows: None });
    }
    if revision.starts_with("refs/") {
        // A ref that is neither branch nor tag.
        git.run(folder, &["fetch", "--progress", remote, &format!("+{revision}:{}", kept_as(remote, revision))])
            .await?;
        let at = commit.unwrap_or_else(|| kept_as(remote, revision));
        return Ok(Target::Branch { name: local_name(revision), at, follows: None });
    }
    let message = format!("the repository has no branch, tag or commit '{revision}'");
    Err(GitError { message, transient: false, stopped: false })
}

/// Makes sure that a commit is here: one that no branch leads to has to be asked for by its name.
async fn obtain(git: &Git<'_>, folder: &Path, remote: &str, commit: &str) -> Result<(), GitError> {
    if resolve(git, folder, commit).await.is_some() {
        return Ok(());
    }
    git.run(folder, &["fetch", "--progress", remote, commit]).await.map(|_| ())
}

async fn resolve(git: &Git<'_>, folder: &Path, name: &str) -> Option<String> {
    let commit = format!("{name}^{{commit}}");
    git.quiet(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).await.ok()
}

/// The name under which a fetched ref is kept: `refs/pull/7/head` of `origin` as `refs/remotes/origin/pull/7/head`.
fn kept_as(remote: &str, fetched: &str) -> String {
    format!("refs/remotes/{remote}/{}", fetched.strip_prefix("refs/").unwrap_or(fetched))
}

/// The local branch for a fetched ref: `pr-7` for `refs/pull/7/head`, `mr-7` for `refs/merge-requests/7/head`.
fn local_name(fetched: &str) -> String {
    let parts: Vec<&str> = fetched.strip_prefix("refs/").unwrap_or(fetched).split('/').collect();
    match parts.as_slice() {
        ["pull", number, ..] => format!("pr-{number}"),
        ["merge-requests", number, ..] => format!("mr-{number}"),
        ["heads", rest @ ..] => rest.join("/"),
        parts => parts.join("-"),
    }
}

fn is_commit(revision: &str) -> bool {
    (7..=64).contains(&revision.len()) && revision.bytes().all(|octet| octet.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fetched_refs() {
        for (fetched, kept, local) in [
            ("refs/pull/7/head", "refs/remotes/origin/pull/7/head", "pr-7"),
            ("refs/merge-requests/12/head", "refs/remotes/origin/merge-requests/12/head", "mr-12"),
            ("refs/heads/a/b", "refs/remotes/origin/heads/a/b", "a/b"),
            ("refs/changes/34/1234/1", "refs/remotes/origin/changes/34/1234/1", "changes-34-1234-1"),
        ] {
            assert_eq!((kept_as("origin", fetched).as_str(), local_name(fetched).as_str()), (kept, local));
        }
    }

    #[test]
    fn commits_are_told_from_names() {
        assert!(is_commit("0123abc") && is_commit(&"a".repeat(40)));
        assert!(!is_commit("abc") && !is_commit("feature") && !is_commit(&"a".repeat(65)));
    }
}
