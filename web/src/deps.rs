//! What the web part is given.

use std::sync::Arc;

use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;

use dormer_auth::approval::Approvals;
use dormer_auth::authenticator::Authenticator;
use dormer_auth::login::Logins;
use dormer_auth::vault::Vault;
use dormer_core::directory::Directory;
use dormer_core::plan::settings::Settings;
use dormer_core::ports::accounts::Accounts;
use dormer_core::ports::classes::Classes;
use dormer_core::ports::clock::Clock;
use dormer_core::ports::forge::Forge;
use dormer_core::ports::meter::Meter;
use dormer_core::ports::store::Store;
use dormer_core::wake::Waker;
use dormer_wire::dial::Dialer;

use crate::logs::Logs;

/// Says what a devfile's text wants of its workspace as a whole, or why it cannot be used.
pub type CheckDevfile = Arc<dyn Fn(&str) -> Result<Settings, String> + Send + Sync>;
/// Says whether requests can be served, or what is missing.
pub type Ready = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What becomes of news that a git host sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is not signed with the secret.
    Foreign,
    /// It is about something else.
    Other,
    /// It is about so many workspaces.
    Taken(usize),
}

/// Takes news of git hosts.
#[async_trait]
pub trait Hook: Send + Sync + 'static {
    /// Looks at a request's headers and body, and does what follows.
    async fn hear(&self, headers: &HeaderMap, body: &[u8]) -> Heard;
}

/// Takes none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHook;

#[async_trait]
impl Hook for NoHook {
    async fn hear(&self, _: &HeaderMap, _: &[u8]) -> Heard {
        Heard::Foreign
    }
}

/// What the web part is given.
#[derive(Clone)]
pub struct Deps {
    /// The records of workspaces.
    pub store: Arc<dyn Store>,
    /// The records of people.
    pub accounts: Arc<dyn Accounts>,
    /// What administrators decide for workspaces.
    pub classes: Arc<dyn Classes>,
    /// The class of workspaces that name none.
    pub default_class: String,
    /// Every workspace as readers see it.
    pub directory: Arc<Directory>,
    /// Wakes workspaces.
    pub waker: Arc<Waker>,
    /// Knows who is asking.
    pub authenticator: Arc<Authenticator>,
    /// Logins over SSH that somebody in a browser is asked about.
    pub approvals: Approvals,
    /// Providers to sign in by.
    pub logins: Arc<Logins>,
    /// Seals secrets.
    pub vault: Arc<Vault>,
    /// How long a browser's session lives, whatever is done in it.
    pub session_life: Duration,
    /// Git hosts.
    pub forge: Arc<dyn Forge>,
    /// What workspaces use.
    pub meter: Arc<dyn Meter>,
    /// Logs of workspaces that do not run.
    pub logs: Arc<dyn Logs>,
    /// Opens doors.
    pub dialer: Dialer,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Checks a devfile.
    pub check_devfile: CheckDevfile,
    /// News of git hosts.
    pub hook: Arc<dyn Hook>,
    /// Whether requests can be served.
    pub ready: Ready,
    /// What is public about this installation.
    pub info: Info,
}

/// What is public about an installation.
#[derive(Debug, Clone)]
pub struct Info {
    /// The domain, in lower case: workspaces are below it.
    pub domain: String,
    /// Whether browsers come over TLS.
    pub tls: bool,
    /// The port in URLs; None where it is the scheme's own.
    pub url_port: Option<u16>,
    /// The SSH host.
    pub ssh_host: String,
    /// The SSH port.
    pub ssh_port: u16,
    /// The gateway's SSH host keys: algorithm and key.
    pub ssh_host_keys: Vec<String>,
    /// `local` or `kubernetes`.
    pub backend: String,
    /// The gateway's version.
    pub version: String,
    /// Whether administrators may name folders of this machine as sources: they can read them anyway where the gateway
    /// runs on their own.
    pub local_sources: bool,
    /// Where sources may come from without a warning: hosts, or hosts with the beginning of a path.
    pub trusted_sources: Vec<String>,
}

impl Info {
    /// `http://localhost:7080`, without a slash at its end.
    pub fn origin(&self) -> String {
        self.origin_of(&self.domain)
    }

    /// The origin of a host of ours.
    pub fn origin_of(&self, host: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        match self.url_port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }

    /// Where a workspace is opened.
    pub fn workspace_url(&self, name: &str) -> String {
        format!("{}/", self.origin_of(&format!("{name}.{}", self.domain)))
    }

    /// Where a port of a workspace is opened.
    pub fn port_url(&self, name: &str, port: &str) -> String {
        format!("{}/", self.origin_of(&format!("{port}--{name}.{}", self.domain)))
    }

    /// What to type to be in a workspace's shell.
    pub fn ssh_line(&self, name: &str) -> String {
        match self.ssh_port {
            22 => format!("ssh {name}@{}", self.ssh_host),
            port => format!("ssh -p {port} {name}@{}", self.ssh_host),
        }
    }

    /// The page that a one-time secret signs in at. The secret is in the fragment, which no server gets to see.
    pub fn sign_in_link(&self, secret: &str) -> String {
        format!("{}/login#{secret}", self.origin())
    }
}
