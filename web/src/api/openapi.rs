//! The API's description, made from its handlers and types.

use axum::Json;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use crate::api::{
    audit, classes, create, device, events, exchange, keys, logs, me, patch, projects, resolve, secrets, sessions,
    tokens, usage, users, watch, workspaces,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Dormer", description = "Development workspaces that sleep and wake. Errors are RFC 9457 problems.",
        license(name = "Apache-2.0")),
    paths(
        workspaces::list, create::create, resolve::resolve, watch::all, usage::list, workspaces::get, patch::patch, workspaces::delete,
        events::events, logs::logs, tokens::list, tokens::create, tokens::revoke, keys::list, keys::create,
        keys::remove, users::list, users::get, users::create, users::patch, users::invite, users::remove, me::me, me::link,
        classes::list, classes::get, classes::create, classes::put, classes::remove, projects::list, projects::get, projects::create, projects::patch, projects::remove, secrets::list,
        secrets::create, secrets::remove, sessions::list, sessions::end, sessions::end_all, sessions::identities,
        sessions::unlink, audit::list, device::begin, device::redeem, exchange::exchange,
    ),
    components(schemas(dormer_wire::api::Event)),
    security(("token" = [])),
    modifiers(&Tokens),
)]
struct Description;

struct Tokens;

impl utoipa::Modify for Tokens {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        description.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// Serves it. There is nothing secret in it, so nobody has to sign in.
pub async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}
