//! Signing this machine in through a browser: one on this machine, or one anywhere.

mod code;
mod loopback;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use serde_json::Value;

use dormer_wire::api;

use crate::client::Client;
use crate::context::Context;
use crate::credentials::origin::Origin;
use crate::credentials::{Target, Token};
use crate::error::CliError;
use crate::output::read;

/// Signs in, by the browser of this machine where there is one and `by_code` does not say otherwise.
pub async fn by_browser(context: &mut Context, origin: &Origin, by_code: bool) -> Result<Token, CliError> {
    let client = Client::new(Target { origin: origin.clone(), token: Token::none(), local: None })?;
    let made = match by_code || !context.environment.display {
        true => code::run(context, &client).await?,
        false => loopback::run(context, &client).await?,
    };
    token(&made)
}

fn token(made: &Value) -> Result<Token, CliError> {
    let made: api::Token = read(made)?;
    let text = made.token.ok_or_else(|| CliError::Failed("the server said yes, but gave no token".into()))?;
    Token::parse(&text)
}

/// What this machine is called where somebody is asked about it.
fn machine() -> String {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok();
    let parts = [user, host.filter(|host| !host.is_empty())];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join("@").chars().take(60).collect()
}

/// 256 random bits, as text that can stand in an address.
fn random() -> Result<String, CliError> {
    let mut octets = [0u8; 32];
    OsRng.try_fill_bytes(&mut octets).map_err(|error| CliError::Failed(format!("no randomness: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(octets))
}
