//! `dormer devfile`: any devfile, no server needed.

use std::process::ExitCode;

use dormer_cli::globals::Format;
use dormer_core::plan::devfile as plan;
use dormer_devfile::diagnostic::Diagnostics;
use dormer_devfile::limits::Limits;
use dormer_devfile::stage::Valid;
use serde_json::json;

use crate::offline::fetch;
use crate::say;

/// Check, flatten or plan a devfile; needs no server
#[derive(Debug, clap::Args)]
pub struct DevfileArgs {
    #[command(subcommand)]
    command: DevfileCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DevfileCommand {
    /// Tell everything that is wrong, with file, line and column
    Check {
        /// Files, addresses, or - for standard input
        #[arg(required = true, value_name = "FILE|URL|-")]
        sources: Vec<String>,
    },
    /// Write it whole: parents and plugins merged in, variables substituted
    Flatten {
        /// A file, an address, or - for standard input
        #[arg(value_name = "FILE|URL|-")]
        source: String,
    },
    /// Tell what a workspace of it would run
    Plan {
        /// A file, an address, or - for standard input
        #[arg(value_name = "FILE|URL|-")]
        source: String,
    },
}

enum Failed {
    Invalid(Diagnostics),
    Unread(anyhow::Error),
    Other(anyhow::Error),
}

/// Runs it: 0 when all is valid, 1 when something is not, 3 when something is not there.
pub fn run(args: &DevfileArgs, globals: &dormer_cli::Globals) -> ExitCode {
    let json = matches!(globals.output, Some(Format::Json));
    let done = match &args.command {
        DevfileCommand::Check { sources } => return check(sources, json, globals.quiet),
        DevfileCommand::Flatten { source } => load(source).and_then(|valid| flatten(&valid, json)),
        DevfileCommand::Plan { source } => load(source).and_then(|valid| print_plan(&valid, globals)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => tell(&failed),
    }
}

fn tell(failed: &Failed) -> ExitCode {
    match failed {
        Failed::Invalid(diagnostics) => {
            say::note(&diagnostics.to_string());
            ExitCode::FAILURE
        }
        Failed::Unread(error) => {
            say::note(&format!("error: {error:#}"));
            ExitCode::from(3)
        }
        Failed::Other(error) => say::failed(error),
    }
}

fn load(source: &str) -> Result<Valid, Failed> {
    let bytes = fetch::read(source).map_err(Failed::Unread)?;
    let name = if source == "-" { "<stdin>" } else { source };
    dormer_devfile::load(name, &bytes, &fetch::Web, &Limits::default()).map_err(Failed::Invalid)
}

fn check(sources: &[String], json: bool, quiet: bool) -> ExitCode {
    let mut worst = 0;
    let mut reports = Vec::new();
    for source in sources {
        let (valid, diagnostics) = match load(source) {
            Ok(valid) => (true, valid.warnings()),
            Err(Failed::Invalid(diagnostics)) => (false, diagnostics),
            Err(failed) => {
                tell(&failed);
                worst = 3;
                continue;
            }
        };
        if !valid && worst == 0 {
            worst = 1;
        }
        if json {
            reports.push(json!({ "source": source, "valid": valid, "diagnostics": diagnostics }));
            continue;
        }
        let text = diagnostics.to_string();
        if !text.is_empty() {
            say::note(&text);
        }
        if valid && !quiet && say::line(&format!("{source}: valid")).is_err() {
            return ExitCode::FAILURE;
        }
    }
    if json && serde_json::to_string_pretty(&reports).map_err(Into::into).and_then(|text| say::line(&text)).is_err() {
        return ExitCode::FAILURE;
    }
    ExitCode::from(worst)
}

fn flatten(valid: &Valid, json: bool) -> Result<(), Failed> {
    let text = match json {
        true => dormer_devfile::write::json(valid.devfile()),
        false => dormer_devfile::write::yaml(valid.devfile()),
    };
    let text = text.map_err(|error| Failed::Other(error.into()))?;
    say::text(&text).map_err(Failed::Other)
}

fn print_plan(valid: &Valid, globals: &dormer_cli::Globals) -> Result<(), Failed> {
    let plan = plan::translate(valid.devfile()).map_err(|error| Failed::Other(error.into()))?;
    let text = match globals.output {
        Some(Format::Yaml) => serde_saphyr::to_string(&plan).map_err(|error| Failed::Other(error.into()))?,
        _ => serde_json::to_string_pretty(&plan).map_err(|error| Failed::Other(error.into()))? + "\n",
    };
    say::text(&text).map_err(Failed::Other)
}
