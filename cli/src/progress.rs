//! Progress of a start, on stderr and only on a terminal: a line for each step that is done, one in place for the step
//! under way.

use std::collections::HashSet;

use dormer_wire::api::Workspace;
use dormer_wire::report::{Step, StepState};

use crate::output::{Output, clean};

/// Back to the line's beginning and clear it.
const AGAIN: &str = "\r\x1b[K";
/// What a line may have so that it does not wrap, where `\r` could not reach its beginning any more.
const WIDTH: usize = 78;

/// What was shown already.
#[derive(Debug, Default)]
pub struct Progress {
    told: HashSet<(String, i64)>,
}

impl Progress {
    /// Shows what is new.
    pub fn show(&mut self, output: &mut Output, workspace: &Workspace) {
        if output.live {
            let text = self.render(workspace);
            output.draw(&text);
        }
    }

    /// Clears the line that is in place.
    pub fn end(&self, output: &mut Output) {
        if output.live {
            output.draw(AGAIN);
        }
    }

    fn render(&mut self, workspace: &Workspace) -> String {
        let mut text = AGAIN.to_string();
        for step in &workspace.progress {
            let mark = match step.state {
                StepState::Done => "✓",
                StepState::Failed => "✗",
                _ => continue,
            };
            if self.told.insert((step.step.clone(), step.since.as_millisecond())) {
                text.push_str(&line(mark, step));
                text.push('\n');
            }
        }
        match workspace.progress.iter().find(|step| step.state == StepState::Running) {
            Some(step) => text.push_str(&line("…", step)),
            None => text.push_str(&format!("… {}: {}", clean(&workspace.name), clean(&workspace.phase))),
        }
        text
    }
}

fn line(mark: &str, step: &Step) -> String {
    let mut line = format!("{mark} {}", clean(&step.step));
    if let Some(detail) = &step.detail {
        line.push_str(&format!(": {}", clean(detail)));
    }
    line.chars().take(WIDTH).collect()
}
