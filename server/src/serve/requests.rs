//! Workspaces whose merge or pull request ended: told by a webhook where the host sends them, asked for otherwise.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dormer_core::directory::Directory;
use dormer_core::name::WorkspaceName;
use dormer_core::ports::clock::Clock;
use dormer_core::ports::forge::{Forge, RequestState};
use dormer_core::ports::store::{Event, Store, modify};
use dormer_core::request_end::{self, Policy};
use dormer_core::secret::Secret;
use dormer_core::workspace::Workspace;
use dormer_forge::hook;
use dormer_web::deps::{Heard, Hook};
use http::HeaderMap;
use tokio_util::sync::CancellationToken;

/// Between two questions about requests, so that a host is not asked for all of them in one moment.
const BETWEEN: Duration = Duration::from_millis(200);

/// Sees to workspaces whose request ended.
pub struct Requests {
    pub store: Arc<dyn Store>,
    pub directory: Arc<Directory>,
    pub forge: Arc<dyn Forge>,
    pub clock: Arc<dyn Clock>,
    pub policy: Policy,
    pub secret: Secret<String>,
}

impl Requests {
    /// Asks about every request from time to time. Never, where there is no time between.
    pub async fn poll(self: Arc<Self>, every: Option<Duration>, shutdown: CancellationToken) {
        let Some(every) = every else { return shutdown.cancelled().await };
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = shutdown.cancelled() => return,
            }
            tokio::select! {
                () = self.ask_all() => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    async fn ask_all(&self) {
        for entry in self.directory.all() {
            let record = entry.record();
            let Some(source) = record.spec.source.as_ref().filter(|_| is_of_interest(&record)) else { continue };
            match self.forge.request(source, Some(&record.spec.owner)).await {
                Ok(Some(request)) => self.ended(&record.name, request.state).await,
                Ok(None) => {}
                Err(error) => tracing::debug!(workspace = %record.name, %error, "its request cannot be asked about"),
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }

    async fn ended(&self, name: &WorkspaceName, state: RequestState) {
        let mut told = None;
        let changed = modify(&*self.store, name, |_, spec| {
            told = request_end::apply(spec, state, self.policy);
            told.is_some()
        });
        if let Err(error) = changed.await {
            tracing::warn!(workspace = %name, %error, "the end of its request could not be written");
            return;
        }
        let Some((reason, message)) = told else { return };
        tracing::info!(workspace = %name, reason, message);
        let event = Event { at: self.clock.now(), reason: reason.into(), message, by: None };
        if let Err(error) = self.store.note(name, event).await {
            tracing::warn!(workspace = %name, %error, "could not note an event");
        }
    }
}

fn is_of_interest(record: &Workspace) -> bool {
    let source = record.spec.source.as_ref();
    !record.deleted && !record.spec.archived && source.is_some_and(|source| source.merge_request.is_some())
}

#[async_trait]
impl Hook for Requests {
    async fn hear(&self, headers: &HeaderMap, body: &[u8]) -> Heard {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_string);
        if !hook::is_genuine(header, body, &self.secret) {
            return Heard::Foreign;
        }
        let Some(news) = hook::read(body) else { return Heard::Other };
        let mut count = 0;
        for entry in self.directory.all() {
            let record = entry.record();
            let Some(source) = record.spec.source.as_ref().filter(|_| is_of_interest(&record)) else { continue };
            let place = hook::comparable(&source.url);
            if source.merge_request == Some(news.number)
                && place.is_some_and(|place| news.repositories.contains(&place))
            {
                count += 1;
                self.ended(&record.name, news.state).await;
            }
        }
        Heard::Taken(count)
    }
}
