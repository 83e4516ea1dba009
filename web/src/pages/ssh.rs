//! `/ssh/<code>`: a terminal asks to be signed in. It shows who asks, and lets them in or not by a click; never by
//! being opened.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use dormer_auth::approval::{Gone, Request};

use crate::app::App;
use crate::body::Body;
use crate::pages::{Chrome, render};
use crate::problem::Refused;
use crate::site::Site;
use crate::who::{FullWriter, Visitor};

#[derive(Template)]
#[template(path = "ssh.html")]
struct Page {
    chrome: Chrome,
    code: String,
    request: Option<Request>,
    /// Whether the request comes from elsewhere than this browser, as far as can be seen.
    elsewhere: bool,
}

/// The page.
pub async fn page(
    State(app): State<Arc<App>>,
    site: Site,
    Visitor(known): Visitor,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Response {
    // Only letters of a code: what is shown, and where a sign-in leads back to.
    let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(16).collect();
    let Some(known) = known else { return Redirect::to(&format!("/login?next=/ssh/{code}")).into_response() };
    let request = app.deps.approvals.look(&code).await;
    let here = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let elsewhere = request.as_ref().is_some_and(|request| {
        here.is_none_or(|here: std::net::IpAddr| {
            let (here, there) = (here.to_canonical(), request.address);
            here != there && !(here.is_loopback() && there.is_loopback())
        })
    });
    let status = if request.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let chrome = Chrome::new(&site, &app.deps.info.domain, Some(&known), "ssh");
    render(status, &Page { chrome, code: code.to_ascii_uppercase(), request, elsewhere })
}

/// What the page sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    approve: bool,
}

/// What came of it.
#[derive(Serialize)]
pub struct Answered {
    /// Whether the terminal was let in.
    pub approved: bool,
}

/// The click.
pub async fn answer(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Path(code): Path<String>,
    Body(answer): Body<Answer>,
) -> Result<Response, Refused> {
    let user = known.principal.user.clone();
    let approved = answer.approve;
    let request = app.deps.approvals.answer(&code, approved.then_some(known)).await;
    let request = request.map_err(|Gone| Refused::not_found("request to sign in"))?;
    tracing::info!(
        target: "audit", event = "ssh.answered", %user, approved, peer = %request.address, workspace = request.target
    );
    Ok(Json(Answered { approved }).into_response())
}
