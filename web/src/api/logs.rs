//! Logs: through the workspace's door where it runs, else from what its runtime kept.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::StatusCode;
use serde::Deserialize;
use tokio::io::AsyncReadExt;

use dormer_auth::known::Known;
use dormer_core::may::Action;
use dormer_core::workspace::Workspace;
use dormer_wire::api;
use dormer_wire::dial::{DialError, Dialer, DoorStream};
use dormer_wire::door::{RefusalCode, Want};

use crate::api::events::KEEP_ALIVE;
use crate::app::App;
use crate::logs::is_name;
use crate::problem::Refused;
use crate::who::Caller;

const DOOR_ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// How much of a log that was kept is sent, from its end.
const MAX_KEPT: u64 = 4 << 20;
const CHUNK: usize = 16 * 1024;

/// Which part of a log.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Only so many last octets.
    tail: Option<u64>,
    /// Go on while it grows.
    #[serde(default)]
    follow: bool,
}

/// Streams a log: `event: log` with a piece of it as a JSON string, `event: end` when it is over.
#[utoipa::path(get, path = "/api/v1/workspaces/{name}/logs/{command}", tag = "workspaces",
    params(("name" = String, Path), ("command" = String, Path, description = "A command of the devfile, or clone, \
        editor, agent"), Part),
    responses((status = 200, content_type = "text/event-stream"), (status = 404, body = api::Problem)))]
pub async fn logs(
    State(app): State<Arc<App>>,
    Caller(known): Caller,
    Path((name, command)): Path<(String, String)>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Response, Refused> {
    let entry = app.admit(&known.principal, &name, Action::View)?;
    let Query(part) = part.map_err(|rejection| crate::body::query(&rejection))?;
    if !is_name(&command) {
        return Err(no_log());
    }
    let record = entry.record();
    let source = match through_the_door(&app.deps.dialer, &record, &command, &part).await? {
        Some(stream) => Source::Door(stream),
        None => {
            let tail = part.tail.map_or(MAX_KEPT, |tail| tail.min(MAX_KEPT));
            let kept = app.deps.logs.read(&record, &command, Some(tail)).await.map_err(|error| {
                tracing::warn!(workspace = %record.name, log = command, %error, "a log could not be read");
                Refused::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "Not available",
                    "The log cannot be read now.",
                )
            })?;
            Source::Kept(Some(kept.ok_or_else(no_log)?))
        }
    };
    let feed = Feed { app, known, source, rest: Vec::new(), ended: false };
    let events = stream::unfold(feed, |mut feed| async move { Some((Ok::<_, Infallible>(feed.next().await?), feed)) });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

fn no_log() -> Refused {
    Refused::not_found("log (yet); the steps clone, editor and agent have one, and each command that ran")
}

/// None: nobody is behind the door.
async fn through_the_door(
    dialer: &Dialer,
    record: &Workspace,
    command: &str,
    part: &Part,
) -> Result<Option<DoorStream>, Refused> {
    let Some(door) = &record.status.door else { return Ok(None) };
    let want = Want::Logs { name: command.to_string(), tail: part.tail, follow: part.follow };
    match dialer.dial(door, want, DOOR_ANSWERS_WITHIN).await {
        Ok(stream) => Ok(Some(stream)),
        Err(DialError::Absent(_)) => Ok(None),
        Err(DialError::Refused(refusal)) if refusal.code == RefusalCode::NotFound => Err(no_log()),
        Err(error) => {
            let detail = format!("The workspace gave no log: {error}. Try again in a moment.");
            Err(Refused::new(StatusCode::BAD_GATEWAY, "no-answer", "No answer", detail))
        }
    }
}

enum Source {
    Door(DoorStream),
    Kept(Option<Vec<u8>>),
}

struct Feed {
    app: Arc<App>,
    known: Known,
    source: Source,
    /// The begin of a character whose rest has not come yet.
    rest: Vec<u8>,
    ended: bool,
}

impl Feed {
    async fn next(&mut self) -> Option<Event> {
        while !self.ended {
            let mut piece = vec![0; CHUNK];
            let piece = match &mut self.source {
                Source::Kept(kept) => kept.take(),
                Source::Door(stream) => tokio::select! {
                    () = self.app.shutdown.cancelled() => return None,
                    () = self.known.revoked.cancelled() => return None,
                    read = stream.read(&mut piece) => match read {
                        Ok(count) if count > 0 => {
                            piece.truncate(count);
                            Some(piece)
                        }
                        _ => None,
                    },
                },
            };
            let text = match piece {
                Some(piece) => self.decode(&piece),
                None => {
                    self.ended = true;
                    return Some(Event::default().event("end").data("{}"));
                }
            };
            if !text.is_empty() {
                return Event::default().event("log").json_data(text).ok();
            }
        }
        None
    }

    /// Text, with a character that is cut in two kept for the next piece.
    fn decode(&mut self, piece: &[u8]) -> String {
        let mut whole = std::mem::take(&mut self.rest);
        whole.extend_from_slice(piece);
        let cut = whole.utf8_chunks().last().map_or(0, |chunk| match chunk.invalid() {
            // At most three octets of a character that has four.
            bad if bad.len() < 4 && whole.ends_with(bad) && starts_a_character(bad) => bad.len(),
            _ => 0,
        });
        self.rest = whole.split_off(whole.len() - cut);
        String::from_utf8_lossy(&whole).into_owned()
    }
}

/// Whether more octets could make a character of it.
fn starts_a_character(bad: &[u8]) -> bool {
    match bad.first() {
        Some(0xc2..=0xdf) => bad.len() < 2,
        Some(0xe0..=0xef) => bad.len() < 3,
        Some(0xf0..=0xf4) => bad.len() < 4,
        _ => false,
    }
}
