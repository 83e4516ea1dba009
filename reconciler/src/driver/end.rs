//! Stopping and deleting.

use std::time::Duration;

use dormer_core::phase::Phase;
use dormer_core::workspace::Workspace;

use super::{Driver, Next, Trouble, is_wanted};
use crate::status::{self, Why};

/// Whoever deletes a workspace does not wait for its processes as long as somebody who stops it.
const LAST_GRACE: Duration = Duration::from_secs(5);

impl Driver {
    /// Stops it.
    pub(super) async fn stop(&mut self) -> Result<Next, Trouble> {
        let phase = self.latest.status.phase;
        // What sleeps by its record has remains of an earlier run: they go, and the record says what it said.
        if !matches!(phase, Phase::Stopped | Phase::Failed | Phase::Archived) {
            let why = self.why.take().unwrap_or_else(|| self.default_why());
            let now = self.now();
            let first = phase != Phase::Stopping;
            let unwanted = |latest: &Workspace| !is_wanted(latest) || latest.is_to_restart();
            let written = self
                .write(|latest| (first && unwanted(latest)).then(|| status::stopping(&latest.status, &why, now)))
                .await?;
            if first && !written {
                // Somebody wants it again; whatever the reason was, it is none any more.
                return Ok(Next::Again);
            }
            if first {
                self.context.note(&self.latest.name, "Stopping", why.message).await;
            }
        }
        self.context.runtime.stop(&self.latest, self.context.grace()).await?;
        self.link = None;
        Ok(Next::Again)
    }

    fn default_why(&self) -> Why {
        if self.context.is_leaving() {
            return Why { reason: "GatewayStopped", message: "the gateway is being stopped".into() };
        }
        match (self.latest.spec.archived, is_wanted(&self.latest)) {
            (true, _) => Why { reason: "Archived", message: "it was archived".into() },
            (_, true) => Why { reason: "Restarting", message: "it is being restarted".into() },
            (_, false) => Why { reason: "Stopped", message: "it was stopped".into() },
        }
    }

    /// Deletes it: processes, files, record.
    pub(super) async fn delete(&mut self) -> Result<Next, Trouble> {
        let now = self.now();
        if self.latest.status.phase != Phase::Deleting {
            self.write(|latest| Some(status::deleting(&latest.status, now))).await?;
        }
        self.context.runtime.stop(&self.latest, self.context.grace().min(LAST_GRACE)).await?;
        self.link = None;
        self.context.runtime.erase(&self.latest).await?;
        // Seen by those who follow its events; they go with the record.
        self.context.note(&self.latest.name, "Deleted", "it is deleted".into()).await;
        self.context.store.remove(&self.latest.name).await?;
        self.removed = true;
        Ok(Next::Done)
    }
}
