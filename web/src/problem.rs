//! Every refusal, as a problem of RFC 9457: what is wrong, in which field, and what to do.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use dormer_auth::error::{CredentialError, SignInError};
use dormer_core::ports::accounts::AccountError;
use dormer_core::ports::classes::ClassError;
use dormer_core::ports::forge::ForgeError;
use dormer_core::ports::store::StoreError;
use dormer_core::wake::WakeError;
use dormer_wire::api::{FieldProblem, Problem};

/// A request that was refused.
#[derive(Debug)]
pub struct Refused(Box<Problem>, Option<u64>);

impl Refused {
    /// A problem of that kind. `slug` names it for programs.
    pub fn new(status: StatusCode, slug: &str, title: &str, detail: impl Into<String>) -> Refused {
        Refused(
            Box::new(Problem {
                kind: format!("/problems/{slug}"),
                title: title.into(),
                status: status.as_u16(),
                detail: detail.into(),
                errors: Vec::new(),
            }),
            None,
        )
    }

    /// Nobody is signed in.
    pub fn sign_in() -> Refused {
        let detail = "Sign in: send 'Authorization: Bearer dormer_…' (from 'dormer token create' or the Access page), \
                      or open the dashboard in a browser.";
        Refused::new(StatusCode::UNAUTHORIZED, "not-signed-in", "Not signed in", detail)
    }

    /// Signed in, and not allowed.
    pub fn forbidden(detail: &str) -> Refused {
        Refused::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    /// No workspace of that name, or none that may be seen: the words must not tell which, nor repeat the name.
    pub fn no_workspace() -> Refused {
        let detail = "There is no workspace of this name. 'dormer ls' shows those that you may see.";
        Refused::new(StatusCode::NOT_FOUND, "not-found", "No such workspace", detail)
    }

    /// Something else that is not there.
    pub fn not_found(what: &str) -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "not-found", "Not found", format!("There is no such {what}."))
    }

    /// Fields that are wrong.
    pub fn fields(errors: Vec<FieldProblem>) -> Refused {
        let detail = errors.first().map(|first| first.reason.clone()).unwrap_or_default();
        let mut refused = Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid request", detail);
        refused.0.errors = errors;
        refused
    }

    /// One field that is wrong, by its JSON pointer.
    pub fn field(field: &str, reason: impl Into<String>) -> Refused {
        Refused::fields(vec![FieldProblem { field: field.into(), reason: reason.into() }])
    }

    /// The fields that are wrong.
    pub fn errors(&self) -> &[FieldProblem] {
        &self.0.errors
    }

    /// It cannot be done as things are.
    pub fn conflict(slug: &str, detail: impl Into<String>) -> Refused {
        Refused::new(StatusCode::CONFLICT, slug, "Not possible now", detail)
    }

    fn unavailable(error: &dyn std::error::Error) -> Refused {
        // The cause may name paths and hosts: it is for the log, not for whoever asks.
        tracing::error!(%error, "the records cannot be reached");
        let detail = "The records cannot be reached now. Try again in a moment; the gateway's log says why.";
        Refused::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available", detail)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"dormer\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.1.unwrap_or(2)));
        }
        response
    }
}

impl From<ClassError> for Refused {
    fn from(error: ClassError) -> Refused {
        match error {
            ClassError::Taken(_) => {
                let mut refused = Refused::conflict("name-taken", error.to_string());
                refused.0.errors = vec![FieldProblem { field: "/name".into(), reason: error.to_string() }];
                refused
            }
            ClassError::NotFound(_) => Refused::not_found("class"),
            ClassError::Refused { field, message } => Refused::field(&field, message),
            ClassError::Unavailable(_) => Refused::unavailable(&error),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        match error {
            StoreError::Taken(name) => {
                let reason = format!("a workspace named '{name}' exists already: choose another name");
                let mut refused = Refused::conflict("name-taken", reason.clone());
                refused.0.errors = vec![FieldProblem { field: "/name".into(), reason }];
                refused
            }
            StoreError::NotFound(_) => Refused::no_workspace(),
            StoreError::Conflict(_) => {
                Refused::conflict("changed-meanwhile", "Somebody changed it at the same time. Try again.")
            }
            StoreError::Refused(why) => {
                Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", "Not a workspace", why)
            }
            StoreError::Unavailable(_) => Refused::unavailable(&error),
            StoreError::Damaged { .. } => {
                tracing::error!(%error, "a record is damaged");
                let detail = "This workspace's record is damaged. The gateway's log says how; an administrator can \
                              restore it from a backup.";
                Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", "Damaged record", detail)
            }
        }
    }
}

impl From<AccountError> for Refused {
    fn from(error: AccountError) -> Refused {
        match error {
            AccountError::Taken(what) => {
                Refused::conflict("taken", format!("{what} exists already. Choose another, or remove that one first."))
            }
            AccountError::NotFound(what) => Refused::not_found(&what),
            AccountError::Unavailable(_) => Refused::unavailable(&error),
        }
    }
}

impl From<CredentialError> for Refused {
    fn from(error: CredentialError) -> Refused {
        match error {
            CredentialError::Invalid { field, reason } => Refused::field(&format!("/{field}"), reason),
            CredentialError::NotFound(what) => Refused::not_found(what),
            CredentialError::Accounts(error) => error.into(),
            CredentialError::Random(error) => Refused::unavailable(&error),
        }
    }
}

impl From<SignInError> for Refused {
    fn from(error: SignInError) -> Refused {
        match error {
            SignInError::Invalid => {
                let detail = "This sign-in link is not valid: it was used already, or it is too old. Get a new one with \
                              'dormer login-link' where the gateway runs, or from whoever invited you.";
                Refused::new(StatusCode::FORBIDDEN, "link-invalid", "Not signed in", detail)
            }
            SignInError::Disabled => Refused::forbidden("This user may not sign in. Ask an administrator."),
            SignInError::Busy => {
                let detail = "Too many sign-ins are under way. Try again in a minute.";
                Refused::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy", detail)
            }
            SignInError::Accounts(error) => error.into(),
            SignInError::Random(error) => Refused::unavailable(&error),
            SignInError::Vault(error) => Refused::unavailable(&error),
        }
    }
}

impl From<ForgeError> for Refused {
    fn from(error: ForgeError) -> Refused {
        let text = error.to_string();
        match error {
            ForgeError::Invalid(_) | ForgeError::NoRepository(_) => Refused::field("/source/url", text),
            ForgeError::NoRef { .. } => Refused::field("/source/ref", text),
            ForgeError::NotAllowed(_) => {
                let mut refused =
                    Refused::new(StatusCode::FORBIDDEN, "host-not-allowed", "Host not allowed", text.clone());
                refused.0.errors = vec![FieldProblem { field: "/source/url".into(), reason: text }];
                refused
            }
            ForgeError::RateLimited { retry_after, .. } => {
                let detail = format!("{text}. Signing in to it, or a token of yours for it, raises its limit.");
                let mut refused =
                    Refused::new(StatusCode::SERVICE_UNAVAILABLE, "forge-limited", "Git host is busy", detail);
                refused.1 = Some(retry_after.unwrap_or(60));
                refused
            }
            ForgeError::Unreachable { .. } => {
                let detail = format!("{text}. Try again, or check the URL.");
                Refused::new(StatusCode::BAD_GATEWAY, "forge-unreachable", "Git host does not answer", detail)
            }
            ForgeError::Failed(_) => {
                tracing::error!(error = text, "a source could not be resolved");
                Refused::new(StatusCode::BAD_GATEWAY, "forge-failed", "The source could not be read", text)
            }
        }
    }
}

impl From<WakeError> for Refused {
    fn from(error: WakeError) -> Refused {
        match error {
            WakeError::NotFound(_) => Refused::no_workspace(),
            WakeError::Store(error) => error.into(),
            other => Refused::conflict("not-woken", format!("{other}.")),
        }
    }
}
