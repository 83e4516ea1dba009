//! GitLab, API v4 (docs.gitlab.com/api/merge_requests).

use dormer_core::ports::forge::{Request, RequestState};
use serde::Deserialize;
use url::Url;

use super::Api;
use crate::guard::GuardError;

/// GitLab may live below a path, and its projects in groups of any depth: where the one ends and the other begins
/// cannot be seen. So many places are tried, the root first.
const DEEPEST: usize = 2;

#[derive(Deserialize)]
struct MergeRequest {
    iid: u64,
    #[serde(default)]
    title: String,
    state: String,
    author: Option<Author>,
    source_branch: Option<String>,
    target_branch: Option<String>,
    source_project_id: Option<u64>,
    target_project_id: Option<u64>,
    web_url: Option<String>,
}

#[derive(Deserialize)]
struct Author {
    username: String,
}

#[derive(Deserialize)]
struct Project {
    http_url_to_repo: Option<String>,
}

pub(super) async fn request(api: &Api<'_>, number: u64) -> Result<Request, GuardError> {
    let path = api.path();
    let mut last = GuardError::Status(404);
    for depth in 0..=DEEPEST.min(path.len().saturating_sub(2)) {
        let (below, project) = path.split_at_checked(depth).unwrap_or((&[], &path));
        let mut base = api.url()?;
        base.set_path(&below.iter().map(|part| format!("/{part}")).collect::<String>());
        match ask(api, &base, &project.join("/"), number).await {
            Err(error @ (GuardError::Status(404) | GuardError::Kind(_))) => last = error,
            other => return other,
        }
    }
    Err(last)
}

async fn ask(api: &Api<'_>, base: &Url, project: &str, number: u64) -> Result<Request, GuardError> {
    let number = number.to_string();
    let url = at(base, &["projects", project, "merge_requests", &number])?;
    let merge: MergeRequest = api.get(&url, false).await?;
    let state = match merge.state.as_str() {
        "merged" => RequestState::Merged,
        "closed" => RequestState::Closed,
        _ => RequestState::Open,
    };
    let foreign = merge.source_project_id != merge.target_project_id;
    let (mut fork, mut fork_gone) = (None, false);
    match (foreign, merge.source_project_id) {
        (true, Some(id)) => match api.get::<Project>(&at(base, &["projects", &id.to_string()])?, false).await {
            Ok(project) => fork = project.http_url_to_repo,
            Err(_) => fork_gone = true,
        },
        (true, None) => fork_gone = true,
        (false, _) => {}
    }
    Ok(Request {
        number: merge.iid,
        title: merge.title,
        author: merge.author.map(|author| author.username).unwrap_or_default(),
        state,
        page: merge.web_url,
        branch: merge.source_branch.filter(|_| !fork_gone),
        fork,
        fork_gone,
        target: merge.target_branch,
    })
}

/// A URL of the API. A project's path is one part of it, its slashes encoded.
fn at(base: &Url, parts: &[&str]) -> Result<Url, GuardError> {
    let mut url = base.clone();
    url.path_segments_mut().map_err(|()| GuardError::Scheme)?.pop_if_empty().extend(["api", "v4"]).extend(parts);
    Ok(url)
}
