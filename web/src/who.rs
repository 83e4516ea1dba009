//! Who is asking, and whether a write is theirs.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;

use dormer_auth::cookie;
use dormer_auth::header::TOKEN_HEADER;
use dormer_auth::known::Known;
use dormer_core::may::account::{Act, may_account};
use dormer_core::principal::{Principal, Via};
use dormer_core::route::Route;

use crate::app::App;
use crate::problem::Refused;
use crate::site::Site;

/// Whoever asks, perhaps nobody.
pub struct Visitor(pub Option<Known>);

/// Somebody who is signed in.
pub struct Caller(pub Known);

/// Somebody who is signed in and writes: by a program's token, or from a page of this very origin.
pub struct Writer(pub Known);

/// A writer whose credential is good for everything that its user may: what is not about one workspace.
pub struct FullWriter(pub Known);

/// A caller who administrates the installation, with a credential that is good for it.
pub struct Admin(pub Known);

impl Caller {
    /// Who.
    pub fn principal(&self) -> &Principal {
        &self.0.principal
    }
}

/// Finds out who asks. A credential that is wrong is refused, rather than passed over for another one.
fn known(parts: &Parts, app: &App) -> Result<Option<Known>, Refused> {
    let Some(site) = parts.extensions.get::<Site>() else { return Ok(None) };
    let auth = &app.deps.authenticator;
    if let Some(token) = parts.headers.get(TOKEN_HEADER) {
        return token.to_str().ok().and_then(|token| auth.token(token)).map(Some).ok_or_else(Refused::sign_in);
    }
    // On a workspace's host, Authorization is its own affair.
    if let (Route::Apex, Some(value)) = (&site.route, parts.headers.get(header::AUTHORIZATION)) {
        let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
        let found = if scheme.eq_ignore_ascii_case("bearer") { auth.token(token.trim()) } else { None };
        return found.map(Some).ok_or_else(Refused::sign_in);
    }
    let name = cookie::name(site.tls);
    let mut found: Option<Known> = None;
    for value in crate::cookies::values(&parts.headers, name) {
        let Some(known) = auth.session(value, &site.host) else { continue };
        // Two good sessions: one of them was tossed here by somebody. Which one cannot be told.
        if found.as_ref().is_some_and(|found| found.principal.via != known.principal.via) {
            return Ok(None);
        }
        found = Some(known);
    }
    Ok(found)
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        known(parts, app).map(Visitor)
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        known(parts, app)?.map(Caller).ok_or_else(Refused::sign_in)
    }
}

impl FromRequestParts<Arc<App>> for Writer {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let Caller(known) = Caller::from_request_parts(parts, app).await?;
        let by_cookie = matches!(known.principal.via, Via::Session(_));
        let own = parts.extensions.get::<Site>().is_some_and(|site| site.sent_by_own_page(&parts.headers));
        if by_cookie && !own {
            return Err(Refused::forbidden(
                "This write comes from a page of another site. Programs send a token instead of the browser's session.",
            ));
        }
        Ok(Writer(known))
    }
}

impl FromRequestParts<Arc<App>> for FullWriter {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let Writer(known) = Writer::from_request_parts(parts, app).await?;
        match may_account(&known.principal, Act::Change) {
            true => Ok(FullWriter(known)),
            false => Err(Refused::forbidden("This needs a token with the scope 'all'.")),
        }
    }
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let safe = parts.method.is_safe();
        let known = match safe {
            true => Caller::from_request_parts(parts, app).await?.0,
            false => FullWriter::from_request_parts(parts, app).await?.0,
        };
        if may_account(&known.principal, if safe { Act::Survey } else { Act::Administrate }) {
            return Ok(Admin(known));
        }
        Err(Refused::forbidden("Only administrators may do this."))
    }
}
