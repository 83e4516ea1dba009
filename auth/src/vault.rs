//! What has to be kept and read again (tokens of providers, people's secrets), sealed with a key that is not among the
//! records: whoever gets hold of the database, or of a copy of it, has nothing.

mod file;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use serde::de::DeserializeOwned;

use dormer_core::secret::Secret;

pub use file::VaultError;

/// The first octet of everything that is sealed, so that another way may come later.
const VERSION: u8 = 1;
/// The longest text that is sealed.
const MAX: usize = 1 << 20;

/// Seals and opens.
pub struct Vault {
    key: LessSafeKey,
    random: SystemRandom,
}

/// What was sealed cannot be opened: with another key, for another place, or it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is sealed cannot be opened: it was sealed with another key, or it was changed")]
pub struct Shut;

impl Vault {
    /// With the key in a file of mode 0600, which is made where there is none.
    pub fn open(path: &std::path::Path) -> Result<Vault, VaultError> {
        file::key(path)
    }

    /// With this key.
    pub fn new(key: &[u8; 32]) -> Result<Vault, Shut> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| Shut)?;
        Ok(Vault { key: LessSafeKey::new(key), random: SystemRandom::new() })
    }

    /// Seals a text for one `place`: nobody can put it elsewhere among the records and have it opened there.
    pub fn seal(&self, place: &str, text: &str) -> Result<Vec<u8>, Shut> {
        if text.len() > MAX {
            return Err(Shut);
        }
        // 96 random bits: of 2^32 texts under one key, two get the same with a chance of 2^-33.
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| Shut)?;
        let mut body = text.as_bytes().to_vec();
        let place = Aad::from(place.as_bytes());
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place, &mut body).map_err(|_| Shut)?;
        Ok([&[VERSION], nonce.as_slice(), body.as_slice()].concat())
    }

    /// Seals a value as a text for others to carry: a browser, a command line.
    pub fn seal_value(&self, place: &str, value: &impl Serialize) -> Result<Secret, Shut> {
        let text = Secret::from(serde_json::to_string(value).map_err(|_| Shut)?);
        Ok(Secret::from(URL_SAFE_NO_PAD.encode(self.seal(place, text.expose())?)))
    }

    /// The value that was sealed for that place, from a text of at most that length that somebody brings.
    pub fn unseal_value<T: DeserializeOwned>(&self, place: &str, text: &str, longest: usize) -> Option<T> {
        if text.len() > longest {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_str(self.unseal(place, &sealed).ok()?.expose()).ok()
    }

    /// Opens what was sealed for that place.
    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Secret, Shut> {
        let (&[VERSION], rest) = sealed.split_first_chunk::<1>().ok_or(Shut)? else { return Err(Shut) };
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Shut)?;
        let mut body = body.to_vec();
        let opened =
            self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place.as_bytes()), &mut body);
        let text = opened.map_err(|_| Shut)?;
        String::from_utf8(text.to_vec()).map(Secret::from).map_err(|_| Shut)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_for_one_place_with_one_key() {
        let vault = Vault::new(&[1; 32]).unwrap();
        let sealed = vault.seal("a", "hunter2").unwrap();
        assert_ne!(sealed, vault.seal("a", "hunter2").unwrap(), "never twice the same");
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(vault.unseal("a", &sealed).unwrap().expose(), "hunter2");
        assert!(vault.unseal("b", &sealed).is_err(), "another place");
        assert!(Vault::new(&[2; 32]).unwrap().unseal("a", &sealed).is_err(), "another key");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.unseal("a", &changed).is_err(), "octet {at} changed");
            assert!(vault.unseal("a", &sealed[..at]).is_err(), "cut at {at}");
        }
    }
}
