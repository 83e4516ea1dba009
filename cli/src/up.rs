//! The second half of `dormer up`: a gateway serves, and the workspace of a source is to be there and open.

use std::process::ExitCode;
use std::time::Duration;

use dormer_wire::api::{CreateWorkspace, PatchWorkspace, Source as ApiSource, Workspace};

use crate::client::Client;
use crate::command::lifecycle::ready;
use crate::command::open::Open;
use crate::context::Context;
use crate::error::CliError;
use crate::globals::{Format, Globals};
use crate::output::{clean, read};
use crate::run::finish;
use crate::source::{self, Source};
use crate::value::Name;
use crate::wait::{Goal, Wait};

/// A first start clones and may build.
const AT_MOST: Duration = Duration::from_secs(15 * 60);

/// What is to be up.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// A folder, a clone URL, or the page of a branch or merge request.
    pub source: String,
    /// A name, where one was given.
    pub name: Option<String>,
    /// Whether to open a browser where there is a display.
    pub open: bool,
    /// Whether the gateway was made just now, by this person, for the first time: their own SSH key may come in.
    pub first: bool,
}

/// Creates the workspace of a source, or wakes the one that was made from it before, and opens it.
pub async fn run(wanted: Wanted, globals: Globals) -> ExitCode {
    let mut context = Context::of_process(globals);
    let result = up(wanted, &mut context).await;
    finish(result, &mut context)
}

async fn up(wanted: Wanted, context: &mut Context) -> Result<(), CliError> {
    let name = wanted.name.as_deref().map(str::parse::<Name>).transpose().map_err(CliError::Usage)?;
    let (url, reference) = match source::read(&wanted.source, &std::env::current_dir()?)? {
        Source::Url { url, reference } => (url, reference),
        Source::Devfile(_) => {
            return Err(CliError::Usage("'up' takes a repository; a devfile goes to 'create'".into()));
        }
    };
    let client = context.client()?;
    if wanted.first {
        crate::command::key::add_own(&client, context).await;
    }
    let (before, name) = match existing(&client, &url, reference.as_deref(), name.as_ref()).await? {
        Some(workspace) => {
            let name: Name = workspace.name.parse().map_err(CliError::Usage)?;
            if !workspace.running {
                let patch = PatchWorkspace { running: Some(true), ..PatchWorkspace::default() };
                client.patch(&["workspaces", name.as_str()], &patch).await?;
            }
            (Some(workspace), name)
        }
        None => {
            let body = CreateWorkspace {
                name: name.map(|name| name.as_str().to_string()),
                source: Some(ApiSource { url, reference, ..ApiSource::default() }),
                running: Some(true),
                ..CreateWorkspace::default()
            };
            let made: Workspace = read(&client.post(&["workspaces"], &body).await?)?;
            context.output.note(&format!("Created {}.", clean(&made.name)));
            (None, made.name.parse().map_err(CliError::Usage)?)
        }
    };
    let wait = Wait { client: &client, goal: Goal::Running, before: before.as_ref(), at_most: AT_MOST };
    let Some(value) = wait.run(&name, &mut context.output).await? else { return Ok(()) };
    ready(context, &[value])?;
    if wanted.open && context.environment.display && context.output.format == Format::Table {
        // The address was printed already; what is printed again is the same line.
        Open { name, port: None, print: false }.run(context).await?;
    }
    Ok(())
}

/// The workspace that was made from the same source, or that has the name that was asked for.
async fn existing(
    client: &Client,
    url: &str,
    reference: Option<&str>,
    name: Option<&Name>,
) -> Result<Option<Workspace>, CliError> {
    // A page that was pasted is known by what it means.
    if name.is_none() {
        let source = ApiSource { url: url.into(), reference: reference.map(Into::into), ..ApiSource::default() };
        if let Some(found) = crate::command::create::existing(client, &source).await.first() {
            return Ok(Some(read(&client.get(&["workspaces", &found.name], &[]).await?)?));
        }
    }
    let all: Vec<Workspace> = client.list(&["workspaces"], &[]).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(all.into_iter().find(|workspace| match name {
        Some(name) => workspace.name == name.as_str(),
        None => workspace.source.as_ref().is_some_and(|source| {
            same(&source.url, url) && (reference.is_none() || source.reference.as_deref() == reference)
        }),
    }))
}

fn same(a: &str, b: &str) -> bool {
    let trimmed = |url: &str| url.trim_end_matches('/').trim_end_matches(".git").trim_end_matches('/').to_string();
    trimmed(a) == trimmed(b)
}
