//! Names: of workspaces, users and projects. Each is a DNS label (RFC 1123), since it becomes a part of a host name,
//! of a Kubernetes object's name and of a path.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest workspace name: `65535--<name>` must still be a label of 63 octets, and objects of a cluster get suffixes.
pub const MAX_WORKSPACE: usize = 46;
/// The longest name of a user or project.
pub const MAX_LABEL: usize = 63;

/// Names that a workspace cannot have, because hosts of ours have them or browsers and mail treat them apart.
const RESERVED: &[&str] = &[
    "admin",
    "api",
    "auth",
    "dashboard",
    "dormer",
    "git",
    "localhost",
    "login",
    "logout",
    "mail",
    "metrics",
    "new",
    "ns1",
    "ns2",
    "proxy",
    "root",
    "ssh",
    "static",
    "status",
    "wpad",
    "www",
];

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a name must not be empty")]
    Empty,
    /// Too long.
    #[error("'{0}' has more than {1} characters")]
    TooLong(String, usize),
    /// A character that a DNS label cannot have there.
    #[error(
        "'{0}' is not a DNS label: use lower-case letters, digits and '-', beginning and ending with a letter or digit"
    )]
    NotALabel(String),
    /// `--` divides a port from the name in host names.
    #[error("'{0}' contains '--', which divides a port from a workspace in host names")]
    DoubleDash(String),
    /// All digits would be taken for a port.
    #[error("'{0}' must contain a letter")]
    Digits(String),
    /// Reserved.
    #[error("'{0}' is reserved")]
    Reserved(String),
}

fn label(text: &str, longest: usize) -> Result<(), NameError> {
    // A hostile name may be megabytes long: what is shown of it is not.
    let shown = || text.chars().take(64).collect::<String>();
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > longest {
        return Err(NameError::TooLong(shown(), longest));
    }
    let good = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !good || text.starts_with('-') || text.ends_with('-') {
        return Err(NameError::NotALabel(shown()));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(text)?;
                Ok($type(text.into()))
            }
        }
        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.to_string()
            }
        }
        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a workspace, unique in the installation.
    WorkspaceName,
    |text| {
        label(text, MAX_WORKSPACE)?;
        if text.contains("--") {
            return Err(NameError::DoubleDash(text.into()));
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NameError::Digits(text.into()));
        }
        if RESERVED.contains(&text) {
            return Err(NameError::Reserved(text.into()));
        }
        Ok(())
    }
);
name!(
    /// The name of a user.
    UserName,
    |text| label(text, MAX_LABEL)
);
name!(
    /// The name of a project, a tenant.
    ProjectName,
    |text| label(text, MAX_LABEL)
);

impl UserName {
    /// The name of a person who has none that could be one.
    pub fn owner() -> UserName {
        // The tests parse it: it is a label.
        UserName("owner".into())
    }

    /// A name made from a name elsewhere (`Ann.Lee`, `DOMAIN\\ann`, `ann@example.org`). None: nothing in it can stand in
    /// a label.
    ///
    /// What is no ASCII letter or digit becomes `-`: a look-alike of another alphabet never becomes the letter that it
    /// looks like.
    pub fn suggest(text: &str) -> Option<UserName> {
        let mut label = String::new();
        for c in text.chars() {
            match c.to_ascii_lowercase() {
                c if c.is_ascii_alphanumeric() => label.push(c),
                _ if !label.is_empty() && !label.ends_with('-') => label.push('-'),
                _ => {}
            }
            if label.len() > MAX_LABEL {
                break;
            }
        }
        label.truncate(MAX_LABEL);
        label.trim_matches('-').parse().ok()
    }
}

impl WorkspaceName {
    /// The names that no workspace can have.
    pub fn reserved() -> &'static [&'static str] {
        RESERVED
    }

    /// A name made from free text, such as a repository's and a branch's, for which `taken` says no.
    ///
    /// None when the text has nothing that a name could be made of, or every try was taken.
    pub fn suggest(parts: &[&str], taken: impl Fn(&WorkspaceName) -> bool) -> Option<WorkspaceName> {
        let mut text = String::new();
        for c in parts.join("-").chars() {
            match c.to_ascii_lowercase() {
                c if c.is_ascii_alphanumeric() => text.push(c),
                _ if !text.is_empty() && !text.ends_with('-') => text.push('-'),
                _ => {}
            }
        }
        // Room for a number behind it.
        text.truncate(MAX_WORKSPACE - 5);
        let base = text.trim_matches('-');
        let base = match base.parse::<WorkspaceName>() {
            Ok(_) => base.to_string(),
            Err(NameError::Reserved(_) | NameError::Digits(_)) => format!("ws-{base}"),
            Err(_) => return None,
        };
        std::iter::once(base.clone())
            .chain((2..10_000).map(|n| format!("{base}-{n}")))
            .filter_map(|name| name.parse().ok())
            .find(|name| !taken(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "hello", "a-b", "3d", "x1", &"a".repeat(46)] {
            assert_eq!(good.parse::<WorkspaceName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-a",
            "a-",
            "a--b",
            "A",
            "a.b",
            "a_b",
            "ä",
            "3000",
            "login",
            "a b",
            "a\n",
            "../x",
            &"a".repeat(47),
            &"x".repeat(1 << 20),
        ] {
            let error = bad.parse::<WorkspaceName>().unwrap_err().to_string();
            assert!(error.len() < 300, "{error}");
        }
    }

    #[test]
    fn people() {
        assert_eq!("owner".parse::<UserName>().unwrap(), UserName::owner());
        let suggest = |text: &str| UserName::suggest(text).map(String::from);
        for (text, want) in [
            ("ann", Some("ann")),
            ("Ann.Lee", Some("ann-lee")),
            ("DOMAIN\\ann", Some("domain-ann")),
            ("_www", Some("www")),
            ("\u{430}nn", Some("nn")),
            ("…", None),
            ("", None),
            (&"x".repeat(200), Some(&*"x".repeat(63))),
        ] {
            assert_eq!(suggest(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn suggestions() {
        let free = |_: &WorkspaceName| false;
        let suggest = |parts: &[&str]| WorkspaceName::suggest(parts, free).map(String::from);
        assert_eq!(suggest(&["Hello_World", "feature/X--y"]).unwrap(), "hello-world-feature-x-y");
        assert_eq!(suggest(&["login"]).unwrap(), "ws-login");
        assert_eq!(suggest(&["123"]).unwrap(), "ws-123");
        assert_eq!(suggest(&["…"]), None);
        assert!(suggest(&[&"long".repeat(100)]).unwrap().len() <= MAX_WORKSPACE);
        let taken = |name: &WorkspaceName| name.as_str() == "a" || name.as_str() == "a-2";
        assert_eq!(WorkspaceName::suggest(&["a"], taken).unwrap().as_str(), "a-3");
    }
}
