//! What differs between the backends: where records are, what runs workspaces, and where that is kept which is no record.

pub mod kubernetes;
pub mod local;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use dormer_auth::vault::Vault;
use dormer_core::directory::Directory;
use dormer_core::name::UserName;
use dormer_core::ports::accounts::Accounts;
use dormer_core::ports::classes::Classes;
use dormer_core::ports::meter::Meter;
use dormer_core::ports::runtime::Runtime;
use dormer_core::ports::store::Store;
use dormer_core::secret::Secret;
use dormer_proxy::ssh::host_keys::HostKeys;
use dormer_reconciler::reconciler::Reconciler;
use dormer_web::deps::Info;
use dormer_web::logs::Logs;
use dormer_wire::dial::Dialer;

use crate::config::Config;

/// A part that serves until the shutdown.
pub type Way = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What else only one of all gateways does, for a term: until the token fires.
pub type Beside = Arc<dyn Fn(CancellationToken) -> Way + Send + Sync>;

/// What a backend gives to the gateway.
pub struct Backend {
    /// The records of workspaces.
    pub store: Arc<dyn Store>,
    /// The records of people.
    pub accounts: Arc<dyn Accounts>,
    /// What administrators decide for workspaces.
    pub classes: Arc<dyn Classes>,
    /// What runs workspaces.
    pub runtime: Arc<dyn Runtime>,
    /// Opens the doors of what it runs.
    pub dialer: Dialer,
    /// What its workspaces take.
    pub meter: Arc<dyn Meter>,
    /// Logs of workspaces that do not run.
    pub logs: Arc<dyn Logs>,
    /// Seals secrets.
    pub vault: Vault,
    /// The keys by which ssh knows the gateway.
    pub host_keys: HostKeys,
    /// What git hosts sign their news with.
    pub webhook: Secret<String>,
    /// Whom commands on the gateway's machine act as.
    pub owner: UserName,
    /// What their token is called in lists.
    pub token_name: String,
    /// How long it is good for.
    pub token_life: Duration,
    /// Whether the gateway is its owner's own program, on their own machine.
    pub personal: bool,
    /// What else it does.
    pub house: Arc<dyn House>,
}

/// What else a backend does.
#[async_trait]
pub trait House: Send + Sync + 'static {
    /// Takes in how the gateway is reached.
    fn say(&self, _info: &Info) {}

    /// Reconciles until `shutdown`, whenever it is this gateway's turn, with what else only one gateway is to do.
    fn lead(&self, reconciler: Reconciler, beside: Beside, shutdown: CancellationToken) -> Way {
        Box::pin(async move {
            tokio::join!(reconciler.run(shutdown.clone()), beside(shutdown));
        })
    }

    /// What each of several gateways does beside that.
    fn attend(&self, _store: Arc<dyn Store>, _directory: Arc<Directory>, _shutdown: CancellationToken) -> Option<Way> {
        None
    }

    /// Whether a stop of the gateway by its person's hand stops workspaces.
    fn stops_with_it(&self) -> bool {
        true
    }

    /// Puts everything in order. Nothing is asked of the records after.
    async fn close(&self);
}

/// Makes the one that is configured.
pub async fn make(config: &Config) -> Result<Backend> {
    match config.backend.as_str() {
        "kubernetes" => kubernetes::make(config).await,
        _ => local::make(config).await,
    }
}
