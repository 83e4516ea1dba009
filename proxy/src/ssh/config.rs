//! What can be set about the SSH side.

use std::net::SocketAddr;
use std::time::Duration;

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
}

impl Config {
    /// With the default limits.
    pub fn new(listen: SocketAddr, host_keys: HostKeys) -> Config {
        Config { listen, limits: Limits::default(), host_keys }
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
    /// How long each refusal takes, whatever its cause.
    pub refusal_time: Duration,
    /// Connections in all.
    pub connections: usize,
    /// Connections of one address (of one /64 with IPv6).
    pub connections_per_address: usize,
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
            refusal_time: Duration::from_millis(400),
            connections: 10_000,
            connections_per_address: 200,
            unauthenticated: 500,
            channels: 100,
            wake: Duration::from_secs(600),
        }
    }
}
