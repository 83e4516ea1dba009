//! Devfiles from where a person on their own machine points to: files, standard input, the web.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use dormer_devfile::resolve::{Fetched, ResolveError, Resolver, registry_address};

/// The longest devfile that is read.
const MAX: u64 = 4 << 20;
const LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

/// Reads a file, `-` or an http(s) address.
pub fn read(from: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match from {
        "-" => std::io::stdin().lock().take(MAX + 1).read_to_end(&mut bytes).map(drop)?,
        _ if is_web(from) => bytes = get(from).map_err(|error| anyhow::anyhow!("{from}: {error}"))?.bytes,
        _ => {
            let file = std::fs::File::open(Path::new(from)).with_context(|| from.to_string())?;
            file.take(MAX + 1).read_to_end(&mut bytes).with_context(|| from.to_string())?;
        }
    }
    // What is longer is refused by whoever reads it, with the rest of what is wrong.
    Ok(bytes)
}

fn is_web(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// Fetches parents and plugins for a person who runs the command themselves, with their own rights on the network.
pub struct Web;

impl Resolver for Web {
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        if !is_web(uri) {
            // A path: only a devfile that was itself read from one gets here.
            let bytes = read(uri).map_err(|error| ResolveError::refused(format!("{error:#}")))?;
            return Ok(Fetched { location: uri.to_string(), bytes });
        }
        get(uri).map_err(ResolveError::temporary)
    }

    fn registry(&self, id: &str, version: Option<&str>, registry: Option<&str>) -> Result<Fetched, ResolveError> {
        let registry = registry.unwrap_or("https://registry.devfile.io");
        let address = registry_address(registry, id, version)?;
        self.uri(address.as_str())
    }
}

/// What is at an address, and where that was in the end.
fn get(address: &str) -> Result<Fetched, String> {
    let fetch = async {
        let client = reqwest::Client::builder().timeout(LIMIT).build().map_err(|error| error.to_string())?;
        let mut answer = client.get(address).send().await.map_err(|error| error.without_url().to_string())?;
        if !answer.status().is_success() {
            return Err(format!("the server answered {}", answer.status()));
        }
        let location = answer.url().to_string();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| error.without_url().to_string())? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > MAX {
                return Err(format!("more than {} MiB", MAX >> 20));
            }
        }
        Ok(Fetched { location, bytes })
    };
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(fetch))
}
