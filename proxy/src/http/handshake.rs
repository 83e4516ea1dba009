//! TLS: certificate, key, and the handshake's terms.
//!
//! Certificates last for weeks and gateways for longer: the files are looked at again and again, and what is new in
//! them holds from the next handshake on. A pair that cannot be used is told, and the one before it stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::config::TlsFiles;

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(5);

/// Why TLS cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM.
    #[error("{path} holds no usable PEM: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not fit, or are of a kind that is not supported.
    #[error("certificate and key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
}

/// The terms of TLS, and the certificate that is shown now.
#[derive(Clone)]
pub(super) struct Tls {
    pub acceptor: TlsAcceptor,
    files: TlsFiles,
    shown: Arc<Shown>,
}

/// The certificate that is shown now: one for all names, as the domain and its wildcard are.
#[derive(Debug)]
struct Shown(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// When the two files were last written. A renewed certificate is another file even where its length is the same.
type Written = (Option<SystemTime>, Option<SystemTime>);

impl Tls {
    /// Reads both files. For HTTP/2 and HTTP/1.1.
    pub fn read(files: &TlsFiles) -> Result<Tls, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let shown = Arc::new(Shown(ArcSwap::from_pointee(pair(files, &provider)?)));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // A session that is resumed needs no memory here but its key.
        config.max_early_data_size = 0;
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), files: files.clone(), shown })
    }

    /// Shows what is new in the files, until shutdown.
    pub async fn follow(self, shutdown: CancellationToken) {
        let mut seen = self.written();
        let looking = async {
            loop {
                tokio::time::sleep(LOOK).await;
                let now = self.written();
                if now != seen {
                    seen = now;
                    self.renew();
                }
            }
        };
        shutdown.run_until_cancelled(looking).await;
    }

    fn written(&self) -> Written {
        let at = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
        (at(&self.files.certificate), at(&self.files.key))
    }

    fn renew(&self) {
        let file = self.files.certificate.display();
        match pair(&self.files, &rustls::crypto::ring::default_provider()) {
            Ok(pair) => {
                self.shown.0.store(Arc::new(pair));
                tracing::info!(%file, "the certificate was read again");
            }
            // Its two files are seldom written in one moment: the next look may see both.
            Err(error) => tracing::warn!(%file, %error, "a new certificate cannot be used; the one before it stays"),
        }
    }
}

fn pair(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let file = |path: &Path| {
        let path = path.to_path_buf();
        move |source| TlsError::File { path, source }
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(file(&files.certificate))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(file(&files.key))?;
    Ok(CertifiedKey::from_der(chain, key, provider)?)
}
