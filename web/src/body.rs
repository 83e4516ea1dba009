//! JSON bodies: small, declared as such, and with errors that name the field.

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, Request};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment, Track};

use dormer_wire::api::FieldProblem;

use crate::problem::Refused;

/// The largest body of a request.
pub const MAX_BODY: usize = 1 << 20;
/// Of how many unknown fields a request is told.
const MAX_UNKNOWN: usize = 20;

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
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let (mut track, mut unknown) = (Track::new(), Vec::new());
        let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
        // A field that is misspelt would otherwise be a default that nobody asked for.
        let read: Result<T, _> = serde_ignored::deserialize(tracked, |path| {
            if unknown.len() < MAX_UNKNOWN {
                unknown.push(ignored(&path));
            }
        });
        let value = read.map_err(|error| {
            let text = readable(&error.to_string());
            Refused::field(&pointer(&track.path(), &text), text)
        })?;
        reader.end().map_err(|error| Refused::field("", readable(&error.to_string())))?;
        if unknown.is_empty() {
            return Ok(Body(value));
        }
        let problem = |field| FieldProblem { field, reason: "unknown field".into() };
        Err(Refused::fields(unknown.into_iter().map(problem).collect()))
    }
}

/// Reads what is JSON already.
pub fn told<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Refused> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let text = readable(&error.inner().to_string());
        Refused::field(&pointer(error.path(), &text), text)
    })
}

/// A query that was not understood, told by the name of its part.
pub fn query(rejection: &QueryRejection) -> Refused {
    let text = rejection.body_text();
    let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
    match text.split_once(": ") {
        Some((name, reason)) if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            Refused::field(name, readable(reason))
        }
        _ => Refused::field("", readable(text)),
    }
}

/// Where a field is that nothing was read from, as a JSON pointer (RFC 6901).
fn ignored(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    let (parent, part) = match path {
        Path::Root => return String::new(),
        Path::Seq { parent, index } => (parent, index.to_string()),
        Path::Map { parent, key } => (parent, key.chars().take(100).collect()),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            return ignored(parent);
        }
    };
    format!("{}/{}", ignored(parent), escaped(&part))
}

fn escaped(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// A message of serde's without the names of our types. It can repeat a part of the input, so it is cut.
fn readable(message: &str) -> String {
    let text: String = message.chars().take(500).collect();
    match text.split_once("expected struct ") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            format!("{before}expected an object{rest}")
        }
        None => text,
    }
}

/// The field that a message of serde's is about, as a JSON pointer (RFC 6901); empty where it is the whole document.
fn pointer(path: &Path, message: &str) -> String {
    let mut pointer = String::new();
    let mut push = |part: &str| {
        pointer.push('/');
        pointer.push_str(&escaped(part));
    };
    for segment in path {
        match segment {
            Segment::Seq { index } => push(&index.to_string()),
            Segment::Map { key } => push(key),
            Segment::Enum { variant } => push(variant),
            Segment::Unknown => {}
        }
    }
    // Of a field that is too many or missing the path is where it is, without its name.
    let named = ["unknown field `", "missing field `"].iter().find_map(|start| message.strip_prefix(start));
    if let Some(field) = named.and_then(|rest| rest.split('`').next())
        && !matches!(path.iter().next_back(), Some(Segment::Map { key }) if key == field)
    {
        push(field);
    }
    pointer
}

#[cfg(test)]
mod tests {
    use dormer_wire::api::{CreateWorkspace, ResolveSource};

    use super::*;

    async fn refused<T: DeserializeOwned>(text: &'static str) -> (String, String) {
        let request = Request::post("/").header("content-type", "application/json").body(text.into()).unwrap();
        let refused = Body::<T>::from_request(request, &()).await.err().unwrap();
        let error = refused.errors().first().unwrap();
        (error.field.clone(), error.reason.clone())
    }

    #[tokio::test]
    async fn a_field_is_named_by_its_place_and_no_type_of_ours_is() {
        for (text, field, reason) in [
            (r#"{"nam": 1}"#, "/nam", "unknown field `nam`, expected"),
            (r#"{"lifecycle": {"idleTimeot": 1}}"#, "/lifecycle/idleTimeot", "unknown field"),
            (r#"{"lifecycle": {"idleTimeout": "x"}}"#, "/lifecycle/idleTimeout", "invalid type: string"),
            (r#"{"variables": [{"value": "x"}]}"#, "/variables/0/name", "missing field `name`"),
            (r#"{"source": "x"}"#, "/source", "expected an object at line 1"),
            (r#"{"name": "a"} x"#, "", "trailing characters"),
            ("", "", "EOF"),
        ] {
            let got = refused::<CreateWorkspace>(text).await;
            assert!(got.0 == field && got.1.contains(reason), "{text}: {got:?}");
        }
        assert_eq!(refused::<ResolveSource>("{}").await.0, "/source");
    }

    #[test]
    fn a_part_of_a_query_is_named() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Part {
            page: Option<u32>,
        }
        let read = |query: &str| axum::extract::Query::<Part>::try_from_uri(&query.parse().unwrap());
        assert_eq!(read("/?page=2").unwrap().page, Some(2));
        for (query, name) in [("/?limit=1", "limit"), ("/?page=x", "page")] {
            assert_eq!(super::query(&read(query).unwrap_err()).errors().first().unwrap().field, name);
        }
    }
}
