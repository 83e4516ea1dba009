//! All workspaces that somebody may see, as they change: what the dashboard follows.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::sync::watch;

use dormer_auth::known::Known;

use crate::api::events::KEEP_ALIVE;
use crate::api::record::shown;
use crate::api::workspaces::visible;
use crate::app::App;
use crate::problem::Refused;
use crate::who::Caller;

/// Changes that come together are sent together.
const GATHER: Duration = Duration::from_millis(100);

/// Streams all workspaces that the caller may see: `event: workspace` for each at once and after each change,
/// `event: gone` with its name when there is none any more, or none that may be seen.
#[utoipa::path(get, path = "/api/v1/events", tag = "workspaces",
    responses((status = 200, content_type = "text/event-stream")))]
pub async fn all(State(app): State<Arc<App>>, Caller(known): Caller) -> Result<Response, Refused> {
    let mut news = app.deps.directory.subscribe();
    news.mark_changed();
    let feed = Feed { app, known, news, seen: HashMap::new(), queue: VecDeque::new(), first: true };
    let events = stream::unfold(feed, |mut feed| async move { Some((Ok::<_, Infallible>(feed.next().await?), feed)) });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

struct Feed {
    app: Arc<App>,
    known: Known,
    news: watch::Receiver<u64>,
    /// What was sent, by name: which workspace, in which version.
    seen: HashMap<String, (String, u64)>,
    queue: VecDeque<Event>,
    first: bool,
}

impl Feed {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            tokio::select! {
                biased;
                () = self.app.shutdown.cancelled() => return None,
                () = self.known.revoked.cancelled() => return None,
                changed = self.news.changed() => changed.ok()?,
            }
            if !std::mem::take(&mut self.first) {
                tokio::time::sleep(GATHER).await;
            }
            self.news.mark_unchanged();
            self.compare();
        }
    }

    fn compare(&mut self) {
        let mut now = HashMap::new();
        for entry in visible(&self.app, &self.known.principal) {
            let (name, mark) = {
                let record = entry.peek();
                (record.name.to_string(), (record.uid.clone(), record.version))
            };
            if self.seen.get(&name) != Some(&mark) {
                let shown = shown(&entry, &self.app.deps.info);
                self.queue.extend(Event::default().event("workspace").json_data(shown));
            }
            now.insert(name, mark);
        }
        for name in self.seen.keys().filter(|name| !now.contains_key(*name)) {
            let gone = serde_json::json!({ "name": name });
            self.queue.extend(Event::default().event("gone").json_data(gone));
        }
        self.seen = now;
    }
}
