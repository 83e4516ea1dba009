//! The keys by which clients know this gateway: made once and kept, since a key that changes looks like an attack.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::key::safe_rng;
use russh::keys::ssh_key::private::{Ed25519Keypair, RsaKeypair};
use russh::keys::ssh_key::{self, LineEnding};
use russh::keys::{HashAlg, PrivateKey};

/// As OpenSSH recommends since 8.0.
const RSA_BITS: usize = 3072;

/// The gateway's own keys. Their private parts print as nothing.
#[derive(Clone)]
pub struct HostKeys(Arc<[PrivateKey]>);

/// Why there are no host keys.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// A file could not be read or written.
    #[error("the host key {path} cannot be used: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read it, so it may have been read.
    #[error("the host key {0} can be read by others: `chmod 600` it, or remove it to get a new one")]
    Exposed(PathBuf),
    /// It is no key, or not the kind that belongs there.
    #[error(
        "the host key {path} is damaged ({message}): restore it, or remove it to get a new one (clients will then warn)"
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// None could be made.
    #[error("no host key could be made: {0}")]
    Generate(#[source] ssh_key::Error),
}

/// The keys in `dir`, made there where they are missing. Making them takes seconds: not on a runtime's thread.
pub fn load_or_create(dir: &Path) -> Result<HostKeys, HostKeyError> {
    let failed = |source| HostKeyError::Io { path: dir.to_path_buf(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    let ed25519 = one(
        &dir.join("ssh_host_ed25519_key"),
        |key| key.algorithm().is_ed25519(),
        || Ok(Ed25519Keypair::random(&mut safe_rng()).into()),
    )?;
    let rsa = one(
        &dir.join("ssh_host_rsa_key"),
        |key| key.algorithm().is_rsa(),
        || Ok(RsaKeypair::random(&mut safe_rng(), RSA_BITS)?.into()),
    )?;
    Ok(HostKeys([ed25519, rsa].into()))
}

fn one(
    path: &Path,
    belongs: impl Fn(&PrivateKey) -> bool,
    make: impl FnOnce() -> Result<PrivateKey, ssh_key::Error>,
) -> Result<PrivateKey, HostKeyError> {
    if !path.try_exists().map_err(|source| HostKeyError::Io { path: path.to_path_buf(), source })? {
        let key = make().map_err(HostKeyError::Generate)?;
        let text = key.to_openssh(LineEnding::LF).map_err(HostKeyError::Generate)?;
        keep(path, text.as_bytes()).map_err(|source| HostKeyError::Io { path: path.to_path_buf(), source })?;
    }
    // Read back also after it was made: what another process wrote at the same time is what counts.
    load(path, belongs)
}

/// Writes the file whole or not at all, and never over another.
fn keep(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let written = (|| {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text)?;
        file.sync_all()?;
        match std::fs::hard_link(&beside, path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    })();
    // Only its other name is wanted; that there is nothing to remove is no harm.
    let _ = std::fs::remove_file(&beside);
    written
}

fn load(path: &Path, belongs: impl Fn(&PrivateKey) -> bool) -> Result<PrivateKey, HostKeyError> {
    let failed = |source| HostKeyError::Io { path: path.to_path_buf(), source };
    let damaged = |message: String| HostKeyError::Damaged { path: path.to_path_buf(), message };
    if std::fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(HostKeyError::Exposed(path.to_path_buf()));
    }
    let text = std::fs::read(path).map_err(failed)?;
    let key = PrivateKey::from_openssh(&text).map_err(|error| damaged(error.to_string()))?;
    if key.is_encrypted() {
        return Err(damaged("it is encrypted".into()));
    }
    if !belongs(&key) {
        return Err(damaged(format!("it is a key of kind {}", key.algorithm())));
    }
    Ok(key)
}

impl HostKeys {
    /// The public keys as `known_hosts` has them, a line each, for this host and port.
    pub fn known_hosts(&self, host: &str, port: u16) -> Vec<String> {
        let name = if port == 22 { host.to_string() } else { format!("[{host}]:{port}") };
        self.0.iter().filter_map(|key| plain(key.public_key())).map(|key| format!("{name} {key}")).collect()
    }

    /// Their fingerprints, as OpenSSH prints them.
    pub fn fingerprints(&self) -> Vec<String> {
        self.0.iter().map(|key| key.fingerprint(HashAlg::Sha256).to_string()).collect()
    }

    pub(super) fn private(&self) -> Vec<PrivateKey> {
        self.0.to_vec()
    }
}

/// Algorithm and key in base64, without a comment.
pub(super) fn plain(key: &russh::keys::PublicKey) -> Option<String> {
    let text = key.to_openssh().ok()?;
    let mut words = text.split_ascii_whitespace();
    Some(format!("{} {}", words.next()?, words.next()?))
}

impl std::fmt::Debug for HostKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HostKeys").field(&self.fingerprints()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_kept_and_never_mended() {
        let dir = tempfile::tempdir().unwrap();
        let keys = load_or_create(dir.path()).unwrap();
        assert_eq!(load_or_create(dir.path()).unwrap().fingerprints(), keys.fingerprints());
        let lines = keys.known_hosts("dormer.example", 7022);
        assert!(lines[0].starts_with("[dormer.example]:7022 ssh-ed25519 AAAA"), "{lines:?}");
        assert!(lines[1].starts_with("[dormer.example]:7022 ssh-rsa AAAA"), "{lines:?}");
        assert!(keys.known_hosts("h", 22)[0].starts_with("h ssh-ed25519"));
        assert!(!format!("{keys:?}").contains("PRIVATE"));

        let file = dir.path().join("ssh_host_ed25519_key");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load_or_create(dir.path()), Err(HostKeyError::Exposed(_))));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::copy(dir.path().join("ssh_host_rsa_key"), &file).unwrap();
        assert!(matches!(load_or_create(dir.path()), Err(HostKeyError::Damaged { .. })), "the wrong kind");
        std::fs::write(&file, "").unwrap();
        assert!(matches!(load_or_create(dir.path()), Err(HostKeyError::Damaged { .. })), "an empty file");
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(dir.path().join("nowhere"), &file).unwrap();
        assert!(matches!(load_or_create(dir.path()), Err(HostKeyError::Io { .. })), "never written through a link");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing half-made is left");
    }
}
