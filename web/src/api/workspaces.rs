//! Reading, listing and deleting workspaces.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde::Deserialize;

use dormer_core::directory::Entry;
use dormer_core::may::{Action, Verdict, may};
use dormer_core::name::WorkspaceName;
use dormer_core::principal::Principal;
use dormer_wire::api::{List, Workspace};

use crate::api::record::{show, shown};
use crate::app::{App, allowed};
use crate::problem::Refused;
use crate::who::{Caller, Writer};

/// The most workspaces on a page.
const MAX_PAGE: usize = 500;
const DEFAULT_PAGE: usize = 100;

/// What to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Of this owner.
    pub owner: Option<String>,
    /// In this phase.
    pub phase: Option<String>,
    /// In this project.
    pub project: Option<String>,
    /// With this in name, display name, description or source.
    pub q: Option<String>,
    /// `name` (default), `created`, `activity`, `phase` or `owner`; with `-` before it the other way round.
    pub sort: Option<String>,
    /// Which page, from 1.
    pub page: Option<usize>,
    /// How many on a page: 1 to 500, 100 when it is missing.
    pub per_page: Option<usize>,
}

/// Every workspace that somebody may see.
pub fn visible(app: &App, who: &Principal) -> Vec<Arc<Entry>> {
    let mut entries = app.deps.directory.all();
    entries.retain(|entry| may(Some(who), Action::View, &entry.peek()) == Verdict::Allow);
    entries
}

/// Lists the workspaces that the caller may see.
#[utoipa::path(get, path = "/api/v1/workspaces", tag = "workspaces", params(Filter),
    responses((status = 200, body = List<Workspace>), (status = 401, body = dormer_wire::api::Problem)))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<List<Workspace>>, Refused> {
    let Query(filter) = filter.map_err(|rejection| crate::body::query(&rejection))?;
    let mut items: Vec<Workspace> =
        visible(&app, caller.principal()).iter().map(|entry| shown(entry, &app.deps.info)).collect();
    items.retain(|workspace| matches(workspace, &filter));
    sort(&mut items, filter.sort.as_deref())?;
    let (page, size) = (filter.page.unwrap_or(1), filter.per_page.unwrap_or(DEFAULT_PAGE));
    if page == 0 || !(1..=MAX_PAGE).contains(&size) {
        return Err(Refused::field("", "page counts from 1, per_page is from 1 to 500"));
    }
    let total = items.len();
    let begin = (page - 1).saturating_mul(size);
    let items: Vec<Workspace> = items.into_iter().skip(begin).take(size).collect();
    let next = (begin.saturating_add(items.len()) < total && !items.is_empty()).then(|| page + 1);
    Ok(Json(List { items, total, next }))
}

fn matches(workspace: &Workspace, filter: &Filter) -> bool {
    let is = |want: &Option<String>, have: &str| want.as_ref().is_none_or(|want| want.eq_ignore_ascii_case(have));
    let text = filter.q.as_ref().map(|q| q.to_lowercase());
    is(&filter.owner, &workspace.owner)
        && is(&filter.phase, &workspace.phase)
        && is(&filter.project, &workspace.project)
        && text.is_none_or(|text| {
            let source = workspace.source.as_ref();
            [
                Some(workspace.name.as_str()),
                workspace.display_name.as_deref(),
                workspace.description.as_deref(),
                source.map(|source| source.url.as_str()),
                source.and_then(|source| source.reference.as_deref()),
            ]
            .into_iter()
            .flatten()
            .any(|have| have.to_lowercase().contains(&text))
        })
}

fn sort(items: &mut [Workspace], by: Option<&str>) -> Result<(), Refused> {
    let by = by.unwrap_or("name");
    let (by, backwards) = by.strip_prefix('-').map_or((by, false), |by| (by, true));
    items.sort_by(|a, b| a.name.cmp(&b.name));
    match by {
        "name" => {}
        "created" => items.sort_by_key(|workspace| workspace.created_at),
        "activity" => items.sort_by_key(|workspace| workspace.last_activity.as_ref().map(|activity| activity.at)),
        "phase" => items.sort_by(|a, b| a.phase.cmp(&b.phase)),
        "owner" => items.sort_by(|a, b| a.owner.cmp(&b.owner)),
        _ => {
            return Err(Refused::field("", "sort is one of name, created, activity, phase, owner, or -name and so on"));
        }
    }
    if backwards {
        items.reverse();
    }
    Ok(())
}

/// Reads a workspace.
#[utoipa::path(get, path = "/api/v1/workspaces/{name}", tag = "workspaces", params(("name" = String, Path)),
    responses((status = 200, body = Workspace), (status = 404, body = dormer_wire::api::Problem)))]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Workspace>, Refused> {
    if app.deps.directory.get(&name).is_some() {
        return Ok(Json(shown(&*app.admit(caller.principal(), &name, Action::View)?, &app.deps.info)));
    }
    // Made a moment ago through another gateway: the directory has not heard of it yet.
    let name: WorkspaceName = name.parse().map_err(|_| Refused::no_workspace())?;
    let record = app.deps.store.get(&name).await?;
    allowed(caller.principal(), Action::View, &record)?;
    Ok(Json(show(&record, None, &app.deps.info)))
}

/// Deletes a workspace with its files. It is gone some time after the answer.
#[utoipa::path(delete, path = "/api/v1/workspaces/{name}", tag = "workspaces", params(("name" = String, Path)),
    responses((status = 202, body = Workspace), (status = 403, body = dormer_wire::api::Problem),
        (status = 404, body = dormer_wire::api::Problem)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    Writer(known): Writer,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<Workspace>), Refused> {
    let entry = app.admit(&known.principal, &name, Action::Own)?;
    let name = entry.peek().name.clone();
    app.deps.store.mark_deleted(&name).await?;
    app.note(&name, &known.principal, "Deleted", format!("{} deleted it", known.principal.user)).await;
    // Already gone is as good as marked.
    if let Ok(marked) = app.deps.store.get(&name).await {
        app.seen(&marked).await;
    }
    let mut shown = shown(&entry, &app.deps.info);
    shown.phase = dormer_core::phase::Phase::Deleting.to_string();
    Ok((StatusCode::ACCEPTED, Json(shown)))
}
