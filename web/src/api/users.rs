//! People. For administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use dormer_auth::link::INVITE_LIFE;
use dormer_core::account;
use dormer_core::name::UserName;
use dormer_wire::api::{CreateUser, List, PatchUser, Problem, User};

use crate::api::tokens::whole;
use crate::app::App;
use crate::body::Body;
use crate::problem::Refused;
use crate::who::Admin;

fn show(user: account::User, sign_in_link: Option<String>) -> User {
    User {
        name: user.name.to_string(),
        display_name: user.display_name,
        admin: user.admin,
        disabled: user.disabled,
        created_at: user.created_at,
        sign_in_link,
    }
}

/// Lists everybody.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", responses((status = 200, body = List<User>),
    (status = 403, body = Problem)))]
pub async fn list(State(app): State<Arc<App>>, _admin: Admin) -> Result<Json<List<User>>, Refused> {
    let users = app.users.list().await?;
    Ok(whole(users.into_iter().map(|user| show(user, None)).collect()))
}

/// Adds somebody. The answer has a link to sign in with, good once and for a day.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = CreateUser,
    responses((status = 201, body = User), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<Arc<App>>,
    Admin(known): Admin,
    Body(wanted): Body<CreateUser>,
) -> Result<(StatusCode, Json<User>), Refused> {
    let name: UserName = wanted.name.parse().map_err(|error| Refused::field("/name", format!("{error}")))?;
    let user = app.users.add(&name, wanted.display_name, wanted.admin).await?;
    let secret = app.links.mint(&name, INVITE_LIFE).await?;
    let detail = if user.admin { "as an administrator" } else { "" };
    app.audit(&known.principal, "user.add", name.as_str(), detail).await;
    Ok((StatusCode::CREATED, Json(show(user, Some(app.deps.info.sign_in_link(secret.expose()))))))
}

/// Removes somebody with all credentials. Their connections end; workspaces are never deleted by it.
#[utoipa::path(delete, path = "/api/v1/users/{name}", tag = "users", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Admin(known): Admin,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let name: UserName = name.parse().map_err(|_| Refused::not_found("user"))?;
    if name == known.principal.user {
        return Err(Refused::conflict("yourself", "You cannot remove yourself: another administrator can."));
    }
    let owned = app.deps.directory.all().iter().filter(|entry| entry.peek().spec.owner == name).count();
    if owned > 0 {
        let detail = format!("{name} owns {owned} workspaces. Delete them first.");
        return Err(Refused::conflict("owns-workspaces", detail));
    }
    app.users.remove(&name).await?;
    app.audit(&known.principal, "user.remove", name.as_str(), "").await;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows somebody.
#[utoipa::path(get, path = "/api/v1/users/{name}", tag = "users", params(("name" = String, Path)),
    responses((status = 200, body = User), (status = 404, body = Problem)))]
pub async fn get(State(app): State<Arc<App>>, _admin: Admin, Path(name): Path<String>) -> Result<Json<User>, Refused> {
    let found = app.users.list().await?.into_iter().find(|user| user.name.as_str() == name);
    found.map(|user| Json(show(user, None))).ok_or_else(|| Refused::not_found("user"))
}

/// Shuts somebody out or lets them in again, makes them an administrator or takes that back. Whoever is shut out is out
/// at once: what they have open closes.
#[utoipa::path(patch, path = "/api/v1/users/{name}", tag = "users", params(("name" = String, Path)),
    request_body = PatchUser, responses((status = 200, body = User), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub async fn patch(
    State(app): State<Arc<App>>,
    Admin(known): Admin,
    Path(name): Path<String>,
    Body(wanted): Body<PatchUser>,
) -> Result<Json<User>, Refused> {
    let name: UserName = name.parse().map_err(|_| Refused::not_found("user"))?;
    if name == known.principal.user && (wanted.disabled == Some(true) || wanted.admin == Some(false)) {
        return Err(Refused::conflict("yourself", "You cannot shut yourself out: another administrator can."));
    }
    let mut user = app.users.list().await?.into_iter().find(|user| user.name == name);
    if let Some(disabled) = wanted.disabled {
        user = Some(app.users.set_disabled(&name, disabled).await?);
        let action = if disabled { "user.disable" } else { "user.enable" };
        app.audit(&known.principal, action, name.as_str(), "").await;
    }
    if let Some(admin) = wanted.admin {
        user = Some(app.users.set_admin(&name, admin).await?);
        let action = if admin { "user.make-admin" } else { "user.take-admin" };
        app.audit(&known.principal, action, name.as_str(), "").await;
    }
    user.map(|user| Json(show(user, None))).ok_or_else(|| Refused::not_found("user"))
}

/// Makes a link that signs a browser in as somebody, once and for a day: for who was invited and lost the first one.
#[utoipa::path(post, path = "/api/v1/users/{name}/link", tag = "users", params(("name" = String, Path)),
    responses((status = 201, body = User), (status = 404, body = Problem)))]
pub async fn invite(
    State(app): State<Arc<App>>,
    Admin(known): Admin,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<User>), Refused> {
    let found = app.users.list().await?.into_iter().find(|user| user.name.as_str() == name && !user.disabled);
    let user = found.ok_or_else(|| Refused::not_found("user"))?;
    let secret = app.links.mint(&user.name, INVITE_LIFE).await?;
    app.audit(&known.principal, "user.invite", user.name.as_str(), "").await;
    Ok((StatusCode::CREATED, Json(show(user, Some(app.deps.info.sign_in_link(secret.expose()))))))
}
