//! JSON bodies: small, declared as such, and with errors that name the field.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::problem::Refused;

/// The largest body of a request.
pub const MAX_BODY: usize = 1 << 20;

/// A JSON body. Pages of other origins cannot send this content type without asking first, and the answer would be no.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            let detail = "Send the body with 'Content-Type: application/json'.";
            return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "Not JSON", detail));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.status();
            let detail = match status {
                StatusCode::PAYLOAD_TOO_LARGE => "A request may have at most 1 MiB.",
                _ => "The request's body could not be read.",
            };
            Refused::new(status, "body", "Body refused", detail)
        })?;
        serde_json::from_slice(&bytes).map(Body).map_err(|error| unreadable(&error))
    }
}

/// What was sent is not what is wanted.
pub fn unreadable(error: &serde_json::Error) -> Refused {
    // The message names the field; it can repeat a part of the input, so it is cut.
    let text: String = error.to_string().chars().take(500).collect();
    Refused::field(&pointer(&text), text)
}

/// The field that a message of serde's is about, as a JSON pointer; empty (the whole document) where it names none.
fn pointer(message: &str) -> String {
    let named = ["unknown field `", "missing field `"].iter().find_map(|start| message.strip_prefix(start));
    named.and_then(|rest| rest.split('`').next()).map(|field| format!("/{field}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_messages() {
        for (message, want) in [
            ("unknown field `nam`, expected `name`", "/nam"),
            ("missing field `key` at line 1", "/key"),
            ("expected value at line 1 column 1", ""),
            ("", ""),
        ] {
            assert_eq!(pointer(message), want);
        }
    }
}
