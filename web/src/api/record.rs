//! A record as the API shows it. Values of variables are not part of it: they may be secrets.

use std::collections::BTreeMap;

use dormer_core::directory::{Entry, Live};
use dormer_core::phase::Phase;
use dormer_core::workspace::{EditorKind, Member, SecretRef, Share, Source, Workspace};
use dormer_wire::api;
use dormer_wire::report::Activity;

use crate::api::member::role_name;
use crate::deps::Info;

/// The newest record of an entry, with what people do in it through this gateway.
pub fn shown(entry: &Entry, info: &Info) -> api::Workspace {
    show(&entry.peek(), Some(&entry.live), info)
}

/// A record.
pub fn show(record: &Workspace, live: Option<&Live>, info: &Info) -> api::Workspace {
    let (spec, status, name) = (&record.spec, &record.status, record.name.as_str());
    let phase = if record.deleted { Phase::Deleting } else { status.phase };
    api::Workspace {
        name: name.to_string(),
        project: spec.project.to_string(),
        owner: spec.owner.to_string(),
        display_name: spec.display_name.clone(),
        description: spec.description.clone(),
        class: spec.class.clone(),
        editor: editor(spec.editor).to_string(),
        source: spec.source.as_ref().map(|source| api::Source {
            commit: status.commit.clone().or_else(|| source.commit.clone()),
            ..self::source(source)
        }),
        devfile_path: spec.devfile_path.clone(),
        running: spec.running,
        archived: spec.archived,
        phase: phase.to_string(),
        reason: status.reason.clone(),
        message: status.message.clone(),
        progress: status.progress.clone(),
        log_tail: status.log_tail.clone().filter(|_| phase == Phase::Failed),
        url: info.workspace_url(name),
        ssh: info.ssh_line(name),
        ports: ports(record, info),
        members: spec.members.iter().map(member).collect(),
        secrets: spec.secrets.iter().map(secret).collect(),
        resources: api::Resources {
            cpu: spec.resources.cpu.clone(),
            memory: spec.resources.memory.clone(),
            gpu: spec.resources.gpu.clone(),
            accelerator: spec.resources.accelerator.clone(),
        },
        storage: api::Storage {
            size: spec.storage.size.clone(),
            class: spec.storage.class.clone(),
            strategy: spec.storage.strategy.clone(),
        },
        lifecycle: api::Lifecycle {
            idle_timeout: spec.lifecycle.idle_timeout,
            max_lifetime: spec.lifecycle.max_lifetime,
            delete_after_stopped: spec.lifecycle.delete_after_stopped,
            keep_alive_when_busy: spec.lifecycle.keep_alive_when_busy,
        },
        notes: status.notes.values().flat_map(|text| text.lines()).map(str::to_owned).collect(),
        last_activity: last_activity(record, live),
        created_at: record.created_at,
    }
}

/// The last thing that a person did in it, here or at another gateway.
pub fn last_activity(record: &Workspace, live: Option<&Live>) -> Option<Activity> {
    let live = live.and_then(Live::activity);
    live.into_iter().chain(record.status.last_activity.clone()).max_by_key(|activity| activity.at)
}

/// A source, as the API tells it.
pub fn source(source: &Source) -> api::Source {
    api::Source {
        url: without_credentials(&source.url),
        reference: source.reference.clone(),
        merge_request: source.merge_request,
        commit: source.commit.clone(),
        page: source.page.clone(),
        title: source.title.clone(),
        branch: source.branch.clone(),
        fork: source.fork.clone(),
        ended: source.ended.clone(),
        depth: source.cloning.depth,
        partial: source.cloning.partial,
        sparse: source.cloning.sparse.clone(),
        without_submodules: source.cloning.without_submodules,
    }
}

fn member(member: &Member) -> api::Member {
    let user = member.user.as_ref().map(ToString::to_string);
    api::Member { user, group: member.group.clone(), role: role_name(member.role).into() }
}

fn secret(secret: &SecretRef) -> api::SecretRef {
    let kind = if secret.file { api::VariableKind::File } else { api::VariableKind::Env };
    api::SecretRef { secret: secret.secret.clone(), name: secret.name.clone(), kind }
}

/// Every port that is named or listens, by number.
fn ports(record: &Workspace, info: &Info) -> Vec<api::Port> {
    let mut ports = BTreeMap::new();
    let listening = &record.status.listening;
    // Whoever comes later replaces: the spec counts more than the devfile, and both more than what merely listens.
    for port in listening {
        ports.insert(*port, (None, Share::default()));
    }
    for port in record.status.endpoints.iter().chain(&record.spec.ports) {
        ports.insert(port.port, (port.name.clone(), port.share));
    }
    ports
        .into_iter()
        .map(|(port, (name, port_share))| api::Port {
            port,
            name,
            share: share(port_share).to_string(),
            listening: listening.contains(&port),
            url: info.port_url(record.name.as_str(), &port.to_string()),
        })
        .collect()
}

/// A URL as everybody who may see the record may see it: a password in it is its owner's.
fn without_credentials(text: &str) -> String {
    match url::Url::parse(text) {
        Ok(mut url) if url.password().is_some() => match url.set_password(None) {
            Ok(()) => url.to_string(),
            Err(()) => String::new(),
        },
        _ => text.to_string(),
    }
}

/// An editor's name.
pub fn editor(kind: EditorKind) -> &'static str {
    match kind {
        EditorKind::Vscode => "vscode",
        EditorKind::None => "none",
    }
}

/// A share level's name.
pub fn share(share: Share) -> &'static str {
    match share {
        Share::Owner => "owner",
        Share::Project => "project",
        Share::SignedIn => "signed-in",
        Share::Public => "public",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (url, want) in [
            ("https://ann:secret@git.test/a.git", "https://ann@git.test/a.git"),
            ("https://git.test/a.git", "https://git.test/a.git"),
            ("git@git.test:a/b.git", "git@git.test:a/b.git"),
            ("/srv/a", "/srv/a"),
        ] {
            assert_eq!(without_credentials(url), want);
        }
    }
}
