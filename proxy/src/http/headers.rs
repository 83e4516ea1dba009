//! Which header fields go upstream. The same rules for requests and upgrades.

use std::net::IpAddr;

use bytes::Bytes;
use dormer_auth::cookie;
use http::HeaderValue;

use super::config::Scheme;

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// The gateway's own pages: they need the credentials.
    Own,
    /// A workspace: it must not see them.
    Workspace,
}

/// Fields that the gateway itself says to its own pages.
const TOLD: [&str; 5] = ["dormer-peer", "dormer-scheme", "dormer-original-uri", "dormer-reason", "dormer-port"];

const UNKNOWN: HeaderValue = HeaderValue::from_static("unknown");

/// Fields of one connection (RFC 9110, 7.6.1), beside those that `Connection` names.
pub(super) const HOP_BY_HOP: [&str; 11] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
];

/// Whether a field that came from outside is kept from `to`: what speaks for a proxy or for us, and our credentials.
/// `name` is in lower case.
pub(super) fn dropped(name: &str, value: &[u8], to: To) -> bool {
    if name.starts_with("x-forwarded-") || name == "forwarded" || name == "x-real-ip" {
        return true;
    }
    match to {
        To::Own => TOLD.contains(&name),
        To::Workspace => name.starts_with("dormer-") || (name == "authorization" && is_our_bearer(value)),
    }
}

/// Whether `Authorization` carries a token of ours: sent to the wrong host by mistake, and still not for a workspace.
fn is_our_bearer(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let Some((scheme, rest)) = value.split_at_checked(6) else { return false };
    scheme.eq_ignore_ascii_case(b"bearer") && rest.trim_ascii().starts_with(b"dormer_")
}

/// What the gateway says about where a request came from. The host is one that was found to be of ours, so it fits into
/// a field; where it does not, it is not said.
pub(super) fn forwarded(peer: IpAddr, host: &str, scheme: Scheme) -> [(&'static str, HeaderValue); 5] {
    let scheme = scheme.as_str();
    let peer = peer.to_canonical();
    // Written once: writing an address costs more than all else here.
    let ip = peer.to_string();
    let (before, after) = if peer.is_ipv6() { ("for=\"[", "]\";host=\"") } else { ("for=", ";host=\"") };
    let node = [before, &ip, after, host, "\";proto=", scheme].concat();
    let value = |text: String| HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(UNKNOWN);
    let ip = value(ip);
    [
        ("Forwarded", value(node)),
        ("X-Forwarded-For", ip.clone()),
        ("X-Forwarded-Host", HeaderValue::from_str(host).unwrap_or(UNKNOWN)),
        ("X-Forwarded-Proto", HeaderValue::from_static(scheme)),
        ("X-Real-IP", ip),
    ]
}

/// Whether a `Set-Cookie` from a workspace is kept from the browser: a workspace has no say in our cookies.
pub(super) fn set_cookie_dropped(value: &[u8]) -> bool {
    let end = value.iter().position(|b| *b == b'=').unwrap_or(value.len());
    let name = value.get(..end).unwrap_or_default().trim_ascii();
    std::str::from_utf8(name).is_ok_and(cookie::is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_what() {
        for (name, value, own, workspace) in [
            ("forwarded", "for=1.2.3.4", true, true),
            ("x-forwarded-for", "1.2.3.4", true, true),
            ("x-forwarded-prefix", "/x", true, true),
            ("x-real-ip", "1.2.3.4", true, true),
            ("dormer-peer", "1.2.3.4", true, true),
            ("dormer-original-uri", "/", true, true),
            ("dormer-token", "dormer_x", false, true),
            ("dormer-csrf", "1", false, true),
            ("authorization", "Bearer dormer_x", false, true),
            ("authorization", "bEaReR   dormer_x", false, true),
            ("authorization", "Bearer mine", false, false),
            ("authorization", "Basic ZG9ybWVy", false, false),
            ("authorization", "é", false, false),
            ("x-forward", "", false, false),
            ("cookie", "a=1", false, false),
        ] {
            assert_eq!(dropped(name, value.as_bytes(), To::Own), own, "{name}: {value}");
            assert_eq!(dropped(name, value.as_bytes(), To::Workspace), workspace, "{name}: {value}");
        }
    }

    #[test]
    fn forwarding() {
        let [forwarded, ip, ..] = forwarded("::ffff:1.2.3.4".parse().unwrap(), "a.b:1", Scheme::Http);
        assert_eq!(forwarded.1, "for=1.2.3.4;host=\"a.b:1\";proto=http");
        assert_eq!(ip.1, "1.2.3.4");
        let [forwarded, ..] = super::forwarded("::1".parse().unwrap(), "a.b", Scheme::Https);
        assert_eq!(forwarded.1, "for=\"[::1]\";host=\"a.b\";proto=https");
    }

    #[test]
    fn cookies_that_a_workspace_may_not_set() {
        for (value, want) in [
            ("dormer_session=x; Path=/", true),
            ("__Host-dormer_binding=", true),
            ("session=x", false),
            ("x; dormer_session=1", false),
        ] {
            assert_eq!(set_cookie_dropped(value.as_bytes()), want, "{value}");
        }
    }
}
