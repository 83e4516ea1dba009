//! `create`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use dormer_wire::api::{self, CreateWorkspace, Lifecycle, Resources, Storage, Variable, Workspace};

use crate::client::Client;
use crate::command::lifecycle::{Waiting, ready};
use crate::context::Context;
use crate::error::CliError;
use crate::file;
use crate::output::{clean, read};
use crate::source::{self, Source};
use crate::value::{self, Name};
use crate::wait::{Goal, Wait};

/// Shown below `--help`.
pub const EXAMPLES: &str = "\
Examples:
  dormer create .                                          the repository of this folder
  dormer create https://gitlab.com/group/app --ref v2.1    a tag
  dormer create https://github.com/owner/app/pull/42       the page of a pull request, pasted
  dormer create git@git.example.com:team/app.git --name try --env DEBUG=1 --idle-timeout 2h
  dormer create ./devfile.yaml --name scratch              no repository, only a devfile
  dormer create -f workspace.yaml                          what `dormer config init` writes";

/// Create a workspace.
#[derive(Debug, Args)]
pub struct Create {
    /// A folder, a clone URL, the page of a branch or merge request, or a devfile
    #[arg(required_unless_present = "file")]
    pub source: Option<String>,
    /// A workspace.yaml, or a devfile in place of the repository's
    #[arg(long, short, value_name = "FILE", conflicts_with = "devfile")]
    pub file: Option<PathBuf>,
    /// Its name, a part of its address; by default made from repository and ref
    #[arg(long)]
    pub name: Option<Name>,
    /// A branch, tag or commit
    #[arg(long = "ref", value_name = "REF", value_parser = value::reference, conflicts_with = "mr")]
    pub reference: Option<String>,
    /// The number of a merge or pull request
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub mr: Option<u64>,
    /// Clone only so many commits deep
    #[arg(long, value_name = "COMMITS", value_parser = clap::value_parser!(u32).range(1..))]
    pub depth: Option<u32>,
    /// Clone without the contents of old files; they come when they are looked at
    #[arg(long)]
    pub partial: bool,
    /// Check out only this folder; may be repeated
    #[arg(long, value_name = "FOLDER", value_parser = repository_path)]
    pub sparse: Vec<String>,
    /// Leave its submodules out
    #[arg(long)]
    pub no_submodules: bool,
    /// Where in the repository the devfile is
    #[arg(long, value_name = "PATH", value_parser = repository_path)]
    pub devfile: Option<String>,
    /// Its class
    #[arg(long)]
    pub class: Option<Name>,
    /// Its editor
    #[arg(long, value_parser = ["vscode", "none"])]
    pub editor: Option<String>,
    /// A name for people
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// A variable of its processes; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = value::variable)]
    pub env: Vec<Variable>,
    /// A file of variables, NAME=VALUE a line
    #[arg(long, value_name = "FILE")]
    pub env_file: Vec<PathBuf>,
    /// A secret as a variable: NAME, NAME:VARIABLE, or NAME:VARIABLE@file; may be repeated
    #[arg(long, value_name = "NAME[:VARIABLE]", value_parser = crate::command::secret::reference)]
    pub secret: Vec<api::SecretRef>,
    /// A port that it serves, with a name for its address if wanted: 3000 or web=3000; may be repeated
    #[arg(long, value_name = "[NAME=]PORT", value_parser = named_port)]
    pub port: Vec<api::Port>,
    /// Processors: 2, 500m
    #[arg(long, value_parser = value::quantity)]
    pub cpu: Option<String>,
    /// Memory: 4Gi
    #[arg(long, value_parser = value::quantity)]
    pub memory: Option<String>,
    /// Size of what it keeps: 10Gi
    #[arg(long, value_parser = value::quantity)]
    pub storage: Option<String>,
    /// Stop it after so long without activity: 30m, 8h, never
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub idle_timeout: Option<u64>,
    /// Do not start it
    #[arg(long)]
    pub no_start: bool,
    #[command(flatten)]
    waiting: Waiting,
}

impl Create {
    /// Creates it and waits until it runs.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let (wait, at_most, start) = (!self.waiting.no_wait, self.waiting.at_most(), !self.no_start);
        let body = self.body(context)?;
        let client = context.client()?;
        if let (None, Some(source)) = (&body.name, &body.source) {
            // What is there already is said; whoever wants another gets it.
            for existing in existing(&client, source).await {
                context.output.note(&format!(
                    "You have {} from the same source already: dormer open {}",
                    clean(&existing.name),
                    clean(&existing.name)
                ));
            }
        }
        let mut value = client.post(&["workspaces"], &body).await?;
        let made: Workspace = read(&value)?;
        let name: Name = made
            .name
            .parse()
            .map_err(|_| CliError::Failed("the server made a workspace without a proper name".into()))?;
        context.output.note(&format!("Created {}.", clean(&made.name)));
        if wait && start {
            let wait =
                Wait { client: &client, goal: Goal::Running, before: None, at_most: Duration::from_secs(at_most) };
            value = wait.run(&name, &mut context.output).await?.unwrap_or(value);
        }
        // Best effort: `ssh NAME.dormer` for the new one, where the person uses that.
        crate::command::ssh::refresh(context, &client).await;
        ready(context, &[value])
    }

    fn body(mut self, context: &mut Context) -> Result<CreateWorkspace, CliError> {
        let here = std::env::current_dir()?;
        // A file in the place of the source is as good as `-f`.
        if self.file.is_none() && self.source.as_ref().is_some_and(|word| here.join(word).is_file()) {
            self.file = self.source.take().map(|word| here.join(word));
        }
        let file = self.file.as_deref().map(file::read).transpose()?.unwrap_or_default();
        // What is typed counts more than what is in the file.
        let project = context.globals.project.clone().or(file.project);
        if let Some(project) = &project {
            project.parse::<Name>().map_err(|why| CliError::Usage(format!("--project '{}': {why}", clean(project))))?;
        }
        let mut variables = Vec::new();
        for path in &self.env_file {
            let wrong = |why: String| CliError::Usage(format!("--env-file {}: {why}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
            variables.extend(value::env_file(&text).map_err(wrong)?);
        }
        // What is said last, and on the command line, counts.
        variables.extend(self.env);
        let mut seen = std::collections::HashSet::new();
        variables.reverse();
        variables.retain(|variable| seen.insert(variable.name.clone()));
        variables.reverse();
        let without_repository = self.reference.is_some() || self.mr.is_some() || self.devfile.is_some();
        let word = match (self.source, file.source) {
            (Some(word), _) | (None, Some(file::Made::Word(word))) => Ok(source::read(&word, &here)?),
            (None, Some(file::Made::Parts(parts))) => Err(Some(*parts)),
            (None, None) => Err(None),
        };
        let (source, devfile) = match word {
            Ok(Source::Devfile(_)) => {
                return Err(CliError::Usage("the source in the file is a file again: name a repository there".into()));
            }
            Err(None) if without_repository => {
                let message = "--ref, --mr and --devfile belong to a repository, not to a devfile";
                return Err(CliError::Usage(message.into()));
            }
            Err(None) => (None, file.text),
            Err(Some(parts)) => (Some(parts), file.text),
            Ok(Source::Url { url, reference }) => {
                let guessed = reference.filter(|_| self.reference.is_none() && self.mr.is_none());
                if let Some(reference) = &guessed {
                    context.output.note(&format!("From {url}, branch {reference}, which this folder is on."));
                }
                let reference = self.reference.or(guessed);
                let source = api::Source {
                    url,
                    reference,
                    merge_request: self.mr,
                    depth: self.depth,
                    partial: self.partial,
                    sparse: self.sparse,
                    without_submodules: self.no_submodules,
                    ..api::Source::default()
                };
                (Some(source), file.text)
            }
        };
        let beside = file.devfile.unwrap_or_default();
        let mut secrets = self.secret;
        secrets.extend(beside.secrets.into_iter().filter(|one| {
            let given = |name: &str| variables.iter().any(|variable| variable.name == name);
            !given(&one.name)
        }));
        let path = Some(beside.path).filter(|path| !path.is_empty());
        Ok(CreateWorkspace {
            name: self.name.map(|name| name.as_str().into()).or(file.name),
            project,
            display_name: self.display_name,
            description: self.description.or(beside.description),
            source,
            devfile,
            devfile_path: self.devfile.or(path),
            class: self.class.map(|class| class.as_str().into()),
            editor: self.editor,
            variables,
            secrets,
            ports: self.port,
            resources: Resources {
                cpu: self.cpu.or(beside.resources.cpu),
                memory: self.memory.or(beside.resources.memory),
                ..beside.resources
            },
            storage: Storage { size: self.storage, ..Storage::default() },
            lifecycle: Lifecycle {
                idle_timeout: self.idle_timeout.or(beside.lifecycle.idle_timeout),
                ..Lifecycle::default()
            },
            pod: None,
            running: Some(!self.no_start),
        })
    }
}

/// The caller's workspaces of the same source. Where that cannot be told, the creation says why.
pub async fn existing(client: &Client, source: &api::Source) -> Vec<api::Existing> {
    let asked = api::ResolveSource { source: source.clone(), devfile_path: None };
    let answer = client.post(&["resolve"], &asked).await.ok();
    let resolved: Option<api::ResolvedSource> = answer.and_then(|value| read(&value).ok());
    resolved.map(|resolved| resolved.existing).unwrap_or_default()
}

/// A path inside a repository.
fn repository_path(text: &str) -> Result<String, String> {
    let outside = text.split('/').any(|part| part == "..") || text.starts_with(['/', '-']);
    match text.is_empty() || outside || text.chars().any(char::is_control) {
        true => Err("use a path inside the repository, such as .devfile/test.yaml".into()),
        false => Ok(text.into()),
    }
}

/// `3000` or `web=3000`.
pub fn named_port(text: &str) -> Result<api::Port, String> {
    let (name, port) = match text.split_once('=') {
        Some((name, port)) => (Some(name.parse::<Name>()?.as_str().to_string()), port),
        None => (None, text),
    };
    Ok(api::Port { port: value::port(port)?, name, share: "owner".into(), listening: false, url: String::new() })
}
