//! GitHub (docs.github.com/rest/pulls) and Gitea, Forgejo, whose pull requests have the same shape.

use dormer_core::ports::forge::{Request, RequestState};
use serde::Deserialize;
use url::Url;

use super::Api;
use crate::guard::GuardError;

#[derive(Deserialize)]
struct Pull {
    number: u64,
    #[serde(default)]
    title: String,
    state: String,
    #[serde(default)]
    merged: Option<bool>,
    merged_at: Option<String>,
    user: Option<User>,
    head: End,
    base: End,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct End {
    #[serde(rename = "ref")]
    name: String,
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
    clone_url: Option<String>,
}

pub(super) async fn request(api: &Api<'_>, base: &Url, number: u64) -> Result<Request, GuardError> {
    let (owner, name) = api.owner_and_name()?;
    let mut url = base.clone();
    url.path_segments_mut().map_err(|()| GuardError::Scheme)?.pop_if_empty().extend([
        "repos",
        &owner,
        &name,
        "pulls",
        &number.to_string(),
    ]);
    let pull: Pull = api.get(&url, false).await?;
    let merged = pull.merged.unwrap_or_default() || pull.merged_at.is_some();
    let own = pull.base.repo.as_ref().map(|repo| repo.full_name.clone());
    let foreign = pull.head.repo.as_ref().is_some_and(|repo| Some(&repo.full_name) != own.as_ref());
    let fork_gone = pull.head.repo.is_none();
    Ok(Request {
        number: pull.number,
        title: pull.title,
        author: pull.user.map(|user| user.login).unwrap_or_default(),
        state: match (merged, pull.state.as_str()) {
            (true, _) => RequestState::Merged,
            (false, "closed") => RequestState::Closed,
            (false, _) => RequestState::Open,
        },
        page: pull.html_url,
        // Gitea says `refs/pull/N/head` where the branch is gone.
        branch: Some(pull.head.name).filter(|name| !fork_gone && !name.starts_with("refs/")),
        fork: pull.head.repo.filter(|_| foreign).and_then(|repo| repo.clone_url),
        fork_gone,
        target: Some(pull.base.name),
    })
}
