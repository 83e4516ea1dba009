//! Writing the status.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use dormer_core::phase::Phase;
use dormer_core::ports::store::StoreError;
use dormer_core::workspace::{Status, Workspace};
use dormer_wire::report::AgentStatus;

use super::{Driver, Trouble};
use crate::link::Word;
use crate::status;

/// Details of progress are written at most this often; what matters is written at once.
const DETAILS: Duration = Duration::from_millis(250);

impl Driver {
    /// Writes what `change` makes of the newest record, deciding again when somebody else was faster. None: nothing to
    /// write after all.
    pub(super) async fn write(
        &mut self,
        change: impl Fn(&Workspace) -> Option<Status> + Send,
    ) -> Result<bool, Trouble> {
        loop {
            let Some(status) = change(&self.latest).filter(|status| *status != self.latest.status) else {
                return Ok(false);
            };
            match self.context.store.put_status(&self.latest.name, self.latest.version, status).await {
                Ok(written) => {
                    self.latest = Arc::new(written);
                    self.written_at = Some(Instant::now());
                    return Ok(true);
                }
                Err(StoreError::Conflict(_)) => self.read_again().await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads the record anew.
    pub(super) async fn read_again(&mut self) -> Result<(), Trouble> {
        let read = self.context.store.get(&self.latest.name).await?;
        // Another one of the same name is not ours to drive.
        if read.uid != self.latest.uid {
            return Err(Trouble::Gone);
        }
        self.latest = Arc::new(read);
        Ok(())
    }

    /// What the agent says of itself, where it has said something.
    pub(super) fn heard(&mut self) -> Option<AgentStatus> {
        match self.link.as_mut()?.word() {
            Word::Said(agent) => Some(*agent),
            Word::Dialling(_) | Word::Ended => None,
        }
    }

    /// Writes how far it is; where that may wait, gives for how long.
    pub(super) async fn tell(&mut self) -> Result<Option<Duration>, Trouble> {
        let (Some(agent), now) = (self.heard(), self.now()) else { return Ok(None) };
        let Some(door) = self.link.as_ref().map(|link| link.door.clone()) else { return Ok(None) };
        let told = status::heard(&self.latest.status, &agent, &door, now);
        if told == self.latest.status {
            return Ok(None);
        }
        let since = self.written_at.map_or(DETAILS, |at| at.elapsed());
        if since < DETAILS && !status::is_urgent(&self.latest.status, &told) {
            return Ok(Some(DETAILS.saturating_sub(since)));
        }
        let phases = [Phase::Starting, Phase::Running];
        self.write(|latest| {
            phases.contains(&latest.status.phase).then(|| status::heard(&latest.status, &agent, &door, now))
        })
        .await?;
        Ok(None)
    }
}
