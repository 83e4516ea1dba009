//! Objects that the API server took, and that are no workspaces nevertheless: their status says why.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::names::PROJECT;
use crate::resource::status::{Phase, WorkspaceStatus};

/// The condition that says whether it holds its name.
const ACCEPTED: &str = "Accepted";
/// The note that says that what runs is not what a start would make by now.
const RESTART: &str = "restart";
/// The condition that says whether it can be used.
const READY: &str = "Ready";

/// Why an object is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// An older one holds the name.
    NameTaken {
        /// Where that is.
        namespace: String,
    },
    /// Its namespace is no project's.
    NoProject,
    /// It cannot be understood.
    Invalid {
        /// What is wrong.
        message: String,
    },
}

impl Refusal {
    /// One word.
    pub fn reason(&self) -> &'static str {
        match self {
            Refusal::NameTaken { .. } => "NameTaken",
            Refusal::NoProject => "NoProject",
            Refusal::Invalid { .. } => "InvalidRecord",
        }
    }

    /// A sentence, with what to do.
    pub fn message(&self, name: &str) -> String {
        match self {
            Refusal::NameTaken { namespace } => format!(
                "'{name}' is a host of one workspace only, and the older one in namespace '{namespace}' has it: \
                 give this one another name"
            ),
            Refusal::NoProject => format!(
                "its namespace is no project's: create it in the namespace of one, or label this one {PROJECT}=<project>"
            ),
            Refusal::Invalid { message } => message.clone(),
        }
    }
}

/// What a status says of a refusal. Enough to know that it says something, and whether it still says the right thing.
pub fn said(status: &WorkspaceStatus) -> Option<Refusal> {
    let accepted = status.conditions.iter().find(|condition| condition.type_ == ACCEPTED)?;
    if accepted.status != "False" {
        return None;
    }
    let message = status.message.clone().unwrap_or_default();
    match status.reason.as_deref()? {
        "NameTaken" => {
            let namespace = message.split('\'').nth(3).unwrap_or_default().to_string();
            Some(Refusal::NameTaken { namespace })
        }
        "NoProject" => Some(Refusal::NoProject),
        "InvalidRecord" => Some(Refusal::Invalid { message }),
        _ => None,
    }
}

/// The conditions of a status. A condition's time is that of its last change.
pub fn conditions(
    status: &WorkspaceStatus,
    refusal: Option<&Refusal>,
    generation: i64,
    before: &[Condition],
) -> Vec<Condition> {
    let now = status.since.unwrap_or_default();
    let one = |kind: &str, holds: bool, reason: String, message: String| {
        let is = if holds { "True" } else { "False" };
        let known = before.iter().find(|known| known.type_ == kind && known.status == is);
        Condition {
            type_: kind.into(),
            status: is.into(),
            reason,
            message,
            observed_generation: Some(generation),
            last_transition_time: known.map_or(Time(now), |known| known.last_transition_time.clone()),
        }
    };
    let phase = format!("{:?}", status.phase);
    let (reason, message) = (status.reason.clone().unwrap_or(phase), status.message.clone().unwrap_or_default());
    let accepted = match refusal {
        None => one(ACCEPTED, true, "Accepted".into(), String::new()),
        Some(_) => one(ACCEPTED, false, reason.clone(), message.clone()),
    };
    let mut all = vec![accepted, one(READY, status.phase == Phase::Running, reason, message)];
    if let Some(why) = status.notes.get(RESTART) {
        all.push(one("RestartPending", true, "Changed".into(), why.clone()));
    }
    all
}

/// The status of an object that is not accepted.
pub fn status(refusal: &Refusal, name: &str, generation: i64, before: &[Condition], now: Timestamp) -> WorkspaceStatus {
    let mut status = WorkspaceStatus {
        phase: Phase::Failed,
        reason: Some(refusal.reason().into()),
        message: Some(refusal.message(name)),
        since: Some(now),
        observed_generation: Some(generation),
        ..WorkspaceStatus::default()
    };
    status.conditions = conditions(&status, Some(refusal), generation, before);
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        for refusal in [
            Refusal::NameTaken { namespace: "dormer-team".into() },
            Refusal::NoProject,
            Refusal::Invalid { message: "spec.owner: 'A' is not a DNS label".into() },
        ] {
            let now = Timestamp::UNIX_EPOCH;
            let told = status(&refusal, "hello", 1, &[], now);
            assert_eq!(said(&told), Some(refusal));
            let later = WorkspaceStatus { since: Some(Timestamp::MAX), ..told.clone() };
            let conditions = conditions(&later, None, 2, &told.conditions);
            let times: Vec<_> = conditions.iter().map(|condition| condition.last_transition_time.0).collect();
            assert_eq!(times, [Timestamp::MAX, now], "accepted now; ready as little as before");
            let accepted = WorkspaceStatus { conditions, ..told };
            assert_eq!(said(&accepted), None);
        }
        assert_eq!(said(&WorkspaceStatus::default()), None);
    }
}
