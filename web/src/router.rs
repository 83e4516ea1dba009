//! All of it: by host first, then by path.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use dormer_core::route::Route;

use crate::app::App;
use crate::body::MAX_BODY;
use crate::deps::Deps;
use crate::problem::Refused;
use crate::site::Site;
use crate::{api, hook, pages, security};

/// The web part, as one service for every host of ours. Streams end with `shutdown`.
pub fn router(deps: Deps, shutdown: CancellationToken) -> Router {
    let app = App::new(deps, shutdown);
    let domain = app.deps.info.domain.clone();
    let limit = DefaultBodyLimit::max(MAX_BODY);
    let apex = apex().with_state(Arc::clone(&app)).layer(limit);
    let hosts = hosts().with_state(Arc::clone(&app)).layer(limit);
    let probes = probes().fallback(|| async { Refused::not_found("host") }).with_state(app);
    let dispatch = move |mut request: Request| {
        let (apex, hosts, probes) = (apex.clone(), hosts.clone(), probes.clone());
        let site = Site::of(request.headers(), &domain);
        async move {
            let routes = match site.as_ref().map(|site| &site.route) {
                Some(Route::Apex) => apex,
                Some(Route::Editor(_) | Route::Port(..)) => hosts,
                // Probes come by address.
                Some(Route::Foreign) | None => probes,
            };
            if let Some(site) = site {
                request.extensions_mut().insert(site);
            }
            match routes.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    };
    Router::new().fallback(dispatch).layer(axum::middleware::from_fn(security::headers))
}

/// The installation's own host.
fn apex() -> Router<Arc<App>> {
    Router::new()
        .nest("/api/v1", api::routes())
        .route("/", get(pages::dashboard::page))
        .route("/access", get(pages::access::page))
        .route("/new", get(pages::new::page))
        .route("/login", get(pages::login::page).post(pages::login::sign_in))
        .route("/hooks/forge", post(hook::forge))
        .route("/login/workspace", get(pages::ticket::issue))
        .route("/ssh/{code}", get(pages::ssh::page).post(pages::ssh::answer))
        .route("/login/with/{provider}", get(pages::provider::begin))
        .route("/login/link/{provider}", post(pages::provider::link))
        .route("/login/callback/{provider}", get(pages::provider::callback))
        .route("/login/device", get(pages::device::page))
        .route("/login/cli", get(pages::device::cli))
        .route("/login/answer", post(pages::device::answer))
        .route("/logout", post(pages::login::sign_out))
        .route("/static/{file}", get(pages::asset::serve))
        .merge(probes())
        .fallback(pages::message::nowhere)
}

/// A workspace's host: only what is below `/.dormer/` gets here, the rest is the workspace's own.
fn hosts() -> Router<Arc<App>> {
    Router::new()
        .route("/.dormer/ticket", get(pages::ticket::page).post(pages::ticket::exchange))
        .route("/.dormer/events", get(pages::waiting::events))
        .route("/.dormer/wake", post(pages::waiting::wake))
        .route("/.dormer/tab.js", get(pages::asset::tab))
        .route("/.dormer/static/{file}", get(pages::asset::serve))
        .route("/.dormer/pages/sign-in", get(pages::ticket::begin))
        .route("/.dormer/pages/waiting", get(pages::waiting::page))
        .route("/.dormer/pages/asleep", get(pages::waiting::asleep))
        .route("/.dormer/pages/not-found", get(pages::message::not_found))
        .route("/.dormer/pages/forbidden", get(pages::message::forbidden))
        .route("/.dormer/pages/unavailable", get(pages::message::unavailable))
        .fallback(|| async { Refused::not_found("page") })
}

fn probes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready))
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    match (app.deps.ready)() {
        Ok(()) => "ready\n".into_response(),
        Err(why) => {
            tracing::warn!(why, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
        }
    }
}
