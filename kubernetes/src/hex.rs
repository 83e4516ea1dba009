//! Octets as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// As hexadecimal digits.
pub fn encode(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Of 64 hexadecimal digits.
pub fn decode(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut octets = [0; 32];
    for (octet, at) in octets.iter_mut().zip((0..).step_by(2)) {
        *octet = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(octets)
}

/// In base64.
pub fn base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// Of base64.
pub fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A name of an object for any text: 160 bits of its hash.
pub fn name(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    encode(hash.get(..20).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let octets: [u8; 32] = std::array::from_fn(|at| at as u8 * 7);
        assert_eq!(decode(&encode(&octets)), Some(octets));
        for bad in ["", "00", &"0".repeat(63), &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!(unbase64(&base64(&octets)).unwrap(), octets);
        assert_eq!(name("a").len(), 40);
    }
}
