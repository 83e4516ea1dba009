//! From the apex's session to one on a workspace's host.
//!
//! The host sends the browser to the apex with a cookie of its own set, and the digest of that cookie in the URL
//! ([`begin`]). The apex answers with a page that carries a ticket in a fragment back to the host ([`issue`]). There a
//! page ([`page`]) sends it as a body, and with the cookie that fits the digest it becomes a session ([`exchange`]).

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use dormer_auth::{cookie, digest, random};
use dormer_core::account::Digest;
use dormer_core::route::{bare, route};
use dormer_core::secret::Secret;

use crate::app::App;
use crate::body::Body;
use crate::pages::login::Signed;
use crate::pages::{Chrome, render};
use crate::problem::Refused;
use crate::site::Site;
use crate::who::Visitor;
use crate::{cookies, next};

/// The path that the visitor asked for; set by the proxy.
const ORIGINAL: &str = "dormer-original-uri";
/// How long a sign-in may take.
const BINDING_LIFE: std::time::Duration = std::time::Duration::from_secs(3600);

/// On a workspace's host: off to the apex, bound to this browser.
pub async fn begin(State(app): State<Arc<App>>, site: Site, headers: HeaderMap) -> Result<Response, Refused> {
    let original = headers.get(ORIGINAL).and_then(|path| path.to_str().ok()).unwrap_or("/");
    let name = cookie::binding(site.tls);
    // Several tabs sign in at the same time, and share the cookie.
    let ours = |value: &&str| value.len() == 30 && value.bytes().all(|b| b.is_ascii_alphanumeric());
    let binding = match cookies::values(&headers, name).find(ours) {
        Some(value) => Secret::from(value.to_string()),
        None => random::secret().map_err(dormer_auth::error::SignInError::from)?,
    };
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("host", &site.host)
        .append_pair("next", next::safe(original))
        .append_pair("binding", &hex(&digest::digest(binding.expose())))
        .finish();
    let apex = site.sibling(&app.deps.info.domain);
    let mut response = Redirect::to(&format!("{apex}/login/workspace?{query}")).into_response();
    let set = cookies::set(name, &binding, BINDING_LIFE, site.tls);
    response.headers_mut().extend(set.map(|set| (header::SET_COOKIE, set)));
    Ok(response)
}

/// Where a ticket is wanted.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    host: String,
    #[serde(default)]
    next: String,
    binding: String,
}

#[derive(Template)]
#[template(path = "go.html")]
struct Go {
    chrome: Chrome,
    to: String,
}

/// On the apex: a ticket for whoever is signed in, handed over in a fragment.
pub async fn issue(
    State(app): State<Arc<App>>,
    site: Site,
    Visitor(known): Visitor,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refused> {
    let domain = &app.deps.info.domain;
    let wanted = wanted.ok().and_then(|Query(wanted)| {
        let host = bare(&wanted.host)?;
        route(&host, domain).workspace()?;
        Some((host, unhex(&wanted.binding)?, next::safe(&wanted.next).to_string(), wanted.binding))
    });
    let Some((host, binding, after, text)) = wanted else {
        return Err(Refused::not_found("sign-in; open the workspace's page again"));
    };
    let Some(known) = known else {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("host", &host)
            .append_pair("next", &after)
            .append_pair("binding", &text)
            .finish();
        let back = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("next", &format!("/login/workspace?{query}"))
            .finish();
        return Ok(Redirect::to(&format!("/login?{back}")).into_response());
    };
    let ticket = app
        .sessions
        .ticket(&known, &host, binding)?
        .ok_or_else(|| Refused::forbidden("Only a browser's session opens workspaces in a browser."))?;
    let after: String = url::form_urlencoded::byte_serialize(after.as_bytes()).collect();
    let to = format!("{}/.dormer/ticket#{}.{after}", site.sibling(&host), ticket.expose());
    let chrome = Chrome::new(&site, domain, Some(&known), "login");
    Ok(render(StatusCode::OK, &Go { chrome, to }))
}

#[derive(Template)]
#[template(path = "ticket.html")]
struct Landing {
    chrome: Chrome,
}

/// On a workspace's host: the page whose script sends the ticket.
pub async fn page(State(app): State<Arc<App>>, site: Site) -> Response {
    let chrome = Chrome::new(&site, &app.deps.info.domain, None, "login");
    render(StatusCode::OK, &Landing { chrome })
}

/// What that page sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    ticket: String,
    #[serde(default)]
    next: String,
}

/// On a workspace's host: a ticket becomes a session.
pub async fn exchange(
    State(app): State<Arc<App>>,
    site: Site,
    headers: HeaderMap,
    Body(shown): Body<Shown>,
) -> Result<Response, Refused> {
    if !site.sent_by_own_page(&headers) {
        return Err(Refused::forbidden("A ticket is taken from this host's own page only."));
    }
    let mut bindings = cookies::values(&headers, cookie::binding(site.tls));
    // Two of them: one was tossed here by another host.
    let binding = match (bindings.next(), bindings.next()) {
        (Some(binding), None) => binding,
        _ => "",
    };
    let ticket = Secret::from(shown.ticket);
    let signed = app.sessions.exchange(ticket.expose(), &site.host, binding).await?;
    let set = cookies::set(cookie::name(site.tls), &signed.cookie, signed.life, site.tls);
    let mut response = Json(Signed { next: next::safe(&shown.next).to_string() }).into_response();
    response.headers_mut().extend(set.map(|set| (header::SET_COOKIE, set)));
    Ok(response)
}

fn hex(digest: &Digest) -> String {
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn unhex(text: &str) -> Option<Digest> {
    let good = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let mut digest = Digest::default();
    for (index, octet) in digest.iter_mut().enumerate() {
        *octet =
            text.get(2 * index..2 * index + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| good)?;
    }
    Some(digest)
}
