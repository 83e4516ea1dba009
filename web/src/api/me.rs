//! Who the caller is, and where.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use dormer_wire::api::Me;

use crate::app::App;
use crate::problem::Refused;
use crate::who::Caller;

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
