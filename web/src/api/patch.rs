//! Changing a workspace.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};

use dormer_core::may::Action;
use dormer_core::ports::store::modify;
use dormer_core::workspace::{
    EditorKind, Lifecycle, Member, Port, Resources, SecretRef, Spec, Storage, Variable, Workspace,
};
use dormer_wire::api::{self, PatchWorkspace};
use dormer_wire::report::ActivityKind;

use crate::api::check::Check;
use crate::api::create::{known_secrets, whole, within_class};
use crate::api::member;
use crate::api::record::show;
use crate::app::App;
use crate::body::Body;
use crate::problem::Refused;
use crate::who::Writer;

/// A change that was checked.
#[derive(Default)]
struct Change {
    display_name: Option<Option<String>>,
    description: Option<Option<String>>,
    variables: Option<Vec<Variable>>,
    secrets: Option<Vec<SecretRef>>,
    members: Option<Vec<Member>>,
    ports: Option<Vec<Port>>,
    resources: Option<Resources>,
    storage: Option<Storage>,
    lifecycle: Option<Lifecycle>,
    pod: Option<Option<serde_json::Value>>,
    class: Option<String>,
    editor: Option<EditorKind>,
    devfile: Option<Option<String>>,
    archived: Option<bool>,
    stop: bool,
    start: bool,
    restart: bool,
}

/// Changes a workspace: what is missing in the body stays as it is. A restart goes on after the answer, and after an end
/// of the gateway.
#[utoipa::path(patch, path = "/api/v1/workspaces/{name}", tag = "workspaces", params(("name" = String, Path)),
    request_body = PatchWorkspace, responses((status = 200, body = api::Workspace), (status = 403, body = api::Problem),
        (status = 404, body = api::Problem), (status = 409, body = api::Problem), (status = 422, body = api::Problem)))]
pub async fn patch(
    State(app): State<Arc<App>>,
    Writer(known): Writer,
    Path(name): Path<String>,
    Body(wanted): Body<PatchWorkspace>,
) -> Result<Json<api::Workspace>, Refused> {
    let who = &known.principal;
    // Before anything is said about the body: what may not be seen has no fields.
    let entry = app.admit(who, &name, Action::View).await?;
    for action in actions(&wanted) {
        app.admit(who, &name, action).await?;
    }
    let name = entry.peek().name.clone();
    if entry.peek().deleted {
        return Err(Refused::conflict("deleting", "This workspace is being deleted."));
    }
    let mut change = change(wanted)?;
    if let Some(Some(text)) = &mut change.devfile {
        whole(&app, text).await?;
    }
    if change.is_of_class() {
        let mut spec = entry.peek().spec.clone();
        change.apply(&entry.peek(), &mut spec);
        within_class(&app, &spec)?;
    }
    if change.secrets.is_some() {
        let mut spec = entry.peek().spec.clone();
        change.apply(&entry.peek(), &mut spec);
        known_secrets(&app, &spec)?;
    }
    for user in change.members.iter().flatten().filter_map(|member| member.user.as_ref()) {
        if app.deps.authenticator.user(user).is_none() {
            return Err(Refused::field("/members", format!("there is no user '{user}'")));
        }
    }
    if change.restart && entry.peek().spec.archived && change.archived != Some(false) {
        return Err(Refused::conflict("archived", "This workspace is archived: unarchive it first."));
    }

    let (mut record, changed) = modify(&*app.deps.store, &name, |record, spec| change.apply(record, spec)).await?;
    if changed {
        app.note(&name, who, change.reason(), format!("{} {} it", who.user, change.verb())).await;
    }
    if change.members.is_some() || change.ports.is_some() {
        app.audit(who, "workspace.share", name.as_str(), &change.shared()).await;
    }
    if change.start {
        record = app.deps.waker.ask(&name, who.user.as_str()).await?;
        entry.live.touch(app.deps.clock.now(), ActivityKind::Api);
    }
    if change.restart {
        entry.live.touch(app.deps.clock.now(), ActivityKind::Api);
    }
    app.seen(&record).await;
    Ok(Json(show(&record, Some(&entry.live), &app.deps.info)))
}

/// What has to be allowed for a change.
fn actions(wanted: &PatchWorkspace) -> Vec<Action> {
    let mut actions = Vec::new();
    if wanted.running.is_some() || wanted.restart.is_some() {
        actions.push(Action::Run);
    }
    let edits = [
        wanted.display_name.is_some(),
        wanted.description.is_some(),
        wanted.variables.is_some(),
        wanted.secrets.is_some(),
        wanted.resources.is_some(),
        wanted.storage.is_some(),
        wanted.class.is_some(),
        wanted.editor.is_some(),
        wanted.devfile.is_some(),
        wanted.lifecycle.is_some(),
        wanted.pod.is_some(),
    ];
    if edits.contains(&true) {
        actions.push(Action::Edit);
    }
    // A port's entry says with whom it is shared.
    if wanted.members.is_some() || wanted.ports.is_some() {
        actions.push(Action::Share);
    }
    if wanted.archived.is_some() {
        actions.push(Action::Own);
    }
    actions
}

fn members(members: Vec<api::Member>) -> Result<Vec<Member>, Refused> {
    Ok(member::read(members)?.into_iter().map(|(user, group, role)| Member { user, group, role }).collect())
}

fn change(wanted: PatchWorkspace) -> Result<Change, Refused> {
    let mut check = Check::default();
    let restart = wanted.restart == Some(true);
    if wanted.archived == Some(true) && (wanted.running == Some(true) || restart) {
        check.wrong("/archived", "a workspace cannot run and be archived");
    }
    if restart && wanted.running == Some(false) {
        check.wrong("/restart", "a workspace cannot be stopped and restarted at once");
    }
    let change = Change {
        display_name: wanted.display_name.map(|text| check.text("/displayName", Some(text), 200, true)),
        description: wanted.description.map(|text| check.text("/description", Some(text), 2000, false)),
        variables: wanted.variables.map(|variables| check.variables(variables)),
        secrets: wanted.secrets.map(|secrets| check.secrets(secrets, &[])),
        members: wanted.members.map(members).transpose()?,
        ports: wanted.ports.map(|ports| check.ports(ports)),
        resources: wanted.resources.map(|resources| check.resources(resources)),
        storage: wanted.storage.map(|storage| check.storage(storage)),
        class: wanted.class.map(|class| check.class(class)),
        editor: wanted.editor.map(|editor| check.editor(Some(&editor))),
        devfile: wanted.devfile.map(Some),
        lifecycle: wanted.lifecycle.map(|lifecycle| check.lifecycle(lifecycle)),
        pod: wanted.pod.map(|pod| check.pod(pod)),
        archived: wanted.archived,
        stop: wanted.running == Some(false),
        start: wanted.running == Some(true) && !restart,
        restart,
    };
    check.done()?;
    Ok(change)
}

impl Change {
    /// Writes it into a spec. Whether anything is another now.
    fn apply(&self, record: &Workspace, spec: &mut Spec) -> bool {
        let before = spec.clone();
        fn put<T: Clone>(place: &mut T, value: &Option<T>) {
            if let Some(value) = value {
                *place = value.clone();
            }
        }
        put(&mut spec.display_name, &self.display_name);
        put(&mut spec.description, &self.description);
        put(&mut spec.variables, &self.variables);
        put(&mut spec.secrets, &self.secrets);
        put(&mut spec.members, &self.members);
        put(&mut spec.ports, &self.ports);
        put(&mut spec.resources, &self.resources);
        put(&mut spec.storage, &self.storage);
        put(&mut spec.class, &self.class);
        put(&mut spec.editor, &self.editor);
        put(&mut spec.devfile, &self.devfile);
        put(&mut spec.lifecycle, &self.lifecycle);
        put(&mut spec.pod, &self.pod);
        put(&mut spec.archived, &self.archived);
        if self.stop || self.archived == Some(true) {
            spec.running = false;
        }
        if self.restart && !spec.archived {
            // One change: the reconciler sees to the rest, whichever gateway it runs in by then.
            spec.running = true;
            spec.restart.clone_from(&record.status.instance);
        }
        *spec != before
    }

    /// Whether the workspace's class has a say in it.
    fn is_of_class(&self) -> bool {
        self.class.is_some() || self.resources.is_some() || self.storage.is_some() || self.lifecycle.is_some()
    }

    /// With whom it is shared from now on, in words.
    fn shared(&self) -> String {
        let member = |member: &Member| {
            let who = member.user.as_ref().map(ToString::to_string).or_else(|| member.group.clone());
            format!("{}={}", who.unwrap_or_default(), member::role_name(member.role))
        };
        let members = self.members.iter().flatten().map(member);
        let ports = self.ports.iter().flatten().map(|port| format!("{}:{:?}", port.port, port.share));
        members.chain(ports).collect::<Vec<_>>().join(" ")
    }

    fn reason(&self) -> &'static str {
        match (self.archived, self.stop, self.restart) {
            (Some(true), ..) => "ArchiveAsked",
            (Some(false), ..) => "Unarchived",
            (_, true, _) => "StopAsked",
            (_, _, true) => "RestartAsked",
            _ => "Changed",
        }
    }

    fn verb(&self) -> &'static str {
        match (self.archived, self.stop, self.restart) {
            (Some(true), ..) => "archived",
            (Some(false), ..) => "unarchived",
            (_, true, _) => "stopped",
            (_, _, true) => "restarted",
            _ => "changed",
        }
    }
}
