//! SSH keys of the caller.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use dormer_core::account;
use dormer_wire::api::{CreateKey, Key, List, Problem};

use crate::api::tokens::{may_list, whole};
use crate::app::App;
use crate::body::Body;
use crate::problem::Refused;
use crate::who::{Caller, FullWriter};

fn show(key: account::Key) -> Key {
    Key {
        id: key.id,
        name: key.name,
        fingerprint: key.fingerprint,
        key: key.key,
        created_at: key.created_at,
        last_used_at: key.last_used_at,
    }
}

/// Lists the caller's SSH keys.
#[utoipa::path(get, path = "/api/v1/keys", tag = "credentials", responses((status = 200, body = List<Key>)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<List<Key>>, Refused> {
    may_list(&caller)?;
    let keys = app.keys.list(&caller.principal().user).await?;
    Ok(whole(keys.into_iter().map(show).collect()))
}

/// Adds an SSH key. A key says who somebody is, so it can be one user's only.
#[utoipa::path(post, path = "/api/v1/keys", tag = "credentials", request_body = CreateKey,
    responses((status = 201, body = Key), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Body(wanted): Body<CreateKey>,
) -> Result<(StatusCode, Json<Key>), Refused> {
    let key = app.keys.add(&known.principal.user, &wanted.key, wanted.name.as_deref()).await?;
    app.audit(&known.principal, "key.add", &key.fingerprint, "").await;
    Ok((StatusCode::CREATED, Json(show(key))))
}

/// Removes an SSH key. What it opened is closed.
#[utoipa::path(delete, path = "/api/v1/keys/{id}", tag = "credentials", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Path(id): Path<String>,
) -> Result<StatusCode, Refused> {
    app.keys.remove(&known.principal.user, &id).await?;
    app.audit(&known.principal, "key.remove", &id, "").await;
    Ok(StatusCode::NO_CONTENT)
}
