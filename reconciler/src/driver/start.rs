//! Starting.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use dormer_core::phase::Phase;
use dormer_core::ports::store::modify;
use dormer_core::step::{Failed, Observed};
use dormer_wire::report::ActivityKind;

use super::{Driver, Next, Trouble, is_wanted};
use crate::counts;
use crate::failure::Failure;
use crate::status;

/// What an agent that is gone has left gets so long to end by itself.
const REMAINS: Duration = Duration::from_secs(2);

/// Tells one start from all others.
fn instance() -> String {
    let octets: [u8; 16] = rand::random();
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

impl Driver {
    /// Makes a plan and starts it.
    pub(super) async fn start(&mut self) -> Result<Next, Trouble> {
        if let Some(left) = self.not_before.map(|at| at.saturating_duration_since(Instant::now()))
            && !left.is_zero()
        {
            return Ok(Next::Wait(Some(left)));
        }
        self.link = None;
        match self.resolve().await? {
            Ok(false) => {}
            Ok(true) => return Ok(Next::Again),
            Err(failure) => return self.give_up(failure).await,
        }
        let (context, workspace) = (Arc::clone(&self.context), Arc::clone(&self.latest));
        let planned = tokio::task::spawn_blocking(move || context.plan(&workspace)).await;
        let (settled, plan) = match planned.map_err(|error| Trouble::Later(error.to_string()))? {
            Ok(planned) => planned,
            Err(error) => return self.give_up(error.into()).await,
        };
        let (now, instance) = (self.now(), instance());
        let root = self.context.runtime.projects_root(&settled);
        let mut warnings = plan.warnings.clone();
        warnings.extend(self.context.runtime.notes(&settled, &plan).await);
        self.entry.live.touch(now, ActivityKind::Start);
        let (context, name) = (Arc::clone(&self.context), self.latest.name.clone());
        // Both are on disk with one write of the log.
        let note = context.note(&name, "Starting", "it is being started".into());
        let write = self.write(|latest| {
            is_wanted(latest).then(|| status::starting(&latest.status, &instance, &plan, &warnings, &root, now))
        });
        let (written, ()) = tokio::join!(write, note);
        if !written? {
            return Ok(Next::Again);
        }
        // What was written meanwhile is for the next start: it is told as pending.
        match self.context.runtime.start(&settled, &instance, &plan).await {
            Ok(door) => {
                self.link = door.map(|door| self.link_to(door, instance));
                Ok(Next::Again)
            }
            Err(error) => self.give_up(error.into()).await,
        }
    }

    /// It is up: say so.
    pub(super) async fn up(&mut self) -> Result<Next, Trouble> {
        let now = self.now();
        let agent = self.heard();
        let (Some(agent), Some(door)) = (agent, self.link.as_ref().map(|link| link.door.clone())) else {
            // Only an agent that spoke is ready.
            return Ok(Next::Wait(None));
        };
        let (phase, since) = (self.latest.status.phase, self.latest.status.since.unwrap_or(now));
        let write = self.write(|latest| is_wanted(latest).then(|| status::running(&latest.status, &agent, &door, now)));
        if write.await? {
            let seconds = now.duration_since(since).as_secs_f64();
            let message = match phase {
                Phase::Starting => {
                    counts::start(counts::Start::Up);
                    counts::took(seconds);
                    format!("it is up after {seconds:.1} s")
                }
                _ => "it is up".into(),
            };
            let (context, name) = (Arc::clone(&self.context), self.latest.name.clone());
            // Nobody has to wait for the note.
            tokio::spawn(async move { context.note(&name, "Ready", message).await });
        }
        Ok(Next::Again)
    }

    /// It failed: stops what is left of it, then says so, or tries again.
    pub(super) async fn fail(&mut self, failed: Failed, observed: Observed) -> Result<Next, Trouble> {
        let failure = match self.failing.take() {
            Some(failure) => failure,
            None => {
                let agent = self.heard();
                let tail = self.context.runtime.log_tail(&self.latest).await;
                let trouble = match failed {
                    Failed::Start => None,
                    Failed::AgentLost | Failed::TimedOut => self.context.runtime.trouble(&self.latest).await,
                };
                match trouble {
                    Some(trouble) => Failure::of_trouble(trouble, self.latest.status.phase, tail),
                    None => {
                        Failure::of(failed, &self.latest.status, agent.as_ref(), tail, self.context.config.start_limit)
                    }
                }
            }
        };
        if observed != Observed::Absent {
            self.write(|latest| Some(status::lost(&latest.status, &failure))).await?;
            let grace = if failed == Failed::AgentLost { REMAINS } else { self.context.grace() };
            self.failing = Some(failure.clone());
            self.context.runtime.stop(&self.latest, grace).await?;
            self.failing = None;
        }
        self.link = None;
        self.give_up(failure).await
    }

    /// Nothing of it runs, and it should: tries again later, or takes back that it should run, so that the next wake is
    /// the one change that starts it.
    async fn give_up(&mut self, failure: Failure) -> Result<Next, Trouble> {
        let (now, config) = (self.now(), &self.context.config);
        let failures = self.latest.status.failures.saturating_add(1);
        if failure.transient && failures <= config.retries {
            counts::start(counts::Start::Retried);
            let (retries, wait) = (config.retries, config.backoff(failures));
            self.write(|latest| {
                is_wanted(latest).then(|| status::retrying(&latest.status, &failure, retries, wait, now))
            })
            .await?;
            self.not_before = Some(Instant::now() + wait);
            return Ok(Next::Again);
        }
        self.write(|latest| is_wanted(latest).then(|| status::failed(&latest.status, &failure, Phase::Failed, now)))
            .await?;
        if !is_wanted(&self.latest) {
            // Somebody stopped it meanwhile: then that is what it is.
            return Ok(Next::Again);
        }
        counts::start(counts::Start::Failed);
        let (context, name) = (Arc::clone(&self.context), self.latest.name.clone());
        let message = format!("{}: {}", failure.reason, failure.message);
        let (put, ()) = tokio::join!(
            modify(&*context.store, &name, |_, spec| std::mem::replace(&mut spec.running, false)),
            context.note(&name, "Failed", message),
        );
        self.latest = Arc::new(put?.0);
        self.not_before = None;
        Ok(Next::Again)
    }
}
