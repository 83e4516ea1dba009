//! What a runtime knows better than an agent: what keeps a workspace from coming up, and whether what runs is what its
//! record asks for by now.

use std::sync::Arc;
use std::time::Duration;

use dormer_core::phase::Phase;
use dormer_core::ports::runtime::{self, Outlook};
use dormer_core::step::{Failed, Observed};
use dormer_core::workspace::Status;

use super::{Driver, Next, Trouble};
use crate::failure::Failure;

/// While an agent has not spoken yet, its runtime is asked this often what may be wrong; it tells of most by itself.
const ASK: Duration = Duration::from_secs(1);
/// The note of a status that says that a restart is pending.
pub(crate) const RESTART: &str = "restart";

impl Driver {
    /// It is on its way up, and its agent has not spoken yet.
    pub(super) async fn listen(&mut self, left: Duration, observed: Observed) -> Result<Next, Trouble> {
        let Some(trouble) = self.context.runtime.trouble(&self.latest).await else {
            self.no_trouble().await?;
            return Ok(Next::Wait(Some(left.min(ASK))));
        };
        match trouble.outlook {
            Outlook::MayPass => {
                self.say(&trouble).await?;
                Ok(Next::Wait(Some(left.min(ASK))))
            }
            Outlook::Retry | Outlook::Final => {
                let tail = self.context.runtime.log_tail(&self.latest).await;
                self.failing = Some(Failure::of_trouble(trouble, self.latest.status.phase, tail));
                self.fail(Failed::Start, observed).await
            }
        }
    }

    /// Says what is being waited for.
    async fn say(&mut self, trouble: &runtime::Trouble) -> Result<(), Trouble> {
        let news = self.latest.status.reason.as_deref() != Some(&trouble.reason);
        let told = self
            .write(|latest| {
                (latest.status.phase == Phase::Starting).then(|| Status {
                    reason: Some(trouble.reason.clone()),
                    message: Some(trouble.message.clone()),
                    ..latest.status.clone()
                })
            })
            .await?;
        if told && news {
            self.context.note(&self.latest.name, &trouble.reason, trouble.message.clone()).await;
        }
        Ok(())
    }

    /// What was waited for is there.
    pub(super) async fn no_trouble(&mut self) -> Result<(), Trouble> {
        if self.latest.status.phase == Phase::Starting && self.latest.status.reason.is_some() {
            self.write(|latest| {
                (latest.status.phase == Phase::Starting).then(|| Status {
                    reason: None,
                    message: None,
                    ..latest.status.clone()
                })
            })
            .await?;
        }
        Ok(())
    }

    /// Says whether what runs is another thing than a start would make by now.
    pub(super) async fn compare(&mut self) -> Result<(), Trouble> {
        if self.compared.as_ref() == Some(&self.latest.spec) {
            return Ok(());
        }
        self.compared = Some(self.latest.spec.clone());
        let (context, workspace) = (Arc::clone(&self.context), Arc::clone(&self.latest));
        let planned = tokio::task::spawn_blocking(move || context.plan(&workspace)).await;
        // A record that makes no plan says so at its next start.
        let Ok(Ok((settled, plan))) = planned else { return Ok(()) };
        let pending = self.context.runtime.is_outdated(&settled, &plan).await;
        self.write(|latest| {
            let mut status = latest.status.clone();
            match pending {
                true => {
                    status.notes.insert(RESTART.into(), "it was changed since its start; a restart is pending".into())
                }
                false => status.notes.remove(RESTART),
            };
            Some(status)
        })
        .await?;
        Ok(())
    }
}
