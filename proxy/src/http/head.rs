//! The head of a request: read, checked and framed before anybody else sees it.
//!
//! What is accepted here is narrower than what pingora, or a server behind it, would accept: wherever two readers
//! could disagree about where a request ends or for which host it is, it is refused.

use std::mem::MaybeUninit;

use http::StatusCode;

use super::answer::Answer;
use super::config::Limits;
use super::conn::{Allow, Conn};

/// Fields that are looked at; pingora takes 256.
const MOST_FIELDS: usize = 200;

/// A head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Its octets, the empty line included.
    pub length: usize,
    /// What follows it.
    pub body: Allow,
    /// Whether it asks for an upgrade that goes past pingora.
    pub upgrade: bool,
    /// Where the path stands, when the target is absolute (`http://host/path`): begin of the target and of the path.
    pub absolute: Option<(usize, usize)>,
}

/// What came of waiting for a head.
#[derive(Debug)]
pub(super) enum Read {
    /// One is there.
    Head(Head),
    /// The connection is to be closed without a word.
    Closed,
    /// It is to be closed with one.
    Refused(Answer),
}

/// Waits for the next head of a connection.
pub(super) async fn read(conn: &mut Conn, limits: &Limits) -> Read {
    if conn.stash().is_empty() {
        match tokio::time::timeout(limits.idle, conn.fill()).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false) | Err(_)) | Err(_) => return Read::Closed,
        }
    }
    let mut seen = 0;
    if let Some(read) = look(conn, limits.head, &mut seen) {
        return read;
    }
    let rest = async {
        loop {
            match conn.fill().await {
                Ok(true) => {}
                Ok(false) | Err(_) => return Read::Closed,
            }
            if let Some(read) = look(conn, limits.head, &mut seen) {
                return read;
            }
        }
    };
    tokio::time::timeout(limits.head_time, rest)
        .await
        .unwrap_or(Read::Refused(Answer::new(StatusCode::REQUEST_TIMEOUT, "the request's head took too long")))
}

/// Looks whether a whole head is there, in what it has not `seen` yet: a client that drips octets is not to be paid for
/// with a walk over all of them each time.
fn look(conn: &mut Conn, most: usize, seen: &mut usize) -> Option<Read> {
    // An empty line or two before a request is forgiven (RFC 9112, 2.2).
    while conn.stash().starts_with(b"\r\n") {
        conn.take(2);
    }
    let stash = conn.stash();
    let from = seen.saturating_sub(3);
    let unseen = stash.get(from..).unwrap_or_default();
    let end = memchr::memmem::find(unseen, b"\r\n\r\n").map(|at| from + at + 4);
    *seen = stash.len();
    match end {
        Some(end) if end <= most => Some(match parse(stash.get(..end).unwrap_or_default()) {
            Ok(head) => Read::Head(head),
            Err(answer) => Read::Refused(answer),
        }),
        None if stash.len() < most => None,
        _ => Some(Read::Refused(Answer::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "the request's head is too large",
        ))),
    }
}

const fn bad(detail: &'static str) -> Answer {
    Answer::new(StatusCode::BAD_REQUEST, detail)
}

/// Checks a head that ends with its first empty line.
pub(super) fn parse(bytes: &[u8]) -> Result<Head, Answer> {
    let line_ends_pair_up = memchr::memchr3_iter(b'\n', b'\r', 0, bytes).all(|at| match bytes.get(at) {
        Some(b'\n') => at > 0 && bytes.get(at - 1) == Some(&b'\r'),
        Some(b'\r') => bytes.get(at + 1) == Some(&b'\n'),
        _ => false,
    });
    if !line_ends_pair_up {
        return Err(bad("a line of the head ends in the wrong way"));
    }
    // Most requests have few fields: what is not used is not written either.
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Answer::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the request has too many fields"));
        }
        _ => return Err(bad("this is no HTTP/1.1 request")),
    }
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(bad("this is no HTTP/1.1 request"));
    };
    if method == "CONNECT" {
        return Err(Answer::new(StatusCode::METHOD_NOT_ALLOWED, "this is no forward proxy"));
    }
    let framing = Framing::of(request.headers, version)?;
    let absolute = absolute(bytes, method, target, framing.host)?;
    Ok(Head { length: bytes.len(), body: framing.body, upgrade: framing.upgrade, absolute })
}

/// What the fields say about where the request goes and where it ends.
struct Framing<'a> {
    host: &'a [u8],
    body: Allow,
    upgrade: bool,
}

impl<'a> Framing<'a> {
    fn of(fields: &[httparse::Header<'a>], version: u8) -> Result<Framing<'a>, Answer> {
        let (mut host, mut length, mut coding) = (None, None, None);
        let (mut connection, mut upgrade) = (false, false);
        for field in fields {
            let once = |slot: &mut Option<&'a [u8]>| match slot.replace(field.value) {
                None => Ok(()),
                Some(_) => Err(bad("a field that may come once came twice")),
            };
            if field.name.eq_ignore_ascii_case("host") {
                once(&mut host)?;
            } else if field.name.eq_ignore_ascii_case("content-length") {
                once(&mut length)?;
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                once(&mut coding)?;
            } else if field.name.eq_ignore_ascii_case("connection") {
                connection |= tokens(field.value).any(|token| token.eq_ignore_ascii_case(b"upgrade"));
            } else if field.name.eq_ignore_ascii_case("upgrade") {
                upgrade |= tokens(field.value).next().is_some() && !tokens(field.value).any(is_http);
            }
        }
        let host = host.ok_or(bad("the request names no host"))?;
        let body = match (length, coding) {
            (None, None) => Allow::Bytes(0),
            (Some(length), None) => Allow::Bytes(number(length).ok_or(bad("Content-Length is no number"))?),
            (None, Some(coding)) if version == 1 && coding.eq_ignore_ascii_case(b"chunked") => Allow::All,
            (None, Some(_)) => return Err(bad("this Transfer-Encoding is not understood here")),
            (Some(_), Some(_)) => return Err(bad("a request has one length, not two")),
        };
        let upgrade = upgrade && connection && version == 1 && body == Allow::Bytes(0);
        Ok(Framing { host, body, upgrade })
    }
}

/// The members of a comma-separated list.
pub(super) fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// Whether an upgrade is one to another HTTP. Such a connection would carry requests that nobody here sees, so the
/// offer is passed over, as RFC 9110 (7.8) allows.
fn is_http(token: &[u8]) -> bool {
    [&b"h2"[..], b"http/", b"tls/"]
        .iter()
        .any(|prefix| token.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix)))
}

fn number(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
}

/// Looks at the target: a path, or an absolute one whose host is the one of `Host`.
fn absolute(bytes: &[u8], method: &str, target: &str, host: &[u8]) -> Result<Option<(usize, usize)>, Answer> {
    // A fragment is never sent, and readers differ in what they make of one.
    if target.contains('#') {
        return Err(bad("the request's target has a fragment"));
    }
    if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
        return Ok(None);
    }
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| target.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)))
        .ok_or(bad("the request's target is no path"))?;
    let rest = target.get(scheme.len()..).unwrap_or_default();
    let slash = rest.find('/').ok_or(bad("the request's target has no path"))?;
    let authority = rest.get(..slash).unwrap_or_default();
    if !authority.as_bytes().eq_ignore_ascii_case(host) {
        return Err(bad("the request names two hosts"));
    }
    let begin = method.len() + 1;
    let path = begin + scheme.len() + slash;
    (bytes.get(path) == Some(&b'/')).then_some(Some((begin, path))).ok_or(bad("this is no HTTP/1.1 request"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Head, u16> {
        parse(text.as_bytes()).map_err(|answer| answer.status.as_u16())
    }

    #[test]
    fn framing() {
        for (text, body) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Allow::Bytes(0)),
            ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", Allow::Bytes(0)),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", Allow::Bytes(5)),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", Allow::All),
            ("BREW /%2B%25//a.?x=%2f&y HTTP/1.1\r\nHost: a\r\nX: \u{e9}\r\n\r\n", Allow::Bytes(0)),
            ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Allow::Bytes(0)),
        ] {
            assert_eq!(head(text).map(|head| (head.length, head.body)), Ok((text.len(), body)), "{text}");
        }
    }

    #[test]
    fn what_two_readers_could_read_in_two_ways() {
        for text in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost : b\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\n\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: nul\0\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://x@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n",
            "\u{16}\u{3}\u{1} / HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            assert_eq!(head(text), Err(400), "{text:?}");
        }
        assert_eq!(head("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), Err(405));
        assert_eq!(head(&format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(300))), Err(431));
    }

    #[test]
    fn upgrades() {
        let with = |fields: &str| head(&format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).unwrap().upgrade;
        for (fields, want) in [
            ("Connection: Upgrade\r\nUpgrade: websocket\r\n", true),
            ("connection: keep-alive, upgrade\r\nupgrade: tcp\r\nContent-Length: 0\r\n", true),
            ("Connection: keep-alive\r\nConnection: upgrade\r\nUpgrade: a, b\r\n", true),
            ("Upgrade: websocket\r\n", false),
            ("Connection: Upgrade\r\n", false),
            ("Connection: Upgrade\r\nUpgrade: \r\n", false),
            ("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", false),
            ("Connection: Upgrade\r\nUpgrade: HTTP/2.0, SHTTP/1.3\r\n", false),
            ("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n", false),
            ("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n", false),
            ("Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n", false),
        ] {
            assert_eq!(with(fields), want, "{fields}");
        }
        assert!(!head("GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").unwrap().upgrade);
    }

    #[test]
    fn absolute_targets() {
        let text = "GET http://A.b:1/c?d HTTP/1.1\r\nHost: a.b:1\r\n\r\n";
        let (begin, path) = head(text).unwrap().absolute.unwrap();
        assert_eq!((&text[begin..path], &text[path..path + 4]), ("http://A.b:1", "/c?d"));
    }
}
