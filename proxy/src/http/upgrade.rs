//! Upgrades: admitted, dialled and answered here, then spliced. pingora never sees one.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use dormer_wire::dial::DoorStream;

use super::answer::Answer;
use super::conn::{Conn, Io};
use super::decide::{Asked, Decision, decide};
use super::head::tokens;
use super::headers::{self, HOP_BY_HOP, To};
use super::site::Site;
use super::splice::Splice;
use super::{cookies, upstream};
use crate::counts;
use crate::gate::Open;

/// The longest head of an answer.
const MOST: usize = 64 * 1024;
const MOST_FIELDS: usize = 200;

/// An upgrade that was answered with 101.
pub(super) struct Joined(pub Splice<Io, DoorStream>);

/// Sees an upgrade through until its answer. None: it was no 101, and the connection is done with.
pub(super) async fn upgrade(site: &Arc<Site>, mut conn: Conn, head: BytesMut) -> Option<Joined> {
    match attempt(site, &mut conn, &head).await {
        Ok(Some((open, upstream, early))) => {
            counts::upgrade(true);
            let (io, stash) = conn.into_parts();
            Some(Joined(Splice::new(io, upstream, stash.to_vec(), early, open)))
        }
        Ok(None) => None,
        Err(answer) => {
            counts::upgrade(false);
            tracing::debug!(status = answer.status.as_u16(), detail = answer.detail, "an upgrade was refused");
            // Whoever cannot be told has left.
            let _ = conn.write_all(&answer.bytes()).await;
            let _ = conn.shutdown().await;
            None
        }
    }
}

const GONE: Answer = Answer::new(StatusCode::BAD_GATEWAY, "the workspace did not answer");

async fn attempt(
    site: &Arc<Site>,
    conn: &mut Conn,
    head: &[u8],
) -> Result<Option<(Open, DoorStream, Vec<u8>)>, Answer> {
    let mut space = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut space);
    let bad = Answer::new(StatusCode::BAD_REQUEST, "this is no HTTP/1.1 request");
    // It was parsed before, by the same parser.
    if !matches!(request.parse(head), Ok(httparse::Status::Complete(_))) {
        return Err(bad);
    }
    let (Some(method), Some(path)) = (request.method, request.path) else { return Err(bad) };
    let fields = map(request.headers).ok_or(bad.clone())?;
    let host = fields.get("host").and_then(|host| host.to_str().ok()).ok_or(bad)?;
    let asked = Asked { method, host, path: path.as_bytes(), fields: &fields, upgrade: true };
    let visit = match decide(site, &asked).await {
        Decision::Enter(visit) => visit,
        Decision::Answer(answer) => return Err(answer),
        // None of these is for a request that is no page.
        Decision::Own | Decision::Page(_) | Decision::Hold(_) | Decision::Wake(_) => {
            return Err(Answer::new(StatusCode::BAD_REQUEST, "nothing to upgrade to here"));
        }
    };
    let open = site.gate.open(&visit.entry, visit.who.as_ref(), visit.right);
    let exchange = async {
        let mut upstream =
            site.gate.dial(&visit.entry, visit.want()).await.map_err(|error| {
                Answer::retry(StatusCode::BAD_GATEWAY, upstream::detail(upstream::reason(&error)), 5)
            })?;
        let out = rewrite(site, method, path, request.headers, conn, host);
        upstream.write_all(&out).await.map_err(|_| GONE)?;
        upstream.flush().await.map_err(|_| GONE)?;
        let answer = answer(&mut upstream, conn).await?;
        Ok::<_, Answer>((upstream, answer))
    };
    let (mut upstream, answer) = tokio::select! {
        done = tokio::time::timeout(site.limits.upgrade, exchange) => {
            done.unwrap_or(Err(Answer::new(StatusCode::GATEWAY_TIMEOUT, "the workspace did not answer in time")))?
        }
        () = open.ended.cancelled() => {
            return Err(Answer::new(StatusCode::FORBIDDEN, "the right to this was taken away"));
        }
    };
    tracing::debug!(host, status = answer.status, peer = %conn.peer().ip(), "upgrade");
    conn.write_all(&answer.head).await.map_err(|_| GONE)?;
    conn.flush().await.map_err(|_| GONE)?;
    if answer.status == 101 {
        return Ok(Some((open, upstream, answer.rest)));
    }
    // Some other answer. The client was told that the connection ends behind it.
    let _ = pass(&mut upstream, conn, answer, site.limits.upgrade).await;
    let _ = conn.shutdown().await;
    Ok(None)
}

/// Passes on an answer's body, to where its length says, or the workspace ends or has nothing more to say.
async fn pass(upstream: &mut DoorStream, conn: &mut Conn, answer: Head, silence: Duration) -> std::io::Result<()> {
    let mut left = answer.length.unwrap_or(u64::MAX);
    let mut bytes = answer.rest;
    loop {
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        conn.write_all(bytes.get(..n).unwrap_or_default()).await?;
        conn.flush().await?;
        left -= n as u64;
        bytes.clear();
        if left == 0 {
            return Ok(());
        }
        match tokio::time::timeout(silence, upstream.read_buf(&mut bytes)).await {
            Ok(Ok(0)) | Err(_) => return Ok(()),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error),
        }
    }
}

fn map(fields: &[httparse::Header<'_>]) -> Option<HeaderMap> {
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        map.append(HeaderName::from_bytes(field.name.as_bytes()).ok()?, HeaderValue::from_bytes(field.value).ok()?);
    }
    Some(map)
}

/// The head as it goes upstream: the fields of the client in their order and spelling, without those that are not for
/// a workspace.
fn rewrite(site: &Site, method: &str, path: &str, fields: &[httparse::Header<'_>], conn: &Conn, host: &str) -> Vec<u8> {
    let values = |name: &'static str| fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    let mut out = format!("{method} {path} HTTP/1.1\r\n").into_bytes();
    let mut put = |name: &str, value: &[u8]| {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    };
    for field in fields {
        let name = field.name.to_ascii_lowercase();
        let named = values("connection")
            .any(|connection| tokens(connection.value).any(|token| token.eq_ignore_ascii_case(name.as_bytes())));
        let kept = name == "host" || !named;
        if kept
            && !HOP_BY_HOP.contains(&name.as_str())
            && name != "cookie"
            && !headers::dropped(&name, field.value, To::Workspace)
        {
            put(field.name, field.value);
        }
    }
    if let Some(left) = cookies::without_ours(values("cookie").map(|field| field.value)) {
        put("Cookie", &left);
    }
    put("Connection", b"Upgrade");
    for upgrade in values("upgrade") {
        put("Upgrade", upgrade.value);
    }
    for (name, value) in headers::forwarded(conn.peer().ip(), host, site.scheme) {
        put(name, value.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// An answer's head, as it goes to the client, and what came behind it.
struct Head {
    status: u16,
    head: Vec<u8>,
    /// Of the body, where it is told.
    length: Option<u64>,
    rest: Vec<u8>,
}

/// Reads the answer's head. Interim answers (1xx other than 101) are passed on meanwhile.
async fn answer(upstream: &mut DoorStream, conn: &mut Conn) -> Result<Head, Answer> {
    let mut read = Vec::with_capacity(1024);
    loop {
        while let Some(length) = parsed_length(&read)? {
            let rest = read.split_off(length);
            let head = translate(&read)?;
            if head.status == 101 || head.status >= 200 {
                return Ok(Head { rest, ..head });
            }
            conn.write_all(&head.head).await.map_err(|_| GONE)?;
            conn.flush().await.map_err(|_| GONE)?;
            read = rest;
        }
        if read.len() > MOST {
            return Err(GONE);
        }
        match upstream.read_buf(&mut read).await {
            Ok(0) | Err(_) => return Err(GONE),
            Ok(_) => {}
        }
    }
}

fn parsed_length(bytes: &[u8]) -> Result<Option<usize>, Answer> {
    let mut space = [httparse::EMPTY_HEADER; MOST_FIELDS];
    match httparse::Response::new(&mut space).parse(bytes) {
        Ok(httparse::Status::Complete(length)) => Ok(Some(length)),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(GONE),
    }
}

/// The answer's head for the client: no cookie of ours set by it; and no second request on this connection, unless it
/// is a 101.
fn translate(bytes: &[u8]) -> Result<Head, Answer> {
    let mut space = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut space);
    response.parse(bytes).map_err(|_| GONE)?;
    let status = response.code.ok_or(GONE)?;
    let mut out = format!("HTTP/1.1 {status} {}\r\n", response.reason.unwrap_or_default()).into_bytes();
    let last = status >= 200;
    let length = response
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("content-length"))
        .and_then(|field| std::str::from_utf8(field.value).ok()?.trim().parse().ok());
    for field in response.headers.iter() {
        let ours = field.name.eq_ignore_ascii_case("set-cookie") && headers::set_cookie_dropped(field.value);
        let connection =
            ["connection", "keep-alive", "proxy-connection"].iter().any(|n| field.name.eq_ignore_ascii_case(n));
        if !(ours || last && connection) {
            out.extend_from_slice(field.name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(field.value);
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(if last { b"Connection: close\r\n\r\n" } else { b"\r\n" });
    Ok(Head { status, head: out, length, rest: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let text = |bytes: &str| {
            let head = translate(bytes.as_bytes()).unwrap();
            (head.status, String::from_utf8(head.head).unwrap())
        };
        assert_eq!(
            text("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nSet-Cookie: dormer_session=x\r\nX: y\r\n\r\n"),
            (101, "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nX: y\r\n\r\n".into())
        );
        assert_eq!(
            text("HTTP/1.1 403 No\r\nConnection: keep-alive\r\nSet-Cookie: a=b\r\n\r\n"),
            (403, "HTTP/1.1 403 No\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\n".into())
        );
        assert!(translate(b"SSH-2.0-x\r\n").is_err());
    }
}
