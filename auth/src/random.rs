//! Randomness of the operating system, as text.

use rand::TryRngCore;
use rand::rngs::OsRng;

use crate::error::RandomError;
use dormer_core::secret::Secret;

/// Digits of base62, in the order of their values.
pub(crate) const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random digits of a secret: 30 of 62 are 178 bits.
const SECRET_DIGITS: usize = 30;

/// A secret of more than 160 bits, as letters and digits.
pub fn secret() -> Result<Secret, RandomError> {
    digits(&mut OsRng, SECRET_DIGITS).map(Secret::from)
}

/// What names a record: unique, no secret.
pub fn id() -> Result<String, RandomError> {
    // 36^14 are 72 bits; lower case, so that it may stand in a path or be typed.
    digits(&mut OsRng, 14).map(|id| id.to_ascii_lowercase())
}

/// `count` random digits of base62, each as likely as the other.
pub(crate) fn digits<R: TryRngCore + ?Sized>(rng: &mut R, count: usize) -> Result<String, RandomError> {
    let mut text = String::with_capacity(count);
    let mut buffer = [0u8; 64];
    while text.len() < count {
        rng.try_fill_bytes(&mut buffer).map_err(|error| RandomError(error.to_string()))?;
        // 248 is 4 * 62: the rest of the octets would make some digits more likely.
        let good = buffer.iter().filter(|octet| **octet < 248);
        text.extend(good.filter_map(|octet| BASE62.get(usize::from(octet % 62))).map(|digit| char::from(*digit)));
    }
    text.truncate(count);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_alike_and_every_digit_comes_up() {
        assert_ne!(secret().unwrap().expose(), secret().unwrap().expose());
        let many = digits(&mut OsRng, 10_000).unwrap();
        assert_eq!(many.len(), 10_000);
        assert!(BASE62.iter().all(|digit| many.contains(char::from(*digit))));
    }
}
