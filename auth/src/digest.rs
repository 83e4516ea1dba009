//! What is stored of a secret.

use sha2::{Digest as _, Sha256};

use dormer_core::account::Digest;

/// SHA-256 of a secret's text.
pub fn digest(text: &str) -> Digest {
    Sha256::digest(text.as_bytes()).into()
}
