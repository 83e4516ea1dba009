//! Connections to what answers: a workspace's door, or the gateway's own pages.

use std::fmt;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use pingora::connectors::L4Connect;
use pingora::protocols::l4::socket::SocketAddr as L4Address;
use pingora::protocols::l4::stream::Stream as L4Stream;
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora::{Error, ErrorType};

use dormer_core::directory::Entry;
use dormer_wire::dial::{DialError, DoorStream};
use dormer_wire::door::{RefusalCode, Want};

use super::site::{Pages, Site};
use crate::gate::Gate;

/// How long a connection to a workspace's server is kept for the next request.
const IDLE: Duration = Duration::from_secs(60);

/// An address that is never dialled. pingora wants one for each peer; with this one it also asks nothing about the
/// other end of a pooled connection, which for a socket pair has no name.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 1);

/// Keys the pool. Nobody outside can know it, so nobody can make two workspaces share connections.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

fn peer(group_key: u64, connect: Arc<dyn L4Connect + Send + Sync>) -> Box<HttpPeer> {
    let mut peer = HttpPeer::new(NOWHERE, false, String::new());
    peer.group_key = group_key;
    peer.options.custom_l4 = Some(connect);
    peer.options.idle_timeout = Some(IDLE);
    peer.options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
    Box::new(peer)
}

/// The gateway's own pages.
pub(super) fn pages(site: &Site) -> Box<HttpPeer> {
    peer(KEY.hash_one("pages"), Arc::new(ToPages(Arc::clone(&site.pages))))
}

/// A workspace. Connections are shared among requests for the same port of the same start of the same workspace only.
pub(super) fn workspace(site: &Site, entry: &Arc<Entry>, want: Want, port: Option<u16>) -> Box<HttpPeer> {
    let key = {
        let record = entry.peek();
        KEY.hash_one((&record.uid, &record.status.instance, &record.status.door, port))
    };
    peer(key, Arc::new(ToDoor { gate: Arc::clone(&site.gate), entry: Arc::clone(entry), want }))
}

struct ToPages(Pages);

struct ToDoor {
    gate: Arc<Gate>,
    entry: Arc<Entry>,
    want: Want,
}

impl fmt::Debug for ToPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pages")
    }
}

impl fmt::Debug for ToDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "door of {}", self.entry.peek().name)
    }
}

#[async_trait]
impl L4Connect for ToPages {
    async fn connect(&self, _: &L4Address) -> pingora::Result<L4Stream> {
        let stream = (self.0)().and_then(|stream| {
            stream.set_nonblocking(true)?;
            tokio::net::UnixStream::from_std(stream)
        });
        stream
            .map(L4Stream::from)
            .map_err(|error| Error::because(ErrorType::ConnectError, "the gateway's own pages", error))
    }
}

#[async_trait]
impl L4Connect for ToDoor {
    async fn connect(&self, _: &L4Address) -> pingora::Result<L4Stream> {
        match self.gate.reach(&self.entry, self.want.clone()).await {
            Ok(DoorStream::Unix(stream)) => Ok(stream.into()),
            Ok(DoorStream::Tcp(stream)) => Ok(stream.into()),
            Ok(DoorStream::Tls(stream)) => {
                super::sealed::stream(stream).map_err(|error| Error::because(ErrorType::ConnectError, "door", error))
            }
            Err(error) => Err(Error::because(ErrorType::ConnectError, "door", error)),
        }
    }
}

/// Why a door was not opened, as the page about it has it.
pub(super) fn reason(error: &DialError) -> &'static str {
    match error {
        DialError::Refused(refusal) => match refusal.code {
            RefusalCode::NoListener => "no-listener",
            RefusalCode::Foreign => "foreign",
            RefusalCode::NotReady => "not-ready",
            _ => "absent",
        },
        DialError::Absent(_) | DialError::TimedOut(_) | DialError::Protocol(_) => "absent",
    }
}

/// The same for programs.
pub(super) fn detail(reason: &str) -> &'static str {
    match reason {
        "no-listener" => "nothing listens on that port",
        "foreign" => "what listens on that port is no process of this workspace",
        "not-ready" => "it is not ready yet",
        _ => "the workspace does not answer",
    }
}
