//! What was done with rights. For administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;

use dormer_wire::api::{Audited, List, Problem};

use crate::api::tokens::whole;
use crate::app::App;
use crate::problem::Refused;
use crate::who::Admin;

/// The most lines of one answer.
const MOST: usize = 1000;

/// Which part.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Only what is older.
    before: Option<Timestamp>,
    /// So many.
    limit: Option<usize>,
}

/// Lists what was done, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(("before" = Option<String>, Query),
    ("limit" = Option<usize>, Query)), responses((status = 200, body = List<Audited>), (status = 403, body = Problem)))]
pub async fn list(
    State(app): State<Arc<App>>,
    _admin: Admin,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<List<Audited>>, Refused> {
    let Query(part) = part.map_err(|_| Refused::field("/before", "'before' is a time, 'limit' a number"))?;
    let most = part.limit.unwrap_or(200).min(MOST);
    let show = |audited: dormer_core::account::Audited| Audited {
        at: audited.at,
        user: audited.user,
        via: audited.via,
        action: audited.action,
        target: audited.target,
        detail: audited.detail,
    };
    Ok(whole(app.deps.accounts.audited(part.before, most).await?.into_iter().map(show).collect()))
}
