//! May a running workspace go to sleep? A pure function of what people did, of the policy and of now.

use std::time::Duration;

use jiff::Timestamp;

use crate::phase::Phase;
use crate::workspace::Workspace;

/// What is known of a running workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals {
    /// When it was last started.
    pub started: Timestamp,
    /// When a person last did something in it.
    pub last_activity: Option<Timestamp>,
    /// Sessions at whose other end a person may be reading: they do not keep it awake, but they are warned.
    pub open_sessions: usize,
    /// Whether a process of it is at work.
    pub busy: bool,
}

/// What is to be done about idleness; from the workspace's lifecycle and its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Without activity for so long: stop. None: never.
    pub idle_timeout: Option<Duration>,
    /// Running for so long: stop, whatever happens in it. None: never.
    pub max_lifetime: Option<Duration>,
    /// Whether a process at work counts as activity.
    pub keep_alive_when_busy: bool,
    /// How long before a stop those with open sessions are warned.
    pub warn_before: Duration,
}

/// What to do now, and when to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Leave it. Look again at that time, or when there is news; None: only news can change it.
    Awake(Option<Timestamp>),
    /// Tell those with open sessions that it will stop at that time.
    Warn(Timestamp),
    /// Stop it: idle for too long.
    Idle,
    /// Stop it: running for too long.
    Expired,
}

/// Decides.
pub fn idle(signals: Signals, policy: Policy, now: Timestamp) -> Verdict {
    let after = |from: Timestamp, span: Duration| from.checked_add(span).unwrap_or(Timestamp::MAX);
    let expiry = policy.max_lifetime.map(|span| after(signals.started, span));
    if expiry.is_some_and(|at| at <= now) {
        return Verdict::Expired;
    }
    let mut last = signals.last_activity.map_or(signals.started, |at| at.max(signals.started));
    // A clock that was set back must not keep a workspace awake for ever, nor stop it at once.
    last = last.min(now);
    if signals.busy && policy.keep_alive_when_busy {
        last = now;
    }
    let asleep = policy.idle_timeout.map(|span| after(last, span));
    if asleep.is_some_and(|at| at <= now) {
        return Verdict::Idle;
    }
    let Some(end) = asleep.into_iter().chain(expiry).min() else { return Verdict::Awake(None) };
    let warn = end.checked_sub(policy.warn_before).unwrap_or(Timestamp::MIN);
    match signals.open_sessions {
        0 => Verdict::Awake(Some(end)),
        _ if warn <= now => Verdict::Warn(end),
        _ => Verdict::Awake(Some(warn)),
    }
}

/// When a workspace is to be deleted because nobody came back: so many seconds after it stopped, as it or its class says.
/// None: never, or not as it is now. What is archived was put away to be kept.
pub fn deleted_at(workspace: &Workspace, after: Option<u64>, by_default: Option<Duration>) -> Option<Timestamp> {
    let (spec, status) = (&workspace.spec, &workspace.status);
    let asleep = matches!(status.phase, Phase::Stopped | Phase::Failed) && !spec.running && !spec.archived;
    let after = match after {
        None => by_default,
        Some(0) => None,
        Some(seconds) => Some(Duration::from_secs(seconds)),
    };
    let since = status.since.filter(|_| asleep && !workspace.deleted)?;
    Some(since.checked_add(after?).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_it_sleeps() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let signals = Signals { started: at(1_000), last_activity: None, open_sessions: 0, busy: false };
        let policy = Policy {
            idle_timeout: Some(Duration::from_secs(600)),
            max_lifetime: None,
            keep_alive_when_busy: true,
            warn_before: Duration::from_secs(60),
        };
        let typed = Signals { last_activity: Some(at(1_500)), ..signals };
        let open = Signals { open_sessions: 2, ..signals };
        let never = Policy { idle_timeout: None, ..policy };
        let short = Policy { max_lifetime: Some(Duration::from_secs(300)), ..policy };
        for (name, signals, policy, now, want) in [
            ("fresh", signals, policy, 1_001, Verdict::Awake(Some(at(1_600)))),
            ("just before", signals, policy, 1_599, Verdict::Awake(Some(at(1_600)))),
            ("idle", signals, policy, 1_600, Verdict::Idle),
            ("typed", typed, policy, 1_600, Verdict::Awake(Some(at(2_100)))),
            ("typed, then left", typed, policy, 2_100, Verdict::Idle),
            (
                "activity of an earlier run",
                Signals { last_activity: Some(at(1)), ..signals },
                policy,
                1_100,
                Verdict::Awake(Some(at(1_600))),
            ),
            ("open sessions do not keep it awake", open, policy, 1_600, Verdict::Idle),
            ("but are warned", open, policy, 1_540, Verdict::Warn(at(1_600))),
            ("not too early", open, policy, 1_539, Verdict::Awake(Some(at(1_540)))),
            ("busy", Signals { busy: true, ..signals }, policy, 9_000, Verdict::Awake(Some(at(9_600)))),
            (
                "busy does not count",
                Signals { busy: true, ..signals },
                Policy { keep_alive_when_busy: false, ..policy },
                9_000,
                Verdict::Idle,
            ),
            ("never", signals, never, i64::from(i32::MAX), Verdict::Awake(None)),
            ("expired although typed in", typed, short, 1_501, Verdict::Expired),
            ("expires first", signals, short, 1_100, Verdict::Awake(Some(at(1_300)))),
            (
                "activity from the future",
                Signals { last_activity: Some(at(9_999)), ..signals },
                policy,
                1_100,
                Verdict::Awake(Some(at(1_700))),
            ),
        ] {
            assert_eq!(idle(signals, policy, at(now)), want, "{name}");
        }
    }

    #[test]
    fn when_it_is_deleted() {
        let day = Duration::from_secs(86_400);
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for (name, own, by_default, phase, archived, want) in [
            ("nothing says so", None, None, Phase::Stopped, false, None),
            ("its own word", Some(60), Some(day), Phase::Stopped, false, Some(at(160))),
            ("its own word is never", Some(0), Some(day), Phase::Stopped, false, None),
            ("everybody's", None, Some(day), Phase::Failed, false, Some(at(86_500))),
            ("it runs", Some(60), None, Phase::Running, false, None),
            ("it stops", Some(60), None, Phase::Stopping, false, None),
            ("it is put away", Some(60), None, Phase::Archived, true, None),
            ("it is about to be put away", Some(60), None, Phase::Stopped, true, None),
        ] {
            let mut workspace = crate::workspace::fixture("hello", "ann");
            workspace.spec.archived = archived;
            (workspace.status.phase, workspace.status.since) = (phase, Some(at(100)));
            assert_eq!(deleted_at(&workspace, own, by_default), want, "{name}");
            workspace.spec.running = true;
            assert_eq!(deleted_at(&workspace, own, by_default), None, "{name}, and is wanted");
        }
    }
}
