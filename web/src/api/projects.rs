//! Projects: tenants with members.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use dormer_core::account::{self, ProjectMember};
use dormer_core::may::Verdict;
use dormer_core::may::project::{Affair, may_in};
use dormer_core::name::ProjectName;
use dormer_core::principal::Principal;
use dormer_core::workspace::Role;
use dormer_wire::api::{CreateProject, List, Member, PatchProject, Problem, Project};

use crate::api::member::{read, role_name};
use crate::api::tokens::{may_list, whole};
use crate::app::App;
use crate::body::Body;
use crate::problem::Refused;
use crate::who::{Admin, Caller, FullWriter};

fn show(project: &account::Project, who: &Principal) -> Project {
    let member = |member: &ProjectMember| Member {
        user: member.user.as_ref().map(ToString::to_string),
        group: member.group.clone(),
        role: role_name(member.role).into(),
    };
    Project {
        name: project.name.to_string(),
        display_name: project.display_name.clone(),
        role: who.role_in(project.name.as_str()).map(|role| role_name(role).into()),
        members: project.members.iter().map(member).collect(),
        created_at: project.created_at,
    }
}

fn members(members: Vec<Member>) -> Result<Vec<ProjectMember>, Refused> {
    let member = |(user, group, role)| ProjectMember { user, group, role };
    Ok(read(members)?.into_iter().map(member).collect())
}

/// The project of that name, for somebody who may see it. One that may not be seen does not exist.
fn visible(app: &App, who: &Principal, name: &str) -> Result<Arc<account::Project>, Refused> {
    let found = app.projects.visible(who).into_iter().find(|project| project.name.as_str() == name);
    found.ok_or_else(|| Refused::not_found("project"))
}

/// Lists the projects that the caller is in; an administrator's list has all.
#[utoipa::path(get, path = "/api/v1/projects", tag = "projects", responses((status = 200, body = List<Project>)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<List<Project>>, Refused> {
    may_list(&caller)?;
    let who = caller.principal();
    Ok(whole(app.projects.visible(who).iter().map(|project| show(project, who)).collect()))
}

/// Shows a project.
#[utoipa::path(get, path = "/api/v1/projects/{name}", tag = "projects", params(("name" = String, Path)),
    responses((status = 200, body = Project), (status = 404, body = Problem)))]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Project>, Refused> {
    may_list(&caller)?;
    let who = caller.principal();
    Ok(Json(show(&*visible(&app, who, &name)?, who)))
}

/// Makes a project. Whoever makes it is its admin, unless members are named.
#[utoipa::path(post, path = "/api/v1/projects", tag = "projects", request_body = CreateProject,
    responses((status = 201, body = Project), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<Arc<App>>,
    Admin(known): Admin,
    Body(wanted): Body<CreateProject>,
) -> Result<(StatusCode, Json<Project>), Refused> {
    let who = &known.principal;
    let name: ProjectName = wanted.name.parse().map_err(|error| Refused::field("/name", format!("{error}")))?;
    if wanted.display_name.as_ref().is_some_and(|name| name.len() > 200 || name.chars().any(char::is_control)) {
        return Err(Refused::field("/displayName", "at most 200 characters, none of them a control character"));
    }
    let mut members = members(wanted.members)?;
    if members.is_empty() {
        members.push(ProjectMember { user: Some(who.user.clone()), group: None, role: Role::Admin });
    }
    app.projects.add(name.clone(), wanted.display_name).await?;
    let made = app.projects.set_members(&name, members).await;
    if made.is_err() {
        // Nothing half-made: a project without members would be nobody's.
        app.projects.remove(&name).await?;
    }
    let project = made?;
    app.audit(who, "project.create", name.as_str(), &told(&project)).await;
    Ok((StatusCode::CREATED, Json(show(&project, who))))
}

/// Says who is in a project. For its admins, and for administrators of the installation.
#[utoipa::path(patch, path = "/api/v1/projects/{name}", tag = "projects", params(("name" = String, Path)),
    request_body = PatchProject, responses((status = 200, body = Project), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn patch(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Path(name): Path<String>,
    Body(wanted): Body<PatchProject>,
) -> Result<Json<Project>, Refused> {
    let who = &known.principal;
    let project = visible(&app, who, &name)?;
    if may_in(who, Affair::SetMembers, &name) != Verdict::Allow {
        return Err(Refused::forbidden("Only an admin of the project may say who is in it."));
    }
    let project = app.projects.set_members(&project.name, members(wanted.members)?).await?;
    app.audit(who, "project.members", &name, &told(&project)).await;
    Ok(Json(show(&project, who)))
}

/// Removes a project and its secrets. Its workspaces must be gone.
#[utoipa::path(delete, path = "/api/v1/projects/{name}", tag = "projects", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Admin(known): Admin,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let project = visible(&app, &known.principal, &name)?;
    let inside = app.deps.directory.all().iter().filter(|entry| entry.peek().spec.project == project.name).count();
    if inside > 0 {
        let detail = format!("{name} has {inside} workspaces. Delete them first.");
        return Err(Refused::conflict("has-workspaces", detail));
    }
    app.projects.remove(&project.name).await?;
    app.audit(&known.principal, "project.remove", &name, "").await;
    Ok(StatusCode::NO_CONTENT)
}

fn told(project: &account::Project) -> String {
    let one = |member: &ProjectMember| {
        let who = member.user.as_ref().map(ToString::to_string).or_else(|| member.group.clone()).unwrap_or_default();
        format!("{who}={}", role_name(member.role))
    };
    project.members.iter().map(one).collect::<Vec<_>>().join(" ")
}
