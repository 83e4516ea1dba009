//! What of the gateway's own environment a workspace gets: what tells about the machine, nothing of whoever started
//! the gateway. Agents of keys, credentials of clouds and the gateway's own settings are not among it.

/// Names that pass. What makes programs reach the network here is of the machine.
const PASS: &[&str] = &[
    "ALL_PROXY",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "PATH",
    "REQUESTS_CA_BUNDLE",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TZ",
    "USER",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The variables that pass.
pub fn passing(variables: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    variables.filter(|(name, _)| PASS.contains(&name.as_str()) || name.starts_with("LC_")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes() {
        let pass = |name: &str| !passing([(name.to_string(), "x".to_string())].into_iter()).is_empty();
        for name in ["PATH", "LANG", "LC_ALL", "TERM", "https_proxy"] {
            assert!(pass(name), "{name}");
        }
        for name in [
            "DORMER_TOKEN",
            "DORMER_INSTANCE",
            "SSH_AUTH_SOCK",
            "XDG_RUNTIME_DIR",
            "XDG_CONFIG_HOME",
            "HOME",
            "AWS_SECRET_ACCESS_KEY",
            "KUBECONFIG",
            "GITHUB_TOKEN",
            "LD_PRELOAD",
            "DBUS_SESSION_BUS_ADDRESS",
            "DISPLAY",
            "NOTIFY_SOCKET",
            "BASH_ENV",
        ] {
            assert!(!pass(name), "{name}");
        }
    }
}
