//! The SSH keys of a person's account at a forge, asked for with what acts for that very person: an address with a name
//! in it would give the keys of whoever has that name by then.

use jiff::Timestamp;
use serde_json::Value;

use super::{FRESH, Grant, Provider};
use crate::provider::config::Kind;
use crate::provider::error::ProviderError;

/// The longest line of a key that is looked at.
const MAX_LINE: usize = 8 * 1024;

impl Provider {
    /// The public keys that somebody has there to sign in with. None at all where that is not wanted, or where the
    /// provider is no forge.
    pub async fn keys(&self, grant: &Grant, now: Timestamp) -> Result<Vec<String>, ProviderError> {
        if !self.config.takes_ssh_keys() {
            return Ok(Vec::new());
        }
        let base = self.config.address().map_err(|why| self.wrong(&why))?;
        let base = base.as_str().trim_end_matches('/');
        let url = match self.config.kind {
            Kind::Gitea | Kind::Forgejo => format!("{base}/api/v1/user/keys?limit=50"),
            Kind::Gitlab => format!("{base}/api/v4/user/keys?per_page=100"),
            Kind::Github => {
                let found = self.find(FRESH).await?;
                let user = found.claims.as_ref().ok_or_else(|| self.wrong("its API is not known"))?;
                format!("{user}/keys?per_page=100")
            }
            Kind::Oidc | Kind::Google => return Ok(Vec::new()),
        };
        match self.get(&url, grant).await? {
            Value::Array(keys) => Ok(keys.iter().filter_map(|key| line(key, now)).collect()),
            _ => Err(self.wrong("its list of keys is no list")),
        }
    }
}

/// The line of one key, unless it is for signing commits only, or over.
fn line(key: &Value, now: Timestamp) -> Option<String> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    if text("usage_type") == Some("signing") {
        return None;
    }
    match key.get("expires_at") {
        None | Some(Value::Null) => {}
        // One whose end cannot be read may be over.
        Some(end) => {
            end.as_str()?.parse::<Timestamp>().ok().filter(|end| *end > now)?;
        }
    }
    text("key").filter(|line| line.len() <= MAX_LINE).map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_that_signs_in() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (key, want) in [
            (json!({"key": "ssh-ed25519 AAAA"}), true),
            (json!({"key": "ssh-ed25519 AAAA", "expires_at": null, "usage_type": "auth"}), true),
            (json!({"key": "ssh-ed25519 AAAA", "expires_at": "2026-01-02T00:00:00.000Z"}), true),
            (json!({"key": "ssh-ed25519 AAAA", "expires_at": "2025-12-31T00:00:00.000Z"}), false),
            (json!({"key": "ssh-ed25519 AAAA", "expires_at": "soon"}), false),
            (json!({"key": "ssh-ed25519 AAAA", "usage_type": "signing"}), false),
            (json!({"key": "x".repeat(1 << 20)}), false),
            (json!({"title": "no key"}), false),
            (json!(7), false),
        ] {
            assert_eq!(line(&key, now).is_some(), want, "{key}");
        }
    }
}
