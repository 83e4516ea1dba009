//! The one way out: whatever the gateway fetches because somebody named it goes through here.
//!
//! A URL in a link, a devfile or a setting is a stranger's word, and the gateway stands where strangers do not: beside
//! databases, metadata services and the programs of its own machine. So names are resolved here, every address is looked
//! at, and what is connected to is the very address that was looked at: a name that means something else a moment later
//! (DNS rebinding) changes nothing. Redirects are followed by hand, each as if it had been named in the first place.

pub mod address;
mod fetch;
mod limit;
mod lookup;
pub mod policy;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

pub use fetch::{Answer, Ask};
use lookup::Checked;
pub use lookup::{Lookup, System};
use policy::{Policy, Reach};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// An administrator has to allow it.
    #[error("the host '{0}' is not allowed here")]
    Host(String),
    /// It is within the gateway's own network, which only an administrator may open.
    #[error("'{0}' is inside the gateway's own network, which is not allowed here")]
    Private(String),
    /// Not something that is fetched.
    #[error("only https: and http: are fetched")]
    Scheme,
    /// It has no such name.
    #[error("there is no host named '{0}'")]
    NoHost(String),
    /// It said no.
    #[error("it answered {0}")]
    Status(u16),
    /// It wants to be asked less often.
    #[error("it asks for fewer requests")]
    Limited(Option<u64>),
    /// It sent more than is read.
    #[error("the answer is longer than {0} octets")]
    TooLong(usize),
    /// It sent something else.
    #[error("the answer is no {0}")]
    Kind(&'static str),
    /// It sent us round and round.
    #[error("it redirects too often, or to nowhere")]
    Redirect,
    /// It did not answer, or not in time.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// Something of ours is missing.
    #[error("cannot fetch anything: {0}")]
    Broken(String),
}

impl GuardError {
    /// Whether another try may help.
    pub fn is_temporary(&self) -> bool {
        match self {
            GuardError::Unreachable(_) | GuardError::Limited(_) | GuardError::NoHost(_) => true,
            GuardError::Status(status) => *status >= 500,
            _ => false,
        }
    }
}

/// Fetches what may be fetched.
#[derive(Clone)]
pub struct Guard {
    policy: Arc<Policy>,
    lookup: Arc<dyn Lookup>,
    /// Of strangers' wishes, and of the person whose machine it is.
    clients: Result<[reqwest::Client; 2], String>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Default for Guard {
    fn default() -> Self {
        Guard::new(Policy::default())
    }
}

impl Guard {
    /// With a policy, and names as this machine resolves them.
    pub fn new(policy: Policy) -> Guard {
        Guard::with_lookup(policy, Arc::new(System))
    }

    /// With names from elsewhere.
    pub fn with_lookup(policy: Policy, lookup: Arc<dyn Lookup>) -> Guard {
        let policy = Arc::new(policy);
        let client = |reach| {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                // A proxy would resolve names by itself, and so decide where a request goes.
                .no_proxy()
                .connect_timeout(CONNECT)
                .pool_max_idle_per_host(8)
                .user_agent(concat!("dormer/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Checked { policy: policy.clone(), lookup: lookup.clone(), reach })
                .build()
                .map_err(|error| error.to_string())
        };
        let clients = client(Reach::Public).and_then(|public| Ok([public, client(Reach::Own)?]));
        Guard { policy, lookup, clients }
    }

    /// What may be reached.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The addresses of a host, every one of which may be connected to. Whoever connects must use these.
    pub async fn addresses(&self, host: &str, port: u16, reach: Reach) -> Result<Vec<SocketAddr>, GuardError> {
        self.policy.check_host(host, port)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = match bare.parse::<IpAddr>() {
            Ok(ip) => vec![ip],
            Err(_) => self.lookup.addresses(host).await.map_err(|_| GuardError::NoHost(host.into()))?,
        };
        if found.is_empty() {
            return Err(GuardError::NoHost(host.into()));
        }
        self.policy.check_addresses(host, Some(port), &found, reach)?;
        Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }

    /// Looks at a URL before it is asked for: what a name resolves to is looked at by the connector itself.
    fn check(&self, url: &Url, reach: Reach) -> Result<(), GuardError> {
        if !matches!(url.scheme(), "https" | "http") || !url.username().is_empty() || url.password().is_some() {
            return Err(GuardError::Scheme);
        }
        let host = url.host().ok_or(GuardError::Scheme)?;
        let (port, name) = (url.port_or_known_default().unwrap_or_default(), host.to_string());
        self.policy.check_host(&name, port)?;
        let literal = match host {
            Host::Ipv4(ip) => IpAddr::V4(ip),
            Host::Ipv6(ip) => IpAddr::V6(ip),
            // Which port of a private host was opened can only be seen here; the connector knows names alone.
            Host::Domain(_) => return Ok(()),
        };
        self.policy.check_addresses(&name, Some(port), &[literal], reach)
    }

    fn client(&self, reach: Reach) -> Result<&reqwest::Client, GuardError> {
        let [public, own] = self.clients.as_ref().map_err(|error| GuardError::Broken(error.clone()))?;
        Ok(match reach {
            Reach::Public => public,
            Reach::Own => own,
        })
    }
}

#[cfg(test)]
mod tests;
