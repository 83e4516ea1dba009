//! What would be made from a source: looked at before anything is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use dormer_core::may::{Action, Verdict, may};
use dormer_core::plan::{Plan, Run, devfile};
use dormer_core::ports::forge::Resolved;
use dormer_core::principal::Principal;
use dormer_core::workspace::Source;
use dormer_wire::api::{self, CommitInfo, Existing, RequestInfo, ResolveSource, ResolvedSource, Running};

use crate::api::check::Check;
use crate::api::create;
use crate::api::record;
use crate::app::App;
use crate::body::Body;
use crate::deps::Info;
use crate::problem::Refused;
use crate::who::FullWriter;

/// The most that is told of anything: whoever wrote the devfile chose how much there is.
const MOST: usize = 50;
const LONGEST: usize = 2_000;

/// Tells what a source means, and what a workspace of it would run. Nothing is made.
#[utoipa::path(post, path = "/api/v1/resolve", tag = "workspaces", request_body = ResolveSource,
    responses((status = 200, body = ResolvedSource), (status = 403, body = api::Problem),
        (status = 422, body = api::Problem), (status = 502, body = api::Problem)))]
pub async fn resolve(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Body(wanted): Body<ResolveSource>,
) -> Result<Json<ResolvedSource>, Refused> {
    let mut check = Check::default();
    check.source(&wanted.source);
    let path = check.devfile_path(wanted.devfile_path);
    check.done()?;
    let who = &known.principal;
    let resolved = create::resolve(&app, who, &wanted.source, path).await?;
    let name = create::suggest(&app, &resolved, &[]).map(|name| name.to_string());
    let existing = existing(&app, who, &resolved.source);
    Ok(Json(shown(resolved, name, existing, &app.deps.info)))
}

/// The caller's own workspaces of the same source.
fn existing(app: &App, who: &Principal, source: &Source) -> Vec<Existing> {
    let same = |other: &Source| {
        trimmed(&other.url) == trimmed(&source.url)
            && other.merge_request == source.merge_request
            && (source.merge_request.is_some() || other.reference == source.reference)
    };
    let mut found: Vec<Existing> = app
        .deps
        .directory
        .all()
        .iter()
        .filter_map(|entry| {
            let record = entry.peek();
            let mine = record.spec.owner == who.user && may(Some(who), Action::View, &record) == Verdict::Allow;
            (mine && !record.deleted && record.spec.source.as_ref().is_some_and(same)).then(|| Existing {
                name: record.name.to_string(),
                url: app.deps.info.workspace_url(record.name.as_str()),
                phase: record.status.phase.to_string(),
                commit: record.status.commit.clone(),
            })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn trimmed(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.strip_suffix(".git").unwrap_or(url)
}

fn shown(resolved: Resolved, name: Option<String>, existing: Vec<Existing>, info: &Info) -> ResolvedSource {
    let mut answer = ResolvedSource {
        source: record::source(&resolved.source),
        trusted: is_trusted(&info.trusted_sources, &resolved.source),
        name,
        existing,
        ..ResolvedSource::default()
    };
    let text = match (&resolved.whole, &resolved.devfile) {
        (Some(Err(why)), _) => {
            answer.devfile_problem_page = create::problem_page(why, &resolved);
            answer.devfile_problem = Some(why.clone());
            None
        }
        (Some(Ok(whole)), _) => Some(whole.clone()),
        (None, Some((_, text))) => Some(text.clone()),
        (None, None) => Some(devfile::DEFAULT.to_string()),
    };
    let path = resolved.devfile.as_ref().map(|(path, _)| path.clone());
    if let Some(text) = text {
        match devfile::alone(path.as_deref().unwrap_or("devfile.yaml"), &text) {
            Ok(plan) => tell(&mut answer, &plan),
            Err(error) => answer.devfile_problem = Some(error.to_string()),
        }
    }
    answer.repository = resolved.repository;
    answer.devfile_path = path;
    answer.devfile_page = resolved.devfile_page;
    answer.other_devfiles = resolved.others.into_iter().take(MOST).collect();
    answer.notes = resolved.notes;
    answer.commit = resolved.commit.map(|commit| CommitInfo {
        author: commit.author,
        email: commit.email,
        at: commit.at,
        subject: commit.subject,
    });
    answer.request = resolved.request.map(|request| RequestInfo {
        number: request.number,
        title: request.title,
        author: request.author,
        state: request.state.as_str().into(),
        target: request.target,
        fork_gone: request.fork_gone,
    });
    answer
}

/// What of a plan happens without anybody asking for it.
fn tell(answer: &mut ResolvedSource, plan: &Plan) {
    let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let mut runs = Vec::new();
    for container in &plan.containers {
        let line = [container.command.as_deref(), container.args.as_deref()].map(Option::unwrap_or_default).concat();
        if !line.is_empty() {
            runs.push(Running { when: "start".into(), id: container.name.clone(), line: cut(&line.join(" ")) });
        }
    }
    let events =
        [("start", &plan.events.pre_start), ("ready", &plan.events.post_start), ("stop", &plan.events.pre_stop)];
    for (when, ids) in events {
        let mut waiting: Vec<&String> = ids.iter().rev().collect();
        let mut seen = std::collections::HashSet::new();
        while let Some(id) = waiting.pop() {
            let Some(command) = plan.commands.iter().find(|command| command.id == *id) else { continue };
            if !seen.insert(&command.id) {
                continue;
            }
            match &command.run {
                Run::Exec { line, .. } => {
                    runs.push(Running { when: when.into(), id: command.id.clone(), line: cut(line) });
                }
                Run::Composite { commands, .. } => waiting.extend(commands.iter().rev()),
                Run::Apply { component } => {
                    runs.push(Running { when: when.into(), id: command.id.clone(), line: component.clone() });
                }
            }
        }
    }
    answer.runs = runs.into_iter().take(MOST).collect();
    answer.images = plan.containers.iter().map(|container| container.image.clone()).take(MOST).collect();
    answer.ports = plan.ports.iter().map(|port| format!("{} ({})", port.name, port.port)).take(MOST).collect();
    answer.also_clones = plan
        .projects
        .iter()
        .flat_map(|project| project.remotes.iter().map(|(_, url)| url.clone()).chain(project.archive.clone()))
        .filter(|url| trimmed(url) != trimmed(&answer.source.url))
        .take(MOST)
        .collect();
}

/// Whether a source is from where an administrator trusts everybody who may push. A fork is somebody else's.
fn is_trusted(trusted: &[String], source: &Source) -> bool {
    let Some(place) = place(&source.url) else { return false };
    let own_branch = source.merge_request.is_none() || (source.fork.is_none() && source.branch.is_some());
    own_branch
        && trusted.iter().any(|pattern| {
            let pattern = pattern.trim().trim_end_matches('/');
            let rest = place.strip_prefix(pattern);
            !pattern.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// `host/path`, whatever it is cloned by.
fn place(url: &str) -> Option<String> {
    let rest = match url.split_once("://") {
        Some(("https" | "http" | "ssh", rest)) => rest.to_string(),
        Some(_) => return None,
        None => url.replacen(':', "/", 1),
    };
    let rest = rest.rsplit_once('@').map_or(rest.as_str(), |(_, rest)| rest).to_string();
    Some(trimmed(&rest).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_trusted() {
        let trusted = ["git.test/team".to_string(), " own.test/ ".to_string(), String::new()];
        let of = |url: &str| Source { url: url.into(), ..Source::default() };
        for (source, want) in [
            (of("https://git.test/team/app.git"), true),
            (of("git@git.test:team/app"), true),
            (of("ssh://git@git.test/team/app"), true),
            (of("https://own.test/anything"), true),
            (of("https://git.test/teamster/app"), false),
            (of("https://git.test/other"), false),
            (of("https://evil.test/git.test/team/app"), false),
            (of("https://git.test.evil.test/team/app"), false),
            (of("file:///git.test/team/app"), false),
            (Source { merge_request: Some(1), branch: Some("x".into()), ..of("https://git.test/team/app") }, true),
            (Source { merge_request: Some(1), ..of("https://git.test/team/app") }, false),
            (
                Source {
                    merge_request: Some(1),
                    branch: Some("x".into()),
                    fork: Some("https://git.test/bob/app".into()),
                    ..of("https://git.test/team/app")
                },
                false,
            ),
        ] {
            assert_eq!(is_trusted(&trusted, &source), want, "{source:?}");
        }
    }
}
