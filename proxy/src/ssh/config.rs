//! What can be set about the SSH side.

use std::net::SocketAddr;
use std::time::Duration;

use dormer_auth::certificate::Authorities;
use dormer_auth::network::Network;

use super::host_keys::HostKeys;

/// What can be set about the SSH side.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Limits.
    pub limits: Limits,
    /// The keys by which clients know this gateway.
    pub host_keys: HostKeys,
    /// Those whose certificates count.
    pub authorities: Authorities,
    /// Proxies in front that tell the client's address (PROXY protocol): every connection from there begins with it,
    /// and none from elsewhere may.
    pub proxies: Vec<Network>,
    /// Where a browser approves a login: `https://dev.example.org`. Empty: nowhere.
    pub origin: String,
    /// The host that people type.
    pub host: String,
    /// The port that people type; 0 is the one that is listened on.
    pub public_port: u16,
}

impl Config {
    /// With the default limits.
    pub fn new(listen: SocketAddr, host_keys: HostKeys) -> Config {
        Config {
            listen,
            limits: Limits::default(),
            host_keys,
            authorities: Authorities::default(),
            proxies: Vec::new(),
            origin: String::new(),
            host: "localhost".into(),
            public_port: 0,
        }
    }
}

/// What one connection, and one address, may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the connection to the end of the first key exchange, banner included.
    pub handshake: Duration,
    /// From the connection to a proven login.
    pub authentication: Duration,
    /// Refused attempts to log in on one connection; one more ends it.
    pub attempts: usize,
    /// Refused attempts from one address in a minute; after that its connections are closed for the rest of it.
    pub refusals_per_address: usize,
    /// How long each refusal takes, whatever its cause.
    pub refusal_time: Duration,
    /// Connections in all.
    pub connections: usize,
    /// Connections of one address (of one /64 with IPv6).
    pub connections_per_address: usize,
    /// Connections of one user.
    pub connections_per_user: usize,
    /// Connections that have not logged in yet, in all.
    pub unauthenticated: usize,
    /// Channels of one connection.
    pub channels: usize,
    /// How long a channel waits for a workspace to wake.
    pub wake: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            handshake: Duration::from_secs(30),
            authentication: Duration::from_secs(120),
            attempts: 6,
            refusals_per_address: 100,
            refusal_time: Duration::from_millis(400),
            connections: 10_000,
            connections_per_address: 200,
            connections_per_user: 100,
            unauthenticated: 500,
            channels: 100,
            wake: Duration::from_secs(600),
        }
    }
}
