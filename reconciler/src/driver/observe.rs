//! Gathering what is to be known of a workspace: from the runtime, and from its agent.

use std::time::Duration;

use dormer_core::directory::Live;
use dormer_core::phase::Phase;
use dormer_core::ports::runtime::Seen;
use dormer_core::step::Observed;
use dormer_wire::report::{Activity, ActivityKind, AgentState, AgentStatus};

use super::{Driver, Trouble, is_wanted};
use crate::link::Word;

/// What another start has begun gets so long to end by itself.
const ANOTHERS: Duration = Duration::from_secs(2);

impl Driver {
    /// What is there now.
    pub(super) async fn observe(&mut self) -> Result<Observed, Trouble> {
        let phase = self.latest.status.phase;
        let look = std::mem::take(&mut self.look);
        if let Some(link) = &mut self.link {
            match link.word() {
                // Somebody speaks: it is there, whatever else may be.
                Word::Said(agent) => {
                    self.take_note(&agent);
                    // What runs it may know better: where a machine is gone, nobody hangs up.
                    if !look || !self.has_ended().await? {
                        return Ok(alive(&agent, phase));
                    }
                }
                Word::Dialling(since) => {
                    let silent = since.elapsed() >= self.context.config.contact_limit;
                    if silent && phase == Phase::Running {
                        return Ok(Observed::Lost);
                    }
                }
                Word::Ended => self.link = None,
            }
        }
        let seen = self.context.runtime.look(&self.latest).await?;
        if let Seen::Coming { instance } | Seen::Alive { instance, .. } = &seen
            && self.is_of_another_start(instance)
        {
            // A leader that was one no longer had begun it, and what this start wrote down since does not fit to it: nobody
            // would ever get an answer there. Unless the record was another by now.
            self.read_again().await?;
            if self.is_of_another_start(instance) {
                tracing::warn!(workspace = %self.latest.name, "what runs is of another start than its record; it goes");
                self.context.runtime.stop(&self.latest, ANOTHERS).await?;
                self.link = None;
                return Ok(Observed::Absent);
            }
        }
        Ok(match seen {
            Seen::Absent => {
                self.link = None;
                Observed::Absent
            }
            Seen::Lost => {
                self.link = None;
                Observed::Lost
            }
            Seen::Coming { .. } => {
                self.link = None;
                Observed::Alive { ready: false, failed: false }
            }
            Seen::Alive { instance, door } => {
                if self.link.as_ref().is_none_or(|link| link.instance != instance || link.door != door) {
                    self.link = Some(self.link_to(door, instance));
                }
                // After a restart of the gateway, what ran is taken to run until its agent says otherwise.
                Observed::Alive { ready: phase == Phase::Running, failed: false }
            }
        })
    }

    /// Whether what is on its way up is not what its record says.
    fn is_of_another_start(&self, instance: &str) -> bool {
        let status = &self.latest.status;
        let own = status.instance.as_deref();
        is_wanted(&self.latest) && status.phase == Phase::Starting && own.is_some_and(|own| own != instance)
    }

    async fn has_ended(&self) -> Result<bool, Trouble> {
        Ok(matches!(self.context.runtime.look(&self.latest).await?, Seen::Absent | Seen::Lost))
    }

    /// What people do in it, as the agent saw.
    fn take_note(&mut self, agent: &AgentStatus) {
        let now = self.now();
        // Also at its end: from then on it counts how long nobody was there.
        if agent.busy || self.was_busy {
            self.busy_at = Some(now);
        }
        self.was_busy = agent.busy;
        // Whether a process at work counts is the policy's to say, and a workspace cannot act in the future.
        if let Some(Activity { at, kind }) = &agent.activity
            && *kind != ActivityKind::Busy
            // Once: what is told to happen in the future would happen at every look.
            && self.told_activity.replace(*at) != Some(*at)
        {
            touch(&self.entry.live, (*at).min(now), *kind);
        }
    }
}

fn touch(live: &Live, at: jiff::Timestamp, kind: ActivityKind) {
    if live.activity().is_none_or(|known| known.at < at) {
        live.touch(at, kind);
    }
}

fn alive(agent: &AgentStatus, phase: Phase) -> Observed {
    let ready = match agent.state {
        AgentState::Ready => true,
        // One that ran and is on its way out is not starting again; it is gone soon.
        AgentState::Starting | AgentState::Stopping => phase == Phase::Running,
        AgentState::Failed => false,
    };
    Observed::Alive { ready, failed: agent.state == AgentState::Failed }
}
