//! The gateway's side: it knows by name whose key it expects.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, ClientSessionMemoryCache, Resumption};
use rustls::crypto::verify_tls13_signature_with_raw_key;
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::keys::peer_of;
use super::{Master, PROVIDER, TlsError, algorithms, is_expected, schemes};

/// How many peers' sessions are kept, times the eight that are kept of each.
const SESSIONS: usize = 1024 * 8;

/// Connects to the doors of all agents whose keys follow from `master`. The name that is given for a connection is
/// [`super::server_name`]'s; it stays here and is not sent.
pub fn connector(master: &Master) -> Result<TlsConnector, TlsError> {
    connector_with(master, master.gateway()?.certified()?)
}

pub(super) fn connector_with(master: &Master, own: Arc<CertifiedKey>) -> Result<TlsConnector, TlsError> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Agents(master.clone())))
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(own)));
    config.enable_sni = false;
    config.resumption = Resumption::store(Arc::new(ClientSessionMemoryCache::new(SESSIONS)));
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Knows the agents.
#[derive(Debug)]
struct Agents(Master);

impl ServerCertVerifier for Agents {
    fn verify_server_cert(
        &self,
        key: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let peer = peer_of(name).ok_or(TlsError::Key);
        let expected = peer.and_then(|peer| self.0.agent(peer)?.public());
        let expected = expected.map_err(|error| Error::General(error.to_string()))?;
        is_expected(key, chain.len(), &expected.spki())?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::ServerDoesNotSupportTls12Or13.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(key.as_ref()),
            signature,
            &algorithms(),
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
