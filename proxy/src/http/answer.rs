//! Short answers of the gateway itself, for programs and for requests that are no requests.

use bytes::Bytes;
use http::StatusCode;
use pingora::http::ResponseHeader;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub status: StatusCode,
    /// A sentence for people. Nothing of it comes from the request.
    pub detail: &'static str,
    /// When it may be worth another try, in seconds.
    pub retry_after: Option<u8>,
}

impl Answer {
    pub const fn new(status: StatusCode, detail: &'static str) -> Answer {
        Answer { status, detail, retry_after: None }
    }

    pub const fn retry(status: StatusCode, detail: &'static str, seconds: u8) -> Answer {
        Answer { status, detail, retry_after: Some(seconds) }
    }

    /// RFC 9457.
    pub fn body(&self) -> Bytes {
        let problem = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        format!("{problem}\n").into()
    }

    fn fields(&self, length: usize) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("Content-Type", "application/problem+json".to_string()),
            ("Content-Length", length.to_string()),
            ("Cache-Control", "no-store".to_string()),
            ("X-Content-Type-Options", "nosniff".to_string()),
        ];
        fields.extend(self.retry_after.map(|seconds| ("Retry-After", seconds.to_string())));
        if self.status == StatusCode::UNAUTHORIZED {
            fields.push(("WWW-Authenticate", "Dormer-Token".to_string()));
        }
        fields
    }

    /// Its head, for pingora.
    pub fn head(&self, length: usize) -> pingora::Result<ResponseHeader> {
        let mut head = ResponseHeader::build(self.status, Some(8))?;
        for (name, value) in self.fields(length) {
            head.insert_header(name, value)?;
        }
        Ok(head)
    }

    /// All of it, for a connection that ends with it.
    pub fn bytes(&self) -> Vec<u8> {
        let body = self.body();
        let reason = self.status.canonical_reason().unwrap_or_default();
        let mut out = format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16());
        for (name, value) in self.fields(body.len()) {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str("Connection: close\r\n\r\n");
        let mut out = out.into_bytes();
        out.extend_from_slice(&body);
        out
    }
}
