//! Signing in by a one-time link, and out.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

use dormer_auth::cookie;
use dormer_core::secret::Secret;

use crate::app::App;
use crate::body::Body;
use crate::pages::provider::label;
use crate::pages::{Chrome, render};
use crate::problem::Refused;
use crate::site::Site;
use crate::who::{Visitor, Writer};
use crate::{cookies, next};

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub struct Next {
    /// A path of this host.
    #[serde(default)]
    pub(crate) next: String,
}

/// A way to sign in.
struct Way {
    label: String,
    to: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    chrome: Chrome,
    next: String,
    ways: Vec<Way>,
}

/// The page. Its script reads the secret from the fragment and sends it as a body, so it is in no URL that is asked
/// for, in no log and in no referrer.
pub async fn page(
    State(app): State<Arc<App>>,
    site: Site,
    Visitor(known): Visitor,
    after: Result<Query<Next>, QueryRejection>,
) -> Response {
    let after = after.map(|Query(after)| after.next).unwrap_or_default();
    let chrome = Chrome::new(&site, &app.deps.info.domain, known.as_ref(), "login");
    let next = next::safe(&after).to_string();
    let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    let way = |provider: &dormer_auth::provider::client::Provider| Way {
        label: provider.label(),
        to: format!("/login/with/{}?next={query}", provider.name),
    };
    let ways = app.deps.logins.providers().map(way).collect();
    render(StatusCode::OK, &Login { chrome, next, ways })
}

/// What the page sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    secret: String,
    #[serde(default)]
    next: String,
}

/// Where the page goes then.
#[derive(Serialize)]
pub struct Signed {
    /// A path of the same host.
    pub next: String,
}

/// Takes a one-time secret and sets the session's cookie. From a page of this origin only: otherwise any page could
/// sign its visitor in as somebody else.
pub async fn sign_in(
    State(app): State<Arc<App>>,
    site: Site,
    headers: HeaderMap,
    Body(proof): Body<Proof>,
) -> Result<Response, Refused> {
    if !site.sent_by_own_page(&headers) {
        return Err(Refused::forbidden("Signing in works from the login page only."));
    }
    let secret = Secret::from(proof.secret);
    let signed = app.sessions.sign_in_with_link(secret.expose().trim(), &site.host, label(&headers)).await?;
    app.audited(signed.user.as_str(), "link".into(), "login.browser", "one-time link", "").await;
    let set = cookies::set(cookie::name(site.tls), &signed.cookie, signed.life, site.tls);
    let mut response = Json(Signed { next: next::safe(&proof.next).to_string() }).into_response();
    response.headers_mut().extend(set.map(|set| (header::SET_COOKIE, set)));
    Ok(response)
}

/// Ends the session, and those on workspace hosts below it.
pub async fn sign_out(State(app): State<Arc<App>>, site: Site, Writer(known): Writer) -> Result<Response, Refused> {
    app.sessions.sign_out(&known).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    let clear = cookies::clear(cookie::name(site.tls), site.tls);
    response.headers_mut().extend(clear.map(|clear| (header::SET_COOKIE, clear)));
    Ok(response)
}
