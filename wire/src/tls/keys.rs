//! The keys of a door, and what they are derived from.

use std::fmt;
use std::sync::Arc;

use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rustls::crypto::ring::sign::any_eddsa_type;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::TlsError;

/// Changes with the way in which keys are derived: then gateways and agents of different ages do not meet at all.
const SALT: &[u8] = b"dormer door 1";
/// What comes before 32 octets to make them an Ed25519 key: private (RFC 8410, section 7), and public (section 4).
const PRIVATE: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const PUBLIC: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

type Octets = [u8; 32];

/// The secret of a gateway and its replicas, from which the keys of all doors follow.
#[derive(Clone)]
pub struct Master(Zeroizing<Octets>);

/// What an agent needs to know: its own key, and that of the gateways, which alone may come in.
///
/// As text both are 64 hexadecimal digits. Whoever has them can stand in for this one agent.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentKeys {
    private: Seed,
    gateway: PublicKey,
}

/// A private key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Seed(Zeroizing<Octets>);

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct PublicKey(Octets);

/// What makes a host's name of a peer's: a name whose last part is a number could be taken for an address.
const SUFFIX: &str = ".agent";

/// Whether a text can be the name of a peer: that of a host, in lower case.
pub fn is_peer(text: &str) -> bool {
    server_name(text).is_some()
}

/// The name by which TLS knows a peer; None for a text that is none.
pub fn server_name(peer: &str) -> Option<ServerName<'static>> {
    let plain = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || matches!(octet, b'-' | b'.');
    let address = peer.parse::<std::net::IpAddr>().is_ok();
    let name = (!address && peer.bytes().all(plain)).then(|| ServerName::try_from(format!("{peer}{SUFFIX}")).ok());
    name.flatten().filter(|name| matches!(name, ServerName::DnsName(_)))
}

/// The peer behind such a name.
pub(super) fn peer_of<'a>(name: &'a ServerName<'_>) -> Option<&'a str> {
    match name {
        ServerName::DnsName(name) => name.as_ref().strip_suffix(SUFFIX),
        _ => None,
    }
}

impl Master {
    /// A new one.
    pub fn generate() -> Result<Master, TlsError> {
        let mut octets = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(&mut *octets).map_err(|_| TlsError::Key)?;
        Ok(Master(octets))
    }

    /// One that was kept.
    pub fn from_octets(mut octets: [u8; 32]) -> Master {
        let master = Master(Zeroizing::new(octets));
        octets.zeroize();
        master
    }

    /// To be kept, where only gateways can read it.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the agent of `peer` is to be given.
    pub fn agent_keys(&self, peer: &str) -> Result<AgentKeys, TlsError> {
        Ok(AgentKeys { private: self.agent(peer)?, gateway: self.gateway()?.public()? })
    }

    /// The agent's key.
    pub(super) fn agent(&self, peer: &str) -> Result<Seed, TlsError> {
        if !is_peer(peer) {
            return Err(TlsError::Peer(peer.to_owned()));
        }
        self.derive(&[b"agent ", peer.as_bytes()])
    }

    /// The gateways' key.
    pub(super) fn gateway(&self) -> Result<Seed, TlsError> {
        self.derive(&[b"gateway"])
    }

    fn derive(&self, info: &[&[u8]]) -> Result<Seed, TlsError> {
        let mut octets = Zeroizing::new([0; 32]);
        let secret = Salt::new(HKDF_SHA256, SALT).extract(&*self.0);
        let expanded = secret.expand(info, HKDF_SHA256).map_err(|_| TlsError::Key)?;
        expanded.fill(&mut *octets).map_err(|_| TlsError::Key)?;
        Ok(Seed(octets))
    }
}

impl AgentKeys {
    pub(super) fn own(&self) -> Result<Arc<CertifiedKey>, TlsError> {
        self.private.certified()
    }

    pub(super) fn gateway(&self) -> PublicKey {
        self.gateway
    }
}

impl Seed {
    pub(super) fn public(&self) -> Result<PublicKey, TlsError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&*self.0).map_err(|_| TlsError::Key)?;
        pair.public_key().as_ref().try_into().map(PublicKey).map_err(|_| TlsError::Key)
    }

    /// The key as rustls shows and uses it.
    pub(super) fn certified(&self) -> Result<Arc<CertifiedKey>, TlsError> {
        let mut der = Zeroizing::new([0; 48]);
        for (to, from) in der.iter_mut().zip(PRIVATE.iter().chain(self.0.iter())) {
            *to = *from;
        }
        let key = any_eddsa_type(&PrivatePkcs8KeyDer::from(der.as_slice()))?;
        let public = CertificateDer::from(self.public()?.spki().to_vec());
        Ok(Arc::new(CertifiedKey::new(vec![public], key)))
    }
}

impl PublicKey {
    pub(super) fn spki(&self) -> SubjectPublicKeyInfoDer<'static> {
        PUBLIC.iter().chain(&self.0).copied().collect::<Vec<u8>>().into()
    }
}

impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Master(<secret>)")
    }
}

impl fmt::Debug for AgentKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentKeys(<secret>)")
    }
}

impl From<Seed> for String {
    fn from(seed: Seed) -> String {
        hex(&seed.0)
    }
}

impl TryFrom<String> for Seed {
    type Error = TlsError;
    fn try_from(text: String) -> Result<Seed, TlsError> {
        let text = Zeroizing::new(text);
        Ok(Seed(Zeroizing::new(unhex(&text)?)))
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        hex(&key.0)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = TlsError;
    fn try_from(text: String) -> Result<PublicKey, TlsError> {
        unhex(&text).map(PublicKey)
    }
}

fn hex(octets: &Octets) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Says nothing of what it could not read: it may be most of a key.
fn unhex(text: &str) -> Result<Octets, TlsError> {
    let mut octets = [0; 32];
    if text.len() != 64 || !text.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        return Err(TlsError::Key);
    }
    for (index, octet) in octets.iter_mut().enumerate() {
        let digits = text.get(index * 2..index * 2 + 2).ok_or(TlsError::Key)?;
        *octet = u8::from_str_radix(digits, 16).map_err(|_| TlsError::Key)?;
    }
    Ok(octets)
}
