//! The versions of the specification.

use std::fmt;
use std::str::FromStr;

/// A published version of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edition {
    /// 2.0.0
    V2_0_0,
    /// 2.1.0
    V2_1_0,
    /// 2.2.0
    V2_2_0,
    /// 2.2.1
    V2_2_1,
    /// 2.2.2
    V2_2_2,
    /// 2.3.0
    V2_3_0,
}

impl Edition {
    /// Every version, the oldest first.
    pub const ALL: [Edition; 6] = [Self::V2_0_0, Self::V2_1_0, Self::V2_2_0, Self::V2_2_1, Self::V2_2_2, Self::V2_3_0];

    /// The newest version.
    pub const LATEST: Edition = Self::V2_3_0;

    /// The version as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2_0_0 => "2.0.0",
            Self::V2_1_0 => "2.1.0",
            Self::V2_2_0 => "2.2.0",
            Self::V2_2_1 => "2.2.1",
            Self::V2_2_2 => "2.2.2",
            Self::V2_3_0 => "2.3.0",
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not a published version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a published version; there are 2.0.0, 2.1.0, 2.2.0, 2.2.1, 2.2.2 and 2.3.0")]
pub struct UnknownEdition(String);

impl FromStr for Edition {
    type Err = UnknownEdition;

    /// Reads a `schemaVersion`; what follows a `-` does not count (`2.2.0-latest`).
    fn from_str(text: &str) -> Result<Self, UnknownEdition> {
        let version = text.split('-').next().unwrap_or(text);
        let known = Self::ALL.into_iter().find(|edition| edition.as_str() == version);
        known.ok_or_else(|| UnknownEdition(text.chars().take(40).collect()))
    }
}

/// What kind of document is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A devfile of a version.
    Devfile(Edition),
    /// The `spec` of a `DevWorkspaceTemplate`: a devfile without header, with plugins and custom elements.
    Template,
    /// The overrides of a parent, by themselves.
    ParentOverrides,
    /// The overrides of a plugin, by themselves.
    PluginOverrides,
    /// A `workspace.yaml`.
    WorkspaceFile,
    /// A `devcontainer.json`.
    Devcontainer,
}

impl Dialect {
    /// The version whose rules hold: the newest, unless the document has one.
    pub fn edition(self) -> Edition {
        match self {
            Self::Devfile(edition) => edition,
            _ => Edition::LATEST,
        }
    }
}
