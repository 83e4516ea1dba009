//! `/login/device` and `/login/cli`: somebody who is signed in says yes or no to a command line.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::api::device::machine;
use crate::app::App;
use crate::body::Body;
use crate::pages::{Chrome, render};
use crate::problem::Refused;
use crate::site::Site;
use crate::who::{FullWriter, Visitor};

#[derive(Template)]
#[template(path = "device.html")]
struct Device {
    chrome: Chrome,
    /// Of the command line on this machine: its name, its port, what it sent along.
    machine: String,
    port: String,
    challenge: String,
    state: String,
}

/// The page that asks for the code which a command line shows. The code is not taken from the address: a link that
/// somebody sent cannot have it filled in.
pub async fn page(State(app): State<Arc<App>>, site: Site, Visitor(known): Visitor) -> Response {
    let Some(known) = known else { return Redirect::to("/login?next=/login/device").into_response() };
    let chrome = Chrome::new(&site, &app.deps.info.domain, Some(&known), "login");
    let blank = String::new;
    render(StatusCode::OK, &Device { chrome, machine: blank(), port: blank(), challenge: blank(), state: blank() })
}

/// What a command line on the browser's own machine asks with.
#[derive(Debug, Deserialize)]
pub struct Asked {
    port: u16,
    challenge: String,
    state: String,
    #[serde(default)]
    machine: String,
}

impl Asked {
    fn good(&self) -> bool {
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let sizes = self.challenge.len() == 43 && (20..=128).contains(&self.state.len());
        self.port >= 1024 && sizes && plain(&self.challenge) && plain(&self.state)
    }
}

/// The page that asks whether the command line on this machine is theirs.
pub async fn cli(
    State(app): State<Arc<App>>,
    site: Site,
    Visitor(known): Visitor,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refused> {
    let wrong = || Refused::not_found("sign-in; run 'dormer login' again");
    let Query(asked) = asked.map_err(|_| wrong())?;
    if !asked.good() {
        return Err(wrong());
    }
    let machine = machine(&asked.machine);
    let Some(known) = known else {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("port", &asked.port.to_string())
            .append_pair("challenge", &asked.challenge)
            .append_pair("state", &asked.state)
            .append_pair("machine", &machine)
            .finish();
        let next = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("next", &format!("/login/cli?{query}"))
            .finish();
        return Ok(Redirect::to(&format!("/login?{next}")).into_response());
    };
    let chrome = Chrome::new(&site, &app.deps.info.domain, Some(&known), "login");
    let Asked { port, challenge, state, .. } = asked;
    Ok(render(StatusCode::OK, &Device { chrome, machine, port: port.to_string(), challenge, state }))
}

/// What the pages send.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Answered {
    code: Option<String>,
    port: Option<u16>,
    challenge: Option<String>,
    state: Option<String>,
    machine: Option<String>,
    /// None: only look.
    yes: Option<bool>,
}

/// What the pages are told.
#[derive(Default, Serialize)]
pub struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

/// Takes the answer, from a page of ours only.
pub async fn answer(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Body(answered): Body<Answered>,
) -> Result<Json<Told>, Refused> {
    let who = &known.principal;
    // A token that makes tokens for whoever shows it a code would be a way around the browser's question.
    if !matches!(who.via, dormer_core::principal::Via::Session(_)) {
        return Err(Refused::forbidden("Only a browser's session answers this."));
    }
    if let Some(code) = &answered.code {
        let none = || Refused::field("/code", "no command line shows this code, or it is over");
        let machine = app.devices.machine(code).await?.ok_or_else(none)?;
        if let Some(yes) = answered.yes {
            if !app.devices.answer(code, yes.then_some(&who.user)).await? {
                return Err(none());
            }
            app.audit(who, if yes { "login.granted" } else { "login.denied" }, &machine, "by a code").await;
        }
        return Ok(Json(Told { machine: Some(machine), to: None }));
    }
    let Answered { port: Some(port), challenge: Some(challenge), state: Some(state), .. } = answered else {
        return Err(Refused::field("/code", "the code that the command line shows"));
    };
    let asked = Asked { port, challenge, state, machine: machine(answered.machine.as_deref().unwrap_or_default()) };
    if !asked.good() {
        return Err(Refused::field("/port", "this is no command line's question"));
    }
    // Nowhere but to this very machine, where only a program that is asked for gets it (RFC 8252, 7.3).
    let base = format!("http://127.0.0.1:{port}/callback");
    let to = if answered.yes == Some(true) {
        let code = app.devices.hand(&who.user, &asked.machine, &asked.challenge)?;
        app.audit(who, "login.granted", &asked.machine, "on the same machine").await;
        format!("{base}?code={}&state={}", code.expose(), asked.state)
    } else {
        format!("{base}?error=access_denied&state={}", asked.state)
    };
    Ok(Json(Told { machine: None, to: Some(to) }))
}
