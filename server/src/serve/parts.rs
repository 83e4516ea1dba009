//! Making the parts and joining them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use dormer_auth::approval::Approvals;
use dormer_auth::authenticator::Authenticator;
use dormer_auth::brief::Briefs;
use dormer_auth::credentials::Credentials;
use dormer_auth::link::Links;
use dormer_auth::login::Logins;
use dormer_auth::secrets::Secrets;
use dormer_auth::token::Tokens;
use dormer_core::directory::Directory;
use dormer_core::name::UserName;
use dormer_core::plan::devfile::{self as plan, PlanError};
use dormer_core::ports::clock::Clock;
use dormer_core::ports::forge::{Credential, Forge, ForgeCredentials, Identity};
use dormer_core::wake::Waker;
use dormer_forge::store::{CredentialFile, First};
use dormer_proxy::gate::Gate;
use dormer_proxy::{http, ssh};
use dormer_reconciler::config::Config as ReconcilerConfig;
use dormer_reconciler::reconciler::Reconciler;
use dormer_web::deps::Info;

use crate::config::Config;
use crate::serve::backend::{self, Beside, House, Way};
use crate::serve::requests::Requests;
use crate::serve::secrets::WithSecrets;
use crate::serve::{DRAIN, commands, metrics, providers};

/// What a stop needs beyond the grace of the processes: preStop commands, and the writing down.
const STOP_MARGIN: Duration = Duration::from_secs(15);

/// What is needed of the parts while they serve.
pub struct Parts {
    pub data: PathBuf,
    pub info: Info,
    /// Where commands on the gateway's machine reach it.
    pub commands: String,
    pub ssh_address: SocketAddr,
    pub owner: UserName,
    /// What the token of commands on the gateway's machine is called, and how long it is good for.
    pub token_name: String,
    pub token_life: Duration,
    /// Whether the gateway is its owner's own program, on their own machine.
    pub personal: bool,
    pub house: Arc<dyn House>,
    pub links: Links,
    pub tokens: Tokens,
    pub reconciler: Reconciler,
    pub stop_grace: Duration,
    /// How long what is open may go on after the end was asked for: shells, and browsers' connections.
    pub drain: Duration,
    pub http_drain: Duration,
}

impl Parts {
    /// Stops every workspace that runs, where they stop with the gateway.
    pub async fn stop_all(&self) {
        if !self.house.stops_with_it() {
            return;
        }
        if !self.reconciler.stop_all(self.stop_grace + STOP_MARGIN).await {
            tracing::warn!("not every workspace stopped in time");
        }
    }
}

/// Makes every part and binds every address. Nothing is served until the ways are polled.
pub async fn make(config: Config, shutdown: &CancellationToken) -> Result<(Parts, Vec<(&'static str, Way)>)> {
    let clock: Arc<dyn Clock> = Arc::new(Timestamp::now);
    let backend = backend::make(&config).await?;
    let (store, accounts, house) = (backend.store, backend.accounts, backend.house);
    let directory = Arc::new(Directory::default());
    let authenticator = Authenticator::open(accounts.clone(), clock.clone()).await?;
    authenticator.end_idle_sessions(config.auth.session_idle.unless_zero());
    let vault = Arc::new(backend.vault);
    let secrets = Secrets::new(accounts.clone(), authenticator.clone(), clock.clone(), vault.clone());
    let waker = Arc::new(Waker::new(store.clone(), directory.clone(), clock.clone()));
    // Full before the first request: an empty directory would answer that nothing exists.
    for workspace in store.list().await? {
        directory.apply(dormer_core::ports::store::Change::Put(Arc::new(workspace)));
    }
    let dialer = backend.dialer;
    let gate = Gate::new(directory.clone(), waker.clone(), clock.clone(), dialer.clone());

    let pages: Arc<OnceLock<dormer_web::connector::Connector>> = Arc::default();
    let connect = pages.clone();
    let deps = http::Deps {
        gate: gate.clone(),
        authenticator: authenticator.clone(),
        pages: Arc::new(move || {
            connect.get().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotConnected))?.connect()
        }),
    };
    let browsers = http::bind(&http_config(&config), deps)?;
    let host_keys = backend.host_keys;
    // As in `known_hosts`, without the host in front.
    let host_key_lines = host_keys
        .known_hosts("localhost", 22)
        .iter()
        .filter_map(|line| line.split_once(' ').map(|(_, key)| key.to_string()))
        .collect();
    let approvals = Approvals::new(clock.clone());
    let approvals = match backend.personal {
        true => approvals,
        false => approvals.shared(Briefs::new(accounts.clone(), clock.clone(), vault.clone()), authenticator.clone()),
    };
    let mut ways_in = config.ssh.way_in(host_keys)?;
    ways_in.origin = info(&config, browsers.local_addr().port(), 0, Vec::new())?.origin();
    ways_in.host.clone_from(&config.http.domain);
    let deps =
        ssh::server::Deps { gate: gate.clone(), authenticator: authenticator.clone(), approvals: approvals.clone() };
    let shells = ssh::server::bind(ways_in, deps).await?;
    let ssh_address = shells.local_addr();
    let (drain, http_drain) = (config.ssh.drain.get(), config.http.drain.get());
    let mut info = info(&config, browsers.local_addr().port(), ssh_address.port(), host_key_lines)?;
    info.local_sources = backend.personal;
    house.say(&info);

    let providers = providers::make(&config.auth.providers, &info.origin())?;
    let logins = Logins::new(accounts.clone(), authenticator.clone(), clock.clone(), vault.clone(), providers);
    let logins = Arc::new(logins);
    let own = Credentials::new(authenticator.clone(), secrets.clone(), logins.grants().clone());
    // What lies on the gateway's machine is its owner's only where the machine is.
    let owner = backend.personal.then_some(&backend.owner);
    let credentials = credentials(&config, own, owner, &info);
    let forge: Arc<dyn Forge> = Arc::new(dormer_forge::git::Git::with(
        forge_config(&config, owner).map_err(|why| anyhow!(why))?,
        credentials.clone(),
    ));
    let requests = Arc::new(Requests {
        store: store.clone(),
        directory: directory.clone(),
        forge: forge.clone(),
        clock: clock.clone(),
        policy: config.forge.on_request_end.parse().map_err(|why: String| anyhow!(why))?,
        secret: backend.webhook,
    });

    let reconciler = Reconciler::new(
        store.clone(),
        Arc::new(WithSecrets::new(backend.runtime, secrets)),
        directory.clone(),
        clock.clone(),
        Arc::new(plan::plan),
        dialer.clone(),
        reconciler_config(&config),
    )
    .signing_in_with(credentials)
    .in_classes(backend.classes.clone());
    // Where others than the API write records, they may name a source that nobody has looked at.
    let reconciler = if backend.personal { reconciler } else { reconciler.resolving_with(forge.clone()) };
    let deps = dormer_web::deps::Deps {
        logins: logins.clone(),
        vault,
        session_life: config.auth.session_life.get(),
        store: store.clone(),
        accounts: accounts.clone(),
        classes: backend.classes,
        default_class: config.classes.default.clone(),
        directory: directory.clone(),
        waker,
        authenticator: authenticator.clone(),
        approvals,
        forge: forge.clone(),
        hook: requests.clone(),
        meter: backend.meter,
        logs: backend.logs,
        dialer,
        clock: clock.clone(),
        check_devfile: Arc::new(|text| {
            plan::alone("devfile.yaml", text).map(|plan| plan.settings).map_err(|error| match error {
                PlanError::Devfile(problems) => problems.to_string(),
                PlanError::Impossible(_) | PlanError::Class { .. } => error.to_string(),
            })
        }),
        // Everything was read before anything is served: what is left to say is that it ends.
        ready: Arc::new({
            let shutdown = shutdown.clone();
            move || if shutdown.is_cancelled() { Err("the gateway is ending".into()) } else { Ok(()) }
        }),
        info: info.clone(),
    };
    let web = dormer_web::connector::connector(dormer_web::router::router(deps, shutdown.clone()), shutdown.clone());
    pages.set(web.clone()).map_err(|_| anyhow!("the pages were set twice"))?;

    let follow = {
        let (directory, changes, shutdown) = (directory.clone(), store.watch(), shutdown.clone());
        async move {
            tokio::select! {
                () = directory.follow(changes) => {}
                () = shutdown.cancelled() => {}
            }
        }
    };
    // Git hosts and providers are asked by one gateway of all: each has a limit, and says the same to everybody.
    let beside: Beside = {
        let (grants, recheck, poll) = (logins.grants().clone(), config.auth.recheck.get(), config.forge.poll);
        Arc::new(move |term| {
            let asking = requests.clone().poll(poll.unless_zero(), term.clone());
            let rechecking = grants.clone().follow(recheck, term);
            Box::pin(async move {
                tokio::join!(asking, rechecking);
            })
        })
    };
    let mut ways: Vec<(&'static str, Way)> = vec![
        ("directory", Box::pin(follow)),
        ("authenticator", Box::pin(authenticator.clone().follow(shutdown.clone()))),
        ("reconciler", house.lead(reconciler.clone(), beside, shutdown.clone())),
        ("http", Box::pin(whole(browsers.serve(shutdown.clone(), http_drain), shutdown.clone()))),
        ("ssh", Box::pin(shells.serve(shutdown.clone(), drain))),
        (
            "pages",
            Box::pin({
                let (shutdown, web) = (shutdown.clone(), web.clone());
                async move {
                    shutdown.cancelled().await;
                    web.drained().await;
                }
            }),
        ),
    ];
    let mut commands = info.origin();
    if !backend.personal {
        let listener = commands::bind().await.context("cannot listen for commands")?;
        commands = format!("http://{}", listener.local_addr()?);
        ways.push(("commands", Box::pin(commands::serve(listener, web.taken_for(&info.domain)?, shutdown.clone()))));
    }
    if let Ok(listen) = config.http.metrics_listen.parse() {
        ways.push(("metrics", metrics::bind(listen, directory.clone(), shutdown.clone())?));
    }
    if let Some(way) = house.attend(store.clone(), directory.clone(), shutdown.clone()) {
        ways.push(("activity", way));
    }
    let parts = Parts {
        data: config.data,
        info,
        commands,
        ssh_address,
        owner: backend.owner,
        token_name: backend.token_name,
        token_life: backend.token_life,
        personal: backend.personal,
        house,
        links: Links::new(accounts.clone(), clock.clone()),
        tokens: Tokens::new(accounts, authenticator, clock),
        stop_grace: config.lifecycle.stop_grace.get(),
        drain: drain.max(DRAIN),
        http_drain: http_drain.max(DRAIN),
        reconciler,
    };
    Ok((parts, ways))
}

/// A gateway that lost one of its ways in ends, so that whoever runs it starts it again.
async fn whole(way: impl Future<Output = std::io::Result<()>>, shutdown: CancellationToken) {
    if let Err(error) = way.await {
        tracing::error!(%error, "cannot serve any longer");
        shutdown.cancel();
    }
}

fn http_config(config: &Config) -> http::Config {
    let mut http = http::Config::new(vec![config.http.listen], config.http.domain.clone());
    if config.tls() {
        http.tls = Some(http::TlsFiles { certificate: config.http.tls_cert.clone(), key: config.http.tls_key.clone() });
    }
    if config.tls() || config.http.public_url.starts_with("https://") {
        http.scheme = http::Scheme::Https;
    }
    http.workers = (config.http.workers > 0).then_some(config.http.workers);
    http
}

fn info(config: &Config, http_port: u16, ssh_port: u16, ssh_host_keys: Vec<String>) -> Result<Info> {
    let tls = config.tls() || config.http.public_url.starts_with("https://");
    let usual = if tls { 443 } else { 80 };
    let port = match config.http.public_url.as_str() {
        "" => http_port,
        url => {
            let url = url::Url::parse(url).with_context(|| format!("http.public_url = \"{url}\""))?;
            url.port().unwrap_or(usual)
        }
    };
    Ok(Info {
        domain: config.http.domain.clone(),
        tls,
        url_port: (port != usual).then_some(port),
        ssh_host: config.http.domain.clone(),
        ssh_port: if config.ssh.public_port == 0 { ssh_port } else { config.ssh.public_port },
        ssh_host_keys,
        backend: config.backend.clone(),
        version: env!("CARGO_PKG_VERSION").to_string(),
        local_sources: false,
        trusted_sources: list(&config.forge.trusted_sources),
    })
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
}

/// What people sign in to git hosts with, first what is nearest to them.
fn credentials(config: &Config, own: Credentials, owner: Option<&UserName>, info: &Info) -> Arc<dyn ForgeCredentials> {
    let mut all: Vec<Arc<dyn ForgeCredentials>> = vec![Arc::new(own)];
    let file = &config.forge.credentials;
    if let Some(owner) = owner.filter(|_| !file.as_os_str().is_empty()) {
        all.push(Arc::new(CredentialFile::new(file.clone(), owner.clone())));
    }
    all.push(Arc::new(Named { domain: info.domain.clone() }));
    Arc::new(First(all))
}

/// Nothing to sign in with, but a name for commits: better than git's refusal to make one.
struct Named {
    domain: String,
}

#[async_trait]
impl ForgeCredentials for Named {
    async fn for_host(&self, _: &UserName, _: &str) -> Option<Credential> {
        None
    }

    async fn identity(&self, user: &UserName, _: Option<&str>) -> Option<Identity> {
        Some(Identity { name: user.to_string(), email: format!("{user}@{}", self.domain) })
    }
}

fn forge_config(config: &Config, owner: Option<&UserName>) -> Result<dormer_forge::git::Config, String> {
    use dormer_forge::guard::policy::{Pattern, Policy};
    use dormer_forge::source::Flavour;

    let forge = &config.forge;
    let known = [(&forge.gitlab, Flavour::GitLab), (&forge.github, Flavour::GitHub), (&forge.gitea, Flavour::Gitea)];
    Ok(dormer_forge::git::Config {
        policy: Policy { hosts: Pattern::list(&forge.hosts)?, private: Pattern::list(&forge.private_hosts)? },
        at_once: forge.at_once,
        flavours: known.iter().flat_map(|(hosts, kind)| list(hosts).into_iter().map(|host| (host, *kind))).collect(),
        registry: forge.registry.clone(),
        owner: owner.cloned(),
        ..dormer_forge::git::Config::default()
    })
}

fn reconciler_config(config: &Config) -> ReconcilerConfig {
    let lifecycle = &config.lifecycle;
    ReconcilerConfig {
        start_limit: lifecycle.start_timeout.get(),
        stop_grace: lifecycle.stop_grace.get(),
        idle_timeout: lifecycle.idle_timeout.unless_zero(),
        max_lifetime: lifecycle.max_lifetime.unless_zero(),
        delete_after_stopped: lifecycle.delete_after_stopped.unless_zero(),
        keep_alive_when_busy: lifecycle.keep_alive_when_busy,
        ..ReconcilerConfig::default()
    }
}
