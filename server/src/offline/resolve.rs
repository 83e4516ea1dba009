//! `dormer resolve`: what a source means.

use std::process::ExitCode;

use dormer_core::ports::forge::{Asked, Forge, ForgeError, Resolved};
use serde_json::json;

use crate::say;

/// Tell what a source means: repository, ref, commit, devfile; needs no server
#[derive(Debug, clap::Args)]
pub struct ResolveArgs {
    /// A folder, a clone URL, or the page of a branch or merge request
    source: String,
    /// A branch, tag or commit
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// The number of a merge or pull request
    #[arg(long, value_name = "NUMBER")]
    mr: Option<u64>,
    /// Only read the text; ask no host
    #[arg(long)]
    offline: bool,
}

/// Runs it.
pub async fn run(args: ResolveArgs, globals: &dormer_cli::Globals) -> ExitCode {
    let url = match std::fs::canonicalize(&args.source) {
        Ok(folder) if folder.is_dir() => match url::Url::from_file_path(&folder) {
            Ok(url) => url.to_string(),
            Err(()) => args.source,
        },
        _ => args.source,
    };
    let asked = Asked { url, reference: args.reference, merge_request: args.mr, local: true, ..Asked::default() };
    let resolved = match args.offline {
        true => dormer_forge::source::offline(&asked),
        false => dormer_forge::git::Git::default().resolve(&asked).await,
    };
    match resolved {
        Ok(resolved) => match print(&resolved, globals) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => say::failed(&error),
        },
        Err(error) => {
            say::note(&format!("error: {error}"));
            ExitCode::from(match error {
                ForgeError::Invalid(_) => 2,
                ForgeError::NoRepository(_) | ForgeError::NoRef { .. } => 3,
                ForgeError::NotAllowed(_) => 4,
                ForgeError::Unreachable { .. } | ForgeError::RateLimited { .. } | ForgeError::Failed(_) => 1,
            })
        }
    }
}

fn print(resolved: &Resolved, globals: &dormer_cli::Globals) -> anyhow::Result<()> {
    let source = &resolved.source;
    let devfile = resolved.devfile.as_ref().map(|(path, _)| path);
    if matches!(globals.output, Some(dormer_cli::globals::Format::Json)) {
        let value = json!({
            "repository": resolved.repository,
            "source": {
                "url": source.url, "ref": source.reference, "mergeRequest": source.merge_request, "commit": source.commit,
                "title": source.title, "branch": source.branch, "fork": source.fork, "page": source.page,
            },
            "devfilePath": devfile,
            "otherDevfiles": resolved.others,
        });
        return say::line(&serde_json::to_string_pretty(&value)?);
    }
    let mut text = format!("repository  {}\nurl         {}\n", resolved.repository, source.url);
    let mut row = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("{name:<12}{value}\n"));
        }
    };
    row("ref", source.reference.clone());
    row("request", source.merge_request.map(|number| number.to_string()));
    row("title", source.title.clone());
    row(
        "from",
        source.branch.clone().map(|branch| match &source.fork {
            Some(fork) => format!("{branch} of {fork}"),
            None => branch,
        }),
    );
    row("commit", source.commit.clone());
    row("author", resolved.commit.as_ref().map(|commit| format!("{} <{}>", commit.author, commit.email)));
    row("devfile", devfile.cloned());
    for other in &resolved.others {
        row("or", Some(other.clone()));
    }
    say::text(&text)
}
