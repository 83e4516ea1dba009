//! `/access`: SSH keys, tokens, sessions, accounts at providers.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use dormer_core::account::{Identity, Key, Session, Token};
use dormer_core::principal::Via;

use crate::app::App;
use crate::pages::{Chrome, render};
use crate::problem::Refused;
use crate::site::Site;
use crate::who::{Caller, Visitor};

#[derive(Template)]
#[template(path = "access.html")]
struct Access {
    chrome: Chrome,
    keys: Vec<Key>,
    tokens: Vec<Token>,
    sessions: Vec<Seen>,
    identities: Vec<Identity>,
    /// Providers at which an account may be linked: name and label.
    ways: Vec<(String, String)>,
}

/// A session, and whether it is the one that asks.
struct Seen {
    session: Session,
    current: bool,
}

/// The page.
pub async fn page(State(app): State<Arc<App>>, site: Site, Visitor(known): Visitor) -> Result<Response, Refused> {
    let Some(known) = known else { return Ok(Redirect::to("/login?next=/access").into_response()) };
    let chrome = Chrome::new(&site, &app.deps.info.domain, Some(&known), "access");
    let caller = Caller(known);
    crate::api::tokens::may_list(&caller)?;
    let keys = app.keys.list(&caller.principal().user).await?;
    let tokens = app.tokens.list(&caller.principal().user).await?;
    let current = |session: &Session| caller.principal().via == Via::Session(session.id.clone());
    let sessions = app.sessions.list(&caller.principal().user).await?;
    let sessions = sessions.into_iter().map(|session| Seen { current: current(&session), session }).collect();
    let identities = app.deps.authenticator.identities(&caller.principal().user);
    let ways = app.deps.logins.providers().map(|provider| (provider.name.clone(), provider.label())).collect();
    Ok(render(StatusCode::OK, &Access { chrome, keys, tokens, sessions, identities, ways }))
}
