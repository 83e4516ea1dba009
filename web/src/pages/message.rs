//! Pages that say one thing.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use dormer_auth::known::Known;

use crate::app::App;
use crate::pages::{Chrome, render};
use crate::problem::Refused;
use crate::site::Site;
use crate::who::Visitor;

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    chrome: Chrome,
    title: String,
    text: String,
    /// A command or address, to be shown as such.
    hint: &'static str,
    /// The port whose listener the page waits for.
    port: String,
    /// Whether the page tries again by itself.
    again: bool,
}

impl Message {
    fn new(app: &App, site: &Site, known: Option<&Known>, title: &str, text: &str) -> Message {
        Message {
            chrome: Chrome::new(site, &app.deps.info.domain, known, ""),
            title: title.into(),
            text: text.into(),
            hint: "",
            port: String::new(),
            again: false,
        }
    }
}

/// No such workspace, or none that the visitor may see: one page, to the last octet.
pub async fn not_found(State(app): State<Arc<App>>, site: Site, Visitor(known): Visitor) -> Response {
    hidden(&app, &site, known.as_ref())
}

/// The same.
pub(crate) fn hidden(app: &App, site: &Site, known: Option<&Known>) -> Response {
    let text = "Perhaps it was deleted, its name is another, or it is not shared with you.";
    render(StatusCode::NOT_FOUND, &Message::new(app, site, known, "There is no such workspace", text))
}

/// A port is shared with the visitor, but the workspace behind it is asleep, and not theirs to wake.
pub(crate) fn gone(app: &App, site: &Site, known: Option<&Known>) -> Response {
    let text = "The workspace behind this page is not running. Whoever shared it with you can wake it.";
    render(StatusCode::SERVICE_UNAVAILABLE, &Message::new(app, site, known, "Asleep", text))
}

/// Seen, but not allowed.
pub async fn forbidden(State(app): State<Arc<App>>, site: Site, Visitor(known): Visitor) -> Response {
    let text = "You may see this workspace, but not enter it. Its owner can give you the role to do so.";
    render(StatusCode::FORBIDDEN, &Message::new(&app, &site, known.as_ref(), "Not allowed", text))
}

/// The workspace runs, but what was asked for does not answer.
pub async fn unavailable(
    State(app): State<Arc<App>>,
    site: Site,
    Visitor(known): Visitor,
    headers: HeaderMap,
) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let port = header("dormer-port").parse::<u16>().map(|port| port.to_string()).unwrap_or_default();
    let page = |title: &str, text: &str| Message::new(&app, &site, known.as_ref(), title, text);
    let page = match header("dormer-reason") {
        "no-listener" => Message {
            again: true,
            hint: "Start your server in the workspace: 127.0.0.1 is enough.",
            port: port.clone(),
            ..page(
                &format!("Nothing listens on port {port} yet"),
                "The workspace is running. This page opens by itself as soon as a server answers on that port.",
            )
        },
        "foreign" => page(
            &format!("Port {port} is not this workspace's"),
            "Something on this machine listens there, but it is no process of this workspace.",
        ),
        "not-ready" => Message {
            again: true,
            ..page(
                "Not ready yet",
                "The workspace is up, and what you asked for is about to be. This page tries again.",
            )
        },
        _ => Message {
            again: true,
            ..page("No answer", "The workspace does not answer right now. This page tries again by itself.")
        },
    };
    render(StatusCode::BAD_GATEWAY, &page)
}

/// A path of the apex that is not there.
pub async fn nowhere(State(app): State<Arc<App>>, site: Site, known: Visitor, headers: HeaderMap) -> Response {
    let wants_page = headers.get("accept").and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if !wants_page.contains("text/html") {
        return Refused::not_found("page").into_response();
    }
    let text = "The address may be mistyped, or what was there is gone.";
    render(StatusCode::NOT_FOUND, &Message::new(&app, &site, known.0.as_ref(), "Nothing here", text))
}
