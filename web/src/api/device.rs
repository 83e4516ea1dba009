//! How a command line is signed in, through a browser that is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};

use dormer_auth::device::{INTERVAL, LIFE, Outcome};
use dormer_core::name::UserName;
use dormer_core::principal::Scope;
use dormer_wire::api::{BeginDevice, DeviceBegun, Problem, RedeemCode, Token};

use crate::api::tokens;
use crate::app::App;
use crate::body::Body;
use crate::problem::Refused;

/// A machine's name as it is shown to whoever is asked: short, and of letters that cannot play tricks on a page.
pub(crate) fn machine(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ' ');
    let name: String = text.chars().filter(plain).take(60).collect();
    if name.trim().is_empty() { "a command line".into() } else { name.trim().to_string() }
}

/// Begins: the answer has a code for a person to type in a browser. Nobody is signed in yet, so anybody may ask.
#[utoipa::path(post, path = "/api/v1/login/device", tag = "login", request_body = BeginDevice,
    responses((status = 200, body = DeviceBegun), (status = 503, body = Problem)))]
pub async fn begin(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Body(wanted): Body<BeginDevice>,
) -> Result<Json<DeviceBegun>, Refused> {
    let peer = headers.get("dormer-peer").and_then(|peer| peer.to_str().ok()).unwrap_or_default();
    let (device, user_code) = app.devices.begin(&machine(&wanted.machine), peer).await?;
    Ok(Json(DeviceBegun {
        device_code: device.expose().clone(),
        user_code,
        verification_uri: format!("{}/login/device", app.deps.info.origin()),
        expires_in: LIFE.as_secs(),
        interval: INTERVAL.as_secs(),
    }))
}

/// Ends: a token, once somebody said yes in the browser. Until then 400 with the kind `authorization-pending`,
/// `slow-down`, `access-denied` or `expired`.
#[utoipa::path(post, path = "/api/v1/login/token", tag = "login", request_body = RedeemCode,
    responses((status = 201, body = Token), (status = 400, body = Problem)))]
pub async fn redeem(
    State(app): State<Arc<App>>,
    Body(wanted): Body<RedeemCode>,
) -> Result<(StatusCode, Json<Token>), Refused> {
    let no = |slug: &str, detail: &str| Err(Refused::new(StatusCode::BAD_REQUEST, slug, "Not signed in", detail));
    match (wanted.device_code, wanted.code, wanted.verifier) {
        (Some(device), None, None) => match app.devices.poll(&device).await? {
            Outcome::Granted(user, machine) => mint(&app, &user, &machine).await,
            Outcome::Waiting => no("authorization-pending", "Nobody has typed the code yet."),
            Outcome::TooSoon => no("slow-down", "Ask less often."),
            Outcome::Denied => no("access-denied", "The sign-in was refused in the browser."),
            Outcome::Over => no("expired", "The code is over, or was used. Begin again."),
        },
        (None, Some(code), Some(verifier)) => match app.devices.take(&code, &verifier).await? {
            Some((user, machine)) => mint(&app, &user, &machine).await,
            None => no("expired", "The code is over, or was used. Begin again."),
        },
        _ => no("invalid", "Send 'deviceCode', or 'code' and 'verifier'."),
    }
}

async fn mint(app: &App, user: &UserName, machine: &str) -> Result<(StatusCode, Json<Token>), Refused> {
    let (text, token) = app.tokens.mint(user, &format!("dormer on {machine}"), Scope::All, None).await?;
    app.audited(user.as_str(), format!("token {}", token.id), "login.command-line", machine, "").await;
    Ok((StatusCode::CREATED, Json(tokens::show(token, Some(text.expose().clone())))))
}
