//! `credentials.toml`: the servers that this machine is signed in to. Written by `dormer login`.

use serde::{Deserialize, Serialize};

use crate::credentials::origin::Origin;
use crate::credentials::{Token, private};
use crate::environment::Environment;
use crate::error::CliError;

/// Its name in the configuration folder.
const NAME: &str = "credentials.toml";

/// The servers that this machine is signed in to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The one that is meant when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Origin>,
    /// All of them.
    #[serde(default, rename = "server", skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<Entry>,
}

/// One server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its address.
    pub url: Origin,
    /// Who we are there, for people who read the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The token.
    pub token: Token,
}

impl Credentials {
    /// Reads the file; none is the same as an empty one.
    pub fn load(environment: &Environment) -> Result<Credentials, CliError> {
        let path = environment.config_file(NAME);
        let Some(text) = private::read(&path)? else { return Ok(Credentials::default()) };
        // The parser's message quotes the line, which may hold a token: only the place is told.
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1);
            CliError::Failed(format!(
                "{}:{line} cannot be understood; sign in again with 'dormer login'",
                path.display()
            ))
        })
    }

    /// Writes the file.
    pub fn save(&self, environment: &Environment) -> Result<(), CliError> {
        let text =
            toml::to_string(self).map_err(|error| CliError::Failed(format!("cannot write credentials: {error}")))?;
        private::write(&environment.config_file(NAME), &text)
    }

    /// The entry of a server.
    pub fn find(&self, origin: &Origin) -> Option<&Entry> {
        self.servers.iter().find(|entry| entry.url == *origin)
    }

    /// The entry of the default server.
    pub fn default_entry(&self) -> Option<&Entry> {
        self.find(self.default.as_ref()?)
    }

    /// Puts an entry in, in place of the one that the server has, and makes it the default.
    pub fn put(&mut self, entry: Entry) {
        self.servers.retain(|other| other.url != entry.url);
        self.default = Some(entry.url.clone());
        self.servers.push(entry);
    }

    /// Takes a server's entry out. Where it was the default, another becomes it.
    pub fn remove(&mut self, origin: &Origin) -> Option<Entry> {
        let at = self.servers.iter().position(|entry| entry.url == *origin)?;
        let entry = self.servers.remove(at);
        if self.default.as_ref() == Some(origin) {
            self.default = self.servers.last().map(|entry| entry.url.clone());
        }
        Some(entry)
    }
}
