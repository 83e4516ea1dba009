//! Records as they are stored: JSON in a Secret. When a credential was last used stands beside it, in an annotation.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use dormer_core::account as core;
use dormer_core::name::UserName;
use dormer_core::principal::Scope;

/// The kinds that everybody is known by.
pub const WATCHED: &[&str] = &[Token::KIND, Key::KIND, Session::KIND, Identity::KIND, Sealed::KIND];

/// A record that is stored in a Secret of its own.
pub trait Record: Serialize + DeserializeOwned {
    /// What the label says.
    const KIND: &'static str;
    /// What tells it from others of its kind; two with the same cannot be.
    fn identity(&self) -> String;
}

mod digest {
    //! 32 octets as hexadecimal digits.
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::hex::encode(digest))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::hex::decode(&text).ok_or_else(|| D::Error::custom("expected 64 hexadecimal digits"))
    }
}

/// An API token.
#[derive(Serialize, Deserialize)]
pub struct Token {
    pub id: String,
    user: UserName,
    name: String,
    #[serde(with = "digest")]
    digest: core::Digest,
    scope: Scope,
    created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

impl Record for Token {
    const KIND: &'static str = "token";
    fn identity(&self) -> String {
        self.id.clone()
    }
}

impl From<core::Token> for Token {
    fn from(token: core::Token) -> Token {
        let core::Token { id, user, name, digest, scope, created_at, expires_at, last_used_at: _ } = token;
        Token { id, user, name, digest, scope, created_at, expires_at }
    }
}

impl Token {
    pub fn read(self, last_used_at: Option<Timestamp>) -> core::Token {
        let Token { id, user, name, digest, scope, created_at, expires_at } = self;
        core::Token { id, user, name, digest, scope, created_at, expires_at, last_used_at }
    }
}

/// An SSH public key.
#[derive(Serialize, Deserialize)]
pub struct Key {
    pub id: String,
    user: UserName,
    name: String,
    fingerprint: String,
    key: String,
    created_at: Timestamp,
}

impl Record for Key {
    const KIND: &'static str = "key";
    fn identity(&self) -> String {
        self.fingerprint.clone()
    }
}

impl From<core::Key> for Key {
    fn from(key: core::Key) -> Key {
        let core::Key { id, user, name, fingerprint, key, created_at, last_used_at: _ } = key;
        Key { id, user, name, fingerprint, key, created_at }
    }
}

impl Key {
    pub fn read(self, last_used_at: Option<Timestamp>) -> core::Key {
        let Key { id, user, name, fingerprint, key, created_at } = self;
        core::Key { id, user, name, fingerprint, key, created_at, last_used_at }
    }
}

/// A browser's session.
#[derive(Serialize, Deserialize)]
pub struct Session {
    pub id: String,
    pub user: UserName,
    #[serde(with = "digest")]
    digest: core::Digest,
    host: String,
    pub parent: Option<String>,
    created_at: Timestamp,
    pub expires_at: Timestamp,
    label: Option<String>,
}

impl Record for Session {
    const KIND: &'static str = "session";
    fn identity(&self) -> String {
        self.id.clone()
    }
}

impl From<core::Session> for Session {
    fn from(session: core::Session) -> Session {
        let core::Session { id, user, digest, host, parent, created_at, expires_at, last_used_at: _, label } = session;
        Session { id, user, digest, host, parent, created_at, expires_at, label }
    }
}

impl Session {
    pub fn read(self, last_used_at: Option<Timestamp>) -> core::Session {
        let Session { id, user, digest, host, parent, created_at, expires_at, label } = self;
        core::Session { id, user, digest, host, parent, created_at, expires_at, last_used_at, label }
    }
}

/// An account at a provider.
#[derive(Serialize, Deserialize)]
pub struct Identity {
    pub provider: String,
    pub subject: String,
    pub user: UserName,
    login: String,
    name: Option<String>,
    mail: Option<String>,
    groups: Vec<String>,
    admin: bool,
    blocked: bool,
    pub created_at: Timestamp,
    checked_at: Timestamp,
}

impl Record for Identity {
    const KIND: &'static str = "identity";
    fn identity(&self) -> String {
        account(&self.provider, &self.subject)
    }
}

/// What tells an account at a provider from others.
pub fn account(provider: &str, subject: &str) -> String {
    format!("{provider}\0{subject}")
}

impl From<core::Identity> for Identity {
    fn from(identity: core::Identity) -> Identity {
        let core::Identity {
            provider,
            subject,
            user,
            login,
            name,
            mail,
            groups,
            admin,
            blocked,
            created_at,
            checked_at,
        } = identity;
        Identity { provider, subject, user, login, name, mail, groups, admin, blocked, created_at, checked_at }
    }
}

impl Identity {
    pub fn read(self) -> core::Identity {
        let Identity { provider, subject, user, login, name, mail, groups, admin, blocked, created_at, checked_at } =
            self;
        core::Identity { provider, subject, user, login, name, mail, groups, admin, blocked, created_at, checked_at }
    }
}

/// A secret of a user or a project, sealed.
#[derive(Serialize, Deserialize)]
pub struct Sealed {
    pub id: String,
    /// `user/ann`, `project/team`.
    holder: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forge: Option<Forge>,
    /// In base64.
    sealed: String,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Forge {
    host: String,
    username: String,
}

impl Record for Sealed {
    const KIND: &'static str = "secret";
    fn identity(&self) -> String {
        format!("{}\0{}", self.holder, self.name)
    }
}

impl From<core::StoredSecret> for Sealed {
    fn from(secret: core::StoredSecret) -> Sealed {
        let core::StoredSecret { id, holder, name, kind, sealed, created_at } = secret;
        let holder = match holder {
            core::Holder::User(user) => format!("user/{user}"),
            core::Holder::Project(project) => format!("project/{project}"),
        };
        let forge = match kind {
            core::SecretKind::Variable => None,
            core::SecretKind::ForgeToken { host, username } => Some(Forge { host, username }),
        };
        Sealed { id, holder, name, forge, sealed: crate::hex::base64(&sealed), created_at }
    }
}

impl Sealed {
    /// None: its holder's name or what is sealed cannot be understood.
    pub fn read(self) -> Option<core::StoredSecret> {
        let Sealed { id, holder, name, forge, sealed, created_at } = self;
        let holder = match holder.split_once('/')? {
            ("user", user) => core::Holder::User(user.parse().ok()?),
            ("project", project) => core::Holder::Project(project.parse().ok()?),
            _ => return None,
        };
        let kind = match forge {
            None => core::SecretKind::Variable,
            Some(Forge { host, username }) => core::SecretKind::ForgeToken { host, username },
        };
        Some(core::StoredSecret { id, holder, name, kind, sealed: crate::hex::unbase64(&sealed)?, created_at })
    }
}

/// A one-time link.
#[derive(Serialize, Deserialize)]
pub struct Link {
    #[serde(with = "digest")]
    digest: core::Digest,
    pub user: UserName,
    pub expires_at: Timestamp,
}

impl Record for Link {
    const KIND: &'static str = "link";
    fn identity(&self) -> String {
        crate::hex::encode(&self.digest)
    }
}

impl From<core::Link> for Link {
    fn from(link: core::Link) -> Link {
        let core::Link { digest, user, expires_at } = link;
        Link { digest, user, expires_at }
    }
}

impl Link {
    pub fn read(self) -> core::Link {
        let Link { digest, user, expires_at } = self;
        core::Link { digest, user, expires_at }
    }
}

/// What gateways tell each other for some minutes, sealed.
#[derive(Serialize, Deserialize)]
pub struct Brief {
    #[serde(with = "digest")]
    key: core::Digest,
    /// In base64.
    pub sealed: String,
    pub expires_at: Timestamp,
}

impl Record for Brief {
    const KIND: &'static str = "brief";
    fn identity(&self) -> String {
        crate::hex::encode(&self.key)
    }
}

impl From<core::Brief> for Brief {
    fn from(brief: core::Brief) -> Brief {
        let core::Brief { key, sealed, expires_at } = brief;
        Brief { key, sealed: crate::hex::base64(&sealed), expires_at }
    }
}

impl Brief {
    /// What it says at that time. None: it expired, or cannot be understood.
    pub fn says(&self, now: Timestamp) -> Option<Vec<u8>> {
        crate::hex::unbase64(&self.sealed).filter(|_| self.expires_at > now)
    }
}

/// What acts for an account at a provider, sealed.
#[derive(Serialize, Deserialize)]
pub struct Grant {
    /// What tells the account from others.
    pub account: String,
    /// In base64.
    pub sealed: String,
}

impl Record for Grant {
    const KIND: &'static str = "grant";
    fn identity(&self) -> String {
        self.account.clone()
    }
}
