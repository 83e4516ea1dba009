//! Bitbucket: the cloud (developer.atlassian.com/cloud/bitbucket/rest) and the server (…/server/rest).

use dormer_core::ports::forge::{Request, RequestState};
use serde::Deserialize;
use url::Url;

use super::Api;
use crate::guard::GuardError;

#[derive(Deserialize)]
struct Cloud {
    id: u64,
    #[serde(default)]
    title: String,
    state: String,
    author: Option<CloudAuthor>,
    source: CloudEnd,
    destination: CloudEnd,
}

#[derive(Deserialize)]
struct CloudAuthor {
    nickname: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct CloudEnd {
    branch: CloudBranch,
    repository: Option<CloudRepository>,
}

#[derive(Deserialize)]
struct CloudBranch {
    name: String,
}

#[derive(Deserialize)]
struct CloudRepository {
    full_name: String,
}

pub(super) async fn cloud(api: &Api<'_>, number: u64) -> Result<Request, GuardError> {
    let (owner, name) = api.owner_and_name()?;
    let mut url = Url::parse("https://api.bitbucket.org/2.0/").map_err(|_| GuardError::Scheme)?;
    url.path_segments_mut().map_err(|()| GuardError::Scheme)?.pop_if_empty().extend([
        "repositories",
        &owner,
        &name,
        "pullrequests",
        &number.to_string(),
    ]);
    let pull: Cloud = api.get(&url, true).await?;
    let page = format!("https://bitbucket.org/{owner}/{name}/pull-requests/{}", pull.id);
    let own = pull.destination.repository.as_ref().map(|repository| repository.full_name.clone());
    let fork_gone = pull.source.repository.is_none();
    let foreign = pull.source.repository.filter(|repository| Some(&repository.full_name) != own.as_ref());
    Ok(Request {
        number: pull.id,
        title: pull.title,
        author: pull.author.and_then(|author| author.nickname.or(author.display_name)).unwrap_or_default(),
        state: state(&pull.state),
        page: Some(page),
        branch: Some(pull.source.branch.name).filter(|_| !fork_gone),
        fork: foreign.map(|repository| format!("https://bitbucket.org/{}.git", repository.full_name)),
        fork_gone,
        target: Some(pull.destination.branch.name),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Server {
    id: u64,
    #[serde(default)]
    title: String,
    state: String,
    author: Option<ServerAuthor>,
    from_ref: ServerRef,
    to_ref: ServerRef,
}

#[derive(Deserialize)]
struct ServerAuthor {
    user: ServerUser,
}

#[derive(Deserialize)]
struct ServerUser {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerRef {
    display_id: String,
    repository: ServerRepository,
}

#[derive(Deserialize, PartialEq)]
struct ServerRepository {
    slug: String,
    project: ServerProject,
}

#[derive(Deserialize, PartialEq)]
struct ServerProject {
    key: String,
}

pub(super) async fn server(api: &Api<'_>, number: u64) -> Result<Request, GuardError> {
    let (key, slug) = api.owner_and_name()?;
    // Clone URLs are below `/scm/`, the API beside it.
    let mut url = api.base(3, "rest/api/1.0")?;
    let root = api.base(3, "")?;
    url.path_segments_mut().map_err(|()| GuardError::Scheme)?.extend([
        "projects",
        &key,
        "repos",
        &slug,
        "pull-requests",
        &number.to_string(),
    ]);
    let pull: Server = api.get(&url, false).await?;
    let root = root.as_str().trim_end_matches('/');
    let from = &pull.from_ref.repository;
    let foreign = *from != pull.to_ref.repository;
    Ok(Request {
        number: pull.id,
        title: pull.title,
        author: pull.author.map(|author| author.user.name).unwrap_or_default(),
        state: state(&pull.state),
        page: Some(format!("{root}/projects/{key}/repos/{slug}/pull-requests/{}", pull.id)),
        branch: Some(pull.from_ref.display_id),
        fork: foreign.then(|| format!("{root}/scm/{}/{}.git", from.project.key.to_lowercase(), from.slug)),
        fork_gone: false,
        target: Some(pull.to_ref.display_id),
    })
}

fn state(word: &str) -> RequestState {
    match word {
        "MERGED" => RequestState::Merged,
        "DECLINED" | "SUPERSEDED" => RequestState::Closed,
        _ => RequestState::Open,
    }
}
