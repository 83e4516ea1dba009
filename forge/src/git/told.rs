//! Git's words, and the guard's, by cause.

use dormer_core::ports::forge::ForgeError;

use crate::guard::GuardError;
use crate::runner::GitError;
use crate::source::address::Address;
use crate::source::reference;

/// What the guard says.
pub(super) fn refused(error: GuardError, host: &str) -> ForgeError {
    let host = host.to_string();
    match error {
        GuardError::Host(_) => {
            ForgeError::NotAllowed(format!("the host '{host}' is not allowed as a source here (forge.hosts)"))
        }
        GuardError::Private(_) => ForgeError::NotAllowed(format!(
            "the host '{host}' is not allowed as a source here: it is inside the gateway's own network \
             (forge.private_hosts)"
        )),
        GuardError::Limited(retry_after) => ForgeError::RateLimited { host, retry_after },
        GuardError::NoHost(_) | GuardError::Unreachable(_) => {
            ForgeError::Unreachable { host, message: error.to_string() }
        }
        GuardError::Status(status) if status >= 500 => {
            ForgeError::Unreachable { host, message: format!("it answered {status}") }
        }
        other => ForgeError::Failed(other.to_string()),
    }
}

/// Whether a host sent git elsewhere, where it does not go by itself.
pub(super) fn is_redirect(why: &str) -> bool {
    let why = why.to_lowercase();
    ["redirect", "returned error: 301", "returned error: 302", "returned error: 307", "returned error: 308"]
        .iter()
        .any(|words| why.contains(words))
}

/// Whether a host wants to be asked less often.
pub(super) fn is_limit(why: &str) -> bool {
    why.to_lowercase().contains("returned error: 429")
}

const NO_RIGHT: [&str; 8] = [
    "authentication failed",
    "could not read username",
    "could not read password",
    "prompts disabled",
    "unable to read askpass",
    "returned error: 401",
    "returned error: 403",
    "access denied",
];

/// Whether a credential, or the lack of one, is what it is about.
pub(super) fn is_no_right(why: &str) -> bool {
    let why = why.to_lowercase();
    NO_RIGHT.iter().any(|words| why.contains(words))
}

/// What git says.
pub(super) fn told(error: GitError, address: &Address) -> ForgeError {
    let host = address.host.clone().unwrap_or_else(|| "this machine".into());
    let why = match error {
        GitError::Refused(why) => why,
        GitError::TimedOut(_) => return ForgeError::Unreachable { host, message: error.to_string() },
        GitError::TooLong(_) | GitError::Missing(_) => return ForgeError::Failed(error.to_string()),
    };
    let lower = why.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if says(&["out of memory"]) {
        return ForgeError::Failed(format!("{host} sent more than is read of a repository here"));
    }
    if says(&["host key verification failed"]) {
        return ForgeError::Failed(format!("the SSH host key of {host} is not known to this machine"));
    }
    if is_limit(&why) {
        return ForgeError::RateLimited { host, retry_after: None };
    }
    if says(&[
        "could not resolve",
        "failed to connect",
        "couldn't connect",
        "connection refused",
        "timed out",
        "network is unreachable",
        "no route to host",
        "connection reset",
        "ssl",
        "certificate",
        "returned error: 5",
        "empty reply",
        "timeout",
        "too slow",
    ]) {
        return ForgeError::Unreachable { host, message: why };
    }
    let missing = [
        "not found",
        "does not exist",
        "does not appear to be a git repository",
        "permission denied",
        "returned error: 40",
        "could not read from remote",
        "not valid: is this a git",
    ];
    if says(&missing) || is_no_right(&why) || is_redirect(&why) {
        return ForgeError::NoRepository(reference::shown(&address.url));
    }
    ForgeError::Failed(why)
}
