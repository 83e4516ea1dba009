//! The API, `/api/v1`: JSON in, JSON out, problems where it is refused. The types are in `dormer_wire::api`; the
//! description that is made from them and from the handlers is at `openapi.json`.
//!
//! No answer has a CORS header: a page of another origin, a workspace's own included, reads nothing here.

pub mod audit;
pub mod check;
pub mod classes;
pub mod create;
pub mod device;
pub mod events;
pub mod exchange;
pub mod keys;
pub mod logs;
pub mod me;
pub mod member;
pub mod openapi;
pub mod patch;
pub mod projects;
pub mod record;
pub mod resolve;
pub mod secrets;
pub mod sessions;
pub mod settings;
pub mod tokens;
pub mod usage;
pub mod users;
pub mod watch;
pub mod workspaces;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use http::StatusCode;

use crate::app::App;
use crate::problem::Refused;

/// The routes, to be nested below `/api/v1`.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/workspaces", get(workspaces::list).post(create::create))
        .route("/resolve", post(resolve::resolve))
        .route("/events", get(watch::all))
        .route("/usage", get(usage::list))
        .route("/workspaces/{name}", get(workspaces::get).patch(patch::patch).delete(workspaces::delete))
        .route("/workspaces/{name}/events", get(events::events))
        .route("/workspaces/{name}/logs/{command}", get(logs::logs))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}", delete(tokens::revoke))
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{id}", delete(keys::remove))
        .route("/users", get(users::list).post(users::create))
        .route("/users/{name}", get(users::get).patch(users::patch).delete(users::remove))
        .route("/users/{name}/link", post(users::invite))
        .route("/projects", get(projects::list).post(projects::create))
        .route("/projects/{name}", get(projects::get).patch(projects::patch).delete(projects::remove))
        .route("/classes", get(classes::list).post(classes::create))
        .route("/classes/{name}", get(classes::get).put(classes::put).delete(classes::remove))
        .route("/secrets", get(secrets::list).post(secrets::create))
        .route("/secrets/{id}", delete(secrets::remove))
        .route("/sessions", get(sessions::list).delete(sessions::end_all))
        .route("/sessions/{id}", delete(sessions::end))
        .route("/identities", get(sessions::identities))
        .route("/identities/{provider}/{subject}", delete(sessions::unlink))
        .route("/audit", get(audit::list))
        .route("/login/device", post(device::begin))
        .route("/login/token", post(device::redeem))
        .route("/login/exchange", post(exchange::exchange))
        .route("/me", get(me::me))
        .route("/me/link", post(me::link))
        .route("/openapi.json", get(openapi::serve))
        .method_not_allowed_fallback(|| async {
            let detail = "This route exists, but not for this method. /api/v1/openapi.json lists all of them.";
            Refused::new(StatusCode::METHOD_NOT_ALLOWED, "method", "Method not allowed", detail)
        })
        .fallback(|| async { Refused::not_found("route; /api/v1/openapi.json lists all of them") })
}
