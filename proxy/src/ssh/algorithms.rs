//! What is spoken: modern algorithms only. Clients choose by their own order among these.

use std::borrow::Cow;

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Preferred, cipher, compression, kex, mac};

const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::DH_G16_SHA512,
    kex::DH_G18_SHA512,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    // Strict key exchange: without it an attacker in the middle can drop the first packets (CVE-2023-48795).
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

// Host keys are made for two of these only; the list is also what clients are told about their own keys.
const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::SkEd25519,
    Algorithm::SkEcdsaSha2NistP256,
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

const CIPHERS: &[cipher::Name] = &[
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

const MACS: &[mac::Name] = &[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM];

// Of those who know no other. Not broken, only the older way of putting encryption and authentication together.
const OLD_MACS: &[mac::Name] = &[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM, mac::HMAC_SHA512, mac::HMAC_SHA256];

// Compression only after the login: nobody unknown reaches a decompressor.
const COMPRESSION: &[compression::Name] = &[compression::NONE, compression::ZLIB_LEGACY];

/// The lists.
pub(super) fn preferred() -> Preferred {
    Preferred {
        kex: Cow::Borrowed(KEX),
        key: Cow::Borrowed(KEYS),
        host_key_certificates: Cow::Borrowed(&[]),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        compression: Cow::Borrowed(COMPRESSION),
    }
}

/// The same for clients that cannot do better ([`super::peer::Peer::is_old_libssh2`]).
pub(super) fn for_old_clients() -> Preferred {
    Preferred { mac: Cow::Borrowed(OLD_MACS), ..preferred() }
}

/// The shortest RSA key with which somebody may log in, in bits.
const MIN_RSA: usize = 2048;

/// Whether a key of this kind, used with that algorithm, may log in at all. Says nothing about whose it is.
pub(super) fn acceptable(key: &KeyData, algorithm: &Algorithm) -> bool {
    let long_enough = match key {
        KeyData::Rsa(rsa) => rsa.n().as_positive_bytes().is_some_and(|n| n.len() * 8 >= MIN_RSA),
        _ => true,
    };
    long_enough && KEYS.contains(algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha1_is_refused() {
        let key: russh::keys::PublicKey =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti".parse().unwrap();
        assert!(acceptable(key.key_data(), &Algorithm::Ed25519));
        assert!(!acceptable(key.key_data(), &Algorithm::Rsa { hash: None }));
        assert!(!acceptable(key.key_data(), &Algorithm::Dsa));
    }
}
