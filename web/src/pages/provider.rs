//! Signing in by a provider: away to it, and back.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use dormer_auth::cookie;
use dormer_auth::known::Known;
use dormer_auth::login::{Answer, LoginError};
use dormer_auth::provider::error::ProviderError;
use dormer_auth::provider::flow::LIFE;

use crate::app::App;
use crate::pages::login::Next;
use crate::pages::{Chrome, render};
use crate::problem::Refused;
use crate::site::Site;
use crate::who::{FullWriter, Visitor};
use crate::{cookies, next};

/// Leaves for a provider. What is remembered meanwhile is in this browser's own cookie, so that nobody else's sign-in
/// can end here.
pub async fn begin(
    State(app): State<Arc<App>>,
    site: Site,
    Visitor(known): Visitor,
    Path(provider): Path<String>,
    after: Result<Query<Next>, QueryRejection>,
) -> Response {
    let after = after.map(|Query(after)| after.next).unwrap_or_default();
    match app.deps.logins.begin(&provider, next::safe(&after), None).await {
        Ok(begun) => {
            let mut response = Redirect::to(&begun.url).into_response();
            let set = cookies::set(cookie::flow(site.tls), &begun.cookie, LIFE, site.tls);
            response.headers_mut().extend(set.map(|set| (header::SET_COOKIE, set)));
            response
        }
        Err(error) => failed(&app, &site, known.as_ref(), &provider, error),
    }
}

/// Leaves for a provider to link an account there: only from a page of ours, by somebody who is signed in. The page
/// goes where the answer says.
pub async fn link(
    State(app): State<Arc<App>>,
    site: Site,
    FullWriter(known): FullWriter,
    Path(provider): Path<String>,
) -> Result<Response, Refused> {
    let begun = app.deps.logins.begin(&provider, "/access", Some(&known)).await?;
    let mut response = Json(json!({"url": begun.url})).into_response();
    let set = cookies::set(cookie::flow(site.tls), &begun.cookie, LIFE, site.tls);
    response.headers_mut().extend(set.map(|set| (header::SET_COOKIE, set)));
    Ok(response)
}

/// What a provider adds to the address that it sends the browser back to.
#[derive(Default, Deserialize)]
pub struct Sent {
    code: Option<String>,
    #[serde(default)]
    state: String,
    iss: Option<String>,
    error: Option<String>,
}

/// Comes back. The answer is a redirect whatever comes of it, or a page without a script: the address with the code is
/// in no history that a page could read, and `Referrer-Policy` keeps it from whoever is asked next.
pub async fn callback(
    State(app): State<Arc<App>>,
    site: Site,
    Visitor(known): Visitor,
    Path(provider): Path<String>,
    headers: HeaderMap,
    sent: Result<Query<Sent>, QueryRejection>,
) -> Response {
    // A parameter that is there twice is no answer of a provider's.
    let Sent { code, state, iss, error } = sent.map(|Query(sent)| sent).unwrap_or_default();
    let name = cookie::flow(site.tls);
    let mut flows = cookies::values(&headers, name);
    // Two of them: one was tossed here by another host.
    let flow = match (flows.next(), flows.next()) {
        (Some(flow), None) => Some(flow),
        _ => None,
    };
    let answer = Answer { code, state, iss, error };
    let done = app.deps.logins.finish(&provider, answer, flow, known.as_ref()).await;
    let mut response = match done {
        Ok(done) if done.linked => {
            app.audited(done.user.as_str(), "session".into(), "identity.link", &provider, "").await;
            Redirect::to(next::safe(&done.next)).into_response()
        }
        Ok(done) => match app.sessions.sign_in(&done.user, &site.host, label(&headers)).await {
            Ok(signed) => {
                app.audited(done.user.as_str(), format!("provider {provider}"), "login.browser", &provider, "").await;
                let set = cookies::set(cookie::name(site.tls), &signed.cookie, signed.life, site.tls);
                let mut response = Redirect::to(next::safe(&done.next)).into_response();
                response.headers_mut().extend(set.map(|set| (header::SET_COOKIE, set)));
                response
            }
            Err(error) => failed(&app, &site, known.as_ref(), &provider, error.into()),
        },
        Err(error) => failed(&app, &site, known.as_ref(), &provider, error),
    };
    let clear = cookies::clear(name, site.tls);
    response.headers_mut().extend(clear.map(|clear| (header::SET_COOKIE, clear)));
    response
}

/// What signed in, in words for its owner's list: no more than that.
pub(crate) fn label(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let of = |names: &[(&str, &'static str)]| names.iter().find(|(key, _)| agent.contains(key)).map(|(_, name)| *name);
    // The order counts: each of these says that it is those before it, too.
    let browser = of(&[("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chromium"), ("Safari/", "Safari")]);
    let system = of(&[
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (browser, system) => browser.or(system).map(String::from),
    }
}

#[derive(Template)]
#[template(path = "failed.html")]
struct Failed {
    chrome: Chrome,
    text: String,
    hint: &'static str,
}

fn failed(app: &App, site: &Site, known: Option<&Known>, provider: &str, error: LoginError) -> Response {
    let text = error.to_string();
    let provider: String = provider.chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
    let (status, hint) = match &error {
        LoginError::Provider(ProviderError::Unknown) => (StatusCode::NOT_FOUND, ""),
        LoginError::Provider(ProviderError::Away { .. }) => (StatusCode::BAD_GATEWAY, ""),
        LoginError::Provider(ProviderError::Wrong { .. }) => {
            tracing::error!(provider, error = text, "a provider's answer cannot be right");
            (StatusCode::BAD_GATEWAY, "Whoever runs this gateway can see more in its log.")
        }
        LoginError::Provider(_) | LoginError::Disabled | LoginError::NoExchange => (StatusCode::FORBIDDEN, ""),
        LoginError::Busy => (StatusCode::SERVICE_UNAVAILABLE, ""),
        LoginError::Taken | LoginError::TooMany | LoginError::Last => (StatusCode::CONFLICT, ""),
        LoginError::Accounts(_) | LoginError::Random(_) | LoginError::Vault(_) => {
            tracing::error!(provider, error = text, "a sign-in failed");
            let chrome = Chrome::new(site, &app.deps.info.domain, known, "login");
            let text = "the gateway could not write it down; try again in a moment".into();
            return render(StatusCode::SERVICE_UNAVAILABLE, &Failed { chrome, text, hint: "" });
        }
    };
    tracing::info!(provider, error = text, "not signed in");
    let chrome = Chrome::new(site, &app.deps.info.domain, known, "login");
    render(status, &Failed { chrome, text: sentence(&text), hint })
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

impl From<LoginError> for Refused {
    fn from(error: LoginError) -> Refused {
        let text = sentence(&error.to_string());
        match error {
            LoginError::Accounts(error) => error.into(),
            LoginError::Provider(ProviderError::Unknown) => Refused::not_found("provider"),
            LoginError::Provider(ProviderError::Away { .. } | ProviderError::Wrong { .. }) => {
                Refused::new(StatusCode::BAD_GATEWAY, "provider", "The provider failed", text)
            }
            LoginError::Provider(_) | LoginError::Disabled | LoginError::NoExchange => Refused::forbidden(&text),
            LoginError::Busy => Refused::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy", text),
            LoginError::Taken | LoginError::TooMany | LoginError::Last => Refused::conflict("linked", text),
            LoginError::Random(_) | LoginError::Vault(_) => {
                Refused::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available", text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        let chromium =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36";
        for (agent, want) in [
            (chromium, Some("Chromium on Linux")),
            ("Mozilla/5.0 (Windows NT 10.0; rv:1) Gecko/1 Firefox/1", Some("Firefox on Windows")),
            ("curl/8", None),
            ("<script>alert(1)</script>", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            assert_eq!(label(&headers).as_deref(), want, "{agent}");
        }
    }
}
