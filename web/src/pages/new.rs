//! `/new#<SOURCE>`: asks before it creates.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use crate::app::App;
use crate::pages::{Chrome, render};
use crate::site::Site;
use crate::who::Visitor;

#[derive(Template)]
#[template(path = "new.html")]
struct New {
    chrome: Chrome,
}

/// The page. Also for somebody who is not signed in: a redirect would carry the fragment to the login page, which
/// would take it for a secret.
pub async fn page(State(app): State<Arc<App>>, site: Site, Visitor(known): Visitor) -> Response {
    let chrome = Chrome::new(&site, &app.deps.info.domain, known.as_ref(), "new");
    render(StatusCode::OK, &New { chrome })
}
