//! The names of our cookies.

/// The session cookie where there is no TLS.
pub const PLAIN: &str = "dormer_session";
/// The session cookie where there is: browsers take `__Host-` only from that very host, over TLS, for every path, so
/// neither a sibling host nor a page of a workspace can set it.
pub const SECURE: &str = "__Host-dormer_session";
/// The cookie that binds a ticket to the browser that asked for it, where there is no TLS.
pub const BINDING_PLAIN: &str = "dormer_binding";
/// The same where there is.
pub const BINDING_SECURE: &str = "__Host-dormer_binding";
/// The cookie that holds a sign-in by a provider while it is under way, where there is no TLS.
pub const FLOW_PLAIN: &str = "dormer_flow";
/// The same where there is.
pub const FLOW_SECURE: &str = "__Host-dormer_flow";

/// The session cookie's name.
pub fn name(tls: bool) -> &'static str {
    if tls { SECURE } else { PLAIN }
}

/// The binding cookie's name.
pub fn binding(tls: bool) -> &'static str {
    if tls { BINDING_SECURE } else { BINDING_PLAIN }
}

/// The name of the cookie of a sign-in under way.
pub fn flow(tls: bool) -> &'static str {
    if tls { FLOW_SECURE } else { FLOW_PLAIN }
}

/// Whether a cookie of that name is one of ours, in either spelling: such cookies never go upstream.
pub fn is_ours(cookie_name: &str) -> bool {
    [PLAIN, SECURE, BINDING_PLAIN, BINDING_SECURE, FLOW_PLAIN, FLOW_SECURE]
        .iter()
        .any(|ours| ours.eq_ignore_ascii_case(cookie_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours() {
        for (cookie, want) in [
            (name(true), true),
            (name(false), true),
            (binding(true), true),
            (binding(false), true),
            (flow(true), true),
            (flow(false), true),
            ("__host-DORMER_session", true),
            ("dormer_session2", false),
            ("session", false),
            ("", false),
        ] {
            assert_eq!(is_ours(cookie), want, "{cookie}");
        }
    }
}
