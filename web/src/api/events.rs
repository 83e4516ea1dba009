//! What happens with one workspace, as it happens.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream;
use serde::Deserialize;
use tokio::sync::watch;

use dormer_auth::known::Known;
use dormer_core::directory::Entry;
use dormer_core::may::{Action, Verdict, may};
use dormer_core::ports::store;
use dormer_wire::api;

use crate::api::record::shown;
use crate::app::App;
use crate::problem::Refused;
use crate::who::Caller;

/// A comment so often keeps proxies on the way from ending a quiet stream.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often to look for events that came without a change of the record.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long to listen.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Go on with what happens from now on; true when it is missing.
    follow: Option<bool>,
}

/// Streams a workspace: `event: workspace` at once and after each change, `event: event` for what happened and happens,
/// `event: gone` at its end.
#[utoipa::path(get, path = "/api/v1/workspaces/{name}/events", tag = "workspaces", params(("name" = String, Path), Part),
    responses((status = 200, content_type = "text/event-stream"), (status = 404, body = api::Problem)))]
pub async fn events(
    State(app): State<Arc<App>>,
    Caller(known): Caller,
    Path(name): Path<String>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Response, Refused> {
    let entry = app.admit(&known.principal, &name, Action::View)?;
    let Query(part) = part.map_err(|rejection| crate::body::query(&rejection))?;
    let feed = Feed { once: part.follow == Some(false), ..Feed::new(app, known, entry, true) };
    Ok(feed.response())
}

/// One workspace's stream.
pub(crate) struct Feed {
    app: Arc<App>,
    known: Known,
    news: watch::Receiver<u64>,
    entry: Arc<Entry>,
    queue: VecDeque<Event>,
    /// The last event that was sent; None where events are not wanted.
    notes: Option<Option<store::Event>>,
    ended: bool,
    /// Ends after what there is.
    once: bool,
}

impl Feed {
    /// Of `entry`, for somebody who may see it; with what happened, or with its record only.
    pub fn new(app: Arc<App>, known: Known, entry: Arc<Entry>, notes: bool) -> Feed {
        let mut news = entry.subscribe();
        news.mark_changed();
        Feed {
            app,
            known,
            news,
            entry,
            queue: VecDeque::new(),
            notes: notes.then_some(None),
            ended: false,
            once: false,
        }
    }

    /// As an answer.
    pub fn response(self) -> Response {
        let events =
            stream::unfold(self, |mut feed| async move { Some((Ok::<_, Infallible>(feed.next().await?), feed)) });
        Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            let look = async {
                match self.notes {
                    Some(_) => tokio::time::sleep(LOOK_EVERY).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.app.shutdown.cancelled() => return None,
                () = self.known.revoked.cancelled() => return None,
                changed = self.news.changed() => match changed {
                    Ok(()) if !self.entry.is_gone() => self.record(),
                    _ => self.end(),
                },
                () = look => {}
            }
            self.happened().await;
            self.ended |= self.once;
        }
    }

    fn record(&mut self) {
        if may(Some(&self.known.principal), Action::View, &self.entry.peek()) != Verdict::Allow {
            return self.end();
        }
        let shown = shown(&self.entry, &self.app.deps.info);
        self.queue.extend(Event::default().event("workspace").json_data(shown));
    }

    fn end(&mut self) {
        self.ended = true;
        self.queue.push_back(Event::default().event("gone").data("{}"));
    }

    /// Adds what happened since the last look.
    async fn happened(&mut self) {
        let (false, Some(last)) = (self.ended, &mut self.notes) else { return };
        let name = self.entry.peek().name.clone();
        let Ok(all) = self.app.deps.store.events(&name).await else { return };
        // Old events fall out of the list, so a position in it means nothing: what is newer than the last one counts.
        let same = |a: &store::Event, b: &store::Event| a.at == b.at && a.reason == b.reason && a.message == b.message;
        let begin = match last {
            None => 0,
            Some(last) => all
                .iter()
                .rposition(|event| same(event, last))
                .map_or_else(|| all.iter().position(|event| event.at > last.at).unwrap_or(all.len()), |at| at + 1),
        };
        for event in all.iter().skip(begin) {
            let shown = api::Event {
                at: event.at,
                reason: event.reason.clone(),
                message: event.message.clone(),
                by: event.by.clone(),
            };
            self.queue.extend(Event::default().event("event").json_data(shown));
        }
        if let Some(newest) = all.last() {
            *last = Some(newest.clone());
        }
    }
}
