//! What the HTTP side is told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What the HTTP side is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// Under which name the installation and its workspaces are reached: lower case, no port, no trailing dot.
    pub domain: String,
    /// How people reach it, which is not how requests arrive where TLS ends in front of this gateway.
    pub scheme: Scheme,
    /// Certificate and key, where TLS ends here.
    pub tls: Option<TlsFiles>,
    /// How many threads serve. None: one for each core.
    pub workers: Option<usize>,
    /// Limits.
    pub limits: Limits,
}

impl Config {
    /// The defaults for `domain`, over plain HTTP.
    pub fn new(listen: Vec<SocketAddr>, domain: impl Into<String>) -> Self {
        Config {
            listen,
            domain: domain.into(),
            scheme: Scheme::Http,
            tls: None,
            workers: None,
            limits: Limits::default(),
        }
    }
}

/// How people reach the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `http`.
    Http,
    /// `https`.
    Https,
}

impl Scheme {
    /// As it begins a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// Where certificate and key are, as PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Limits on what strangers and slow peers can take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Octets of a request's head. More is answered with 431.
    pub head: usize,
    /// From the first octet of a head to its last, however fast they drip.
    pub head_time: Duration,
    /// Between two requests of one connection.
    pub idle: Duration,
    /// For a TLS handshake.
    pub handshake: Duration,
    /// For the answer to an upgrade.
    pub upgrade: Duration,
    /// How long a program's request waits for a workspace to wake.
    pub hold: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            head: 64 * 1024,
            head_time: Duration::from_secs(15),
            idle: Duration::from_secs(75),
            handshake: Duration::from_secs(10),
            upgrade: Duration::from_secs(30),
            hold: Duration::from_secs(300),
        }
    }
}
