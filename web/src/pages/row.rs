//! A workspace as a line of the dashboard.

use dormer_wire::api::Workspace;
use dormer_wire::report::StepState;

/// A workspace as a line of the dashboard.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Where it is opened.
    pub url: String,
    /// What to type to be in its shell.
    pub ssh: String,
    /// Repository and branch, or request.
    pub source: String,
    /// The page that shows it, on the web; empty where there is none.
    pub page: String,
    /// Where it is in its life.
    pub phase: String,
    /// What it says about that.
    pub message: String,
}

impl From<Workspace> for Row {
    fn from(workspace: Workspace) -> Row {
        Row {
            title: workspace.display_name.clone().unwrap_or_else(|| workspace.name.clone()),
            source: source(&workspace),
            page: page(&workspace).unwrap_or_default(),
            message: step(&workspace).or(workspace.message).unwrap_or_default(),
            name: workspace.name,
            url: workspace.url,
            ssh: workspace.ssh,
            phase: workspace.phase,
        }
    }
}

/// What a start is at.
fn step(workspace: &Workspace) -> Option<String> {
    let running = workspace.progress.iter().find(|step| step.state == StepState::Running)?;
    let words =
        running.detail.as_ref().map_or_else(|| running.step.clone(), |detail| format!("{}: {detail}", running.step));
    (workspace.phase == "Starting").then_some(words)
}

fn page(workspace: &Workspace) -> Option<String> {
    let source = workspace.source.as_ref()?;
    let page = source.page.clone().unwrap_or_else(|| source.url.clone());
    (page.starts_with("https://") || page.starts_with("http://")).then_some(page)
}

fn source(workspace: &Workspace) -> String {
    let Some(source) = &workspace.source else { return String::new() };
    let url = source.url.split_once("://").map_or(source.url.as_str(), |(_, rest)| rest);
    let url = url.trim_end_matches('/').trim_end_matches(".git");
    match (source.merge_request, &source.reference) {
        (Some(number), _) => match &source.ended {
            Some(ended) => format!("{url} · request {number}, {ended}"),
            None => format!("{url} · request {number}"),
        },
        (None, Some(reference)) => format!("{url} · {reference}"),
        (None, None) => url.to_string(),
    }
}
