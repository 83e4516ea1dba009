//! A start in words, for whoever waits at a terminal.

use dormer_core::phase::Phase;
use dormer_core::workspace::Workspace;
use dormer_wire::report::StepState;

/// The longest detail that is shown.
const MOST: usize = 200;

/// The reason in the status of a workspace that is about to be stopped: what `reconciler` writes.
const SOON: &str = "IdleSoon";

/// Where a start is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Changes with each step only: for those who get a line for each.
    pub(super) step: String,
    /// Changes with each percent: for those who see one line change in place.
    pub(super) full: String,
}

/// Where the start of this workspace is. None: it is over.
pub(super) fn line(workspace: &Workspace) -> Option<Line> {
    let name = &workspace.name;
    let running = workspace.status.progress.iter().rev().find(|step| step.state == StepState::Running);
    let (step, detail) = match (workspace.status.phase, running) {
        (Phase::Starting, Some(running)) => (format!("{name} is starting: {}", clean(&running.step)), &running.detail),
        (Phase::Starting, None) => (format!("{name} is starting"), &None),
        (Phase::Running | Phase::Failed, _) if workspace.status.door.is_some() || !workspace.spec.running => {
            return None;
        }
        (Phase::Stopping, _) => (format!("{name} is still stopping"), &None),
        _ => (format!("{name} is waking up"), &None),
    };
    let full = match detail {
        Some(detail) => format!("{step}: {}", clean(detail)),
        None => step.clone(),
    };
    Some(Line { step, full })
}

/// What is to be said to those who sit in a running workspace, if anything is.
pub(super) fn warning(workspace: &Workspace) -> Option<String> {
    let status = &workspace.status;
    let soon = status.phase == Phase::Running && status.reason.as_deref() == Some(SOON);
    status.message.as_deref().filter(|_| soon).map(clean)
}

/// What a program wrote, without what a terminal would take for a command.
pub(super) fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MOST).collect()
}

/// The last lines of a log, in the same way.
pub(super) fn clean_tail(text: &str, lines: usize) -> Vec<String> {
    let all: Vec<&str> = text.lines().collect();
    all.iter().skip(all.len().saturating_sub(lines)).map(|line| clean(&line.replace('\t', "  "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::workspace::fixture;
    use dormer_wire::report::Step;

    #[test]
    fn in_words() {
        let mut workspace = fixture("hello", "ann");
        assert_eq!(line(&workspace).unwrap().full, "hello is waking up");
        workspace.status.phase = Phase::Starting;
        let step = |step: &str, state, detail: Option<&str>| Step {
            step: step.into(),
            state,
            since: jiff::Timestamp::UNIX_EPOCH,
            detail: detail.map(String::from),
        };
        workspace.status.progress =
            vec![step("clone", StepState::Running, Some("45 %\x1b[2J\r\n")), step("editor", StepState::Pending, None)];
        assert_eq!(line(&workspace).unwrap().step, "hello is starting: clone");
        assert_eq!(line(&workspace).unwrap().full, "hello is starting: clone: 45 %[2J");
        workspace.status.phase = Phase::Failed;
        assert_eq!(line(&workspace), None);
    }

    #[test]
    fn tails() {
        assert_eq!(clean_tail("a\nb\tc\n\x1b]0;x\x07d\n", 2), ["b  c", "]0;xd"]);
        assert!(clean_tail("", 3).is_empty());
        assert!(clean(&"x".repeat(10_000)).len() <= MOST);
    }
}
