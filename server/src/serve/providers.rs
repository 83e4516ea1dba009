//! The providers of the configuration, ready to be asked.

use anyhow::{Context, Result, bail};

use dormer_auth::provider::client::Provider;
use dormer_auth::provider::config::{Config, Configs};
use dormer_auth::provider::fetch::Fetch;
use dormer_core::secret::Secret;

/// Makes them. `origin` is where people come back to.
pub fn make(configs: &Configs, origin: &str) -> Result<Vec<Provider>> {
    if configs.is_empty() {
        return Ok(Vec::new());
    }
    let fetch = Fetch::new().context("cannot set up HTTP for providers")?;
    let one = |(name, config): (&String, &Config)| {
        let redirect = format!("{origin}/login/callback/{name}");
        tracing::info!(provider = name, redirect, "people may sign in by a provider");
        Ok(Provider::new(name, config.clone(), secret(name, config)?, redirect, fetch.clone()))
    };
    configs.iter().map(one).collect()
}

fn secret(name: &str, config: &Config) -> Result<Option<Secret>> {
    if config.client_secret_file.is_empty() {
        return Ok(config.client_secret.get());
    }
    let key = format!("auth.providers.{name}.client_secret_file");
    let text = std::fs::read_to_string(&config.client_secret_file)
        .with_context(|| format!("{key} = \"{}\"", config.client_secret_file))?;
    let text = Secret::from(text);
    if text.expose().trim().is_empty() {
        bail!("{key} = \"{}\": the file is empty", config.client_secret_file);
    }
    Ok(Some(Secret::from(text.expose().trim().to_string())))
}
