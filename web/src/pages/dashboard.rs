//! `/`: the visitor's workspaces.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use crate::api::record::shown;
use crate::api::workspaces::visible;
use crate::app::App;
use crate::pages::row::Row;
use crate::pages::{Chrome, render};
use crate::problem::Refused;
use crate::site::Site;
use crate::who::Visitor;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    chrome: Chrome,
    rows: Vec<Row>,
    /// What the script makes new lines from.
    blank: Row,
}

/// The dashboard.
pub async fn page(State(app): State<Arc<App>>, site: Site, Visitor(known): Visitor) -> Result<Response, Refused> {
    let Some(known) = known else { return Ok(Redirect::to("/login").into_response()) };
    let mut rows: Vec<Row> =
        visible(&app, &known.principal).iter().map(|entry| shown(entry, &app.deps.info).into()).collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let chrome = Chrome::new(&site, &app.deps.info.domain, Some(&known), "workspaces");
    Ok(render(StatusCode::OK, &Dashboard { chrome, rows, blank: Row::default() }))
}
