//! The next status, from the one before and from what happened. Pure.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use dormer_core::phase::Phase;
use dormer_core::plan::{Exposure, Plan};
use dormer_core::workspace::{Port, Share, Status};
use dormer_wire::door::Door;
use dormer_wire::report::{AgentStatus, Step, StepState};

use crate::failure::Failure;

/// The gateway's own step of a start.
const START: &str = "start";
/// An agent's word is kept up to these lengths: it runs what it likes.
const STEPS: usize = 32;
const WORDS: usize = 400;
const MESSAGE: usize = 4_000;
const TAIL: usize = 16_000;
const PORTS: usize = 1_000;

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

/// The end of a text.
fn cut_front(text: &str, longest: usize) -> String {
    let skip = text.chars().count().saturating_sub(longest);
    text.chars().skip(skip).collect()
}

fn own_step(state: StepState, since: Timestamp) -> Step {
    Step { step: START.into(), state, since, detail: None }
}

/// Its start begins.
pub(crate) fn starting(
    before: &Status,
    instance: &str,
    plan: &Plan,
    warnings: &[String],
    root: &Path,
    now: Timestamp,
) -> Status {
    let mut notes = before.notes.clone();
    match warnings.is_empty() {
        true => notes.remove("warnings"),
        false => notes.insert("warnings".into(), cut(&warnings.join("\n"), MESSAGE)),
    };
    Status {
        phase: Phase::Starting,
        reason: None,
        message: None,
        since: Some(now),
        instance: Some(instance.into()),
        door: None,
        last_activity: before.last_activity.clone(),
        progress: vec![own_step(StepState::Running, now)],
        log_tail: None,
        commit: before.commit.clone(),
        listening: Vec::new(),
        endpoints: endpoints(plan),
        folder: Some(root.join(&plan.working_dir).display().to_string()),
        failures: before.failures,
        notes,
    }
}

/// Ports that the devfile means for people. Sharing more widely is for people to decide, not for a file in a repository.
fn endpoints(plan: &Plan) -> Vec<Port> {
    plan.ports
        .iter()
        .filter(|port| port.exposure == Exposure::Public)
        .map(|port| Port { port: port.port, name: Some(port.name.clone()), share: Share::Owner })
        .collect()
}

/// A workspace that runs although its record says otherwise is taken as starting.
pub(crate) fn adopted(before: &Status, instance: &str, now: Timestamp) -> Status {
    let progress = vec![own_step(StepState::Running, now)];
    Status {
        phase: Phase::Starting,
        since: Some(now),
        instance: Some(instance.into()),
        progress,
        ..asleep(before, Phase::Starting, now)
    }
}

/// Its agent said something.
pub(crate) fn heard(before: &Status, agent: &AgentStatus, door: &Door, now: Timestamp) -> Status {
    let mut status = before.clone();
    let mut own = before.progress.iter().find(|step| step.step == START).cloned();
    let own = own.get_or_insert_with(|| own_step(StepState::Running, now));
    if own.state != StepState::Done {
        own.state = StepState::Done;
    }
    status.progress = std::iter::once(own.clone())
        .chain(agent.steps.iter().filter(|step| step.step != START).take(STEPS).map(|step| Step {
            step: cut(&step.step, WORDS),
            state: step.state,
            since: step.since,
            detail: step.detail.as_deref().map(|detail| cut(detail, WORDS)),
        }))
        .collect();
    status.door = Some(door.clone());
    status.instance = Some(agent.instance.clone());
    status.listening = agent.listening.iter().copied().take(PORTS).collect();
    if let Some(commit) = &agent.commit {
        status.commit = Some(cut(commit, WORDS));
    }
    status
}

/// Whether a change is worth a write at once: everything but details, that may wait a little.
pub(crate) fn is_urgent(before: &Status, after: &Status) -> bool {
    let states =
        |status: &Status| -> Vec<_> { status.progress.iter().map(|step| (step.step.clone(), step.state)).collect() };
    before.phase != after.phase || before.door != after.door || states(before) != states(after)
}

/// It is up.
pub(crate) fn running(before: &Status, agent: &AgentStatus, door: &Door, now: Timestamp) -> Status {
    Status {
        phase: Phase::Running,
        reason: None,
        message: None,
        since: Some(now),
        log_tail: None,
        failures: 0,
        ..heard(before, agent, door, now)
    }
}

/// Why it is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    pub reason: &'static str,
    pub message: String,
}

/// It is being stopped.
pub(crate) fn stopping(before: &Status, why: &Why, now: Timestamp) -> Status {
    Status {
        phase: Phase::Stopping,
        reason: Some(why.reason.into()),
        message: Some(why.message.clone()),
        since: Some(now),
        ..before.clone()
    }
}

/// Nothing of it runs any more. Why it was stopped stays to be read.
pub(crate) fn asleep(before: &Status, phase: Phase, now: Timestamp) -> Status {
    let told = before.phase == Phase::Stopping;
    Status {
        phase,
        reason: before.reason.clone().filter(|_| told),
        message: before.message.clone().filter(|_| told),
        since: Some(now),
        instance: None,
        door: None,
        listening: Vec::new(),
        failures: 0,
        ..before.clone()
    }
}

/// It is on its way out.
pub(crate) fn deleting(before: &Status, now: Timestamp) -> Status {
    Status { phase: Phase::Deleting, reason: None, message: None, since: Some(now), door: None, ..before.clone() }
}

/// Its door is no good any more.
pub(crate) fn lost(before: &Status, failure: &Failure) -> Status {
    Status {
        door: None,
        reason: Some(cut(&failure.reason, WORDS)),
        message: Some(cut(&failure.message, MESSAGE)),
        ..before.clone()
    }
}

/// Its start failed, and is tried again after `wait`.
pub(crate) fn retrying(before: &Status, failure: &Failure, retries: u32, wait: Duration, now: Timestamp) -> Status {
    let failures = before.failures.saturating_add(1);
    let (message, seconds) = (cut(&failure.message, MESSAGE), wait.as_secs_f32());
    Status {
        message: Some(format!("{message}; trying again in {seconds:.0} s ({failures} of {retries})")),
        ..failed(&Status { failures: before.failures, ..before.clone() }, failure, Phase::Starting, now)
    }
}

/// Its start failed, or it ended.
pub(crate) fn failed(before: &Status, failure: &Failure, phase: Phase, now: Timestamp) -> Status {
    let mut progress = before.progress.clone();
    for step in progress.iter_mut().filter(|step| step.state == StepState::Running) {
        step.state = StepState::Failed;
    }
    Status {
        phase,
        reason: Some(cut(&failure.reason, WORDS)),
        message: Some(cut(&failure.message, MESSAGE)),
        since: Some(now),
        instance: None,
        door: None,
        progress,
        log_tail: failure.log_tail.as_deref().map(|tail| cut_front(tail, TAIL)),
        listening: Vec::new(),
        failures: before.failures.saturating_add(1),
        ..before.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_wire::report::AgentState;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn step(name: &str, state: StepState) -> Step {
        Step { step: name.into(), state, since: at(1), detail: None }
    }

    fn agent(steps: Vec<Step>) -> AgentStatus {
        AgentStatus {
            instance: "i".into(),
            version: "0".into(),
            state: AgentState::Starting,
            steps,
            failure: None,
            listening: (1..2_000).collect(),
            activity: None,
            busy: false,
            commit: Some("c".into()),
            commands: Vec::new(),
            containers: Vec::new(),
        }
    }

    #[test]
    fn through_a_life() {
        let door: Door = "unix:/d".parse().unwrap();
        let mut plan = Plan { working_dir: "app".into(), warnings: vec!["w".into()], ..Plan::default() };
        for (name, exposure) in [("web", Exposure::Public), ("db", Exposure::Internal), ("debug", Exposure::None)] {
            let port = dormer_core::plan::Port {
                name: name.into(),
                port: 3000,
                container: "c".into(),
                exposure,
                protocol: "http".into(),
                ..Default::default()
            };
            plan.ports.push(port);
        }
        let before =
            Status { failures: 1, reason: Some("Old".into()), log_tail: Some("old".into()), ..Status::default() };
        let status = starting(&before, "i", &plan, &plan.warnings, Path::new("/p"), at(1));
        assert_eq!((status.phase, status.failures, status.reason.as_ref()), (Phase::Starting, 1, None));
        assert_eq!((status.folder.as_deref(), status.notes["warnings"].as_str()), (Some("/p/app"), "w"));
        assert_eq!(status.endpoints, [Port { port: 3000, name: Some("web".into()), share: Share::Owner }]);
        assert_eq!(status.progress, [step("start", StepState::Running)]);

        let heard = heard(&status, &agent(vec![step("clone", StepState::Running)]), &door, at(2));
        assert_eq!(heard.progress, [step("start", StepState::Done), step("clone", StepState::Running)]);
        assert_eq!(
            (heard.listening.len(), heard.commit.as_deref(), heard.door.as_ref()),
            (1_000, Some("c"), Some(&door))
        );
        assert!(is_urgent(&status, &heard) && !is_urgent(&heard, &Status { listening: vec![], ..heard.clone() }));

        let up = running(&heard, &agent(vec![step("clone", StepState::Done)]), &door, at(3));
        assert_eq!((up.phase, up.failures, up.since), (Phase::Running, 0, Some(at(3))));

        let why = Why { reason: "Idle", message: "nobody was there".into() };
        let asleep = asleep(&stopping(&up, &why, at(4)), Phase::Stopped, at(5));
        assert_eq!(
            (asleep.phase, asleep.reason.as_deref(), asleep.door.as_ref()),
            (Phase::Stopped, Some("Idle"), None)
        );
        assert_eq!(asleep.progress, up.progress, "the steps of the last start stay");
        assert!(asleep.listening.is_empty() && asleep.instance.is_none());

        let failure = Failure {
            reason: "CloneFailed".into(),
            message: "no such host".into(),
            log_tail: Some("x".repeat(20_000)),
            transient: true,
        };
        let again = retrying(&heard, &failure, 3, Duration::from_secs(4), at(6));
        assert_eq!((again.phase, again.failures), (Phase::Starting, 2));
        assert_eq!(again.message.as_deref(), Some("no such host; trying again in 4 s (2 of 3)"));
        let over = failed(&again, &failure, Phase::Failed, at(7));
        assert_eq!((over.phase, over.failures, over.log_tail.map(|tail| tail.len())), (Phase::Failed, 3, Some(16_000)));
        assert_eq!(over.progress[1].state, StepState::Failed);
    }
}
