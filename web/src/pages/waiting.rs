//! A workspace that is on its way, failed, or asleep: what stands where its editor will be.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use dormer_auth::known::Known;
use dormer_core::directory::Entry;
use dormer_core::may::{Action, Verdict, may};
use dormer_core::phase::Phase;
use dormer_wire::report::{Step, StepState};

use crate::api::events::Feed;
use crate::app::App;
use crate::pages::message::{gone, hidden};
use crate::pages::{Chrome, render};
use crate::problem::Refused;
use crate::site::Site;
use crate::who::{Caller, Visitor, Writer};

/// Said with every wake by button: no page of another origin can send it.
const CSRF: &str = "dormer-csrf";

#[derive(Template)]
#[template(path = "waiting.html")]
struct Waiting {
    chrome: Chrome,
    name: String,
    /// `waiting`, `failed` or `asleep`.
    state: &'static str,
    message: String,
    steps: Vec<Line>,
    log_tail: String,
    may_run: bool,
}

struct Line {
    step: String,
    state: &'static str,
    detail: String,
}

impl From<&Step> for Line {
    fn from(step: &Step) -> Line {
        let state = match step.state {
            StepState::Pending => "pending",
            StepState::Running => "running",
            StepState::Done => "done",
            StepState::Failed => "failed",
            StepState::Skipped => "skipped",
        };
        Line { step: step.step.clone(), state, detail: step.detail.clone().unwrap_or_default() }
    }
}

/// The entry, for somebody who may see it.
fn seen(app: &App, site: &Site, known: Option<&Known>) -> Option<Arc<Entry>> {
    let entry = app.deps.directory.get(site.route.workspace()?.as_str())?;
    let sees = may(Some(&known?.principal), Action::View, &entry.peek()) == Verdict::Allow;
    sees.then_some(entry)
}

/// Asked for by somebody who wants it: it has been asked to wake.
pub async fn page(State(app): State<Arc<App>>, site: Site, Visitor(known): Visitor) -> Response {
    show(&app, &site, known.as_ref(), false)
}

/// Asked for, but not by somebody who wants it now.
pub async fn asleep(State(app): State<Arc<App>>, site: Site, Visitor(known): Visitor) -> Response {
    show(&app, &site, known.as_ref(), true)
}

fn show(app: &App, site: &Site, known: Option<&Known>, asleep: bool) -> Response {
    let Some(entry) = seen(app, site, known) else {
        // A port that is shared with people who may not see the workspace behind it.
        return if asleep { gone(app, site, known) } else { hidden(app, site, known) };
    };
    let record = entry.peek();
    // The one who navigated here has asked for it: the record may not say so yet.
    let state = match record.status.phase {
        Phase::Failed if !record.spec.running => "failed",
        Phase::Archived => "asleep",
        phase if asleep && phase.is_asleep() && !record.spec.running => "asleep",
        _ => "waiting",
    };
    let status = &record.status;
    let page = Waiting {
        chrome: Chrome::new(site, &app.deps.info.domain, known, ""),
        name: record.name.to_string(),
        state,
        message: match state {
            "failed" => status.message.clone().unwrap_or_else(|| "It could not be started.".into()),
            _ => String::new(),
        },
        steps: status.progress.iter().filter(|_| state != "asleep").map(Line::from).collect(),
        log_tail: status.log_tail.clone().filter(|_| state == "failed").unwrap_or_default(),
        may_run: known.is_some_and(|known| {
            may(Some(&known.principal), Action::Run, &record) == Verdict::Allow
                && record.status.phase != Phase::Archived
        }),
    };
    let mut response = render(StatusCode::SERVICE_UNAVAILABLE, &page);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

/// The workspace of this host, as it changes.
pub async fn events(State(app): State<Arc<App>>, site: Site, Caller(known): Caller) -> Result<Response, Refused> {
    let entry = app.admit(&known.principal, site.workspace()?.as_str(), Action::View).await?;
    Ok(Feed::new(app, known, entry, false).response())
}

/// The button.
pub async fn wake(
    State(app): State<Arc<App>>,
    site: Site,
    headers: HeaderMap,
    Writer(known): Writer,
) -> Result<Response, Refused> {
    if headers.get(CSRF).is_none_or(|value| value != "1") {
        return Err(Refused::forbidden("This works from the workspace's own pages only."));
    }
    let name = site.workspace()?;
    app.admit(&known.principal, name.as_str(), Action::Run).await?;
    let record = app.deps.waker.ask(name, known.principal.user.as_str()).await?;
    app.seen(&record).await;
    Ok(StatusCode::ACCEPTED.into_response())
}
