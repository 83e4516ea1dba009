//! What an administrator says of a provider.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use dormer_core::secret::Secret;

/// All providers, by the names that they have in addresses.
pub type Configs = BTreeMap<String, Config>;

/// What kind of provider it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Any provider of OpenID Connect.
    #[default]
    Oidc,
    /// GitLab, hosted or self-managed.
    Gitlab,
    /// GitHub and GitHub Enterprise: OAuth2 alone.
    Github,
    /// Gitea.
    Gitea,
    /// Forgejo.
    Forgejo,
    /// Google.
    Google,
}

/// A provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `oidc`, `gitlab`, `github`, `gitea`, `forgejo` or `google`.
    pub kind: Kind,
    /// Its address: the issuer of OpenID Connect, or the forge's own.
    pub url: String,
    /// What people see on the sign-in page.
    pub label: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there; `client_secret_file` is the better place.
    pub client_secret: ClientSecret,
    /// A file that holds it.
    pub client_secret_file: String,
    /// What is asked for; empty: what the kind needs.
    pub scopes: Vec<String>,
    /// The claim that holds groups; empty: `groups`.
    pub groups_claim: String,
    /// Lets in who is in one of these groups or organisations, as the provider names them.
    pub allow_groups: Vec<String>,
    /// Lets in who has a mail address at one of these domains, which the provider must say is theirs.
    pub allow_domains: Vec<String>,
    /// Lets in these, by their names there.
    pub allow_users: Vec<String>,
    /// Lets in everybody whom the provider knows.
    pub allow_everybody: bool,
    /// Makes administrators of those in one of these groups.
    pub admin_groups: Vec<String>,
    /// Whether a personal token of this forge may be exchanged for one of ours, by who has signed in by it before.
    pub exchange_tokens: bool,
    /// Lets people in over SSH by the keys of their accounts there; forges only.
    pub ssh_keys: bool,
}

/// A secret that is read, and written as a mask only.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// The secret, where there is one.
    pub fn get(&self) -> Option<Secret> {
        (!self.0.is_empty()).then(|| Secret::from(self.0.clone()))
    }
}

impl From<String> for ClientSecret {
    fn from(text: String) -> Self {
        ClientSecret(text)
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl Serialize for ClientSecret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "<secret>" })
    }
}

impl Kind {
    /// Whether it is plain OAuth2, without ID tokens.
    pub fn is_plain(self) -> bool {
        self == Kind::Github
    }

    /// Whether repositories are there, too, so that what signs in is of use for git.
    pub fn is_forge(self) -> bool {
        !matches!(self, Kind::Oidc | Kind::Google)
    }

    /// The name that goes with an access token where git asks for a password.
    pub fn git_username(self) -> &'static str {
        if self == Kind::Github { "x-access-token" } else { "oauth2" }
    }

    /// Where a forge tells whose a personal token is, below its own address.
    pub fn user_path(self) -> &'static str {
        match self {
            Kind::Gitlab => "api/v4/user",
            Kind::Github => "api/v3/user",
            _ => "api/v1/user",
        }
    }

    fn usual_url(self) -> Option<&'static str> {
        match self {
            Kind::Gitlab => Some("https://gitlab.com"),
            Kind::Github => Some("https://github.com"),
            Kind::Google => Some("https://accounts.google.com"),
            Kind::Oidc | Kind::Gitea | Kind::Forgejo => None,
        }
    }

    fn usual_scopes(self) -> &'static [&'static str] {
        match self {
            Kind::Oidc | Kind::Google => &["openid", "profile", "email"],
            Kind::Gitlab => &["openid", "profile", "email", "read_api", "write_repository"],
            Kind::Github => &["read:user", "user:email", "read:org", "repo"],
            Kind::Gitea | Kind::Forgejo => {
                &["openid", "profile", "email", "groups", "read:user", "read:organization", "write:repository"]
            }
        }
    }
}

impl Config {
    /// Refuses what cannot be right, by the key's name. `name` is the provider's.
    pub fn check(&self, name: &str) -> Result<(), String> {
        let at = |key: &str, why: &str| Err(format!("auth.providers.{name}.{key}: {why}"));
        let label = !name.is_empty() && name.len() <= 40 && !name.starts_with('-') && !name.ends_with('-');
        if !label || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err(format!(
                "auth.providers.{name}: a provider's name is lower-case letters, digits and '-': it stands in addresses"
            ));
        }
        match self.address() {
            Err(why) => return at("url", &why),
            Ok(url) if url.scheme() != "https" && !is_loopback(&url) => {
                return at("url", "must begin with https://: over http anybody on the way could sign in as anybody");
            }
            Ok(_) => {}
        }
        if self.client_id.trim().is_empty() {
            return at("client_id", "is missing: the provider gives it when you register this gateway there");
        }
        if self.client_secret.get().is_some() && !self.client_secret_file.is_empty() {
            return at("client_secret", "is given twice, here and as client_secret_file: keep one");
        }
        if self.exchange_tokens && !self.kind.is_forge() {
            return at("exchange_tokens", "is for git hosts: only they have personal tokens");
        }
        if self.ssh_keys && !self.kind.is_forge() {
            return at("ssh_keys", "only a forge has keys: gitlab, github, gitea or forgejo");
        }
        let lists = [&self.allow_groups, &self.allow_domains, &self.allow_users];
        let named = lists.iter().any(|list| !list.is_empty());
        if !named && !self.allow_everybody {
            return at(
                "allow_groups",
                "nobody may sign in: set allow_groups, allow_domains or allow_users, or allow_everybody = true",
            );
        }
        if named && self.allow_everybody {
            return at("allow_everybody", "makes the other allow_ keys pointless: keep it or them");
        }
        let blank = |list: &[String]| list.iter().any(|entry| entry.trim().is_empty());
        if lists.iter().any(|list| blank(list)) || blank(&self.admin_groups) {
            return at("allow_groups", "an entry of a list is empty");
        }
        if self.allow_domains.iter().any(|domain| domain.contains(['@', '*']) || !domain.contains('.')) {
            return at("allow_domains", "each is a domain such as example.org, without '@' and '*'");
        }
        Ok(())
    }

    /// Its address.
    pub fn address(&self) -> Result<Url, String> {
        let text = match (self.url.trim(), self.kind.usual_url()) {
            ("", Some(usual)) => usual,
            ("", None) => return Err("is missing: the provider's address, such as https://git.example.org".into()),
            (text, _) => text,
        };
        let url = Url::parse(text).map_err(|error| format!("'{text}' is no address: {error}"))?;
        let plain = url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !plain {
            return Err(format!("'{text}' is no address such as https://git.example.org"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("'{text}' must have neither '?' nor '#'"));
        }
        Ok(url)
    }

    /// What people see.
    pub fn label(&self, name: &str) -> String {
        if !self.label.is_empty() {
            return self.label.clone();
        }
        match self.kind {
            Kind::Gitlab => "GitLab".into(),
            Kind::Github => "GitHub".into(),
            Kind::Gitea => "Gitea".into(),
            Kind::Forgejo => "Forgejo".into(),
            Kind::Google => "Google".into(),
            Kind::Oidc => name.into(),
        }
    }

    /// What is asked for.
    pub fn scopes(&self) -> Vec<String> {
        if !self.scopes.is_empty() {
            return self.scopes.clone();
        }
        let mut scopes: Vec<String> = self.kind.usual_scopes().iter().map(|scope| scope.to_string()).collect();
        if self.takes_ssh_keys() && self.kind == Kind::Github {
            // The others' scopes have it in them.
            scopes.push("read:public_key".into());
        }
        scopes
    }

    /// Whether people come in by the SSH keys of their accounts there.
    pub fn takes_ssh_keys(&self) -> bool {
        self.ssh_keys && self.kind.is_forge()
    }

    /// Its host, with its port where that is not the scheme's own.
    pub fn host(&self) -> Option<String> {
        let url = self.address().ok()?;
        let host = url.host_str()?.to_ascii_lowercase();
        Some(url.port().map_or(host.clone(), |port| format!("{host}:{port}")))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Config {
        Config {
            kind: Kind::Gitea,
            url: "https://git.example.org".into(),
            client_id: "x".into(),
            allow_everybody: true,
            ..Config::default()
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(good().check("gitea"), Ok(()));
        let twice = ClientSecret::from("s".to_string());
        let lists = |list: &[&str]| list.iter().map(|entry| entry.to_string()).collect::<Vec<_>>();
        for (name, config, want) in [
            ("Gitea", good(), "lower-case"),
            ("", good(), "lower-case"),
            ("g", Config { url: String::new(), ..good() }, "g.url: is missing"),
            ("g", Config { url: "git.example.org".into(), ..good() }, "g.url: 'git"),
            ("g", Config { url: "https://a:b@git.example.org".into(), ..good() }, "g.url"),
            ("g", Config { url: "https://git.example.org/?x".into(), ..good() }, "neither"),
            ("g", Config { url: "http://git.example.org".into(), ..good() }, "must begin with https"),
            ("g", Config { client_id: " ".into(), ..good() }, "g.client_id"),
            ("g", Config { client_secret: twice, client_secret_file: "f".into(), ..good() }, "g.client_secret"),
            ("g", Config { allow_everybody: false, ..good() }, "nobody may sign in"),
            ("g", Config { kind: Kind::Oidc, ssh_keys: true, ..good() }, "g.ssh_keys"),
            ("g", Config { allow_groups: lists(&["a"]), ..good() }, "g.allow_everybody"),
            ("g", Config { admin_groups: lists(&[" "]), ..good() }, "empty"),
            ("g", Config { exchange_tokens: true, kind: Kind::Oidc, ..good() }, "g.exchange_tokens"),
            (
                "g",
                Config { allow_everybody: false, allow_domains: lists(&["@example.org"]), ..good() },
                "g.allow_domains",
            ),
            ("g", Config { allow_everybody: false, allow_domains: lists(&["org"]), ..good() }, "g.allow_domains"),
        ] {
            let error = config.check(name).unwrap_err();
            assert!(error.contains(want), "{error}: {want}");
        }
        assert_eq!(Config { url: "http://127.0.0.1:3000".into(), ..good() }.check("g"), Ok(()));
        let google = Config { kind: Kind::Google, url: String::new(), ..good() };
        assert_eq!(google.host().as_deref(), Some("accounts.google.com"));
    }

    #[test]
    fn a_secret_is_read_and_never_written() {
        let config: Config = serde_json::from_str(r#"{"client_secret": "hunter2"}"#).unwrap();
        assert_eq!(config.client_secret.get().unwrap().expose(), "hunter2");
        let written = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
        assert!(!written.contains("hunter2") && written.contains("<secret>"), "{written}");
    }
}
