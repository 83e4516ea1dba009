//! The credentials of the person who runs the gateway on their own machine: the file that `git credential-store` keeps.
//!
//! It is read at every question, so what is taken out of it is gone at once, and nothing of it is kept here.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use dormer_core::name::UserName;
use dormer_core::ports::forge::{Credential, ForgeCredentials, Identity};
use dormer_core::secret::Secret;
use url::Url;

/// The longest file that is read.
const MAX: u64 = 1 << 20;

/// A file of lines such as `https://user:token@host`.
#[derive(Debug, Clone)]
pub struct CredentialFile {
    path: PathBuf,
    owner: UserName,
}

impl CredentialFile {
    /// That file, for that person alone.
    pub fn new(path: PathBuf, owner: UserName) -> CredentialFile {
        CredentialFile { path, owner }
    }
}

#[async_trait]
impl ForgeCredentials for CredentialFile {
    async fn for_host(&self, user: &UserName, host: &str) -> Option<Credential> {
        if *user != self.owner {
            return None;
        }
        match tokio::fs::try_exists(&self.path).await {
            Ok(true) => {}
            _ => return None,
        }
        let path = self.path.clone();
        let text = tokio::task::spawn_blocking(move || private(&path)).await.ok()?;
        match text {
            Ok(text) => find(text.expose(), host),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "the credentials cannot be used");
                None
            }
        }
    }

    async fn identity(&self, user: &UserName, _: Option<&str>) -> Option<Identity> {
        if *user != self.owner {
            return None;
        }
        // As git would sign this person's commits outside.
        let ask = async |key: &str| {
            let output = tokio::process::Command::new("git").args(["config", "--global", key]).output().await.ok()?;
            let text = String::from_utf8(output.stdout).ok()?.trim().to_string();
            (output.status.success() && !text.is_empty()).then_some(text)
        };
        Some(Identity { name: ask("user.name").await?, email: ask("user.email").await? })
    }
}

/// The text of a file that nobody else may read.
fn private(path: &Path) -> std::io::Result<Secret<String>> {
    let metadata = path.metadata()?;
    if metadata.mode() & 0o077 != 0 || metadata.len() > MAX {
        let what = "others may read it: `chmod 600` it first";
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, what));
    }
    std::fs::read_to_string(path).map(Secret::new)
}

fn find(text: &str, host: &str) -> Option<Credential> {
    text.lines().filter_map(|line| Url::parse(line.trim()).ok()).find_map(|url| {
        let at = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str()?),
            None => url.host_str()?.to_string(),
        };
        let decode = |text: &str| {
            // What `url` encodes in these two places is decoded as a form would be, but for '+', which stays.
            let text = text.replace('+', "%2B");
            let pairs = format!("x={text}");
            url::form_urlencoded::parse(pairs.as_bytes()).next().map(|(_, value)| value.into_owned())
        };
        if !at.eq_ignore_ascii_case(host) || !matches!(url.scheme(), "https" | "http") {
            return None;
        }
        Some(Credential {
            username: decode(url.username())?,
            password: Secret::new(decode(url.password()?)?),
            expires_at: None,
        })
    })
}

/// Several, the first that has something.
pub struct First(pub Vec<std::sync::Arc<dyn ForgeCredentials>>);

#[async_trait]
impl ForgeCredentials for First {
    async fn for_host(&self, user: &UserName, host: &str) -> Option<Credential> {
        for one in &self.0 {
            if let Some(credential) = one.for_host(user, host).await {
                return Some(credential);
            }
        }
        None
    }

    async fn identity(&self, user: &UserName, host: Option<&str>) -> Option<Identity> {
        for one in &self.0 {
            if let Some(identity) = one.identity(user, host).await {
                return Some(identity);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn for_its_owner_and_its_hosts_alone_and_only_while_it_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let text =
            "# a note\nhttps://ann:p%40ss%2B+x@git.example\nhttp://ann:t0ken@127.0.0.1:3000\nssh://a:b@ssh.example\n";
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let file = CredentialFile::new(path.clone(), "ann".parse().unwrap());
        let get = async |user: &str, host: &str| {
            let found = file.for_host(&user.parse().unwrap(), host).await;
            found.map(|credential| format!("{}:{}", credential.username, credential.password.expose()))
        };
        assert_eq!(get("ann", "git.example").await.as_deref(), Some("ann:p@ss++x"));
        assert_eq!(get("ann", "127.0.0.1:3000").await.as_deref(), Some("ann:t0ken"));
        for (user, host) in [
            ("bob", "git.example"),
            ("ann", "127.0.0.1"),
            ("ann", "git.example:8443"),
            ("ann", "x.git.example"),
            ("ann", "ssh.example"),
        ] {
            assert_eq!(get(user, host).await, None, "{user} {host}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(get("ann", "git.example").await, None, "others may read it");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(get("ann", "git.example").await, None);
    }
}
