//! TLS for doors that are reached over a network: version 1.3 only, and each side knows the other's very key.
//!
//! There are no certificates, and so no authority, no names and no dates: a side shows its raw Ed25519 key (RFC 7250),
//! and the other compares. All keys follow from one secret of the gateways, the [`Master`]: each gateway can dial each
//! workspace without having read anything about it but its door, while an agent is given its own key and the gateways'
//! public one ([`AgentKeys`]), from which nothing else follows.
//!
//! Sessions are resumed: whoever has a ticket has proved its key when it got it, the tickets of one peer are never shown
//! to another, and an agent takes only those that it gave itself.

mod client;
mod keys;
mod server;

pub use client::connector;
pub use keys::{AgentKeys, Master, is_peer, server_name};
pub use server::acceptor;

use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::{CertificateError, SignatureScheme};

/// Why there can be no TLS at all.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A peer's name that no keys can be for.
    #[error("'{0}' is no name of a workspace's agent")]
    Peer(String),
    /// A key that is none.
    #[error("a key that cannot be used")]
    Key,
    /// The library refused.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

fn algorithms() -> WebPkiSupportedAlgorithms {
    PROVIDER.signature_verification_algorithms
}

fn schemes() -> Vec<SignatureScheme> {
    vec![SignatureScheme::ED25519]
}

/// Whether the key that was shown is the one that was expected.
fn is_expected(shown: &[u8], chain: usize, expected: &SubjectPublicKeyInfoDer<'_>) -> Result<(), rustls::Error> {
    match chain == 0 && shown == expected.as_ref() {
        true => Ok(()),
        false => Err(CertificateError::ApplicationVerificationFailure.into()),
    }
}

#[cfg(test)]
mod tests;
