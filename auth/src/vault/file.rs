//! The vault's key on disk.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom as _, SystemRandom};

use dormer_core::secret::Secret;

use super::Vault;

/// Why there is no vault. The gateway must not start without: it would make another key, and all that was sealed before
/// would be lost.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The file cannot be read or written.
    #[error("cannot use {} as the key of secrets: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error("others may read {}, the key of secrets: run chmod 600 on it, and think of what was sealed with it as known", .path.display())]
    Readable {
        /// The file.
        path: PathBuf,
    },
    /// It holds no key.
    #[error("{} holds no key: it must be 64 hexadecimal digits; restore it from a backup", .path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// No randomness, or no AES.
    #[error("the operating system gave no randomness")]
    Random,
}

/// A vault with the key in that file.
pub(super) fn key(path: &Path) -> Result<Vault, VaultError> {
    let failed = |source| VaultError::File { path: path.to_owned(), source };
    match File::options().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let mut fresh = [0u8; 32];
            SystemRandom::new().fill(&mut fresh).map_err(|_| VaultError::Random)?;
            let text = Secret::from(fresh.iter().map(|octet| format!("{octet:02x}")).collect::<String>());
            file.write_all(text.expose().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.mode() & 0o077 != 0 {
        return Err(VaultError::Readable { path: path.to_owned() });
    }
    let mut text = String::new();
    file.take(1024).read_to_string(&mut text).map_err(failed)?;
    let text = Secret::from(text);
    let no_key = || VaultError::NoKey { path: path.to_owned() };
    let key = unhex(text.expose().trim()).ok_or_else(no_key)?;
    Vault::new(&key).map_err(|_| VaultError::Random)
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (at, octet) in key.iter_mut().enumerate() {
        *octet = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn made_once_private_and_refused_otherwise() {
        let folder = std::env::temp_dir().join(format!("dormer-vault-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("secrets.key");
        let sealed = Vault::open(&path).unwrap().seal("a", "x").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(Vault::open(&path).unwrap().unseal("a", &sealed).unwrap().expose(), "x", "the same key again");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Vault::open(&path), Err(VaultError::Readable { .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        for bad in ["", "zz", &"g".repeat(64), &"é".repeat(32)] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(Vault::open(&path), Err(VaultError::NoKey { .. })), "{bad}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
