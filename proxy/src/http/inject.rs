//! The editor's page gets one more script: the one that says when the workspace has gone to sleep.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

const SCRIPT: &[u8] = b"<script src=\"/.dormer/tab.js\" defer></script>";
/// A page whose head does not begin within so many octets stays as it is.
const LOOK_AT: usize = 64 * 1024;

/// Puts the script into a page that passes by in pieces.
#[derive(Debug, Default)]
pub(super) struct Inject {
    held: BytesMut,
    done: bool,
}

/// Whether the script can be put into the page with these fields, and would then be allowed to run.
pub(super) fn fits(fields: &HeaderMap) -> bool {
    let html = fields
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().get(..9).is_some_and(|begin| begin.eq_ignore_ascii_case(b"text/html")));
    let plain = fields.get_all(CONTENT_ENCODING).iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"));
    html && plain
        && fields
            .get_all(CONTENT_SECURITY_POLICY)
            .iter()
            .all(|value| value.to_str().is_ok_and(|value| value.split(',').all(policy_allows)))
}

/// Whether a Content-Security-Policy (level 3) lets the page load a script from its own origin.
fn policy_allows(policy: &str) -> bool {
    let sources = |name: &str| {
        policy.split(';').map(str::trim).find_map(|directive| {
            let (directive, sources) =
                directive.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((directive, ""));
            directive.eq_ignore_ascii_case(name).then_some(sources)
        })
    };
    let Some(sources) = ["script-src-elem", "script-src", "default-src"].into_iter().find_map(sources) else {
        return true;
    };
    let has = |source: &str| sources.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(source));
    has("'self'") && !has("'strict-dynamic'")
}

impl Inject {
    /// Sees the next piece of the page and gives what goes on. Pieces are held only until the place is found.
    pub fn pass(&mut self, piece: Option<Bytes>, end: bool) -> Option<Bytes> {
        if self.done {
            return piece;
        }
        self.held.extend_from_slice(&piece.unwrap_or_default());
        if let Some(at) = place(&self.held) {
            self.done = true;
            let rest = self.held.split_off(at);
            let mut out = std::mem::take(&mut self.held);
            out.extend_from_slice(SCRIPT);
            out.extend_from_slice(&rest);
            return Some(out.freeze());
        }
        if end || self.held.len() > LOOK_AT {
            self.done = true;
            return Some(std::mem::take(&mut self.held).freeze());
        }
        None
    }
}

/// Right behind `<head>`.
fn place(page: &[u8]) -> Option<usize> {
    let begin = page.windows(5).position(|five| five.eq_ignore_ascii_case(b"<head"))?;
    let rest = page.get(begin + 5..)?;
    // `<header>` is something else.
    rest.first().filter(|b| b.is_ascii_whitespace() || **b == b'>')?;
    rest.iter().position(|b| *b == b'>').map(|at| begin + 5 + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        for (policy, want) in [
            ("default-src 'self'", true),
            ("default-src 'none'; script-src 'self' 'unsafe-eval' blob:", true),
            ("default-src 'self'; script-src 'nonce-x'", false),
            ("script-src 'self' 'strict-dynamic' 'nonce-x'", false),
            ("script-src-elem 'none'; script-src 'self'", false),
            ("Script-Src 'SELF'", true),
            ("script-src", false),
            ("img-src 'none'", true),
            ("", true),
        ] {
            assert_eq!(policy_allows(policy), want, "{policy}");
        }
    }

    #[test]
    fn pages_in_pieces() {
        let script = std::str::from_utf8(SCRIPT).unwrap();
        for (page, want) in [
            ("<html><head><title>", format!("<html><head>{script}<title>")),
            ("<HTML><HEAD lang=x>a", format!("<HTML><HEAD lang=x>{script}a")),
            ("<html><header>a", "<html><header>a".to_string()),
            ("plain", "plain".to_string()),
            ("", String::new()),
        ] {
            for size in 1..=page.len().max(1) {
                let mut inject = Inject::default();
                let mut out = Vec::new();
                for piece in page.as_bytes().chunks(size) {
                    out.extend(inject.pass(Some(Bytes::copy_from_slice(piece)), false).unwrap_or_default());
                }
                out.extend(inject.pass(None, true).unwrap_or_default());
                assert_eq!(String::from_utf8(out).unwrap(), want, "{page} by {size}");
            }
        }
    }
}
