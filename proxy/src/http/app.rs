//! Requests: what pingora is told at each of its stages. Nothing of pingora is known outside of this file and of the
//! three that connect it ([`super::conn`], [`super::upstream`], [`super::worker`]).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderValue, Method, StatusCode, Version};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::http::ServerSession;
use pingora::proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType};

use dormer_core::wake::WakeError;
use dormer_wire::dial::DialError;
use dormer_wire::report::ActivityKind;

use super::answer::Answer;
use super::decide::{Asked, Decision, Page, Visit, decide};
use super::headers::{self, To};
use super::inject::{self, Inject};
use super::site::Site;
use super::{cookies, rewrite, upstream, watch};
use crate::counts;

/// What pingora asks.
pub(super) struct App(pub Arc<Site>);

/// What is known of a request.
pub(super) struct Request {
    begun: Instant,
    to: Upstream,
    host: String,
    peer: IpAddr,
    /// What to say when it cannot be passed on.
    failure: Answer,
    inject: Option<Inject>,
}

/// Who answers.
enum Upstream {
    Own,
    Page(Page),
    Visit(Visit),
}

/// The host for which a request is: what its target or its `Host` says.
fn host(request: &RequestHeader) -> Option<String> {
    let field = || request.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_string);
    match request.uri.authority() {
        Some(authority) if request.version == Version::HTTP_2 => {
            // Two names for one request are one too many.
            let same = field().is_none_or(|host| host.eq_ignore_ascii_case(authority.as_str()));
            same.then(|| authority.as_str().to_string())
        }
        _ => field(),
    }
}

impl App {
    /// Answers by ourselves.
    async fn answer(session: &mut Session, answer: &Answer) -> pingora::Result<()> {
        let body = answer.body();
        let head = answer.head(body.len())?;
        session.write_response_header(Box::new(head), false).await?;
        session.write_response_body(Some(body), true).await
    }

    /// Waits until the workspace is up, for as long as the client waits.
    async fn hold(&self, session: &mut Session, visit: &Visit) -> Result<(), Answer> {
        let Some(who) = visit.who.as_ref() else { return Err(no_wake(None)) };
        let waking = self.0.gate.wake(&visit.entry, &who.principal, self.0.limits.hold, |_| {});
        let bodiless = session.is_body_empty();
        tokio::select! {
            woken = waking => woken.map(drop).map_err(|error| no_wake(Some(&error))),
            // Only its end can come from a client that has sent everything.
            _ = session.read_body_or_idle(true), if bodiless => Err(no_wake(None)),
        }
    }

    /// Asks for the workspace to wake; nobody waits for what comes of it but the page.
    fn ask(&self, visit: &Visit) {
        let Some(who) = visit.who.clone() else { return };
        let (gate, entry) = (Arc::clone(&self.0.gate), Arc::clone(&visit.entry));
        tokio::spawn(async move {
            if let Err(error) = gate.ask(&entry, &who.principal).await {
                tracing::warn!(workspace = %entry.peek().name, %error, "could not ask for a wake");
            }
        });
    }
}

fn no_wake(error: Option<&WakeError>) -> Answer {
    match error {
        Some(WakeError::NotFound(_)) => Answer::new(StatusCode::NOT_FOUND, "there is no such workspace"),
        Some(WakeError::Archived(_)) => Answer::new(StatusCode::CONFLICT, "the workspace is archived"),
        Some(WakeError::Failed { .. }) => Answer::new(StatusCode::BAD_GATEWAY, "the workspace could not be started"),
        Some(WakeError::Stopped(_)) => Answer::new(StatusCode::CONFLICT, "the workspace was stopped while it started"),
        Some(WakeError::TimedOut(_)) => Answer::retry(StatusCode::GATEWAY_TIMEOUT, "the workspace is not up yet", 10),
        Some(WakeError::Store(_)) | None => {
            Answer::retry(StatusCode::SERVICE_UNAVAILABLE, "the workspace cannot be woken now", 10)
        }
    }
}

#[async_trait]
impl ProxyHttp for App {
    type CTX = Request;

    fn new_ctx(&self) -> Request {
        Request {
            begun: Instant::now(),
            to: Upstream::Own,
            host: String::new(),
            peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            failure: Answer::new(StatusCode::BAD_GATEWAY, "the answer could not be had"),
            inject: None,
        }
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Request) -> pingora::Result<bool> {
        if let Some(peer) = session.client_addr().and_then(|addr| addr.as_inet()) {
            ctx.peer = peer.ip();
        }
        // A slow upload is somebody's slow line; the socket's keep-alive notices who is gone.
        session.set_read_timeout(None);
        session.set_total_drain_timeout(Some(Duration::from_secs(5)));
        let request = session.req_header_mut();
        // Whatever came here as a request stays one.
        request.remove_header(&header::UPGRADE);
        let Some(host) = host(session.req_header()) else {
            let answer = Answer::new(StatusCode::BAD_REQUEST, "the request names no host, or two");
            Self::answer(session, &answer).await?;
            return Ok(true);
        };
        ctx.host = host;
        let request = session.req_header();
        let asked = Asked {
            method: request.method.as_str(),
            host: &ctx.host,
            path: request.raw_path(),
            fields: &request.headers,
            upgrade: false,
        };
        let decision = decide(&self.0, &asked).await;
        counts::request(match &decision {
            Decision::Own => counts::Request::Own,
            Decision::Enter(_) => counts::Request::Entered,
            Decision::Hold(_) => counts::Request::Held,
            Decision::Wake(_) => counts::Request::Woke,
            Decision::Page(_) => counts::Request::Page,
            Decision::Answer(_) => counts::Request::Refused,
        });
        watch::belongs(match &decision {
            Decision::Enter(visit) | Decision::Hold(visit) => Some(visit),
            _ => None,
        });
        match decision {
            Decision::Own => ctx.to = Upstream::Own,
            Decision::Page(page) => ctx.to = Upstream::Page(page),
            Decision::Answer(answer) => {
                Self::answer(session, &answer).await?;
                return Ok(true);
            }
            Decision::Wake(visit) => {
                self.ask(&visit);
                self.0.gate.touch(&visit.entry, ActivityKind::Navigation);
                ctx.to = Upstream::Page(Page::Waiting);
            }
            Decision::Hold(visit) => {
                if let Err(answer) = self.hold(session, &visit).await {
                    Self::answer(session, &answer).await?;
                    return Ok(true);
                }
                ctx.to = Upstream::Visit(visit);
            }
            Decision::Enter(visit) => {
                if visit.navigation {
                    self.0.gate.touch(&visit.entry, ActivityKind::Navigation);
                }
                if visit.navigation && visit.port.is_none() && session.req_header().method == Method::GET {
                    ctx.inject = Some(Inject::default());
                }
                ctx.to = Upstream::Visit(visit);
            }
        }
        Ok(false)
    }

    async fn upstream_peer(&self, _: &mut Session, ctx: &mut Request) -> pingora::Result<Box<HttpPeer>> {
        Ok(match &ctx.to {
            Upstream::Own | Upstream::Page(_) => upstream::pages(&self.0),
            Upstream::Visit(visit) => upstream::workspace(&self.0, &visit.entry, visit.want(), visit.port),
        })
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Request,
    ) -> pingora::Result<()> {
        let to = match ctx.to {
            Upstream::Visit(_) => To::Workspace,
            Upstream::Own | Upstream::Page(_) => To::Own,
        };
        let dropped: Vec<HeaderName> = request
            .headers
            .iter()
            .filter(|(name, value)| headers::dropped(name.as_str(), value.as_bytes(), to))
            .map(|(name, _)| name.clone())
            .collect();
        for name in dropped {
            request.remove_header(&name);
        }
        for (name, value) in headers::forwarded(ctx.peer, &ctx.host, self.0.scheme) {
            request.insert_header(name, value)?;
        }
        if to == To::Workspace {
            if request.headers.contains_key(header::COOKIE) {
                let left = cookies::without_ours(request.headers.get_all(header::COOKIE).iter().map(|v| v.as_bytes()));
                request.remove_header(&header::COOKIE);
                if let Some(left) = left.and_then(|left| HeaderValue::from_bytes(&left).ok()) {
                    request.insert_header(header::COOKIE, left)?;
                }
            }
            if ctx.inject.is_some() {
                request.insert_header(header::ACCEPT_ENCODING, "identity")?;
            }
            return Ok(());
        }
        request.insert_header("dormer-peer", ctx.peer.to_canonical().to_string())?;
        request.insert_header("dormer-scheme", self.0.scheme.as_str())?;
        if let Upstream::Page(page) = ctx.to {
            rewrite::become_page(request, session.req_header().raw_path(), page)?;
        }
        Ok(())
    }

    async fn request_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        _: bool,
        ctx: &mut Request,
    ) -> pingora::Result<()> {
        // A page is asked for in place of the request: what was sent with that is nobody's.
        if let Upstream::Page(_) = ctx.to {
            *body = None;
        }
        Ok(())
    }

    async fn response_filter(
        &self,
        _: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Request,
    ) -> pingora::Result<()> {
        response.remove_header("keep-alive");
        response.remove_header("proxy-connection");
        response.remove_header(&header::UPGRADE);
        if let Upstream::Visit(_) = ctx.to {
            rewrite::keep_our_cookies(response)?;
        }
        if response.status.is_informational() {
            return Ok(());
        }
        if ctx.inject.is_some() {
            if response.status == StatusCode::OK && inject::fits(&response.headers) {
                response.remove_header(&header::CONTENT_LENGTH);
                response.remove_header(&header::ACCEPT_RANGES);
                response.insert_header(header::TRANSFER_ENCODING, "chunked")?;
            } else {
                ctx.inject = None;
            }
        }
        Ok(())
    }

    fn response_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Request,
    ) -> pingora::Result<Option<Duration>> {
        if let Some(inject) = ctx.inject.as_mut() {
            *body = inject.pass(body.take(), end);
        }
        Ok(None)
    }

    fn fail_to_connect(
        &self,
        session: &mut Session,
        _: &HttpPeer,
        ctx: &mut Request,
        mut error: Box<Error>,
    ) -> Box<Error> {
        let Upstream::Visit(visit) = &ctx.to else { return error };
        let reason = error.root_cause().downcast_ref::<DialError>().map_or("absent", upstream::reason);
        tracing::debug!(workspace = %visit.entry.peek().name, port = visit.port, reason, "the door was not opened");
        if visit.navigation && !session.retry_buffer_truncated() {
            ctx.to = Upstream::Page(Page::Unavailable { reason, port: visit.port });
            ctx.inject = None;
            error.set_retry(true);
        } else {
            ctx.failure = Answer::retry(StatusCode::BAD_GATEWAY, upstream::detail(reason), 5);
        }
        error
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, ctx: &mut Request) -> FailToProxy {
        let gone = *error.esource() == ErrorSource::Downstream
            && matches!(error.etype(), ErrorType::WriteError | ErrorType::ReadError | ErrorType::ConnectionClosed);
        let bad = Answer::new(StatusCode::BAD_REQUEST, "the request cannot be understood");
        let answer = match error.esource() {
            ErrorSource::Downstream => &bad,
            _ => &ctx.failure,
        };
        let begun = session.response_written().is_some_and(|head| !head.status.is_informational());
        if !gone && !begun {
            session.set_keepalive(None);
            // Whoever cannot be told has left.
            let _ = Self::answer(session, answer).await;
        }
        FailToProxy { error_code: if gone { 0 } else { answer.status.as_u16() }, can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, ctx: &mut Request) {
        let request = session.req_header();
        tracing::debug!(
            method = %request.method,
            host = ctx.host,
            path = request.uri.path(),
            status = session.response_written().map(|head| head.status.as_u16()),
            peer = %ctx.peer,
            micros = ctx.begun.elapsed().as_micros() as u64,
            error = error.map(|error| error.etype().as_str()),
            "request"
        );
    }

    // pingora's own lines carry queries; ours say what there is to say.
    fn suppress_error_log(&self, _: &Session, _: &Request, _: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(&self, _: &Session, _: &Request, _: &Error, _: ProxyWarnLogContext) -> bool {
        true
    }

    fn request_summary(&self, session: &Session, ctx: &Request) -> String {
        format!("{} to {}", session.req_header().method, ctx.host)
    }
}

/// Makes a request's session out of a connection whose head was read.
pub(super) fn session(conn: super::conn::Conn, head: bytes::BytesMut) -> ServerSession {
    let mut session = ServerSession::new_http1(Box::new(conn));
    session.set_keepalive(Some(60));
    session.set_pipelined_prefix(head);
    session
}
