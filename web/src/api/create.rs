//! Creating a workspace: check, resolve the source, check its devfile, name it, write the record.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::{HeaderValue, StatusCode, header};

use dormer_core::may::Verdict;
use dormer_core::may::project::{Affair, may_in};
use dormer_core::name::{ProjectName, WorkspaceName};
use dormer_core::plan::settings::Settings;
use dormer_core::ports::forge::{Asked, Resolved};
use dormer_core::ports::store::StoreError;
use dormer_core::principal::Principal;
use dormer_core::workspace::{Cloning, Source, Spec};
use dormer_wire::api::{self, CreateWorkspace, FieldProblem};

use crate::api::check::Check;
use crate::api::record::show;
use crate::api::settings::{self, Author};
use crate::app::App;
use crate::body::Body;
use crate::problem::Refused;
use crate::who::FullWriter;

/// How often another suggested name is tried when somebody was faster.
const TRIES: usize = 5;

/// Creates a workspace, and starts it unless told otherwise.
#[utoipa::path(post, path = "/api/v1/workspaces", tag = "workspaces", request_body = CreateWorkspace,
    responses((status = 201, body = api::Workspace, headers(("Location" = String))),
        (status = 409, body = api::Problem), (status = 422, body = api::Problem), (status = 502, body = api::Problem)))]
pub async fn create(
    State(app): State<Arc<App>>,
    FullWriter(known): FullWriter,
    Body(wanted): Body<CreateWorkspace>,
) -> Result<(StatusCode, [(header::HeaderName, HeaderValue); 1], Json<api::Workspace>), Refused> {
    let who = &known.principal;
    let source = wanted.source.clone();
    let projectless = wanted.project.is_none();
    let (mut name, mut spec) = spec(wanted, who, &app.deps.default_class)?;
    within_class(&app, &spec)?;
    let own = spec.devfile.is_some();
    if let Some(text) = &mut spec.devfile {
        let settings = whole(&app, text).await?;
        if let (true, Some(project)) = (projectless, &settings.project) {
            let wrong = |error| Refused::field("/devfile", format!("its project: {error}"));
            spec.project = project.parse::<ProjectName>().map_err(wrong)?;
        }
        settings::take(&mut spec, &settings, Author::Caller);
        if name.is_none() && source.is_none() {
            let taken = |name: &WorkspaceName| app.deps.directory.get(name.as_str()).is_some();
            let unnamed =
                || Refused::field("/name", "without a source, and without a name in the devfile, a name is needed");
            name = Some(settings::name(&settings, taken).ok_or_else(unnamed)?);
        }
    }
    belongs(&app, who, &spec)?;

    let resolved = match &source {
        Some(source) => Some(resolve(&app, who, source, spec.devfile_path.clone()).await?),
        None => None,
    };
    if let (Some(resolved), Some(source)) = (&resolved, &source) {
        spec.source = Some(Source { cloning: cloning(source), ..resolved.source.clone() });
        match (&resolved.devfile, &spec.devfile, &spec.devfile_path) {
            (Some((path, text)), None, _) => {
                let text = match resolved.whole.clone() {
                    Some(whole) => whole.map_err(|why| wrong_devfile("/devfilePath", why, resolved))?,
                    None => text.clone(),
                };
                spec.devfile_path = Some(path.clone());
                spec.devfile = Some(text);
            }
            (None, None, Some(path)) => {
                let mut reason = format!("the repository has no '{path}' at this commit");
                if !resolved.others.is_empty() {
                    reason.push_str(&format!("; it has {}", resolved.others.join(", ")));
                }
                return Err(Refused::field("/devfilePath", reason));
            }
            _ => {}
        }
    }
    let mut missing = Vec::new();
    if !own && let Some(text) = spec.devfile.clone() {
        let settings = (app.deps.check_devfile)(&text).map_err(|reason| Refused::field("/devfilePath", reason))?;
        missing = settings::take(&mut spec, &settings, Author::Repository);
    }

    let record = match name {
        Some(name) => app.deps.store.create(&name, spec).await?,
        None => suggested(&app, resolved.as_ref(), spec).await?,
    };
    app.note(&record.name, who, "Created", format!("{} created it", who.user)).await;
    if !missing.is_empty() {
        let message = format!(
            "its devfile asks for secrets that it was not given ({}); dormer update {} --secret NAME gives one",
            missing.join(", "),
            record.name
        );
        app.note(&record.name, who, "SecretsAsked", message).await;
    }
    app.seen(&record).await;
    let location = HeaderValue::try_from(format!("/api/v1/workspaces/{}", record.name))
        .unwrap_or(HeaderValue::from_static("/api/v1/workspaces"));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(show(&record, None, &app.deps.info))))
}

/// Makes a devfile that the caller sent whole, and gives what it says of its workspace.
pub(crate) async fn whole(app: &App, text: &mut String) -> Result<Settings, Refused> {
    let wrong = |reason| Refused::field("/devfile", reason);
    let whole = app.deps.forge.whole("devfile.yaml", text.as_str()).await.map_err(wrong)?;
    if let Some(whole) = whole {
        *text = whole;
    }
    (app.deps.check_devfile)(text.as_str()).map_err(wrong)
}

/// Whether the caller may create it in its project, and has the secrets that it names.
fn belongs(app: &App, who: &Principal, spec: &Spec) -> Result<(), Refused> {
    match may_in(who, Affair::Create, spec.project.as_str()) {
        Verdict::Allow => {}
        Verdict::Forbid => {
            return Err(Refused::field("/project", "as a viewer of this project you create nothing in it"));
        }
        Verdict::Hide => return Err(Refused::field("/project", "there is no such project")),
    }
    known_secrets(app, spec)
}

/// Whether there is a class of that name, and whether it allows what the workspace's record asks for.
pub(crate) fn within_class(app: &App, spec: &Spec) -> Result<(), Refused> {
    let class = app.deps.classes.named(&spec.class).map_err(|reason| Refused::field("/class", reason))?;
    let wrong = class.refusals(spec);
    match wrong.is_empty() {
        true => Ok(()),
        false => {
            Err(Refused::fields(wrong.into_iter().map(|(field, reason)| FieldProblem { field, reason }).collect()))
        }
    }
}

/// Whether every secret that a workspace names is there for it.
pub(crate) fn known_secrets(app: &App, spec: &Spec) -> Result<(), Refused> {
    for (index, wanted) in spec.secrets.iter().enumerate() {
        if app.secrets.find(&spec.owner, &spec.project, &wanted.secret).is_none() {
            let reason = format!("there is no secret '{}' of yours or of the project", wanted.secret);
            return Err(Refused::field(&format!("/secrets/{index}/secret"), reason));
        }
    }
    Ok(())
}

/// Resolves a source as somebody.
pub async fn resolve(
    app: &App,
    who: &Principal,
    source: &api::Source,
    devfile_path: Option<String>,
) -> Result<Resolved, Refused> {
    let asked = Asked {
        url: source.url.clone(),
        reference: source.reference.clone(),
        merge_request: source.merge_request,
        devfile_path,
        local: app.deps.info.local_sources && who.admin,
        by: Some(who.user.clone()),
        // What was shown is what is made, whatever the branch is by now.
        commit: source.commit.clone(),
    };
    Ok(app.deps.forge.resolve(&asked).await?)
}

/// The repository's devfile cannot be used: where, with the page of that line.
fn wrong_devfile(field: &str, why: String, resolved: &Resolved) -> Refused {
    match problem_page(&why, resolved) {
        Some(page) => Refused::field(field, format!("{why}\n{page}")),
        None => Refused::field(field, why),
    }
}

/// The page of the line that a problem (`file:line:column: …`) is in.
pub fn problem_page(why: &str, resolved: &Resolved) -> Option<String> {
    let (path, _) = resolved.devfile.as_ref()?;
    let line = why.lines().find_map(|line| {
        let rest = line.get(line.find(path.as_str())? + path.len()..)?.strip_prefix(':')?;
        rest.split(':').next()?.parse::<u32>().ok()
    })?;
    Some(format!("{}#L{line}", resolved.devfile_page.as_ref()?))
}

fn cloning(source: &api::Source) -> Cloning {
    Cloning {
        depth: source.depth.filter(|depth| *depth > 0),
        partial: source.partial,
        sparse: source.sparse.clone(),
        without_submodules: source.without_submodules,
    }
}

/// Creates it under the first free name that its source suggests.
async fn suggested(
    app: &App,
    resolved: Option<&Resolved>,
    spec: Spec,
) -> Result<dormer_core::workspace::Workspace, Refused> {
    let unnamed = || Refused::field("/name", "no name can be made from the source: give one");
    let resolved = resolved.ok_or_else(unnamed)?;
    let mut lost = Vec::new();
    for _ in 0..TRIES {
        let name = suggest(app, resolved, &lost).ok_or_else(unnamed)?;
        match app.deps.store.create(&name, spec.clone()).await {
            Err(StoreError::Taken(name)) => lost.push(name),
            other => return Ok(other?),
        }
    }
    Err(Refused::conflict("name-taken", "Every name that its source suggests is taken: give one with 'name'."))
}

/// The first free name that a source suggests.
pub fn suggest(app: &App, resolved: &Resolved, lost: &[WorkspaceName]) -> Option<WorkspaceName> {
    let request = resolved.source.merge_request.map(|number| number.to_string());
    let mut parts = vec![resolved.repository.as_str()];
    // The default branch needs no mention; what was asked for does.
    parts.extend(request.as_deref().or(resolved.source.reference.as_deref()));
    let taken = |name: &WorkspaceName| lost.contains(name) || app.deps.directory.get(name.as_str()).is_some();
    WorkspaceName::suggest(&parts, taken)
}

/// The name, where one is given, and the spec, with everything but its source.
fn spec(
    wanted: CreateWorkspace,
    who: &Principal,
    default_class: &str,
) -> Result<(Option<WorkspaceName>, Spec), Refused> {
    let mut check = Check::default();
    let name = wanted.name.filter(|name| !name.is_empty());
    let named = name.is_some();
    let name = name.and_then(|name| check.parse::<WorkspaceName>("/name", &name));
    let project: Option<ProjectName> = check.parse("/project", wanted.project.as_deref().unwrap_or("default"));
    match &wanted.source {
        Some(source) => check.source(source),
        None if !named && wanted.devfile.is_none() => check.wrong("/name", "without a source, a name is needed"),
        None => {}
    }
    if wanted.source.is_none() && wanted.devfile_path.is_some() {
        check.wrong("/devfilePath", "there is no repository to look in: give a source, or 'devfile' with the text");
    }
    if wanted.devfile.is_some() && wanted.devfile_path.is_some() {
        check.wrong("/devfilePath", "give a devfile or its path, not both");
    }
    let class = check.class(wanted.class.unwrap_or_else(|| default_class.into()));
    let Some(project) = project else {
        check.done()?;
        return Err(Refused::field("/project", "no such project"));
    };
    let variables = check.variables(wanted.variables);
    let spec = Spec {
        display_name: check.text("/displayName", wanted.display_name, 200, true),
        description: check.text("/description", wanted.description, 2000, false),
        running: wanted.running.unwrap_or(true),
        devfile: wanted.devfile,
        devfile_path: check.devfile_path(wanted.devfile_path),
        class,
        editor: check.editor(wanted.editor.as_deref()),
        secrets: check.secrets(wanted.secrets, &variables),
        variables,
        resources: check.resources(wanted.resources),
        storage: check.storage(wanted.storage),
        lifecycle: check.lifecycle(wanted.lifecycle),
        ports: check.ports(wanted.ports),
        pod: wanted.pod.and_then(|pod| check.pod(pod)),
        ..Spec::new(who.user.clone(), project)
    };
    check.done()?;
    Ok((name, spec))
}
