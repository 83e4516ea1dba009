//! `/access`: SSH keys and tokens.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use dormer_core::account::{Key, Token};

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
}

/// The page.
pub async fn page(State(app): State<Arc<App>>, site: Site, Visitor(known): Visitor) -> Result<Response, Refused> {
    let Some(known) = known else { return Ok(Redirect::to("/login?next=/access").into_response()) };
    let chrome = Chrome::new(&site, &app.deps.info.domain, Some(&known), "access");
    let caller = Caller(known);
    crate::api::tokens::may_list(&caller)?;
    let keys = app.keys.list(&caller.principal().user).await?;
    let tokens = app.tokens.list(&caller.principal().user).await?;
    Ok(render(StatusCode::OK, &Access { chrome, keys, tokens }))
}
