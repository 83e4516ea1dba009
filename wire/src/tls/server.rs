//! The agent's side: it knows one key, that of its gateways.

use std::sync::Arc;

use rustls::crypto::verify_tls13_signature_with_raw_key;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, ServerSessionMemoryCache};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
};
use tokio_rustls::TlsAcceptor;

use super::keys::PublicKey;
use super::{AgentKeys, PROVIDER, TlsError, algorithms, is_expected, schemes};

/// How many sessions can be resumed: a few for each replica of the gateway.
const SESSIONS: usize = 256;

/// Lets in whoever has the gateways' key, and nobody else.
pub fn acceptor(keys: &AgentKeys) -> Result<TlsAcceptor, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(Gateway(keys.gateway())))
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(keys.own()?)));
    // In memory, and so gone with the agent: a ticket that was stolen from a gateway is of no use to anybody later.
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Knows the gateways' key.
#[derive(Debug)]
struct Gateway(PublicKey);

impl ClientCertVerifier for Gateway {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        key: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        is_expected(key, chain.len(), &self.0.spki())?;
        Ok(ClientCertVerified::assertion())
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
