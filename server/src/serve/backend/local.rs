//! One machine: records in SQLite, workspaces as processes, keys in files of the data folder.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use jiff::Timestamp;

use dormer_auth::vault::Vault;
use dormer_core::secret::Secret;
use dormer_local::process::{ProcessRuntime, RuntimeConfig};
use dormer_local::records::LocalStore;
use dormer_proxy::ssh::host_keys;
use dormer_wire::dial::Dialer;

use super::{Backend, House};
use crate::config::Config;
use crate::serve::logs::Logs;
use crate::serve::{cache, paths};

/// Minted anew at each start, so this only bounds how long one gateway runs before its own commands ask for a restart.
const TOKEN_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);

struct Machine(LocalStore);

#[async_trait]
impl House for Machine {
    async fn close(&self) {
        self.0.close().await;
    }
}

/// Makes it.
pub async fn make(config: &Config) -> Result<Backend> {
    let agent = paths::agent(&config.local.agent)?;
    let editor = paths::editor(&config.local.editor, cache().as_deref())?;
    if editor.is_none() {
        tracing::warn!("there is no editor here: `scripts/editor.sh` makes one, or name one as local.editor");
    }
    let store = dormer_local::records::open(&config.data).await?;
    let extensions = paths::extensions(&config.data)?;
    let runtime = ProcessRuntime::new(RuntimeConfig {
        data: config.data.clone(),
        run: config.data.join("run"),
        agent,
        editor,
        extensions: Some(extensions),
    })
    .context("cannot run workspaces here")?;
    let runtime = Arc::new(runtime);
    let owner = dormer_auth::owner::ensure(&store, &Timestamp::now, &account()).await?;
    let keys = config.data.join("keys");
    let host_keys = tokio::task::spawn_blocking(move || host_keys::load_or_create(&keys)).await??;
    Ok(Backend {
        accounts: Arc::new(store.clone()),
        classes: Arc::new(store.clone()),
        store: Arc::new(store.clone()),
        meter: runtime.clone(),
        logs: Arc::new(Logs(runtime.clone())),
        runtime,
        dialer: Dialer::local(),
        vault: Vault::open(&config.data.join("secrets.key"))?,
        host_keys,
        webhook: webhook(&config.data)?,
        owner,
        token_name: "commands on the gateway's machine".into(),
        token_life: TOKEN_LIFE,
        personal: true,
        house: Arc::new(Machine(store)),
    })
}

/// The secret that hosts sign with: made on the first start, in a file that nobody else can read.
fn webhook(data: &Path) -> Result<Secret<String>> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let path = data.join("keys").join("webhook");
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().len() >= 16 => return Ok(Secret::new(text.trim().to_string())),
        Ok(_) => anyhow::bail!("{} has less than 16 characters: make it longer, or remove it", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    let octets: [u8; 24] = rand::random();
    let text: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| writeln!(file, "{text}"));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Secret::new(text))
}

/// The name on this machine of who runs the gateway.
fn account() -> String {
    nix::unistd::User::from_uid(nix::unistd::getuid())
        .ok()
        .flatten()
        .map(|user| user.name)
        .or_else(|| std::env::var("USER").ok())
        .unwrap_or_else(|| "owner".to_string())
}
