//! The caller's sessions, and accounts at providers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use dormer_core::principal::Via;
use dormer_wire::api::{Identity, List, Problem, Session};

use crate::api::tokens::{may_list, whole};
use crate::app::App;
use crate::problem::Refused;
use crate::who::{Caller, FullWriter};

/// Lists the browsers in which the caller is signed in.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "credentials", responses((status = 200, body = List<Session>)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<List<Session>>, Refused> {
    may_list(&caller)?;
    let who = caller.principal();
    let sessions = app.sessions.list(&who.user).await?;
    let show = |session: dormer_core::account::Session| Session {
        current: who.via == Via::Session(session.id.clone()),
        id: session.id,
        label: session.label,
        created_at: session.created_at,
        expires_at: session.expires_at,
        last_used_at: session.last_used_at,
    };
    Ok(whole(sessions.into_iter().map(show).collect()))
}

/// Signs one browser out. What is open in it closes.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "credentials", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn end(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Path(id): Path<String>,
) -> Result<StatusCode, Refused> {
    use dormer_auth::error::SignInError::Invalid;
    let ended = app.sessions.end(&known.principal.user, &id).await;
    match ended {
        Err(Invalid) => return Err(Refused::not_found("session")),
        other => other?,
    }
    app.audit(&known.principal, "session.end", &id, "").await;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs every browser out but the one that asks.
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "credentials", responses((status = 204)))]
pub async fn end_all(State(app): State<Arc<App>>, FullWriter(known): FullWriter) -> Result<StatusCode, Refused> {
    let who = &known.principal;
    let but = match &who.via {
        Via::Session(id) => Some(id.as_str()),
        _ => None,
    };
    app.sessions.end_all(&who.user, but).await?;
    app.audit(who, "session.end-all", who.user.as_str(), "").await;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the caller's accounts at providers.
#[utoipa::path(get, path = "/api/v1/identities", tag = "credentials", responses((status = 200, body = List<Identity>)))]
pub async fn identities(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<List<Identity>>, Refused> {
    may_list(&caller)?;
    let show = |identity: dormer_core::account::Identity| Identity {
        provider: identity.provider,
        subject: identity.subject,
        login: identity.login,
        blocked: identity.blocked,
        created_at: identity.created_at,
    };
    Ok(whole(app.deps.authenticator.identities(&caller.principal().user).into_iter().map(show).collect()))
}

/// Takes an account at a provider away: nobody signs in by it as the caller any more.
#[utoipa::path(delete, path = "/api/v1/identities/{provider}/{subject}", tag = "credentials",
    params(("provider" = String, Path), ("subject" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn unlink(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Path((provider, subject)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let who = &known.principal;
    app.deps.logins.unlink(&who.user, &provider, &subject).await?;
    app.audit(who, "identity.unlink", &format!("{provider}/{subject}"), "").await;
    Ok(StatusCode::NO_CONTENT)
}
