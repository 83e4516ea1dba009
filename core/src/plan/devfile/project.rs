//! What is cloned, and where to.

use std::path::{Component, Path};

use dormer_devfile::model::Devfile;
use dormer_devfile::model::project::{self, ProjectSource};

use crate::plan::devfile::{PlanError, attribute};
use crate::plan::{Plan, Project};
use crate::workspace::{Source, Workspace};

/// Adds a project of the devfile.
pub fn add(plan: &mut Plan, project: &project::Project) -> Result<(), PlanError> {
    let path = inside(project.clone_path())?;
    let mut planned = Project { name: project.name.clone(), path, ..Project::default() };
    planned.cloning.sparse.clone_from(&project.sparse_checkout_dirs);
    source(plan, planned, &project.source);
    Ok(())
}

/// Adds the starter project that the devfile chooses, as a project of its name.
pub fn add_starter(plan: &mut Plan, devfile: &Devfile) -> Result<(), PlanError> {
    let Some(name) = attribute::read::<String>(plan, &devfile.attributes, attribute::STARTER_PROJECT, "the devfile")
    else {
        return Ok(());
    };
    let Some(starter) = devfile.starter_projects.iter().find(|starter| starter.name == name) else {
        let known: Vec<&str> = devfile.starter_projects.iter().map(|starter| starter.name.as_str()).collect();
        let message = format!(
            "attribute '{}' names the starter project '{name}', which the devfile does not have; it has: {}",
            attribute::STARTER_PROJECT,
            known.iter().take(20).copied().collect::<Vec<_>>().join(", ")
        );
        return Err(PlanError::Impossible(message));
    };
    let planned = Project {
        name: name.clone(),
        path: inside(&name)?,
        sub_dir: starter.sub_dir.as_deref().filter(|folder| !folder.is_empty()).map(inside).transpose()?,
        ..Project::default()
    };
    source(plan, planned, &starter.source);
    Ok(())
}

fn source(plan: &mut Plan, mut planned: Project, source: &ProjectSource) {
    if let Some(git) = source.git() {
        planned.remotes = git.remotes.iter().map(|(name, url)| (name.clone(), url.clone())).collect();
        planned.checkout_remote = git.checkout_remote().map(|(name, _)| name.to_string());
        planned.revision = git.revision().map(str::to_string);
    } else if let Some(zip) = &source.zip {
        planned.archive.clone_from(&zip.location);
    } else {
        plan.warnings.push(format!("project '{}' comes from a kind of source that is not known here", planned.name));
        return;
    }
    plan.projects.push(planned);
}

/// Puts what the workspace was made from before the devfile's own projects. A project of the devfile that is the same
/// repository says where it goes; the workspace's source says which commit.
pub fn add_source(plan: &mut Plan, workspace: &Workspace) -> Result<(), PlanError> {
    let Some(source) = workspace.spec.source.as_ref().filter(|source| !source.document) else { return Ok(()) };
    let same = plan
        .projects
        .iter()
        .position(|project| project.remotes.iter().any(|(_, url)| trimmed(url) == trimmed(&source.url)));
    let mut planned = match same {
        Some(index) => plan.projects.remove(index),
        None => {
            let name = repository(&source.url);
            let path = free_path(plan, &name);
            Project { path, name, ..Project::default() }
        }
    };
    planned.remotes.retain(|(name, _)| name != "origin");
    planned.remotes.insert(0, ("origin".to_string(), source.url.clone()));
    planned.checkout_remote = Some("origin".to_string());
    let Source { reference, fetch, commit, .. } = source;
    if let Some(fork) = source.fork.as_ref().filter(|fork| trimmed(fork) != trimmed(&source.url)) {
        planned.remotes.retain(|(name, _)| name != FORK);
        planned.remotes.push((FORK.to_string(), fork.clone()));
    }
    planned.tracks = tracks(source);
    // What the devfile leaves out stays out, unless somebody asked for folders of their own.
    let sparse = std::mem::replace(&mut planned.cloning, source.cloning.clone()).sparse;
    if planned.cloning.sparse.is_empty() {
        planned.cloning.sparse = sparse;
    }
    planned.revision.clone_from(reference);
    planned.fetch.clone_from(fetch);
    planned.commit.clone_from(commit);
    plan.working_dir.clone_from(&planned.path);
    plan.projects.insert(0, planned);
    Ok(())
}

/// The remote of a request's fork.
const FORK: &str = "fork";

/// Where the branch of a request is, and is pushed to. It keeps its name, unless people would take it for another.
fn tracks(source: &Source) -> Option<(String, String, String)> {
    let (number, branch) = (source.merge_request?, source.branch.clone()?);
    let (remote, local) = match &source.fork {
        // A fork's `main` is not ours.
        Some(_) if matches!(branch.as_str(), "main" | "master" | "develop" | "trunk") => (FORK, format!("pr-{number}")),
        Some(_) => (FORK, branch.clone()),
        None => ("origin", branch.clone()),
    };
    Some((remote.to_string(), branch, local))
}

fn free_path(plan: &Plan, name: &str) -> String {
    let taken = |path: &str| plan.projects.iter().any(|project| project.path == path);
    std::iter::once(name.to_string())
        .chain((2..=plan.projects.len() + 2).map(|n| format!("{name}-{n}")))
        .find(|path| !taken(path))
        .unwrap_or_else(|| name.to_string())
}

fn trimmed(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.strip_suffix(".git").unwrap_or(url)
}

/// The last part of a clone URL as a folder's name.
fn repository(url: &str) -> String {
    let last = trimmed(url).rsplit(['/', ':']).next().unwrap_or_default();
    let name: String =
        last.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }).collect();
    match name.trim_start_matches(['.', '-']) {
        "" => "project".to_string(),
        name => name.chars().take(100).collect(),
    }
}

/// `path` where it stays inside the projects' root.
fn inside(path: &str) -> Result<String, PlanError> {
    let good = !path.is_empty()
        && path.len() < 1024
        && !path.contains(|c: char| c.is_control())
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if good {
        return Ok(path.to_string());
    }
    let shown: String = path.chars().filter(|c| !c.is_control()).take(80).collect();
    Err(PlanError::Impossible(format!("a project's folder must stay inside the projects' root: '{shown}' does not")))
}
