//! What went wrong, and the exit code that says whose turn it is.

use dormer_wire::api::Problem;

use crate::output::{clean, clean_lines};

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// What was typed cannot be meant. Nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// Not signed in, or not allowed.
    #[error("{0}")]
    NotAllowed(String),
    /// It took longer than one was willing to wait; it may still happen.
    #[error("{0}")]
    TimedOut(String),
    /// It was tried and failed.
    #[error("{0}")]
    Failed(String),
    /// The server says no, and why.
    #[error("{}", render(.0))]
    Problem(Box<Problem>),
    /// Some of several things failed, each told already.
    #[error("{failed} of {of} failed")]
    Several {
        /// How many failed.
        failed: usize,
        /// Of how many.
        of: usize,
        /// The exit code they agree on, 1 where they don't.
        code: u8,
    },
    /// The answer could not be written.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}

impl CliError {
    /// The exit code: 1 failed, 2 usage, 3 no such thing, 4 not signed in or not allowed, 5 timed out.
    pub fn exit_code(&self) -> u8 {
        match self {
            CliError::Usage(_) => 2,
            CliError::NotFound(_) => 3,
            CliError::NotAllowed(_) => 4,
            CliError::TimedOut(_) => 5,
            CliError::Failed(_) | CliError::Output(_) => 1,
            CliError::Several { code, .. } => *code,
            CliError::Problem(problem) => match problem.status {
                400 | 422 => 2,
                401 | 403 => 4,
                404 | 410 => 3,
                408 | 504 => 5,
                _ => 1,
            },
        }
    }

    /// Whether there is nobody left to tell: the reader of our output has gone, as in `dormer ls | head -1`.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, CliError::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

/// A problem as text: what happened, then each field that is wrong. The text is the server's: it may hold anything.
fn render(problem: &Problem) -> String {
    let mut text = if problem.detail.is_empty() { clean(&problem.title) } else { clean_lines(&problem.detail, "") };
    // One mistake, told once: the only field's reason is often all that there is to say.
    for error in problem.errors.iter().filter(|error| error.reason != problem.detail) {
        // A person typed no JSON: `/source/ref` is `source.ref` to them.
        let field = clean(error.field.trim_start_matches('/')).replace('/', ".");
        text.push_str(&format!("\n  {field}: {}", clean_lines(&error.reason, "    ")));
    }
    if problem.status == 401 {
        text.push_str("\nSign in with 'dormer login'.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_wire::api::FieldProblem;

    fn problem(status: u16) -> CliError {
        CliError::Problem(Box::new(Problem {
            kind: "/problems/x".into(),
            title: "Wrong".into(),
            status,
            detail: "it is wrong\u{1b}[2J".into(),
            errors: vec![FieldProblem { field: "/source/ref".into(), reason: "begins with '-'".into() }],
        }))
    }

    #[test]
    fn codes() {
        let table = [
            (400, 2),
            (401, 4),
            (403, 4),
            (404, 3),
            (409, 1),
            (410, 3),
            (422, 2),
            (429, 1),
            (500, 1),
            (503, 1),
            (504, 5),
        ];
        for (status, code) in table {
            assert_eq!(problem(status).exit_code(), code, "{status}");
        }
    }

    #[test]
    fn a_problem_names_its_fields_and_cannot_speak_to_the_terminal() {
        assert_eq!(problem(422).to_string(), "it is wrong\u{fffd}[2J\n  source.ref: begins with '-'");
        assert!(problem(401).to_string().ends_with("'dormer login'."));
    }
}
