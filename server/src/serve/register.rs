//! A running gateway's record of itself on its machine: how the commands of the person who started it find it, and are
//! signed in.

use std::path::Path;

use anyhow::{Context, Result, anyhow};

use dormer_cli::credentials::Token;
use dormer_cli::credentials::local::{LocalServer, find};
use dormer_cli::environment::Environment;
use dormer_core::principal::Scope;

use crate::serve::parts::Parts;

/// A live gateway of this data folder.
pub fn of(data: &Path) -> Option<LocalServer> {
    let data = data.canonicalize().ok()?;
    find(&Environment::of_process())
        .servers
        .into_iter()
        .find(|server| server.is_alive() && server.data.canonicalize().is_ok_and(|of| of == data))
}

/// The record of this gateway; removed when this is dropped.
pub struct Registered(LocalServer);

/// Revokes the token of this gateway's commands.
async fn revoke(parts: &Parts) -> Result<()> {
    for token in parts.tokens.list(&parts.owner).await? {
        if token.name == parts.token_name {
            parts.tokens.revoke(&parts.owner, &token.id).await?;
        }
    }
    Ok(())
}

/// Takes the token back that nobody will use again: the next gateway has another name. One that is left expires.
pub async fn withdraw(parts: &Parts) {
    if let Err(error) = revoke(parts).await {
        tracing::warn!(%error, "could not revoke the token of this gateway's commands");
    }
}

/// Writes the record, with a new token; those of earlier starts are revoked.
pub async fn write(parts: &Parts) -> Result<Registered> {
    revoke(parts).await?;
    let (text, _) = parts.tokens.mint(&parts.owner, &parts.token_name, Scope::All, Some(parts.token_life)).await?;
    let told = |error: dormer_cli::error::CliError| anyhow!("{error}");
    let server = LocalServer {
        url: parts.commands.parse().map_err(told)?,
        token: Token::parse(text.expose()).map_err(told)?,
        data: parts.data.clone(),
        pid: i32::try_from(std::process::id()).context("the process id")?,
        ssh: Some(parts.ssh_address.to_string()),
    };
    server.save(&Environment::of_process()).map_err(told)?;
    Ok(Registered(server))
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Err(error) = self.0.remove(&Environment::of_process()) {
            tracing::warn!(%error, "could not remove the record of this gateway");
        }
    }
}
