//! A cluster: everything is at its API server, and there may be many gateways. Each serves, wakes and routes from what it
//! watches; the one that holds the lease reconciles.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use dormer_auth::vault::Vault;
use dormer_core::directory::Directory;
use dormer_core::ports::meter::NoMeter;
use dormer_core::ports::store::Store;
use dormer_core::secret::Secret;
use dormer_kubernetes::accounts::Accounts;
use dormer_kubernetes::class::Classes;
use dormer_kubernetes::cluster::{Cluster, Rights};
use dormer_kubernetes::keys::{Keys, Make};
use dormer_kubernetes::lease::{Candidate, Terms};
use dormer_kubernetes::names::{LEASE, Prefix};
use dormer_kubernetes::project;
use dormer_kubernetes::records::Records;
use dormer_kubernetes::render::settings::{Gateway as PodsOfGateway, Settings, Tools};
use dormer_kubernetes::runtime::{Parts, PodRuntime};
use dormer_proxy::ssh::host_keys::{self, HostKeys};
use dormer_reconciler::activity;
use dormer_reconciler::reconciler::Reconciler;
use dormer_web::deps::Info;
use dormer_web::logs::RecordedTail;
use dormer_wire::dial::Dialer;
use dormer_wire::tls::Master;

use super::{Backend, Beside, House, Way};
use crate::config::Config;

/// Files that hold the host keys; keys of the gateway's Secret are called so too.
const HOST_KEYS: [&str; 2] = ["ssh_host_ed25519_key", "ssh_host_rsa_key"];
/// The keys of the Secret.
const VAULT: &str = "vault";
const WEBHOOK: &str = "webhook";
const DOOR: &str = "door-master";
/// Activity is written so often, of each workspace.
const ACTIVITY: Duration = Duration::from_secs(60);
/// A pod seldom lives longer, and its token should not.
const TOKEN_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

struct InCluster {
    cluster: Cluster,
    records: Records,
    accounts: Accounts,
    classes: Classes,
    /// Who this gateway is among the others.
    identity: String,
    closed: CancellationToken,
}

/// Tells those who watch over gateways that this one leads, for as long as it lives.
struct Leading;

impl Leading {
    fn begin() -> Leading {
        metrics::gauge!("dormer_leader").set(1.0);
        Leading
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        metrics::gauge!("dormer_leader").set(0.0);
    }
}

#[async_trait]
impl House for InCluster {
    fn say(&self, info: &Info) {
        let info = info.clone();
        self.records.say_urls(Box::new(move |name| info.workspace_url(name)));
    }

    fn lead(&self, reconciler: Reconciler, beside: Beside, shutdown: CancellationToken) -> Way {
        let candidate = Candidate::new(self.cluster.own(), LEASE, &self.identity, Terms::default());
        let (cluster, records) = (self.cluster.clone(), self.records.clone());
        let (accounts, classes) = (self.accounts.clone(), self.classes.clone());
        Box::pin(async move {
            let work = |term: CancellationToken| {
                let namespaces =
                    project::keep(cluster.clone(), records.clone(), accounts.clone(), classes.clone(), term.clone());
                let (reconciler, records, beside) = (reconciler.clone(), records.clone(), beside(term.clone()));
                async move {
                    let _told = Leading::begin();
                    tokio::join!(reconciler.run(term.clone()), records.tell_refused(term), namespaces, beside);
                }
            };
            drop(Leading::begin());
            candidate.lead(shutdown, work).await;
        })
    }

    fn attend(&self, store: Arc<dyn Store>, directory: Arc<Directory>, shutdown: CancellationToken) -> Option<Way> {
        Some(Box::pin(async move { activity::attend(&*store, &directory, ACTIVITY, shutdown).await }))
    }

    fn stops_with_it(&self) -> bool {
        // Another gateway serves them, or the next one will.
        false
    }

    async fn close(&self) {
        self.records.close();
        self.accounts.close();
        self.closed.cancel();
    }
}

/// How the cluster is reached.
pub async fn connect(config: &Config) -> Result<Cluster> {
    let settings = &config.kubernetes;
    let kubeconfig = Some(settings.kubeconfig.as_path()).filter(|path| !path.as_os_str().is_empty());
    let mut cluster =
        Cluster::connect(kubeconfig, settings.namespace.clone(), Prefix::new(settings.project_prefix.clone())).await?;
    cluster.rights =
        Some(Rights { role: settings.project_role.clone(), service_account: settings.service_account.clone() })
            .filter(|rights| !rights.role.is_empty());
    Ok(cluster)
}

/// Makes it.
pub async fn make(config: &Config) -> Result<Backend> {
    let cluster = connect(config).await?;
    let records = Records::open(cluster.clone()).await?;
    let accounts = Accounts::open(cluster.clone()).await.context("people cannot be read")?;
    let closed = CancellationToken::new();
    let classes = Classes::open(&cluster, &closed).await?;
    let keys = keys(&cluster).await?;
    let owner = dormer_auth::owner::ensure(&accounts, &Timestamp::now, &config.kubernetes.admin).await?;
    let vault: [u8; 32] = keys.get(VAULT)?.try_into().map_err(|_| anyhow!("the key '{VAULT}' must have 32 octets"))?;
    let webhook = std::str::from_utf8(keys.get(WEBHOOK)?).map_err(|_| anyhow!("the key '{WEBHOOK}' is no text"))?;
    let master: [u8; 32] = keys.get(DOOR)?.try_into().map_err(|_| anyhow!("the key '{DOOR}' must have 32 octets"))?;
    let master = Master::from_octets(master);
    let dialer = Dialer::with(&master).context("cannot open doors")?;
    let (known, kinds) = (records.clone(), classes.clone());
    let parts = Parts {
        cluster: cluster.clone(),
        namespace: Arc::new(move |workspace| known.namespace_of(workspace)),
        class: Arc::new(move |name| kinds.object(name)),
        settings: settings(config),
        master,
        dialer: dialer.clone(),
    };
    let runtime = Arc::new(PodRuntime::new(parts, closed.clone()));
    let identity = std::env::var("POD_NAME").or_else(|_| hostname()).unwrap_or_else(|_| "dormer".into());
    Ok(Backend {
        store: Arc::new(records.clone()),
        accounts: Arc::new(accounts.clone()),
        classes: Arc::new(classes.clone()),
        // The cluster counts what pods take: `kubectl top` tells.
        meter: Arc::new(NoMeter),
        runtime,
        dialer,
        logs: Arc::new(RecordedTail),
        vault: Vault::new(&vault)?,
        host_keys: host_keys(&keys).await?,
        webhook: Secret::new(webhook.trim().to_string()),
        owner,
        token_name: format!("commands in {identity}"),
        token_life: TOKEN_LIFE,
        personal: false,
        house: Arc::new(InCluster { cluster, records, accounts, classes, identity, closed }),
    })
}

/// What all pods are told.
fn settings(config: &Config) -> Settings {
    let settings = config.kubernetes.clone();
    let tools = match settings.tools.as_str() {
        "image" => Tools::Mount,
        "copy" => Tools::Copy,
        _ => Tools::Auto,
    };
    // Labels that the chart gives to the gateway's pods.
    let labels = [("app.kubernetes.io/name".to_string(), "dormer".to_string())].into();
    Settings {
        tools_image: settings.tools_image,
        tools,
        default_image: settings.default_image,
        image_pull_policy: settings.image_pull_policy,
        storage_class: settings.storage_class,
        storage_size: settings.storage_size,
        // A gateway outside the cluster (with a kubeconfig) comes from anywhere.
        gateway: settings
            .kubeconfig
            .as_os_str()
            .is_empty()
            .then_some(PodsOfGateway { namespace: settings.namespace, labels }),
    }
}

fn hostname() -> Result<String, std::env::VarError> {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).ok_or(std::env::VarError::NotPresent)
}

/// What all gateways share. Made by whichever comes first.
async fn keys(cluster: &Cluster) -> Result<Keys> {
    let random = || -> Make<'static> {
        Box::new(|| {
            let octets: [u8; 32] = rand::random();
            Ok(octets.to_vec())
        })
    };
    let webhook: Make<'static> = Box::new(|| {
        let octets: [u8; 24] = rand::random();
        Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>().into_bytes())
    });
    // Both are made in one go, and neither where the Secret has them.
    let folder = private_folder().context("cannot make a folder for host keys")?;
    let path = folder.path();
    let host_key = |name: &'static str| -> Make<'_> {
        Box::new(move || tokio::task::block_in_place(|| make_host_key(path, name)))
    };
    let [ed25519, rsa] = HOST_KEYS;
    let wanted = vec![
        (DOOR, random()),
        (VAULT, random()),
        (WEBHOOK, webhook),
        (ed25519, host_key(ed25519)),
        (rsa, host_key(rsa)),
    ];
    Ok(Keys::open(cluster, wanted).await?)
}

fn make_host_key(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    host_keys::load_or_create(folder).map_err(|error| error.to_string())?;
    std::fs::read(folder.join(name)).map_err(|error| error.to_string())
}

fn private_folder() -> std::io::Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt as _;
    tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o700)).tempdir()
}

/// The host keys, by way of files that are gone again at once.
async fn host_keys(keys: &Keys) -> Result<HostKeys> {
    let folder = private_folder().context("cannot make a folder for host keys")?;
    for name in HOST_KEYS {
        write_private(&folder.path().join(name), keys.get(name)?).context("cannot write a host key")?;
    }
    Ok(tokio::task::spawn_blocking(move || host_keys::load_or_create(folder.path())).await??)
}

fn write_private(path: &Path, octets: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(octets)
}
