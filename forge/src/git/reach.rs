//! Whether a host is there at all, and when it wants to be asked again: told within seconds, which git by itself does not.

use std::net::SocketAddr;
use std::time::Duration;

use dormer_core::ports::forge::ForgeError;
use tokio::net::TcpStream;
use url::Url;

use super::{Git, Route};
use crate::guard::{Ask, GuardError};

/// How long a connection may take to be made. Git would wait for minutes.
const CONNECT: Duration = Duration::from_secs(5);
/// What a proxy is named by.
const PROXIES: [&str; 5] = ["https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"];

impl Git {
    /// Whether one of a host's addresses takes connections. Behind a proxy nobody can tell.
    pub(super) async fn reached(&self, host: &str, found: &[SocketAddr]) -> Result<(), ForgeError> {
        if found.is_empty() || PROXIES.iter().any(|name| std::env::var_os(name).is_some()) {
            return Ok(());
        }
        let mut last = format!("no connection within {} s", CONNECT.as_secs());
        let any = async {
            for address in found {
                match TcpStream::connect(address).await {
                    Ok(_) => return true,
                    Err(error) => last = error.to_string(),
                }
            }
            false
        };
        let reached = tokio::time::timeout(CONNECT, any).await;
        match reached {
            Ok(true) => Ok(()),
            _ => Err(ForgeError::Unreachable { host: host.into(), message: last }),
        }
    }

    /// A host that wants to be asked less often, and when again: git tells no headers, so it is asked once more.
    pub(super) async fn limited(&self, route: &Route, why: String) -> ForgeError {
        let host = route.address.host.clone().unwrap_or_default();
        let url = Url::parse(&format!("{}/info/refs?service=git-upload-pack", route.address.url));
        let retry_after = match url {
            Ok(url) if matches!(url.scheme(), "https" | "http") => {
                let ask = Ask { accept: "*/*", json: false, ..Ask::api(route.reach) };
                match self.guard.get(&url, &ask).await {
                    Err(GuardError::Limited(after)) => after,
                    _ => None,
                }
            }
            _ => None,
        };
        tracing::debug!(host, why, retry_after, "a git host limits us");
        ForgeError::RateLimited { host, retry_after }
    }
}
