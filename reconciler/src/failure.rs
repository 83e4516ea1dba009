//! Why a start failed, or a workspace ended.

use std::fmt::Write as _;
use std::time::Duration;

use dormer_core::phase::Phase;
use dormer_core::plan::devfile::PlanError;
use dormer_core::ports::runtime::{Outlook, RuntimeError, Trouble};
use dormer_core::step::Failed;
use dormer_core::workspace::Status;
use dormer_wire::report::{AgentStatus, StepState};

/// Why, for people and programs, and whether trying again may help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub reason: String,
    pub message: String,
    pub log_tail: Option<String>,
    pub transient: bool,
}

impl From<RuntimeError> for Failure {
    fn from(error: RuntimeError) -> Failure {
        let (reason, message, transient) = match error {
            RuntimeError::Impossible { reason, message } => (reason, message, false),
            RuntimeError::Failed { reason, message } => (reason, message, true),
        };
        Failure { reason: reason.into(), message, log_tail: None, transient }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Failure {
        Failure { reason: error.reason().into(), message: error.to_string(), log_tail: None, transient: false }
    }
}

impl Failure {
    /// Of a workspace of which its runtime says what is wrong.
    pub fn of_trouble(trouble: Trouble, phase: Phase, log_tail: Option<String>) -> Failure {
        // One that ran ended while nobody may be there: whoever comes back starts it.
        let transient = trouble.outlook != Outlook::Final && phase == Phase::Starting;
        Failure { reason: trouble.reason, message: trouble.message, log_tail, transient }
    }

    /// Of a workspace whose agent says so, is gone, or took too long. `log_tail` is the agent's own last words.
    pub fn of(
        failed: Failed,
        status: &Status,
        agent: Option<&AgentStatus>,
        log_tail: Option<String>,
        limit: Duration,
    ) -> Failure {
        let said = agent.and_then(|agent| agent.failure.as_ref());
        match (failed, said) {
            (Failed::Start, Some(said)) => Failure {
                reason: said.reason.clone(),
                message: said.message.clone(),
                log_tail: Some(said.tail.clone()).filter(|tail| !tail.is_empty()),
                transient: said.transient,
            },
            (Failed::Start, None) => Failure {
                reason: "StartFailed".into(),
                message: "its agent says that the start failed, and not why".into(),
                log_tail,
                transient: false,
            },
            (Failed::AgentLost, _) => Failure {
                reason: "AgentLost".into(),
                message: match status.phase {
                    Phase::Starting => "its agent ended while it was starting".into(),
                    _ => "it ended by itself: its agent is gone; start it again, its files are as they were".into(),
                },
                log_tail,
                // One that ran ended while nobody may be there: whoever comes back starts it.
                transient: status.phase == Phase::Starting,
            },
            (Failed::TimedOut, _) => {
                let mut message = format!("it was not up after {} s", limit.as_secs());
                if let Some(step) = status.progress.iter().find(|step| step.state == StepState::Running) {
                    let detail = step.detail.as_deref().unwrap_or("no word");
                    // Writing to a string does not fail.
                    let _ = write!(message, "; the step it was at: {} ({detail})", step.step);
                }
                Failure { reason: "StartTimedOut".into(), message, log_tail, transient: false }
            }
        }
    }
}
