//! Watching over a workspace that runs, and sending it to sleep when nobody is there.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use dormer_core::directory::Entry;
use dormer_core::idle::{Policy, Signals, Verdict, idle};
use dormer_core::ports::store::modify;
use dormer_core::workspace::{Status, Workspace};

use super::{Driver, Next, Trouble};
use crate::status::Why;

/// The reason in a status that says that it will be stopped soon.
const SOON: &str = "IdleSoon";
/// While people are being warned, whether one came back is looked at this often.
const WARNING: Duration = Duration::from_secs(5);

impl Driver {
    /// It runs and should: tells what changed in it, and decides whether it may sleep.
    pub(super) async fn watch_over(&mut self) -> Result<Next, Trouble> {
        let hold = self.tell().await?;
        self.compare().await?;
        let (lifecycle, limits) = self.context.lifecycle(&self.latest);
        let (policy, now) = (self.context.config.policy(&lifecycle, &limits), self.now());
        let agent_busy = self.heard().is_some_and(|agent| agent.busy);
        let signals = signals(&self.latest, &self.entry, agent_busy, self.busy_at, policy, now);
        let wait = match idle(signals, policy, now) {
            Verdict::Awake(until) => {
                self.unwarn().await?;
                // Once more just before: somebody may have opened a session by then, who has to be warned.
                let early = until.map(|at| at.checked_sub(policy.warn_before).unwrap_or(at));
                early.filter(|at| *at > now).or(until).map(|at| span(now, at))
            }
            Verdict::Warn(end) => {
                self.warn(end, now).await?;
                Some(span(now, end).min(WARNING))
            }
            Verdict::Idle => {
                let minutes = policy.idle_timeout.unwrap_or_default();
                let message = format!("nobody used it for {}", for_people(minutes));
                return self.send_to_sleep(Why { reason: "Idle", message }, policy).await;
            }
            Verdict::Expired => {
                let message = format!("it ran for {}", for_people(policy.max_lifetime.unwrap_or_default()));
                return self.send_to_sleep(Why { reason: "Expired", message }, policy).await;
            }
        };
        Ok(Next::Wait([hold, wait].into_iter().flatten().min()))
    }

    async fn warn(&mut self, end: Timestamp, now: Timestamp) -> Result<(), Trouble> {
        let message = format!("it will be stopped at {end:.0} unless somebody uses it");
        let warned = Status { reason: Some(SOON.into()), message: Some(message.clone()), ..Status::default() };
        if self.latest.status.reason.as_deref() != Some(SOON) {
            let message = format!("nobody uses it; it will be stopped in {}", for_people(span(now, end)));
            self.context.note(&self.latest.name, SOON, message).await;
        }
        self.write(|latest| {
            Some(Status { reason: warned.reason.clone(), message: warned.message.clone(), ..latest.status.clone() })
        })
        .await?;
        Ok(())
    }

    async fn unwarn(&mut self) -> Result<(), Trouble> {
        if self.latest.status.reason.as_deref() == Some(SOON) {
            self.write(|latest| Some(Status { reason: None, message: None, ..latest.status.clone() })).await?;
        }
        Ok(())
    }

    /// Takes back that it should run, unless somebody has come in the meantime.
    async fn send_to_sleep(&mut self, why: Why, policy: Policy) -> Result<Next, Trouble> {
        let (context, name) = (Arc::clone(&self.context), self.latest.name.clone());
        let (entry, busy_at) = (Arc::clone(&self.entry), self.busy_at);
        let busy = self.heard().is_some_and(|agent| agent.busy);
        let (record, changed) = modify(&*context.store, &name, |latest, spec| {
            let now = context.clock.now();
            let verdict = idle(signals(latest, &entry, busy, busy_at, policy, now), policy, now);
            let sleep = spec.running && matches!(verdict, Verdict::Idle | Verdict::Expired);
            if sleep {
                spec.running = false;
            }
            sleep
        })
        .await?;
        self.latest = Arc::new(record);
        self.why = changed.then_some(why);
        Ok(Next::Again)
    }
}

fn signals(
    latest: &Workspace,
    entry: &Entry,
    busy: bool,
    busy_at: Option<Timestamp>,
    policy: Policy,
    now: Timestamp,
) -> Signals {
    let known = [
        entry.live.activity().map(|activity| activity.at),
        latest.status.last_activity.as_ref().map(|activity| activity.at),
        busy_at.filter(|_| policy.keep_alive_when_busy),
    ];
    Signals {
        started: latest.status.since.unwrap_or(now),
        last_activity: known.into_iter().flatten().max(),
        open_sessions: entry.live.sessions(),
        busy,
    }
}

/// From now until then; a moment at least, so that the clock has reached it.
fn span(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default() + Duration::from_millis(1)
}

fn for_people(span: Duration) -> String {
    match span.as_secs() {
        0..120 => format!("{} s", span.as_secs()),
        120..7200 => format!("{} min", span.as_secs() / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}
