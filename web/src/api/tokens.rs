//! Tokens of the caller.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use dormer_core::account;
use dormer_core::may::account::{Act, may_account};
use dormer_core::name::UserName;
use dormer_core::principal::Scope;
use dormer_wire::api::{CreateToken, List, Problem, Token};

use crate::app::App;
use crate::body::Body;
use crate::problem::Refused;
use crate::who::{Caller, FullWriter, Writer};

/// A list that is never long enough for pages.
pub(crate) fn whole<T>(items: Vec<T>) -> Json<List<T>> {
    Json(List { total: items.len(), items, next: None })
}

/// A credential for one purpose sees no other credentials.
pub(crate) fn may_list(caller: &Caller) -> Result<(), Refused> {
    match may_account(caller.principal(), Act::Look) {
        true => Ok(()),
        false => Err(Refused::forbidden("This needs a token with the scope 'all' or 'read'.")),
    }
}

pub(crate) fn show(token: account::Token, text: Option<String>) -> Token {
    Token {
        id: token.id,
        name: token.name,
        scope: token.scope.to_string(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
        token: text,
    }
}

/// Lists the caller's tokens, without their secrets.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "credentials", responses((status = 200, body = List<Token>)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<List<Token>>, Refused> {
    may_list(&caller)?;
    let tokens = app.tokens.list(&caller.principal().user).await?;
    Ok(whole(tokens.into_iter().map(|token| show(token, None)).collect()))
}

/// Makes a token. The answer is the only place where its secret is ever shown.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "credentials", request_body = CreateToken,
    responses((status = 201, body = Token), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Body(wanted): Body<CreateToken>,
) -> Result<(StatusCode, Json<Token>), Refused> {
    let who = &known.principal;
    let refused = || Refused::forbidden("Only administrators may make tokens for somebody else.");
    let user = match wanted.user {
        None => who.user.clone(),
        // Whose name is no name is told to those alone who may name others.
        Some(other) => match other.parse::<UserName>() {
            Err(_) if !who.admin => return Err(refused()),
            other => other.map_err(|error| Refused::field("/user", error.to_string()))?,
        },
    };
    if !may_account(who, Act::Mint(&user)) {
        return Err(refused());
    }
    let scope = wanted.scope.as_deref().unwrap_or("all");
    let scope = scope.parse::<Scope>().map_err(|reason| Refused::field("/scope", reason))?;
    let life = wanted.expires_in.map(Duration::from_secs);
    let (text, token) = app.tokens.mint(&user, &wanted.name, scope, life).await?;
    app.audit(who, "token.create", &token.id, &format!("{user} {}", token.scope)).await;
    Ok((StatusCode::CREATED, Json(show(token, Some(text.expose().clone())))))
}

/// Revokes a token. What it opened is closed. A token of any scope may revoke itself.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "credentials", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn revoke(
    State(app): State<Arc<App>>,
    Writer(known): Writer,
    Path(id): Path<String>,
) -> Result<StatusCode, Refused> {
    let who = &known.principal;
    if !may_account(who, Act::Revoke(&id)) {
        return Err(Refused::forbidden("This needs a token with the scope 'all'."));
    }
    app.tokens.revoke(&who.user, &id).await?;
    app.audit(who, "token.revoke", &id, "").await;
    Ok(StatusCode::NO_CONTENT)
}
