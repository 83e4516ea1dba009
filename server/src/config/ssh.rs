//! The side of ssh.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use dormer_auth::certificate::Authorities;
use dormer_auth::network::Network;
use dormer_proxy::ssh::config::{Config, Limits};
use dormer_proxy::ssh::host_keys::HostKeys;

use crate::config::duration::Span;

/// The side of ssh.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ssh {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The port that people type, where it differs from what is listened on.
    pub public_port: u16,
    /// A file with the public keys of those whose user certificates let in, as OpenSSH's `TrustedUserCAKeys`; their
    /// principals are names of users. Empty: none.
    pub user_ca_keys: PathBuf,
    /// Addresses or networks, between commas, of proxies in front that speak the PROXY protocol.
    pub proxies: String,
    /// Connections of one address (of one /64 with IPv6).
    pub connections_per_address: usize,
    /// Connections of one user.
    pub connections_per_user: usize,
    /// Connections that have not logged in yet, in all.
    pub unauthenticated: usize,
    /// Channels of one connection.
    pub channels: usize,
    /// Refused attempts to log in on one connection.
    pub attempts: usize,
    /// Refused attempts from one address in a minute; more of them close its connections for the rest of that minute.
    pub refusals_per_address: usize,
    /// How long a connection has for its first key exchange.
    pub handshake_timeout: Span,
    /// How long a connection has for its login.
    pub login_timeout: Span,
    /// How long open connections may go on when the gateway ends.
    pub drain: Span,
}

impl Default for Ssh {
    fn default() -> Self {
        let limits = Limits::default();
        Ssh {
            listen: SocketAddr::from(([127, 0, 0, 1], 7022)),
            public_port: 0,
            user_ca_keys: PathBuf::new(),
            proxies: String::new(),
            connections_per_address: limits.connections_per_address,
            connections_per_user: limits.connections_per_user,
            unauthenticated: limits.unauthenticated,
            channels: limits.channels,
            attempts: limits.attempts,
            refusals_per_address: limits.refusals_per_address,
            handshake_timeout: Span::from_secs(limits.handshake.as_secs()),
            login_timeout: Span::from_secs(limits.authentication.as_secs()),
            drain: Span::from_secs(10),
        }
    }
}

impl Ssh {
    /// Refuses what cannot be right, by the key's name.
    pub fn check(&self) -> Result<()> {
        self.networks()?;
        for (name, value) in [
            ("connections_per_address", self.connections_per_address),
            ("connections_per_user", self.connections_per_user),
            ("unauthenticated", self.unauthenticated),
            ("channels", self.channels),
            ("attempts", self.attempts),
            ("refusals_per_address", self.refusals_per_address),
        ] {
            if value == 0 {
                bail!("ssh.{name} = 0: nobody could come in");
            }
        }
        for (name, value) in [("handshake_timeout", &self.handshake_timeout), ("login_timeout", &self.login_timeout)] {
            if value.get() < Duration::from_secs(1) {
                bail!("ssh.{name}: at least 1s");
            }
        }
        Ok(())
    }

    fn networks(&self) -> Result<Vec<Network>> {
        let parts = self.proxies.split(',').map(str::trim).filter(|text| !text.is_empty());
        parts.map(|text| text.parse().context("ssh.proxies")).collect()
    }

    /// What the SSH side is told.
    pub fn way_in(&self, host_keys: HostKeys) -> Result<Config> {
        let mut config = Config::new(self.listen, host_keys);
        config.public_port = self.public_port;
        config.proxies = self.networks()?;
        if !self.user_ca_keys.as_os_str().is_empty() {
            let file = self.user_ca_keys.display();
            let text = std::fs::read_to_string(&self.user_ca_keys);
            let text = text.with_context(|| format!("ssh.user_ca_keys: cannot read {file}"))?;
            config.authorities = Authorities::parse(&text).with_context(|| format!("ssh.user_ca_keys: {file}"))?;
        }
        config.limits = Limits {
            handshake: self.handshake_timeout.get(),
            authentication: self.login_timeout.get(),
            attempts: self.attempts,
            refusals_per_address: self.refusals_per_address,
            connections_per_address: self.connections_per_address,
            connections_per_user: self.connections_per_user,
            unauthenticated: self.unauthenticated,
            channels: self.channels,
            ..Limits::default()
        };
        Ok(config)
    }
}
