//! Who is asking.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{ProjectName, UserName, WorkspaceName};
use crate::workspace::Role;

/// Who is asking: a user with groups, as known by a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user.
    pub user: UserName,
    /// The user's groups.
    pub groups: Vec<String>,
    /// What the user is in projects, each once, with the highest role.
    pub projects: Vec<(ProjectName, Role)>,
    /// Whether the user administrates the installation.
    pub admin: bool,
    /// What the credential is good for; never more than the user may.
    pub scope: Scope,
    /// The credential by which the user is known.
    pub via: Via,
}

impl Principal {
    /// What the user is in a project.
    pub fn role_in(&self, project: &str) -> Option<Role> {
        self.projects.iter().find(|(name, _)| name.as_str() == project).map(|(_, role)| *role)
    }
}

/// The kind of a credential, with what names it in logs and lists (never the credential itself).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Via {
    /// A browser's session, by its id.
    Session(String),
    /// A token, by its id.
    Token(String),
    /// An SSH key, by its fingerprint.
    Key(String),
    /// An SSH certificate, by its key's and authority's fingerprints, id and serial number.
    Certificate(String),
    /// The gateway itself, for what happens in nobody's name.
    System,
}

/// What a credential is good for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// Everything that its user may.
    #[default]
    All,
    /// To look, never to change or to enter.
    Read,
    /// To enter workspaces over SSH.
    Ssh,
    /// Everything with one workspace, nothing else.
    Workspace(WorkspaceName),
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Scope::All),
            "read" => Ok(Scope::Read),
            "ssh" => Ok(Scope::Ssh),
            _ => match text.strip_prefix("workspace:").map(str::parse) {
                Some(Ok(name)) => Ok(Scope::Workspace(name)),
                Some(Err(error)) => Err(format!("workspace scope: {error}")),
                None => Err("a scope is 'all', 'read', 'ssh' or 'workspace:<name>'".to_string()),
            },
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> String {
        scope.to_string()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::All => f.write_str("all"),
            Scope::Read => f.write_str("read"),
            Scope::Ssh => f.write_str("ssh"),
            Scope::Workspace(name) => write!(f, "workspace:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_as_text() {
        for text in ["all", "read", "ssh", "workspace:hello"] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        for bad in ["", "ALL", "workspace:", "workspace:--", "write"] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }
}
