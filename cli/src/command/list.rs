//! `ls` and `get`.

use clap::Args;
use dormer_wire::api::{Port, Workspace};
use dormer_wire::report::StepState;
use jiff::Timestamp;
use serde_json::Value;

use crate::command::lifecycle::several;
use crate::context::Context;
use crate::error::CliError;
use crate::globals::Format;
use crate::output::rows::ago;
use crate::output::{clean, read};
use crate::value::Name;

/// Lists workspaces.
pub async fn ls(context: &mut Context) -> Result<(), CliError> {
    let project = context.globals.project.clone();
    let query = project.iter().map(|project| ("project", project.as_str())).collect::<Vec<_>>();
    let mut items = context.client()?.list(&["workspaces"], &query).await?;
    if let Some(project) = &project {
        items.retain(|item| item.get("project").and_then(Value::as_str) == Some(project));
    }
    context.output.list::<Workspace>(&items)
}

/// Show workspaces.
#[derive(Debug, Args)]
pub struct Get {
    /// Workspaces
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<Name>,
}

impl Get {
    /// Shows them: one in full, several as a table.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let client = context.client()?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in &self.names {
            match client.get(&["workspaces", name.as_str()], &[]).await {
                Ok(value) => found.push(value),
                Err(error) => failures.push(error),
            }
        }
        match (found.as_slice(), context.output.format) {
            ([], _) => {}
            ([one], Format::Table) if self.names.len() == 1 => {
                let text = describe(&read(one)?);
                context.output.raw(&text)?;
            }
            _ if self.names.len() == 1 => several(context, &found)?,
            _ => context.output.list::<Workspace>(&found)?,
        }
        context.each_failed(self.names.len(), failures)
    }
}

/// A workspace in full, for people.
fn describe(workspace: &Workspace) -> String {
    let now = Timestamp::now();
    let mut text = String::new();
    let mut line = |title: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.push_str(&format!("{:12}{}\n", format!("{title}:"), value));
        }
    };
    let say = |text: &String| clean(text);
    line("Name", Some(say(&workspace.name)));
    line("Title", workspace.display_name.as_ref().map(say));
    line("For", workspace.description.as_ref().map(say));
    line("Project", Some(say(&workspace.project)));
    line("Owner", Some(say(&workspace.owner)));
    line("Phase", Some(say(&workspace.phase)));
    line("Reason", workspace.reason.as_ref().map(say));
    line("Message", workspace.message.as_ref().map(say));
    line("URL", Some(say(&workspace.url)));
    line("SSH", Some(say(&workspace.ssh)));
    if let Some(source) = &workspace.source {
        line("Source", Some(say(&source.url)));
        line("Ref", source.reference.as_ref().map(say));
        let ended = source.ended.as_ref().map(|ended| format!(", {}", say(ended))).unwrap_or_default();
        line("Request", source.merge_request.map(|number| format!("!{number}{ended}")));
        line("About", source.title.as_ref().map(say));
        line("Page", source.page.as_ref().map(say));
        line("Commit", source.commit.as_ref().map(say));
    }
    line("Devfile", workspace.devfile_path.as_ref().map(say));
    line("Class", Some(say(&workspace.class)));
    line("Editor", Some(say(&workspace.editor)));
    let resources = &workspace.resources;
    line("CPU", resources.cpu.as_ref().map(say));
    line("Memory", resources.memory.as_ref().map(say));
    line("Storage", workspace.storage.size.as_ref().map(say));
    line(
        "Sleeps",
        workspace.lifecycle.idle_timeout.map(|seconds| match seconds {
            0 => "never".into(),
            _ => format!("after {seconds} s without activity"),
        }),
    );
    line("Active", workspace.last_activity.as_ref().map(|activity| format!("{} ago", ago(activity.at, now))));
    line("Age", Some(ago(workspace.created_at, now)));
    for note in &workspace.notes {
        line("Note", Some(say(note)));
    }
    if !workspace.progress.is_empty() {
        text.push_str("Last start:\n");
        for step in &workspace.progress {
            let state = match step.state {
                StepState::Pending => "pending",
                StepState::Running => "running",
                StepState::Done => "done",
                StepState::Failed => "FAILED",
                StepState::Skipped => "skipped",
            };
            let detail = step.detail.as_ref().map(|detail| format!("  {}", clean(detail))).unwrap_or_default();
            text.push_str(format!("  {:10}{state:9}{}", clean(&step.step), detail).trim_end());
            text.push('\n');
        }
    }
    if !workspace.ports.is_empty() {
        text.push_str("Ports:\n");
        for Port { port, name, share, listening, url } in &workspace.ports {
            let name = name.as_ref().map(|name| format!(" ({})", clean(name))).unwrap_or_default();
            let listening = if *listening { "" } else { ", nothing listens" };
            text.push_str(&format!("  {port}{name}  {}  {}{listening}\n", clean(share), clean(url)));
        }
    }
    text
}
