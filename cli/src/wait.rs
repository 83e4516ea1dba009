//! Waiting until a workspace is what was asked for.

use std::time::Duration;

use dormer_wire::api::Workspace;
use dormer_wire::report::StepState;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::client::Client;
use crate::error::CliError;
use crate::output::{Output, clean, clean_lines, read};
use crate::progress::Progress;
use crate::value::Name;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Started.
    Running,
    /// Started anew: that it runs already does not count.
    RunningAnew,
    /// Stopped.
    Stopped,
    /// Put away.
    Archived,
    /// Deleted.
    Gone,
}

/// What a workspace's state means for a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Wait,
    Reached,
    Failed,
    /// Somebody else wanted something else meanwhile.
    Crossed,
}

/// A wait for one workspace.
pub struct Wait<'a> {
    /// Where to look.
    pub client: &'a Client,
    /// What to wait for.
    pub goal: Goal,
    /// The state before the goal was asked for, so that an old failure is not taken for the new one.
    pub before: Option<&'a Workspace>,
    /// How long at most.
    pub at_most: Duration,
}

/// A failure from before that stands for so long is the answer to the new request too.
const OLD_FAILURE_STANDS: Duration = Duration::from_secs(10);
/// How often to look, beside the stream: a stream that went silent on the way must not hang us.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often in a row the server may be out of reach, as it is while it restarts.
const PATIENCE: u32 = 20;

impl Wait<'_> {
    /// Waits. The workspace as it is then; None when it is gone.
    pub async fn run(&self, name: &Name, output: &mut Output) -> Result<Option<Value>, CliError> {
        let mut progress = Progress::default();
        let ended = timeout(self.at_most, self.watch(name, output, &mut progress)).await;
        progress.end(output);
        let Ok(ended) = ended else {
            let seconds = self.at_most.as_secs();
            return Err(CliError::TimedOut(format!(
                "{} is not there after {seconds} s; it goes on, look with 'dormer get {}'",
                name.as_str(),
                name.as_str()
            )));
        };
        let (verdict, value) = ended?;
        let Some(value) = value else {
            return match self.goal {
                Goal::Gone => Ok(None),
                _ => Err(CliError::NotFound(format!("{} was deleted meanwhile", name.as_str()))),
            };
        };
        match verdict {
            Verdict::Reached | Verdict::Wait => Ok(Some(value)),
            Verdict::Failed => Err(self.failure(&read(&value)?).await),
            Verdict::Crossed => {
                let now: Workspace = read(&value)?;
                Err(CliError::Failed(format!(
                    "{} is {} now: somebody changed it meanwhile",
                    clean(&now.name),
                    clean(&now.phase)
                )))
            }
        }
    }

    async fn watch(
        &self,
        name: &Name,
        output: &mut Output,
        progress: &mut Progress,
    ) -> Result<(Verdict, Option<Value>), CliError> {
        let begun = Instant::now();
        let path = ["workspaces", name.as_str()];
        let mut out_of_reach = 0;
        let mut changed = false;
        loop {
            match self.client.get(&path, &[]).await {
                Ok(value) => {
                    out_of_reach = 0;
                    let verdict = self.look(&value, &mut changed, begun, output, progress)?;
                    if verdict != Verdict::Wait {
                        return Ok((verdict, Some(value)));
                    }
                }
                Err(CliError::Problem(problem)) if matches!(problem.status, 404 | 410) => {
                    return Ok((Verdict::Reached, None));
                }
                Err(error) => {
                    out_of_reach += 1;
                    if out_of_reach >= PATIENCE || matches!(error.exit_code(), 2..=4) {
                        return Err(error);
                    }
                    sleep(Duration::from_millis(500)).await;
                    continue;
                }
            }
            let Ok(mut events) = self.client.stream(&["workspaces", name.as_str(), "events"], &[]).await else {
                sleep(Duration::from_millis(500)).await;
                continue;
            };
            // Anything but an event sends us back to look for ourselves.
            while let Ok(Ok(Some(event))) = timeout(LOOK_EVERY, events.next()).await {
                if event.kind != "workspace" {
                    continue;
                }
                let Ok(value) = serde_json::from_str::<Value>(&event.data) else { continue };
                let verdict = self.look(&value, &mut changed, begun, output, progress)?;
                if verdict != Verdict::Wait {
                    return Ok((verdict, Some(value)));
                }
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn look(
        &self,
        value: &Value,
        changed: &mut bool,
        begun: Instant,
        output: &mut Output,
        progress: &mut Progress,
    ) -> Result<Verdict, CliError> {
        let now: Workspace = read(value)?;
        *changed |= self.before.is_none_or(|before| {
            before.phase != now.phase || before.progress != now.progress || before.message != now.message
        });
        let stands = begun.elapsed() > OLD_FAILURE_STANDS;
        let verdict = judge(self.goal, &now.phase, now.running, *changed, stands);
        if *changed {
            progress.show(output, &now);
        }
        Ok(verdict)
    }

    /// What a failure says: reason, message, and the end of the log of the step that failed.
    async fn failure(&self, now: &Workspace) -> CliError {
        let reason = clean(now.reason.as_deref().unwrap_or("Failed"));
        let message = clean_lines(now.message.as_deref().unwrap_or("no reason was given"), "  ");
        let mut text = format!("{} failed: {reason}: {message}", clean(&now.name));
        let failed = now.progress.iter().find(|step| step.state == StepState::Failed);
        if let Some(step) = failed {
            match timeout(Duration::from_secs(5), tail(self.client, &now.name, &step.step)).await {
                Ok(Some(log)) => text.push_str(&format!("\n--- the end of the log '{}':\n{log}", clean(&step.step))),
                _ => text.push_str(&format!("\nthe step '{}' failed", clean(&step.step))),
            }
        }
        CliError::Failed(text)
    }
}

/// Pure: what a state means for a goal. `changed` says that something happened since the goal was asked for, `stands`
/// that enough time has gone by for that.
fn judge(goal: Goal, phase: &str, running: bool, changed: bool, stands: bool) -> Verdict {
    match (goal, phase) {
        (Goal::Running, "Running") => Verdict::Reached,
        (Goal::RunningAnew, "Running") if changed => Verdict::Reached,
        (Goal::Running | Goal::RunningAnew, "Failed") if changed || stands => Verdict::Failed,
        (Goal::Running | Goal::RunningAnew, "Deleting") => Verdict::Crossed,
        (Goal::Running | Goal::RunningAnew, "Stopped" | "Archived") if changed && stands && !running => {
            Verdict::Crossed
        }
        (Goal::Stopped, "Stopped" | "Archived") => Verdict::Reached,
        // Nothing of it runs, and nothing is going to.
        (Goal::Stopped, "Failed" | "Pending") if !running => Verdict::Reached,
        (Goal::Archived, "Archived") => Verdict::Reached,
        (Goal::Stopped | Goal::Archived, "Deleting") => Verdict::Crossed,
        (Goal::Stopped, "Running") if running && changed && stands => Verdict::Crossed,
        _ => Verdict::Wait,
    }
}

/// The last lines of a log, if it can be had.
async fn tail(client: &Client, name: &str, log: &str) -> Option<String> {
    let mut events = client.stream(&["workspaces", name, "logs", log], &[("tail", "8192")]).await.ok()?;
    let mut text = String::new();
    while let Ok(Some(event)) = events.next().await {
        match event.kind.as_str() {
            "log" => text.push_str(&serde_json::from_str::<String>(&event.data).ok()?),
            "end" => break,
            _ => {}
        }
    }
    let lines = text.lines().map(clean).collect::<Vec<_>>();
    let last = lines.get(lines.len().saturating_sub(20)..)?;
    if last.is_empty() { None } else { Some(last.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        use Goal::{Archived, Gone, Running, RunningAnew, Stopped};
        use Verdict::{Crossed, Failed, Reached, Wait};
        let table = [
            (Running, "Running", true, false, false, Reached),
            (Running, "Starting", true, true, true, Wait),
            (Running, "Failed", true, false, false, Wait),
            (Running, "Failed", true, true, false, Failed),
            (Running, "Failed", true, false, true, Failed),
            (Running, "Stopped", false, false, false, Wait),
            (Running, "Stopped", false, true, true, Crossed),
            (Running, "Stopped", true, true, true, Wait),
            (Running, "Deleting", true, true, false, Crossed),
            (RunningAnew, "Running", true, false, true, Wait),
            (RunningAnew, "Running", true, true, false, Reached),
            (RunningAnew, "Stopping", true, true, false, Wait),
            (Stopped, "Stopping", false, true, true, Wait),
            (Stopped, "Stopped", false, false, false, Reached),
            (Stopped, "Failed", false, false, false, Reached),
            (Stopped, "Failed", true, false, false, Wait),
            (Stopped, "Running", true, true, true, Crossed),
            (Archived, "Stopped", false, true, false, Wait),
            (Archived, "Archived", false, true, false, Reached),
            (Gone, "Deleting", false, true, true, Wait),
            (Gone, "Stopped", false, true, true, Wait),
        ];
        for (goal, phase, running, changed, stands, verdict) in table {
            assert_eq!(
                judge(goal, phase, running, changed, stands),
                verdict,
                "{goal:?} {phase} {running} {changed} {stands}"
            );
        }
    }
}
