//! A git host's personal token for one of ours, where an administrator allows it: for programs that have such a token
//! anyway, and no browser.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use dormer_core::principal::Scope;
use dormer_core::secret::Secret;
use dormer_wire::api::{ExchangeToken, Problem, Token};

use crate::api::tokens;
use crate::app::App;
use crate::body::Body;
use crate::problem::Refused;

/// How long the new token is good for when nothing is said.
const LIFE: Duration = Duration::from_secs(3600);
/// The longest: whoever loses their account there loses this soon, too.
const MAX_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Gives a token for a git host's personal token of somebody who has signed in by that host before.
#[utoipa::path(post, path = "/api/v1/login/exchange", tag = "login", request_body = ExchangeToken,
    responses((status = 201, body = Token), (status = 403, body = Problem), (status = 422, body = Problem),
        (status = 502, body = Problem)))]
pub async fn exchange(
    State(app): State<Arc<App>>,
    Body(wanted): Body<ExchangeToken>,
) -> Result<(StatusCode, Json<Token>), Refused> {
    let theirs = Secret::from(wanted.token);
    let scope = wanted.scope.as_deref().unwrap_or("read");
    let scope = scope.parse::<Scope>().map_err(|reason| Refused::field("/scope", reason))?;
    let life = wanted.expires_in.map_or(LIFE, Duration::from_secs);
    if life.is_zero() || life > MAX_LIFE {
        return Err(Refused::field("/expiresIn", "such a token lives from 1 second to a day (86400 seconds)"));
    }
    let identity = app.deps.logins.exchange(&wanted.provider, &theirs).await?;
    let name = wanted.name.unwrap_or_else(|| format!("by a token of {}", identity.provider));
    let (text, token) = app.tokens.mint(&identity.user, &name, scope, Some(life)).await?;
    let via = format!("provider {}", identity.provider);
    app.audited(identity.user.as_str(), via, "login.exchange", &token.id, &token.scope.to_string()).await;
    Ok((StatusCode::CREATED, Json(tokens::show(token, Some(text.expose().clone())))))
}
