//! Who the caller is, and where.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use dormer_auth::link::START_LIFE;
use dormer_wire::api::{Me, SignInLink};

use crate::app::App;
use crate::problem::Refused;
use crate::who::{Caller, FullWriter};

/// Tells who the caller is, and what a program needs to know about this installation.
#[utoipa::path(get, path = "/api/v1/me", tag = "me", responses((status = 200, body = Me),
    (status = 401, body = dormer_wire::api::Problem)))]
pub async fn me(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Me>, Refused> {
    let (who, info) = (caller.principal(), &app.deps.info);
    let user = app.deps.authenticator.user(&who.user).ok_or_else(Refused::sign_in)?;
    Ok(Json(Me {
        user: who.user.to_string(),
        display_name: user.display_name.clone(),
        groups: who.groups.clone(),
        admin: who.admin,
        scope: who.scope.to_string(),
        domain: info.domain.clone(),
        backend: info.backend.clone(),
        ssh_host: info.ssh_host.clone(),
        ssh_port: info.ssh_port,
        ssh_host_keys: info.ssh_host_keys.clone(),
        version: info.version.clone(),
    }))
}

/// Makes a link that signs a browser in as the caller, once and for 15 minutes: how a person who is signed in on a
/// terminal comes into the browser.
#[utoipa::path(post, path = "/api/v1/me/link", tag = "me", responses((status = 201, body = SignInLink),
    (status = 401, body = dormer_wire::api::Problem), (status = 403, body = dormer_wire::api::Problem)))]
pub async fn link(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
) -> Result<(StatusCode, Json<SignInLink>), Refused> {
    let secret = app.links.mint(&known.principal.user, START_LIFE).await?;
    let sign_in_link = app.deps.info.sign_in_link(secret.expose());
    Ok((StatusCode::CREATED, Json(SignInLink { sign_in_link })))
}
