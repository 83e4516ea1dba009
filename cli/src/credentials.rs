//! Which server is meant, and as whom.
//!
//! In this order: the server that `--server` or `DORMER_SERVER` names, the default of the credentials file, the one
//! server that runs on this machine. A credential is only ever sent to the origin that it was kept for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::error::CliError;
use crate::globals::Globals;

pub mod file;
pub mod local;
pub mod origin;
pub mod private;

use file::Credentials;
use local::LocalServer;
use origin::Origin;

/// A token, which cannot print itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// None: for what is asked before anybody is signed in.
    pub fn none() -> Token {
        Token(String::new())
    }

    /// Takes a token that a person gave, if it can be one.
    pub fn parse(text: &str) -> Result<Token, CliError> {
        let text = text.trim();
        let good = text.starts_with("dormer_")
            && text.len() <= 256
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !good {
            // The text may be a secret of another kind: it is not repeated.
            return Err(CliError::Usage("that is no token: a token begins with 'dormer_'".into()));
        }
        Ok(Token(text.into()))
    }

    /// The token, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// A server, and who we are there.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server.
    pub origin: Origin,
    /// The token for it.
    pub token: Token,
    /// The record of a server of this machine, where it is one.
    pub local: Option<LocalServer>,
}

/// Decides which server is meant, and as whom.
pub fn choose(globals: &Globals, environment: &Environment) -> Result<Target, CliError> {
    let credentials = Credentials::load(environment)?;
    if let Some(server) = &globals.server {
        let wanted = server.parse::<Origin>()?;
        if let Some(token) = &environment.token {
            return Ok(Target { origin: wanted, token: Token::parse(token)?, local: None });
        }
        if let Some(entry) = credentials.find(&wanted) {
            return Ok(Target { origin: entry.url.clone(), token: entry.token.clone(), local: None });
        }
        let found = local::find(environment);
        if let Some(server) = found.servers.iter().find(|server| server.url == wanted) {
            return target(server.clone());
        }
        let mut text = format!("not signed in to {wanted}: sign in with 'dormer login {wanted}'");
        found.refused.iter().for_each(|why| text.push_str(&format!("\n{why}")));
        return Err(CliError::NotAllowed(text));
    }
    if let Some(entry) = credentials.default_entry() {
        return Ok(Target { origin: entry.url.clone(), token: entry.token.clone(), local: None });
    }
    the_local_one(local::find(environment))
}

fn the_local_one(found: local::Found) -> Result<Target, CliError> {
    let (alive, dead): (Vec<_>, Vec<_>) = found.servers.into_iter().partition(LocalServer::is_alive);
    match (alive.as_slice(), dead.first()) {
        ([one], _) => target(one.clone()),
        ([_, _, ..], _) => {
            let urls = alive.iter().map(|server| format!("\n  {}", server.url)).collect::<String>();
            Err(CliError::Usage(format!("several servers run on this machine, choose one with --server:{urls}")))
        }
        ([], Some(server)) => Err(dead_server(server)),
        ([], None) => {
            let mut text = "not signed in: sign in with 'dormer login <URL>', or start a gateway on this machine with \
                            'dormer up' or 'dormer serve'"
                .to_string();
            found.refused.iter().for_each(|why| text.push_str(&format!("\n{why}")));
            Err(CliError::NotAllowed(text))
        }
    }
}

/// A server that has ended gets no token: whoever listens on its port now is somebody else.
fn target(server: LocalServer) -> Result<Target, CliError> {
    if !server.is_alive() {
        return Err(dead_server(&server));
    }
    Ok(Target { origin: server.url.clone(), token: server.token.clone(), local: Some(server) })
}

/// What to say of a server of this machine that has ended.
pub fn dead_server(server: &LocalServer) -> CliError {
    CliError::Failed(format!(
        "the gateway of this machine ({}) is not running; start it with: dormer serve --data '{}'",
        server.url,
        server.data.display()
    ))
}

#[cfg(test)]
mod tests;
