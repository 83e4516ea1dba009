//! Classes: what administrators decide for workspaces. Everybody who is signed in may know which there are.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Map, Value};

use dormer_core::class::{self, ClassSpec};
use dormer_core::may::account::{Act, may_account};
use dormer_core::name::ProjectName;
use dormer_core::principal::Principal;
use dormer_wire::api::{Class, ClassSays, CreateClass, FieldProblem, List, Problem};

use crate::api::tokens::{may_list, whole};
use crate::app::App;
use crate::body::{Body, told};
use crate::problem::Refused;
use crate::who::{Admin, Caller};

fn show(app: &App, class: &class::Class, who: &Principal) -> Class {
    let told = may_account(who, Act::Survey);
    let says = match told {
        true => serde_json::to_value(&class.spec).and_then(serde_json::from_value).unwrap_or_else(|error| {
            tracing::error!(class = class.name, %error, "a class cannot be shown");
            ClassSays::default()
        }),
        false => ClassSays { description: class.spec.description.clone(), ..ClassSays::default() },
    };
    let default = class.name == app.deps.default_class;
    Class { name: class.name.clone(), default, created_at: class.created_at.filter(|_| told), says }
}

/// What a body says, looked at.
fn read(app: &App, says: &ClassSays) -> Result<ClassSpec, Refused> {
    let spec: ClassSpec = told(serde_json::to_value(says).map_err(|error| Refused::field("", error.to_string()))?)?;
    let mut wrong: Vec<FieldProblem> =
        spec.check().into_iter().map(|(field, reason)| FieldProblem { field, reason }).collect();
    if let Some(Err(reason)) = spec.devfile.as_deref().map(|text| (app.deps.check_devfile)(text)) {
        wrong.push(FieldProblem { field: "/devfile".into(), reason });
    }
    if wrong.is_empty() { Ok(spec) } else { Err(Refused::fields(wrong)) }
}

/// Lists the classes. Only administrators are told what each says.
#[utoipa::path(get, path = "/api/v1/classes", tag = "classes", responses((status = 200, body = List<Class>)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<List<Class>>, Refused> {
    may_list(&caller)?;
    Ok(whole(app.deps.classes.all().iter().map(|class| show(&app, class, caller.principal())).collect()))
}

/// Shows a class. Only administrators are told what it says.
#[utoipa::path(get, path = "/api/v1/classes/{name}", tag = "classes", params(("name" = String, Path)),
    responses((status = 200, body = Class), (status = 404, body = Problem)))]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Class>, Refused> {
    may_list(&caller)?;
    let class = app.deps.classes.get(&name).ok_or_else(|| Refused::not_found("class"))?;
    Ok(Json(show(&app, &class, caller.principal())))
}

/// Makes a class. For administrators.
#[utoipa::path(post, path = "/api/v1/classes", tag = "classes", request_body = CreateClass,
    responses((status = 201, body = Class), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<Arc<App>>,
    Admin(known): Admin,
    Body(mut body): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<Class>), Refused> {
    let Some(Value::String(name)) = body.remove("name") else {
        return Err(Refused::field("/name", "a class needs a name"));
    };
    let name: ProjectName = name.parse().map_err(|error| Refused::field("/name", format!("{error}")))?;
    let says: ClassSays = told(body.into())?;
    let class =
        class::Class { name: name.to_string(), created_at: Some(app.deps.clock.now()), spec: read(&app, &says)? };
    let made = app.deps.classes.add(class).await?;
    app.audit(&known.principal, "class.create", &made.name, "").await;
    Ok((StatusCode::CREATED, Json(show(&app, &made, &known.principal))))
}

/// Says anew what a class says, all of it. Workspaces that run have it from their next start. For administrators.
#[utoipa::path(put, path = "/api/v1/classes/{name}", tag = "classes", params(("name" = String, Path)),
    request_body = ClassSays, responses((status = 200, body = Class), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    State(app): State<Arc<App>>,
    Admin(known): Admin,
    Path(name): Path<String>,
    Body(says): Body<ClassSays>,
) -> Result<Json<Class>, Refused> {
    let before = app.deps.classes.get(&name).ok_or_else(|| Refused::not_found("class"))?;
    let created_at = before.created_at.or_else(|| Some(app.deps.clock.now()));
    let class = class::Class { name: before.name.clone(), created_at, spec: read(&app, &says)? };
    let made = app.deps.classes.put(class).await?;
    app.audit(&known.principal, "class.change", &made.name, "").await;
    Ok(Json(show(&app, &made, &known.principal)))
}

/// Removes a class that no workspace has. For administrators.
#[utoipa::path(delete, path = "/api/v1/classes/{name}", tag = "classes", params(("name" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Admin(known): Admin,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let inside = app.deps.directory.all().iter().filter(|entry| entry.peek().spec.class == name).count();
    // The default one stays what it was at first: nobody is left without a class.
    if inside > 0 && name != class::DEFAULT {
        let detail = format!("{inside} workspaces have the class '{name}'. Give them another one first.");
        return Err(Refused::conflict("has-workspaces", detail));
    }
    app.deps.classes.remove(&name).await?;
    app.audit(&known.principal, "class.remove", &name, "").await;
    Ok(StatusCode::NO_CONTENT)
}
