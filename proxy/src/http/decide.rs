//! What to do with a request: the one decision for requests and upgrades alike. It reads snapshots and changes nothing.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use dormer_auth::header::TOKEN_HEADER;
use dormer_auth::known::Known;
use dormer_core::directory::Entry;
use dormer_core::intent::{Intent, Signs, intent};
use dormer_core::may::Action;
use dormer_core::principal::Via;
use dormer_core::route::{Route, bare, bare_route, route};
use dormer_core::workspace::Share;
use dormer_wire::door::Want;

use super::answer::Answer;
use super::config::Scheme;
use super::cookies;
use super::site::Site;
use crate::gate::{Refusal, Right, door_of};

/// The paths of workspace hosts that are the gateway's own.
const OWN: &[u8] = b"/.dormer/";

/// A request, as far as the decision needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub method: &'a str,
    pub host: &'a str,
    /// Path and query.
    pub path: &'a [u8],
    pub fields: &'a HeaderMap,
    pub upgrade: bool,
}

/// What to do.
#[derive(Debug)]
pub(super) enum Decision {
    /// It is for the gateway's own pages, as it is.
    Own,
    /// One of those pages is the answer.
    Page(Page),
    /// This is the answer.
    Answer(Answer),
    /// Pass it on to the workspace.
    Enter(Visit),
    /// Wake the workspace, then pass it on.
    Hold(Visit),
    /// Wake the workspace, and answer with the page that waits for it.
    Wake(Visit),
}

/// Somebody who is admitted to a workspace.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub entry: Arc<Entry>,
    pub who: Option<Known>,
    pub right: Right,
    /// None: the editor.
    pub port: Option<u16>,
    /// A person opened a page.
    pub navigation: bool,
}

impl Visit {
    /// What to ask for at the door.
    pub fn want(&self) -> Want {
        self.port.map_or(Want::Editor, |port| Want::Port { port })
    }
}

/// Pages with which a request for a workspace may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Waiting,
    SignIn,
    NotFound,
    Forbidden,
    Asleep,
    Unavailable { reason: &'static str, port: Option<u16> },
}

impl Page {
    pub fn path(self) -> &'static [u8] {
        match self {
            Page::Waiting => b"/.dormer/pages/waiting",
            Page::SignIn => b"/.dormer/pages/sign-in",
            Page::NotFound => b"/.dormer/pages/not-found",
            Page::Forbidden => b"/.dormer/pages/forbidden",
            Page::Asleep => b"/.dormer/pages/asleep",
            Page::Unavailable { .. } => b"/.dormer/pages/unavailable",
        }
    }
}

/// Whether a request is for the gateway's own pages, whoever asks.
pub(super) fn is_own(site: &Site, host: &str, path: &[u8]) -> bool {
    match route(host, &site.domain) {
        Route::Apex => true,
        Route::Editor(_) | Route::Port(..) => path.starts_with(OWN),
        Route::Foreign => false,
    }
}

/// Decides, and looks again where somebody who is known asks for what another gateway may have made a moment ago.
pub(super) async fn decide(site: &Site, asked: &Asked<'_>) -> Decision {
    let decision = at_once(site, asked);
    let missing = match &decision {
        Decision::Page(Page::NotFound) => true,
        Decision::Answer(answer) => answer.status == StatusCode::NOT_FOUND,
        _ => false,
    };
    if missing
        && let Route::Editor(name) | Route::Port(name, _) = route(asked.host, &site.domain)
        && site.gate.look_again(name.as_str()).await
    {
        return at_once(site, asked);
    }
    decision
}

/// Decides by what is known here.
fn at_once(site: &Site, asked: &Asked<'_>) -> Decision {
    let Some(bare) = bare(asked.host) else {
        return Decision::Answer(Answer::new(StatusCode::BAD_REQUEST, "the request names no host"));
    };
    let route = bare_route(&bare, &site.domain);
    let name = match &route {
        Route::Foreign => {
            return Decision::Answer(Answer::new(StatusCode::MISDIRECTED_REQUEST, "this host is not served here"));
        }
        Route::Apex => return Decision::Own,
        Route::Editor(_) | Route::Port(..) if asked.path.starts_with(OWN) => return Decision::Own,
        Route::Editor(name) | Route::Port(name, _) => name,
    };
    let token = asked.fields.contains_key(TOKEN_HEADER);
    let who = known(site, asked, &bare);
    let kind = Kind::of(asked, token);
    let admitted = match &route {
        Route::Port(_, port) => site
            .gate
            .admit_port(who.as_ref(), name.as_str(), port)
            .map(|(entry, port)| (entry, Right::Port(port), Some(port))),
        _ => site
            .gate
            .admit(who.as_ref(), name.as_str(), Action::Enter)
            .map(|entry| (entry, Right::Do(Action::Enter), None)),
    };
    let (entry, right, port) = match admitted {
        Ok(admitted) => admitted,
        Err(refusal) => return refused(refusal, kind),
    };
    let public = right.action(&entry.peek()) == Action::Port(Share::Public);
    if !public && !may_come_from_there(site, asked, &who, kind) {
        return Decision::Answer(Answer::new(StatusCode::FORBIDDEN, "the request comes from another site"));
    }
    let navigation = kind.intent == Intent::Navigation;
    let visit = Visit { entry, who, right, port, navigation };
    if door_of(&visit.entry.peek()).is_some() { Decision::Enter(visit) } else { asleep(site, visit, kind) }
}

/// What kind of request it is.
#[derive(Debug, Clone, Copy)]
struct Kind {
    intent: Intent,
    /// Whether a page can be the answer.
    page: bool,
}

impl Kind {
    fn of(asked: &Asked<'_>, token: bool) -> Kind {
        let field = |name: &str| asked.fields.get(name).and_then(|value| value.to_str().ok());
        let signs = Signs {
            method: asked.method,
            upgrade: asked.upgrade,
            fetch_mode: field("sec-fetch-mode"),
            fetch_dest: field("sec-fetch-dest"),
            purpose: field("sec-purpose").or_else(|| field("purpose")).or_else(|| field("x-moz")),
            accept: field("accept"),
            token,
        };
        let page = match signs.fetch_mode {
            _ if asked.upgrade => false,
            Some(mode) => mode == "navigate",
            None => {
                !token
                    && matches!(asked.method, "GET" | "HEAD")
                    && signs.accept.is_some_and(|accept| accept.contains("text/html"))
            }
        };
        Kind { intent: intent(signs), page }
    }
}

/// Who asks: a token where there is one, and then nothing else; a session of this host otherwise.
fn known(site: &Site, asked: &Asked<'_>, host: &str) -> Option<Known> {
    let mut tokens = asked.fields.get_all(TOKEN_HEADER).iter();
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => site.authenticator.token(token.to_str().ok()?.trim()),
        (Some(_), Some(_)) => None,
        (None, _) => {
            let mut good = cookies::values(asked.fields, site.cookie())
                .filter_map(|value| site.authenticator.session(value, host));
            let first = good.next()?;
            // Two people's: one of them was tossed here by a page of a sibling host. Which one cannot be told.
            good.all(|other| other.principal.user == first.principal.user).then_some(first)
        }
    }
}

fn refused(refusal: Refusal, kind: Kind) -> Decision {
    let (page, status, detail) = match refusal {
        Refusal::SignIn => (Page::SignIn, StatusCode::UNAUTHORIZED, "sign in, or send a token in Dormer-Token"),
        Refusal::Hidden => {
            (Page::NotFound, StatusCode::NOT_FOUND, "there is no such workspace, or it is not yours to open")
        }
        Refusal::Forbidden => (Page::Forbidden, StatusCode::FORBIDDEN, "you may see this workspace, but not open it"),
    };
    if kind.page { Decision::Page(page) } else { Decision::Answer(Answer::new(status, detail)) }
}

/// Whether a request may have been made by the page that made it. A browser signs every request to a host with that
/// host's cookie, also those that pages of other sites, or of other workspaces, make.
fn may_come_from_there(site: &Site, asked: &Asked<'_>, who: &Option<Known>, kind: Kind) -> bool {
    let by_cookie = who.as_ref().is_none_or(|known| matches!(known.principal.via, Via::Session(_)));
    let mut origins = asked.fields.get_all("origin").iter();
    let same_origin = match (origins.next(), origins.next()) {
        (None, _) => None,
        (Some(origin), None) => Some(is_own_origin(site.scheme, asked.host, origin.as_bytes())),
        (Some(_), Some(_)) => Some(false),
    };
    if asked.upgrade {
        return same_origin.unwrap_or(!by_cookie);
    }
    let get = matches!(asked.method, "GET" | "HEAD");
    if !by_cookie || (get && kind.intent == Intent::Navigation) {
        return true;
    }
    let site_of_it = asked.fields.get("sec-fetch-site").map(|value| value.as_bytes());
    same_origin != Some(false) && !matches!(site_of_it, Some(b"cross-site" | b"same-site"))
}

/// Whether `origin` is the one of `host`, which may or may not name the scheme's own port.
fn is_own_origin(scheme: Scheme, host: &str, origin: &[u8]) -> bool {
    let default = match scheme {
        Scheme::Http => ":80",
        Scheme::Https => ":443",
    };
    let plain = |authority: &str| {
        let authority = authority.to_ascii_lowercase();
        authority.strip_suffix(default).unwrap_or(&authority).to_string()
    };
    std::str::from_utf8(origin)
        .ok()
        .and_then(|origin| origin.strip_prefix(scheme.as_str())?.strip_prefix("://"))
        .is_some_and(|authority| plain(authority) == plain(host))
}

fn asleep(site: &Site, visit: Visit, kind: Kind) -> Decision {
    let record = visit.entry.peek();
    let coming = record.spec.running;
    let wakeable = !record.spec.archived && site.gate.may_wake(visit.who.as_ref(), &visit.entry);
    drop(record);
    match kind.intent {
        Intent::Navigation if wakeable => Decision::Wake(visit),
        Intent::Program if wakeable => Decision::Hold(visit),
        _ if kind.page && coming => Decision::Page(Page::Waiting),
        _ if kind.page => Decision::Page(Page::Asleep),
        _ => Decision::Answer(Answer::retry(StatusCode::SERVICE_UNAVAILABLE, "the workspace is asleep", 30)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for (scheme, host, origin, want) in [
            (Scheme::Http, "a.localhost:7080", "http://a.localhost:7080", true),
            (Scheme::Http, "A.localhost:7080", "http://a.localhost:7080", true),
            (Scheme::Http, "a.localhost:80", "http://a.localhost", true),
            (Scheme::Https, "a.example.org", "https://a.example.org", true),
            (Scheme::Https, "a.example.org:443", "https://a.example.org", true),
            (Scheme::Https, "a.example.org", "http://a.example.org", false),
            (Scheme::Http, "a.localhost:7080", "http://a.localhost", false),
            (Scheme::Http, "a.localhost:7080", "http://b.localhost:7080", false),
            (Scheme::Http, "a.localhost", "http://a.localhost.evil.com", false),
            (Scheme::Http, "a.localhost", "null", false),
            (Scheme::Http, "a.localhost", "", false),
        ] {
            assert_eq!(is_own_origin(scheme, host, origin.as_bytes()), want, "{scheme:?} {host} {origin}");
        }
    }
}
