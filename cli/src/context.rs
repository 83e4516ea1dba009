//! What every command is given.

use crate::client::Client;
use crate::credentials;
use crate::environment::Environment;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::Output;

/// What every command is given.
pub struct Context {
    /// Options that every command has.
    pub globals: Globals,
    /// The machine.
    pub environment: Environment,
    /// Where answers and remarks go.
    pub output: Output,
}

impl Context {
    /// This process's.
    pub fn of_process(globals: Globals) -> Context {
        let output = Output::of_process(globals.output.unwrap_or_default(), globals.quiet);
        Context { globals, environment: Environment::of_process(), output }
    }

    /// A client for the server that is meant.
    pub fn client(&self) -> Result<Client, CliError> {
        Client::new(credentials::choose(&self.globals, &self.environment)?)
    }

    /// What several names came to, all of which were tried: the failure itself where there was one name, else each
    /// failure is told and they are counted.
    pub fn each_failed(&mut self, of: usize, failures: Vec<CliError>) -> Result<(), CliError> {
        let mut failures = failures;
        if of == 1 {
            return failures.pop().map_or(Ok(()), Err);
        }
        for failure in &failures {
            self.output.say(&format!("error: {failure}"));
        }
        let Some(code) = failures.first().map(CliError::exit_code) else { return Ok(()) };
        let code = if failures.iter().all(|failure| failure.exit_code() == code) { code } else { 1 };
        Err(CliError::Several { failed: failures.len(), of, code })
    }
}
