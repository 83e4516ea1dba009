//! Cloning the projects: each into a folder beside its place, which takes its place once it is whole.

use std::path::{Path, PathBuf};

use dormer_wire::assignment::{Assignment, Project, Remote};
use dormer_wire::report::{Failure, StepState};

use super::archive;
use super::bound::Bound;
use super::checkout;
use super::git::{Git, GitError};
use crate::workspace::Workspace;

/// How the folders begin in which clones are made.
const UNFINISHED: &str = ".dormer-clone-";

/// How many submodules are brought in.
const MAX_SUBMODULES: usize = 200;

/// Clones what is not there yet, and says which commit the main project is at.
pub async fn run(workspace: &Workspace) -> Result<(), Failure> {
    let (board, assignment) = (&workspace.board, &workspace.assignment);
    if assignment.projects.is_empty() {
        board.step("clone", StepState::Skipped, None);
        return Ok(());
    }
    board.step("clone", StepState::Running, None);
    let failed = |message: String, transient| Failure {
        reason: "CloneFailed".to_owned(),
        message,
        log: "clone".to_owned(),
        tail: workspace.logs.tail("clone"),
        transient,
    };
    let log = workspace.logs.create("clone").map_err(|error| failed(format!("cannot write a log: {error}"), false))?;
    sweep(assignment);
    let mut git = Git::new(workspace, log);
    for project in &assignment.projects {
        if assignment.projects.len() > 1 {
            git.label = format!("{}: ", project.name);
        }
        git.bound = Some(Bound::new(&unfinished(assignment, project), assignment.project_limits.as_ref()));
        if let Err(error) = project_into_place(&git, assignment, project).await {
            sweep(assignment);
            git.note(&error.message);
            return Err(failed(format!("cloning {} failed: {}", project.name, error.message), error.transient));
        }
    }
    if let Some(main) = assignment.projects.first() {
        let folder = assignment.projects_root.join(&main.path);
        // A folder that is no repository, or has no commit yet, has none to tell.
        board.commit(git.quiet(&folder, &["rev-parse", "--verify", "-q", "HEAD"]).await.ok());
    }
    board.step("clone", StepState::Done, None);
    Ok(())
}

/// Removes what interrupted clones left behind.
pub fn sweep(assignment: &Assignment) {
    for project in &assignment.projects {
        if let Err(error) = std::fs::remove_dir_all(unfinished(assignment, project))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, project = project.name, "half a clone could not be removed");
        }
    }
}

/// Beside the project, so that it can be renamed, and the same each time, so that it is found again.
fn unfinished(assignment: &Assignment, project: &Project) -> PathBuf {
    let place = assignment.projects_root.join(&project.path);
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    place.with_file_name(format!("{UNFINISHED}{name}"))
}

async fn project_into_place(git: &Git<'_>, assignment: &Assignment, project: &Project) -> Result<(), GitError> {
    let failed = |error: std::io::Error| GitError { message: error.to_string(), transient: false, stopped: false };
    let place = assignment.projects_root.join(&project.path);
    if has_something(&place) {
        git.note(&format!("{} is there already and stays as it is", place.display()));
        return Ok(());
    }
    let parent = place.parent().unwrap_or(&assignment.projects_root);
    stays_inside(&assignment.projects_root, parent).map_err(failed)?;
    std::fs::create_dir_all(parent).map_err(failed)?;
    let temporary = unfinished(assignment, project);
    if let Some(archive) = &project.archive {
        archive::unpack(git, archive, &temporary).await?;
        git.check().await?;
        return into_place(&temporary, project.sub_dir.as_deref(), &place).map_err(failed);
    }
    let remote = check(project)?;
    let target = temporary.to_string_lossy().into_owned();
    let depth = project.depth.map(|depth| format!("--depth={depth}"));
    let mut clone = vec!["clone", "--progress", "--no-checkout", "--origin", &remote.name];
    if let Some(depth) = &depth {
        clone.extend([depth.as_str(), "--no-single-branch"]);
    }
    if project.partial {
        clone.push("--filter=blob:none");
    }
    clone.extend(["--", &remote.url, &target]);
    git.run(parent, &clone).await?;
    if !project.sparse.is_empty() {
        let mut only = vec!["sparse-checkout", "set", "--cone", "--end-of-options"];
        only.extend(project.sparse.iter().map(String::as_str));
        git.run(&temporary, &only).await?;
    }
    for other in project.remotes.iter().filter(|other| other.name != remote.name) {
        git.run(&temporary, &["remote", "add", "--", &other.name, &other.url]).await?;
    }
    checkout::run(git, &temporary, project, &remote.name).await?;
    submodules(git, &temporary, project).await?;
    git.check().await?;
    into_place(&temporary, project.sub_dir.as_deref(), &place).map_err(failed)
}

/// Gives a finished project its place: all of it, or the folder of it that is wanted.
pub fn into_place(finished: &Path, sub_dir: Option<&str>, place: &Path) -> std::io::Result<()> {
    let Some(sub_dir) = sub_dir else { return std::fs::rename(finished, place) };
    let part = finished.join(sub_dir);
    if !part.canonicalize()?.starts_with(finished.canonicalize()?) || !part.is_dir() {
        return Err(std::io::Error::new(std::io::ErrorKind::NotFound, format!("there is no folder '{sub_dir}' in it")));
    }
    std::fs::rename(part, place)?;
    std::fs::remove_dir_all(finished)
}

/// Refuses a place that links of a project cloned before would lead elsewhere: into somebody's home, say.
fn stays_inside(root: &Path, parent: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(root)?;
    let root = root.canonicalize()?;
    let there = parent.ancestors().find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(parent);
    if there.canonicalize()?.starts_with(&root) {
        return Ok(());
    }
    let what = format!("{} leads outside the folder of projects", parent.display());
    Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, what))
}

/// Brings submodules in. One that cannot be had is missing, and nothing more: the project itself is there.
async fn submodules(git: &Git<'_>, folder: &Path, project: &Project) -> Result<(), GitError> {
    if project.without_submodules || !folder.join(".gitmodules").is_file() {
        return Ok(());
    }
    let listed =
        git.quiet(folder, &["config", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$"]).await;
    let listed = listed.unwrap_or_default();
    let depth = project.depth.map(|depth| format!("--depth={depth}"));
    // One by one: git gives all of them up for one that cannot be had.
    for path in listed.lines().filter_map(|line| line.split_once(' ')).map(|(_, path)| path).take(MAX_SUBMODULES) {
        let mut update = vec!["submodule", "update", "--init", "--recursive", "--progress"];
        update.extend(depth.as_deref());
        update.extend(["--", path]);
        if let Err(error) = git.run(folder, &update).await {
            if error.stopped {
                return Err(error);
            }
            git.note(&format!("the submodule {path} is not there: {}", error.message));
        }
    }
    Ok(())
}

/// Whether something is there that a clone must not replace.
fn has_something(place: &Path) -> bool {
    match std::fs::read_dir(place) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

/// Refuses what git could take for an option or for a program to run; gives the remote to clone from.
fn check(project: &Project) -> Result<&Remote, GitError> {
    let refused = |what: &str, value: &str| GitError {
        message: format!("'{}' is no {what}", super::redact::redact(&value.escape_debug().to_string())),
        transient: false,
        stopped: false,
    };
    for Remote { name, url } in &project.remotes {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.starts_with(['-', '.']) || !name.chars().all(plain) {
            return Err(refused("name of a remote", name));
        }
        if url.is_empty() || url.starts_with('-') || url.chars().any(char::is_control) {
            return Err(refused("URL to clone from", url));
        }
    }
    let tracked = project.tracks.iter().flat_map(|tracks| [&tracks.remote, &tracks.branch, &tracks.local]);
    let named = [&project.revision, &project.fetch, &project.commit].into_iter().flatten();
    for wanted in named.chain(tracked) {
        if !is_ref(wanted) {
            return Err(refused("branch, tag or commit", wanted));
        }
    }
    let odd = |folder: &&String| {
        folder.starts_with(['-', '/'])
            || folder.split('/').any(|part| part == "..")
            || folder.contains(char::is_control)
    };
    if let Some(folder) = project.sparse.iter().find(odd) {
        return Err(refused("folder inside the repository", folder));
    }
    let wanted = project.checkout_remote.as_ref();
    let found = project.remotes.iter().find(|remote| wanted.is_none_or(|wanted| *wanted == remote.name));
    found.ok_or_else(|| GitError {
        message: "there is no remote to clone from".to_owned(),
        transient: false,
        stopped: false,
    })
}

/// Whether git would accept a name as that of a ref (git-check-ref-format), as far as it could do harm.
fn is_ref(name: &str) -> bool {
    let forbidden = |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !name.starts_with('-')
        && !name.contains(forbidden)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_that_could_be_options_or_expressions_are_refused() {
        for good in ["main", "feature/x", "v1.0", "refs/pull/7/head", "0123abc", "a-b_c", "ü"] {
            assert!(is_ref(good), "{good}");
        }
        for bad in
            ["", "-x", "--upload-pack=x", "a b", "a..b", "HEAD~1", "a^{}", "+a:b", "a@{1}", "a//b", "x.lock", "a\nb"]
        {
            assert!(!is_ref(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_link_of_an_earlier_project_leads_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("projects");
        std::fs::create_dir_all(root.join("first")).unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("home"), root.join("first/link")).unwrap();
        assert!(stays_inside(&root, &root).is_ok());
        assert!(stays_inside(&root, &root.join("first/deeper/still")).is_ok());
        assert!(stays_inside(&root, &root.join("first/link")).is_err());
        assert!(stays_inside(&root, &root.join("first/link/x")).is_err());
    }

    #[test]
    fn remotes_are_checked_and_chosen() {
        let project = |remotes: &[(&str, &str)], checkout: Option<&str>| Project {
            name: "p".into(),
            path: "p".into(),
            remotes: remotes.iter().map(|(name, url)| Remote { name: (*name).into(), url: (*url).into() }).collect(),
            checkout_remote: checkout.map(str::to_owned),
            ..Project::default()
        };
        let two = [("origin", "https://a/b"), ("fork", "https://c/d")];
        assert_eq!(check(&project(&two, None)).unwrap().name, "origin");
        assert_eq!(check(&project(&two, Some("fork"))).unwrap().name, "fork");
        assert!(check(&project(&two, Some("none"))).is_err());
        assert!(check(&project(&[], None)).is_err());
        for (name, url) in [("-x", "u"), ("o", "--upload-pack=x"), ("o", "http://a\nb"), ("a b", "u"), ("o", "")] {
            assert!(check(&project(&[(name, url)], None)).is_err(), "{name} {url}");
        }
        let message = check(&project(&[("o", "https://u:secret@h/\n")], None)).unwrap_err().message;
        assert!(!message.contains("secret"), "{message}");
    }
}
