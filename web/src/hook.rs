//! Where git hosts tell what happened (webhooks). They have no credential of ours: the body is signed with a secret.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use crate::app::App;
use crate::deps::Heard;
use crate::problem::Refused;

/// Takes one. What is well signed is answered with success whatever it is about: a host stops telling where it is refused.
pub async fn forge(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    match app.deps.hook.hear(&headers, &body).await {
        Heard::Foreign => {
            let detail = "The signature is missing or wrong. The secret is in the gateway's data folder, keys/webhook.";
            Refused::new(StatusCode::FORBIDDEN, "not-genuine", "Not signed", detail).into_response()
        }
        Heard::Other => (StatusCode::OK, "nothing to do\n").into_response(),
        Heard::Taken(count) => (StatusCode::OK, format!("{count} workspaces\n")).into_response(),
    }
}
