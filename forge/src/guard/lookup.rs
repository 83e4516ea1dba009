//! Names to addresses, looked at before anybody connects.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::policy::{Policy, Reach};

/// Names to addresses.
#[async_trait]
pub trait Lookup: Send + Sync + 'static {
    /// All of a host's.
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// As this machine resolves them.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

#[async_trait]
impl Lookup for System {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        // These are this machine, whatever its resolver knows of them (RFC 6761).
        let plain = host.trim_end_matches('.').to_ascii_lowercase();
        if plain == "localhost" || plain.ends_with(".localhost") {
            return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        }
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// What the HTTP client resolves names with: it connects to what it is given here, and asks nobody again.
pub(super) struct Checked {
    pub policy: Arc<Policy>,
    pub lookup: Arc<dyn Lookup>,
    pub reach: Reach,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, lookup, reach) = (self.policy.clone(), self.lookup.clone(), self.reach);
        Box::pin(async move {
            let found = lookup.addresses(name.as_str()).await?;
            policy.check_addresses(name.as_str(), None, &found, reach)?;
            // Port 0 means the URL's.
            Ok(Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}
