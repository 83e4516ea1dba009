//! What is to be done next with a workspace: the reconciler's one decision.

use std::time::Duration;

use jiff::Timestamp;

use crate::phase::Phase;
use crate::workspace::Workspace;

/// What a runtime sees of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// Nothing of it runs.
    Absent,
    /// Its agent lives; of that instance, if it is not the recorded one.
    Alive {
        /// Whether the agent says that it is ready.
        ready: bool,
        /// Whether the agent says that its start failed.
        failed: bool,
    },
    /// The agent is gone; some of its processes may be left.
    Lost,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing, until there is news.
    Rest,
    /// Look again after that time.
    Wait(Duration),
    /// Make a plan and tell the runtime to start it.
    Start,
    /// It is up: say so.
    MarkRunning,
    /// It failed: stop what is left of it, then say so.
    Fail(Failed),
    /// Stop it.
    Stop,
    /// Nothing of it runs any more: say so.
    MarkStopped,
    /// Nothing of it runs any more: say that it is archived.
    MarkArchived,
    /// Stop it and delete its files, then its record.
    Delete,
}

/// Why it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// The agent said so.
    Start,
    /// The agent is gone.
    AgentLost,
    /// It took too long.
    TimedOut,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start to ready.
    pub start: Duration,
}

/// Decides what is to be done next with `workspace`, of which the runtime sees `observed`.
pub fn next(workspace: &Workspace, observed: Observed, limits: Limits, now: Timestamp) -> Step {
    let spec = &workspace.spec;
    let phase = workspace.status.phase;
    if workspace.deleted {
        return Step::Delete;
    }
    let wanted = spec.running && !spec.archived;
    match (wanted, observed, phase) {
        // Before anything else that could be said of it: it is to go, and to come again.
        (true, Observed::Alive { .. } | Observed::Lost, _) if workspace.is_to_restart() => Step::Stop,
        (true, Observed::Absent, _) if workspace.is_to_restart() => Step::Start,
        (true, Observed::Alive { failed: true, .. }, _) => Step::Fail(Failed::Start),
        // Also after a restart of the gateway, whatever the record says: the workspace is there.
        (true, Observed::Alive { ready: true, .. }, Phase::Running) => Step::Rest,
        (true, Observed::Alive { ready: true, .. }, _) => Step::MarkRunning,
        (true, Observed::Alive { ready: false, .. }, _) => {
            let since = workspace.status.since.unwrap_or(now);
            let spent = Duration::try_from(now.duration_since(since)).unwrap_or_default();
            match limits.start.checked_sub(spent) {
                Some(left) if !left.is_zero() => Step::Wait(left),
                _ => Step::Fail(Failed::TimedOut),
            }
        }
        // It was running, or on its way: this is not a start that is due, but an end that nobody asked for.
        (true, Observed::Lost, Phase::Running | Phase::Starting | Phase::Dozing) => Step::Fail(Failed::AgentLost),
        (true, Observed::Absent, Phase::Running | Phase::Dozing) => Step::Fail(Failed::AgentLost),
        (true, Observed::Absent | Observed::Lost, _) => Step::Start,
        // Written by an earlier run that did not come to its end.
        (false, Observed::Absent, Phase::Failed) if !spec.archived => Step::Rest,
        (false, Observed::Absent, Phase::Stopped) if !spec.archived => Step::Rest,
        (false, Observed::Absent, Phase::Archived) if spec.archived => Step::Rest,
        (false, Observed::Absent, _) if spec.archived => Step::MarkArchived,
        (false, Observed::Absent, _) => Step::MarkStopped,
        (false, Observed::Alive { .. } | Observed::Lost, _) => Step::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fixture;

    #[test]
    fn what_is_next() {
        use Observed::{Absent, Alive, Lost};
        let limits = Limits { start: Duration::from_secs(100) };
        let at = |second| Timestamp::from_second(second).unwrap();
        let alive = Alive { ready: false, failed: false };
        let ready = Alive { ready: true, failed: false };
        let broken = Alive { ready: false, failed: true };
        for (running, phase, observed, now, want) in [
            (true, Phase::Pending, Absent, 0, Step::Start),
            (true, Phase::Stopped, Absent, 0, Step::Start),
            (true, Phase::Failed, Absent, 0, Step::Start),
            (true, Phase::Stopped, Lost, 0, Step::Start),
            (true, Phase::Starting, Absent, 0, Step::Start),
            (true, Phase::Starting, alive, 10, Step::Wait(Duration::from_secs(90))),
            (true, Phase::Starting, alive, 100, Step::Fail(Failed::TimedOut)),
            (true, Phase::Starting, broken, 10, Step::Fail(Failed::Start)),
            (true, Phase::Starting, Lost, 10, Step::Fail(Failed::AgentLost)),
            (true, Phase::Starting, ready, 10, Step::MarkRunning),
            (true, Phase::Stopped, ready, 10, Step::MarkRunning),
            (true, Phase::Running, ready, 10, Step::Rest),
            (true, Phase::Running, Lost, 10, Step::Fail(Failed::AgentLost)),
            (true, Phase::Running, Absent, 10, Step::Fail(Failed::AgentLost)),
            (false, Phase::Running, ready, 10, Step::Stop),
            (false, Phase::Starting, alive, 10, Step::Stop),
            (false, Phase::Failed, Lost, 10, Step::Stop),
            (false, Phase::Stopping, Absent, 10, Step::MarkStopped),
            (false, Phase::Pending, Absent, 10, Step::MarkStopped),
            (false, Phase::Stopped, Absent, 10, Step::Rest),
            (false, Phase::Failed, Absent, 10, Step::Rest),
        ] {
            let mut workspace = fixture("hello", "ann");
            workspace.spec.running = running;
            workspace.status.phase = phase;
            workspace.status.since = Some(at(0));
            assert_eq!(next(&workspace, observed, limits, at(now)), want, "{running} {phase} {observed:?} {now}");
        }
        // A restart is one change of the record: whoever takes over in the middle of it goes on.
        let mut workspace = fixture("hello", "ann");
        (workspace.spec.running, workspace.spec.restart) = (true, Some("a".into()));
        for (instance, phase, observed, want) in [
            ("a", Phase::Running, ready, Step::Stop),
            ("a", Phase::Starting, broken, Step::Stop),
            ("a", Phase::Stopping, alive, Step::Stop),
            ("a", Phase::Running, Lost, Step::Stop),
            ("a", Phase::Running, Absent, Step::Start),
            ("a", Phase::Stopping, Absent, Step::Start),
            ("b", Phase::Running, ready, Step::Rest),
            ("b", Phase::Running, Lost, Step::Fail(Failed::AgentLost)),
        ] {
            (workspace.status.phase, workspace.status.instance) = (phase, Some(instance.into()));
            assert_eq!(next(&workspace, observed, limits, at(10)), want, "{instance} {phase} {observed:?}");
        }
        workspace.spec.running = false;
        workspace.status.instance = Some("a".into());
        assert_eq!(next(&workspace, Absent, limits, at(10)), Step::MarkStopped, "a stop is a later word");
        let mut workspace = fixture("hello", "ann");
        workspace.spec.archived = true;
        workspace.spec.running = true;
        assert_eq!(next(&workspace, Absent, limits, at(0)), Step::MarkArchived);
        assert_eq!(next(&workspace, ready, limits, at(0)), Step::Stop);
        workspace.deleted = true;
        assert_eq!(next(&workspace, ready, limits, at(0)), Step::Delete);
    }
}
