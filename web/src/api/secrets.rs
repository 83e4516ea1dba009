//! Secrets: of the caller, and of the projects that they are in. Values go in and never come out.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use dormer_core::account::{Holder, SecretKind, StoredSecret};
use dormer_core::may::Verdict;
use dormer_core::may::project::{Affair, may_in};
use dormer_core::principal::Principal;
use dormer_core::secret::Secret as Hidden;
use dormer_wire::api::{CreateSecret, List, Problem, Secret};

use crate::api::tokens::{may_list, whole};
use crate::app::App;
use crate::body::Body;
use crate::problem::Refused;
use crate::who::{Caller, FullWriter};

fn show(secret: &StoredSecret) -> Secret {
    let (kind, host) = match &secret.kind {
        SecretKind::Variable => ("variable", None),
        SecretKind::ForgeToken { host, .. } => ("forge-token", Some(host.clone())),
    };
    let project = match &secret.holder {
        Holder::User(_) => None,
        Holder::Project(project) => Some(project.to_string()),
    };
    let (id, name) = (secret.id.clone(), secret.name.clone());
    Secret { id, name, kind: kind.into(), project, host, created_at: secret.created_at }
}

/// Those that the caller may know of: their own, and their projects'.
fn visible(app: &App, who: &Principal) -> Vec<StoredSecret> {
    let mut secrets = app.secrets.of(&Holder::User(who.user.clone()));
    for (project, _) in &who.projects {
        secrets.extend(app.secrets.of(&Holder::Project(project.clone())));
    }
    secrets
}

/// Whether the caller may add and remove a project's secrets.
fn may_keep(who: &Principal, holder: &Holder) -> Result<(), Refused> {
    match holder {
        Holder::User(user) if *user == who.user => Ok(()),
        Holder::User(_) => Err(Refused::not_found("secret")),
        Holder::Project(project) => match may_in(who, Affair::KeepSecrets, project.as_str()) {
            Verdict::Allow => Ok(()),
            Verdict::Forbid => Err(Refused::forbidden("Only an editor or admin of the project keeps its secrets.")),
            Verdict::Hide => Err(Refused::not_found("project")),
        },
    }
}

/// Lists secrets, without their values.
#[utoipa::path(get, path = "/api/v1/secrets", tag = "secrets", responses((status = 200, body = List<Secret>)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<List<Secret>>, Refused> {
    may_list(&caller)?;
    Ok(whole(visible(&app, caller.principal()).iter().map(show).collect()))
}

/// Adds a secret. Its value is sealed at once, and shown to nobody but the workspaces that name it.
#[utoipa::path(post, path = "/api/v1/secrets", tag = "secrets", request_body = CreateSecret,
    responses((status = 201, body = Secret), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Body(wanted): Body<CreateSecret>,
) -> Result<(StatusCode, Json<Secret>), Refused> {
    let who = &known.principal;
    let value = Hidden::from(wanted.value);
    let holder = match &wanted.project {
        None => Holder::User(who.user.clone()),
        Some(project) => {
            let unknown = |_| Refused::field("/project", "there is no such project");
            Holder::Project(project.parse().map_err(unknown)?)
        }
    };
    may_keep(who, &holder)?;
    let kind = match (wanted.kind.as_deref().unwrap_or("variable"), wanted.host, wanted.username) {
        ("variable", None, None) => SecretKind::Variable,
        ("variable", ..) => return Err(Refused::field("/host", "only a secret of kind 'forge-token' has a host")),
        ("forge-token", Some(host), username) => {
            if wanted.project.is_some() {
                return Err(Refused::field("/project", "a token for a git host is one person's own"));
            }
            let username = username.unwrap_or_else(|| who.user.to_string());
            SecretKind::ForgeToken { host: host.to_ascii_lowercase(), username }
        }
        ("forge-token", None, _) => return Err(Refused::field("/host", "which git host the token is for")),
        _ => return Err(Refused::field("/kind", "'variable' or 'forge-token'")),
    };
    let name = match (&wanted.name, &kind) {
        (Some(name), _) => name.clone(),
        (None, SecretKind::ForgeToken { host, .. }) => host.replace([':', '[', ']'], "-"),
        (None, SecretKind::Variable) => return Err(Refused::field("/name", "a secret needs a name")),
    };
    let made = app.secrets.add(holder, &name, kind, &value).await?;
    app.audit(who, "secret.create", &made.name, wanted.project.as_deref().unwrap_or_default()).await;
    Ok((StatusCode::CREATED, Json(show(&made))))
}

/// Removes a secret, by its id or name. Workspaces that name it do not start until it is there again.
#[utoipa::path(delete, path = "/api/v1/secrets/{id}", tag = "secrets", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Path(id): Path<String>,
) -> Result<StatusCode, Refused> {
    let who = &known.principal;
    let all = visible(&app, who);
    // One's own goes by its name; a project's by its id, so that nobody means one and removes the other.
    let own = |secret: &&StoredSecret| secret.name == id && matches!(secret.holder, Holder::User(_));
    let found = all.iter().find(|secret| secret.id == id).or_else(|| all.iter().find(own));
    let found = found.ok_or_else(|| Refused::not_found("secret"))?;
    may_keep(who, &found.holder)?;
    app.secrets.remove(&found.holder, &found.id).await?;
    app.audit(who, "secret.remove", &found.name, "").await;
    Ok(StatusCode::NO_CONTENT)
}
