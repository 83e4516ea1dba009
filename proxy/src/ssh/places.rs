//! Where a forwarding may lead.

use dormer_wire::door::Want;
use dormer_wire::listen::Place;

/// Why a forwarding leads nowhere; said to the client as it is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PlaceError {
    /// Only the workspace itself can be reached.
    #[error("only the workspace itself can be reached: forward to localhost, 127.0.0.1 or [::1]")]
    Elsewhere,
    /// No port has that number.
    #[error("there is no such port")]
    Port,
    /// A path that no socket can have.
    #[error("the path of a socket must be absolute and without control characters")]
    Path,
    /// The certificate does not permit it.
    #[error("the certificate does not permit forwarding")]
    Certificate,
}

/// A TCP forwarding's.
pub(super) fn port(host: &str, port: u32) -> Result<Want, PlaceError> {
    if !matches!(host.to_ascii_lowercase().as_str(), "localhost" | "127.0.0.1" | "::1" | "[::1]") {
        return Err(PlaceError::Elsewhere);
    }
    match u16::try_from(port) {
        Ok(port) if port > 0 => Ok(Want::Port { port }),
        _ => Err(PlaceError::Port),
    }
}

/// A Unix socket forwarding's.
pub(super) fn socket(path: &str) -> Result<Want, PlaceError> {
    if !path.starts_with('/') || path.len() > 4096 || path.chars().any(char::is_control) {
        return Err(PlaceError::Path);
    }
    Ok(Want::Socket { path: path.to_string() })
}

/// A port at which to listen inside; 0 is any. Whatever address a client names, it is the workspace's loopback.
pub(super) fn listen(port: u32) -> Result<Place, PlaceError> {
    u16::try_from(port).map(|port| Place::Port { port }).map_err(|_| PlaceError::Port)
}

/// A socket at which to listen inside.
pub(super) fn listen_at(path: &str) -> Result<Place, PlaceError> {
    match socket(path)? {
        Want::Socket { path } => Ok(Place::Socket { path }),
        _ => Err(PlaceError::Path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_leads() {
        for (host, number, want) in [
            ("localhost", 3000, None),
            ("LOCALHOST", 3000, None),
            ("127.0.0.1", 65535, None),
            ("::1", 1, None),
            ("169.254.169.254", 80, Some(PlaceError::Elsewhere)),
            ("127.0.0.2", 80, Some(PlaceError::Elsewhere)),
            ("0.0.0.0", 80, Some(PlaceError::Elsewhere)),
            ("", 80, Some(PlaceError::Elsewhere)),
            ("localhost.", 80, Some(PlaceError::Elsewhere)),
            ("localhost", 0, Some(PlaceError::Port)),
            ("localhost", 65536, Some(PlaceError::Port)),
        ] {
            assert_eq!(port(host, number).err(), want, "{host} {number}");
        }
        assert!(socket("/run/x.sock").is_ok());
        assert_eq!(listen(0), Ok(Place::Port { port: 0 }));
        assert_eq!(listen(65536), Err(PlaceError::Port));
        assert!(listen_at("/tmp/x").is_ok() && listen_at("x").is_err());
        for bad in ["x.sock", "", "/a\nb", &format!("/{}", "x".repeat(5000))] {
            assert!(socket(bad).is_err(), "{bad}");
        }
    }
}
