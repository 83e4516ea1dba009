//! Runs a command and says how it ended.

use std::process::ExitCode;

use crate::command::Command;
use crate::context::Context;
use crate::error::CliError;
use crate::globals::Globals;

/// Runs a command in this process: answers to stdout, everything else to stderr.
pub async fn run(command: Command, globals: Globals) -> ExitCode {
    let mut context = Context::of_process(globals);
    let result = command.run(&mut context).await;
    finish(result, &mut context)
}

/// Tells what went wrong, and gives the exit code.
pub fn finish(result: Result<(), CliError>, context: &mut Context) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is_broken_pipe() {
                context.output.say(&format!("error: {error}"));
            }
            ExitCode::from(error.exit_code())
        }
    }
}
