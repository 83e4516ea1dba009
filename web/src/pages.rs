//! Pages for people: rendered here, alive by small scripts in `static/`. Each works by keyboard and follows the
//! system's light or dark.

pub mod access;
pub mod asset;
pub mod dashboard;
pub mod device;
pub mod login;
pub mod message;
pub mod new;
pub mod provider;
pub mod row;
pub mod ssh;
pub mod ticket;
pub mod waiting;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;

use dormer_auth::known::Known;
use dormer_core::route::Route;

use crate::problem::Refused;
use crate::site::Site;

/// What is around every page.
pub struct Chrome {
    /// Where scripts and styles are on this host.
    pub base: &'static str,
    /// The apex, without a slash at its end.
    pub apex: String,
    /// Who is signed in.
    pub user: Option<String>,
    /// Which entry of the menu this is.
    pub active: &'static str,
}

impl Chrome {
    /// For this host and visitor.
    pub fn new(site: &Site, domain: &str, known: Option<&Known>, active: &'static str) -> Chrome {
        let base = if site.route == Route::Apex { "/static" } else { "/.dormer/static" };
        let user = known.map(|known| known.principal.user.to_string());
        Chrome { base, apex: site.sibling(domain), user, active }
    }
}

/// A page as an answer.
pub fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "page", "Page failed", "The page failed. Reload it.")
                .into_response()
        }
    }
}
