//! What all workers share.

use std::fmt;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use dormer_auth::authenticator::Authenticator;

use super::config::{Config, Limits, Scheme};
use crate::gate::Gate;

/// Opens a connection to the gateway's own pages, which speak HTTP/1.1.
pub type Pages = Arc<dyn Fn() -> io::Result<UnixStream> + Send + Sync>;

/// What the HTTP side works with.
#[derive(Clone)]
pub struct Deps {
    /// Through which everybody enters.
    pub gate: Arc<Gate>,
    /// Knows everybody.
    pub authenticator: Arc<Authenticator>,
    /// The gateway's own pages.
    pub pages: Pages,
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}

/// What all workers share.
pub(super) struct Site {
    pub gate: Arc<Gate>,
    pub authenticator: Arc<Authenticator>,
    pub pages: Pages,
    pub domain: String,
    pub scheme: Scheme,
    pub limits: Limits,
}

impl Site {
    pub fn new(config: &Config, deps: Deps) -> Arc<Site> {
        Arc::new(Site {
            gate: deps.gate,
            authenticator: deps.authenticator,
            pages: deps.pages,
            domain: config.domain.clone(),
            scheme: config.scheme,
            limits: config.limits.clone(),
        })
    }

    /// The session cookie's name.
    pub fn cookie(&self) -> &'static str {
        dormer_auth::cookie::name(self.scheme == Scheme::Https)
    }
}
