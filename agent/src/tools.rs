//! What an image may lack, from a folder that comes with the agent: a shell and its usual programs, git, certificates.
//! What the image has goes first in everything.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::env::Variables;

/// Where systems keep the certificates that they trust.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/certs/ca-certificates.crt",
];

/// The shell of the tools.
pub fn shell(tools: Option<&Path>) -> Option<PathBuf> {
    tools.map(|tools| tools.join("bin/sh")).filter(|shell| is_program(shell))
}

/// Puts what the tools have behind what the image has. `temporary` is where files may go that nobody keeps, should
/// `/tmp` be no such place.
pub fn offer(variables: &mut Variables, tools: Option<&Path>, temporary: &Path) {
    if let Some(tools) = tools {
        let path = variables.entry("PATH".to_owned()).or_default();
        let bin = tools.join("bin");
        if !std::env::split_paths(path).any(|folder| folder == bin) {
            path.push_str(if path.is_empty() { "" } else { ":" });
            path.push_str(&bin.to_string_lossy());
        }
        let bundle = tools.join("etc/ssl/certs/ca-certificates.crt");
        if !variables.contains_key("SSL_CERT_FILE") && !BUNDLES.iter().any(has_octets) && has_octets(&bundle) {
            variables.insert("SSL_CERT_FILE".to_owned(), bundle.to_string_lossy().into_owned());
        }
    }
    if !variables.contains_key("TMPDIR")
        && !is_writable(Path::new("/tmp"))
        && std::fs::create_dir_all(temporary).is_ok()
    {
        variables.insert("TMPDIR".to_owned(), temporary.to_string_lossy().into_owned());
    }
}

fn has_octets(path: impl AsRef<Path>) -> bool {
    path.as_ref().metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
}

/// Whether something can be run.
pub fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
}

fn is_writable(folder: &Path) -> bool {
    let Ok(name) = std::ffi::CString::new(AsRef::<OsStr>::as_ref(folder).as_encoded_bytes()) else { return false };
    // SAFETY: reads a string that ends.
    unsafe { libc::access(name.as_ptr(), libc::W_OK | libc::X_OK) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_own_goes_first() {
        let tools = tempfile::tempdir().unwrap();
        let mut variables = Variables::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        for _ in 0..2 {
            offer(&mut variables, Some(tools.path()), &tools.path().join("tmp"));
        }
        assert_eq!(variables["PATH"], format!("/usr/bin:/bin:{}/bin", tools.path().display()));
        // There is none in this folder, and one of the machine's own most likely.
        assert!(!variables.contains_key("SSL_CERT_FILE"));
        assert_eq!(shell(Some(tools.path())), None);
        let mut none = Variables::new();
        offer(&mut none, None, &tools.path().join("tmp"));
        assert!(!none.contains_key("PATH"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_known() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_writable(folder.path()));
        assert!(!is_writable(&folder.path().join("none")));
    }
}
