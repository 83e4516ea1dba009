//! `dormer devfile`: any devfile, no server needed.

mod names;

use std::process::ExitCode;

use dormer_cli::globals::Format;
use dormer_core::plan::Plan;
use dormer_core::plan::devfile as plan;
use dormer_core::plan::left_out::LeftOut;
use dormer_devfile::diagnostic::Diagnostics;
use dormer_devfile::limits::Limits;
use dormer_devfile::schema::{self, Edition};
use dormer_devfile::stage::Valid;
use serde_json::json;

use crate::offline::fetch;
use crate::say;

/// Check, flatten or plan a devfile; needs no server
///
/// A workspace.yaml or a devcontainer.json is read too, as the devfile that means the same.
#[derive(Debug, clap::Args)]
pub struct DevfileArgs {
    #[command(subcommand)]
    command: DevfileCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DevfileCommand {
    /// Tell everything that is wrong, with file, line and column
    Check {
        /// Files, patterns such as '**/devfile.yaml', addresses, or - for standard input
        #[arg(required = true, value_name = "FILE|URL|-")]
        sources: Vec<String>,
    },
    /// Write it whole: parents and plugins merged in, variables substituted (-o json|yaml)
    Flatten {
        /// A file, an address, or - for standard input
        #[arg(value_name = "FILE|URL|-")]
        source: String,
    },
    /// Tell what a workspace of it would run (-o json|yaml)
    Plan {
        /// A file, an address, or - for standard input
        #[arg(value_name = "FILE|URL|-")]
        source: String,
    },
    /// Print the JSON schema of a version, for editors
    Schema {
        /// 2.0.0, 2.1.0, 2.2.0, 2.2.1, 2.2.2 or 2.3.0; or 'workspace' or 'devcontainer'
        #[arg(value_name = "VERSION", default_value_t = Edition::LATEST.to_string())]
        version: String,
    },
}

enum Failed {
    Invalid(Diagnostics),
    Unread(anyhow::Error),
    Usage(String),
    Other(anyhow::Error),
}

/// Runs it: 0 when all is valid, 1 when something is not, 2 when it is used wrongly, 3 when something is not there.
pub fn run(args: &DevfileArgs, globals: &dormer_cli::Globals) -> ExitCode {
    let format = globals.output;
    let done = match &args.command {
        DevfileCommand::Check { sources } => return check(sources, format, globals.quiet),
        DevfileCommand::Flatten { source } => load(source).and_then(|valid| flatten(&valid, format)),
        DevfileCommand::Plan { source } => load(source).and_then(|valid| print_plan(&valid, format)),
        DevfileCommand::Schema { version } => print_schema(version, format),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => tell(&failed, format),
    }
}

fn tell(failed: &Failed, format: Option<Format>) -> ExitCode {
    match failed {
        Failed::Invalid(diagnostics) => {
            if matches!(format, Some(Format::Json)) {
                // For machines the problems are the answer, on the same stream as the answer would have been.
                let text = serde_json::to_string_pretty(diagnostics).map_err(Into::into);
                let _ = text.and_then(|text| say::line(&text));
            } else {
                say::note(&diagnostics.to_string());
            }
            ExitCode::FAILURE
        }
        Failed::Unread(error) => {
            say::note(&format!("error: {error:#}"));
            ExitCode::from(3)
        }
        Failed::Usage(message) => {
            say::note(&format!("error: {message}"));
            ExitCode::from(2)
        }
        Failed::Other(error) => say::failed(error),
    }
}

fn load(source: &str) -> Result<Valid, Failed> {
    let bytes = fetch::read(source).map_err(Failed::Unread)?;
    let name = if source == "-" { "<stdin>" } else { source };
    dormer_devfile::load_any(name, &bytes, &fetch::Web, &Limits::default()).map_err(Failed::Invalid)
}

fn check(patterns: &[String], format: Option<Format>, quiet: bool) -> ExitCode {
    let machine = matches!(format, Some(Format::Json | Format::Yaml));
    let mut worst: u8 = 0;
    let mut reports = Vec::new();
    for pattern in patterns {
        let sources = match names::expand(pattern) {
            Ok(sources) => sources,
            Err(message) => {
                say::note(&format!("error: {message}"));
                worst = worst.max(3);
                continue;
            }
        };
        for source in sources {
            let (valid, diagnostics) = match load(&source) {
                Ok(valid) => {
                    let warnings = valid.warnings().into_iter().chain(plan::notice::of(&valid)).collect();
                    (Some(valid), warnings)
                }
                Err(Failed::Invalid(diagnostics)) => (None, diagnostics),
                Err(failed) => {
                    tell(&failed, format);
                    worst = worst.max(3);
                    continue;
                }
            };
            worst = worst.max(u8::from(valid.is_none()));
            if machine {
                let mut report = json!({ "source": source, "valid": valid.is_some(), "diagnostics": diagnostics });
                if let (Some(valid), Some(fields)) = (&valid, report.as_object_mut()) {
                    fields.insert("workspace".to_owned(), workspace(valid));
                }
                reports.push(report);
                continue;
            }
            let text = diagnostics.to_string();
            if !text.is_empty() {
                say::note(&text);
            }
            if let Some(valid) = valid.filter(|_| !quiet) {
                if say::line(&format!("{source}: valid")).is_err() {
                    return ExitCode::FAILURE;
                }
                if let Err(plan::PlanError::Impossible(why)) = plan::of(&valid) {
                    say::note(&format!("{source}: no workspace can be made of it alone: {why}"));
                }
            }
        }
    }
    if machine && say::text(&rendered(&reports, format)).is_err() {
        return ExitCode::FAILURE;
    }
    ExitCode::from(worst)
}

fn rendered(value: &impl serde::Serialize, format: Option<Format>) -> String {
    let text = match format {
        Some(Format::Yaml) => serde_saphyr::to_string(value).map_err(|error| error.to_string()),
        _ => serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| error.to_string()),
    };
    // Everything here is plain data with texts as keys, which both formats can say.
    text.unwrap_or_else(|error| format!("{error}\n"))
}

fn flatten(valid: &Valid, format: Option<Format>) -> Result<(), Failed> {
    let text = match format {
        Some(Format::Json) => valid.to_json().map(|text| text + "\n"),
        _ => valid.to_yaml(),
    };
    let text = text.map_err(|error| Failed::Other(error.into()))?;
    say::text(&text).map_err(Failed::Other)
}

/// A plan, and what the backends leave out of it.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Planned<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    left_out: LeftOut,
}

fn print_plan(valid: &Valid, format: Option<Format>) -> Result<(), Failed> {
    let plan = plan::of(valid).map_err(|error| match error {
        plan::PlanError::Devfile(diagnostics) => Failed::Invalid(diagnostics),
        error => Failed::Other(error.into()),
    })?;
    let planned = Planned { plan: &plan, left_out: LeftOut::of(&plan) };
    plan.warnings.iter().for_each(|warning| say::note(&format!("warning: {warning}")));
    for (backend, left_out) in
        [("as processes of one machine", &planned.left_out.processes), ("in a cluster", &planned.left_out.pods)]
    {
        left_out.iter().for_each(|what| say::note(&format!("{backend}: {what}")));
    }
    say::text(&rendered(&planned, format)).map_err(Failed::Other)
}

/// What a workspace would make of a valid devfile, for machines: what it leaves out, or why there can be none.
fn workspace(valid: &Valid) -> serde_json::Value {
    match plan::of(valid) {
        Ok(plan) => json!({ "warnings": plan.warnings, "leftOut": LeftOut::of(&plan) }),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

fn print_schema(version: &str, format: Option<Format>) -> Result<(), Failed> {
    let schema = match version {
        "workspace" | "workspace.yaml" => schema::workspace_schema(),
        "devcontainer" | "devcontainer.json" => schema::devcontainer_schema(),
        version => {
            let edition: Edition =
                version.parse().map_err(|error: schema::UnknownEdition| Failed::Usage(error.to_string()))?;
            schema::json_schema(edition)
        }
    };
    say::text(&rendered(&schema, format)).map_err(Failed::Other)
}
