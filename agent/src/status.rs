//! What the agent tells about itself: one board that its parts write to and any number of streams read from.

use std::sync::Arc;
use std::time::Duration;

use dormer_wire::report::{
    Activity, ActivityKind, AgentState, AgentStatus, CommandStatus, ContainerStatus, Failure, Step, StepState,
};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::logs::CONTAINER;

/// The names of the steps of a start, in order.
pub const STEPS: [&str; 3] = ["clone", "commands", "editor"];

/// Activity is written down at most this often: it only has to be exact against an idle time of minutes.
const ACTIVITY_STEP: Duration = Duration::from_secs(1);

/// The board.
#[derive(Debug, Clone)]
pub struct Board(Arc<watch::Sender<AgentStatus>>);

impl Board {
    /// A board of an agent that is about to start.
    pub fn new(instance: &str) -> Self {
        let since = Timestamp::now();
        let step = |name: &str| Step { step: name.to_owned(), state: StepState::Pending, since, detail: None };
        let status = AgentStatus {
            instance: instance.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: AgentState::Starting,
            steps: STEPS.into_iter().map(step).collect(),
            failure: None,
            listening: Vec::new(),
            activity: None,
            busy: false,
            commit: None,
            commands: Vec::new(),
            containers: Vec::new(),
        };
        Board(Arc::new(watch::Sender::new(status)))
    }

    /// A view that is told of changes.
    pub fn subscribe(&self) -> watch::Receiver<AgentStatus> {
        self.0.subscribe()
    }

    /// Whether anybody looks.
    pub fn is_watched(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Where the agent stands.
    pub fn state(&self) -> AgentState {
        self.0.borrow().state
    }

    fn update(&self, change: impl FnOnce(&mut AgentStatus)) {
        self.0.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }

    /// A step has come so far.
    pub fn step(&self, name: &str, state: StepState, detail: Option<String>) {
        self.update(|status| {
            if let Some(step) = status.steps.iter_mut().find(|step| step.step == name) {
                if step.state != state {
                    step.state = state;
                    step.since = Timestamp::now();
                }
                step.detail = detail;
            }
        });
    }

    /// The start has succeeded. Says nothing to an agent that is stopping by now.
    pub fn ready(&self) {
        self.update(|status| {
            if status.state == AgentState::Starting {
                status.state = AgentState::Ready;
            }
        });
    }

    /// The start has failed.
    pub fn fail(&self, failure: Failure) {
        self.update(|status| {
            if status.state != AgentState::Stopping {
                status.state = AgentState::Failed;
                status.failure = Some(failure);
            }
        });
    }

    /// The agent was told to stop.
    pub fn stopping(&self) {
        self.update(|status| status.state = AgentState::Stopping);
    }

    /// A person did something.
    pub fn activity(&self, kind: ActivityKind) {
        let at = Timestamp::now();
        let recent = |activity: &Activity| {
            activity.kind == kind && at.duration_since(activity.at).unsigned_abs() < ACTIVITY_STEP
        };
        if !self.0.borrow().activity.as_ref().is_some_and(recent) {
            self.update(|status| status.activity = Some(Activity { at, kind }));
        }
    }

    /// A command has begun (`exit` None) or ended.
    pub fn command(&self, id: &str, exit: Option<i32>) {
        let entry = CommandStatus { id: id.to_owned(), running: exit.is_none(), exit };
        self.update(|status| match status.commands.iter_mut().find(|command| command.id == id) {
            Some(command) => *command = entry,
            None => status.commands.push(entry),
        });
    }

    /// How a command ended, if it has.
    pub fn exit_of(&self, id: &str) -> Option<i32> {
        self.0.borrow().commands.iter().find(|command| command.id == id)?.exit
    }

    /// What the agent of another container says of itself. What somebody does there is done in this workspace.
    pub fn sibling(&self, name: &str, theirs: &AgentStatus) {
        let own = theirs.commands.iter().find(|command| command.id == CONTAINER);
        let exit = own.and_then(|own| own.exit);
        let trouble = theirs.failure.as_ref().map(|failure| failure.message.clone());
        let ended = || exit.map(|exit| format!("what it runs ended with {exit}"));
        let detail = trouble.or_else(ended);
        let entry = ContainerStatus { name: name.to_owned(), up: true, exit, detail };
        self.update(|status| {
            put(&mut status.containers, entry);
            let newest = status.activity.as_ref().map(|activity| activity.at);
            if let Some(activity) = &theirs.activity
                && newest.is_none_or(|newest| newest < activity.at)
            {
                status.activity = Some(activity.clone());
            }
        });
    }

    /// The agent of another container does not answer any more.
    pub fn sibling_is_gone(&self, name: &str) {
        self.update(|status| {
            let exit = status.containers.iter().find(|container| container.name == name).and_then(|one| one.exit);
            let detail = Some("the container has ended".to_owned());
            put(&mut status.containers, ContainerStatus { name: name.to_owned(), up: false, exit, detail });
        });
    }

    /// The ports that are listened on.
    pub fn listening(&self, ports: Vec<u16>) {
        self.update(|status| status.listening = ports);
    }

    /// Whether a process is at work.
    pub fn busy(&self, busy: bool) {
        self.update(|status| status.busy = busy);
    }

    /// The commit of the main project.
    pub fn commit(&self, commit: Option<String>) {
        self.update(|status| status.commit = commit);
    }
}

fn put(containers: &mut Vec<ContainerStatus>, entry: ContainerStatus) {
    match containers.iter_mut().find(|container| container.name == entry.name) {
        Some(container) => *container = entry,
        None => containers.push(entry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Failure {
        Failure {
            reason: "CloneFailed".into(),
            message: String::new(),
            log: "clone".into(),
            tail: String::new(),
            transient: false,
        }
    }

    #[test]
    fn stopping_is_final() {
        let board = Board::new("i");
        board.stopping();
        board.ready();
        board.fail(failure());
        assert_eq!(board.state(), AgentState::Stopping);
        assert!(board.subscribe().borrow().failure.is_none());
    }

    #[test]
    fn a_failed_start_does_not_become_ready() {
        let board = Board::new("i");
        board.fail(failure());
        board.ready();
        assert_eq!(board.state(), AgentState::Failed);
    }

    #[test]
    fn only_changes_are_told() {
        let board = Board::new("i");
        let mut view = board.subscribe();
        board.listening(vec![]);
        assert!(!view.has_changed().unwrap());
        board.activity(ActivityKind::Ssh);
        assert!(view.has_changed().unwrap());
        view.borrow_and_update();
        board.activity(ActivityKind::Ssh);
        assert!(!view.has_changed().unwrap(), "a second keystroke of the same second is no news");
    }

    #[test]
    fn a_step_keeps_the_time_it_began() {
        let board = Board::new("i");
        board.step("clone", StepState::Running, Some("1 %".into()));
        let since = board.subscribe().borrow().steps[0].since;
        board.step("clone", StepState::Running, Some("2 %".into()));
        let status = board.subscribe().borrow().clone();
        assert_eq!((status.steps[0].since, status.steps[0].detail.as_deref()), (since, Some("2 %")));
    }
}
