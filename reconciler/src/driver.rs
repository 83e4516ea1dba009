//! One workspace, driven from what it is to what it should be.

mod end;
mod observe;
mod sleep;
mod source;
mod start;
mod trouble;
mod write;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use dormer_core::directory::Entry;
use dormer_core::phase::Phase;
use dormer_core::ports::runtime::RuntimeError;
use dormer_core::ports::store::StoreError;
use dormer_core::step::{self, Limits, Observed, Step};
use dormer_core::workspace::{Spec, Workspace};
use dormer_wire::door::Door;

use crate::context::Context;
use crate::counts;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::link::Link;
use crate::status::{self, Why};

/// The longest sleep in one go: a clock that was set, or a machine that slept, is noticed after this at the latest.
const LONGEST: Duration = Duration::from_secs(300);
/// Between two tries of what did not work, at most.
const SLOWEST_RETRY: Duration = Duration::from_secs(30);

/// Drives one workspace until it is at rest.
pub(crate) struct Driver {
    context: Arc<Context>,
    entry: Arc<Entry>,
    cancel: CancellationToken,
    /// The newest record that we know.
    latest: Arc<Workspace>,
    /// The agent, once there is one.
    link: Option<Link>,
    /// Why it is being stopped, if we know better than its record.
    why: Option<Why>,
    /// Why it failed, while what is left of it is being stopped.
    failing: Option<Failure>,
    /// The next start has to wait until then.
    not_before: Option<Instant>,
    /// When a process of it was last at work.
    busy_at: Option<Timestamp>,
    /// Whether one was, by the last word of its agent.
    was_busy: bool,
    /// The last activity that its agent told of.
    told_activity: Option<Timestamp>,
    /// Its source was looked at, whatever came of it.
    resolved: bool,
    /// What runs it has seen a change: its word counts before the agent's.
    look: bool,
    /// What was last compared with what runs.
    compared: Option<Spec>,
    /// Its record is gone, or not ours any more.
    removed: bool,
    /// When progress was last written.
    written_at: Option<Instant>,
}

/// What comes after a round.
enum Next {
    /// Another, at once.
    Again,
    /// Another when there is news, or after that time.
    Wait(Option<Duration>),
    /// None: it is at rest.
    Done,
}

/// Why a round did not come to its end.
enum Trouble {
    /// There is no such workspace any more.
    Gone,
    /// Another try may help.
    Later(String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        match error {
            StoreError::NotFound(_) => Trouble::Gone,
            error => Trouble::Later(error.to_string()),
        }
    }
}

impl From<RuntimeError> for Trouble {
    fn from(error: RuntimeError) -> Trouble {
        Trouble::Later(error.to_string())
    }
}

impl Driver {
    pub fn new(context: Arc<Context>, entry: Arc<Entry>, cancel: CancellationToken) -> Driver {
        let latest = entry.record();
        Driver {
            context,
            entry,
            cancel,
            latest,
            link: None,
            why: None,
            failing: None,
            not_before: None,
            busy_at: None,
            was_busy: false,
            told_activity: None,
            resolved: false,
            look: false,
            compared: None,
            removed: false,
            written_at: None,
        }
    }

    /// Drives it until it is at rest, or the gateway ends.
    pub async fn run(mut self) {
        let cancel = self.cancel.clone();
        let mut news = self.entry.subscribe();
        let mut troubles = 0u32;
        loop {
            // Marked before looking: what comes meanwhile is seen in the next round.
            news.mark_unchanged();
            self.refresh();
            let wait = match self.round().await {
                _ if cancel.is_cancelled() => return,
                Ok(Next::Again) => {
                    troubles = 0;
                    continue;
                }
                Ok(Next::Wait(wait)) => {
                    troubles = 0;
                    wait
                }
                Ok(Next::Done) => break,
                Err(Trouble::Gone) => {
                    self.removed = true;
                    break;
                }
                Err(Trouble::Later(message)) => {
                    troubles = troubles.saturating_add(1);
                    counts::error();
                    let wait = Duration::from_millis(100).saturating_mul(1 << troubles.min(12)).min(SLOWEST_RETRY);
                    tracing::warn!(workspace = %self.latest.name, message, ?wait, "it did not work; trying again");
                    Some(wait)
                }
            };
            let sleep = tokio::time::sleep(wait.unwrap_or(LONGEST).min(LONGEST));
            let (runtime, latest) = (Arc::clone(&self.context.runtime), Arc::clone(&self.latest));
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = news.changed() => {}
                () = changed(self.link.as_mut()) => {}
                () = runtime.changed(&latest) => self.look = true,
                () = sleep => {}
            }
        }
        self.settle().await;
    }

    /// Waits until readers know what we wrote last: or a driver would be started for what they know.
    async fn settle(self) {
        let mut changes = self.context.directory.subscribe();
        let known = async {
            loop {
                let here = self.context.directory.get(self.latest.name.as_str());
                let same = here.filter(|entry| Arc::ptr_eq(entry, &self.entry));
                match same {
                    Some(entry) if self.removed || entry.peek().version < self.latest.version => {}
                    _ => return,
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = known => {}
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
    }

    fn refresh(&mut self) {
        let record = self.entry.record();
        if record.version > self.latest.version {
            self.latest = record;
        }
    }

    /// Follows an agent, and answers it.
    fn link_to(&self, door: Door, instance: String) -> Link {
        let credentials = self.context.credentials.get().cloned();
        let dialer = &self.context.dialer;
        let desk = credentials
            .map(|credentials| Desk::open(dialer.clone(), door.clone(), Arc::clone(&self.entry), credentials));
        Link::new(dialer.clone(), door, instance, desk)
    }

    fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// Gathers, decides, acts: one step.
    async fn round(&mut self) -> Result<Next, Trouble> {
        let observed = self.observe().await?;
        let limits = Limits { start: self.context.config.start_limit };
        match step::next(&self.latest, observed, limits, self.now()) {
            Step::Rest if is_wanted(&self.latest) => self.watch_over().await,
            Step::Rest => Ok(Next::Done),
            Step::Wait(left) => self.starting(left, observed).await,
            Step::Start => self.start().await,
            Step::MarkRunning => self.up().await,
            Step::Fail(failed) => self.fail(failed, observed).await,
            Step::Stop => self.stop().await,
            Step::MarkStopped => self.asleep(Phase::Stopped).await,
            Step::MarkArchived => self.asleep(Phase::Archived).await,
            Step::Delete => self.delete().await,
        }
    }

    /// It is on its way up: tell how far it is.
    async fn starting(&mut self, left: Duration, observed: Observed) -> Result<Next, Trouble> {
        if !matches!(self.latest.status.phase, Phase::Starting | Phase::Stopping) {
            let (now, instance) =
                (self.now(), self.link.as_ref().map(|link| link.instance.clone()).unwrap_or_default());
            self.write(|latest| Some(status::adopted(&latest.status, &instance, now))).await?;
            return Ok(Next::Again);
        }
        if self.heard().is_none() {
            return self.listen(left, observed).await;
        }
        self.no_trouble().await?;
        let hold = self.tell().await?;
        Ok(Next::Wait(Some(hold.map_or(left, |hold| hold.min(left)))))
    }

    /// Nothing of it runs any more: say so.
    async fn asleep(&mut self, phase: Phase) -> Result<Next, Trouble> {
        self.not_before = None;
        let (now, stopped) = (self.now(), self.latest.status.phase == Phase::Stopping);
        self.write(|latest| {
            (!latest.spec.running || latest.spec.archived).then(|| status::asleep(&latest.status, phase, now))
        })
        .await?;
        if stopped {
            let message = self.latest.status.message.clone().unwrap_or_else(|| "it is stopped".into());
            self.context.note(&self.latest.name, "Stopped", message).await;
        }
        Ok(Next::Again)
    }
}

async fn changed(link: Option<&mut Link>) {
    match link {
        Some(link) => link.changed().await,
        None => std::future::pending().await,
    }
}

/// Whether it is to run.
fn is_wanted(workspace: &Workspace) -> bool {
    workspace.spec.running && !workspace.spec.archived && !workspace.deleted
}

/// Whether a record asks for something to be done although nothing of it runs: whether it needs a driver.
pub(crate) fn is_restless(workspace: &Workspace) -> bool {
    let limits = Limits { start: Duration::MAX };
    step::next(workspace, Observed::Absent, limits, Timestamp::UNIX_EPOCH) != Step::Rest
}
