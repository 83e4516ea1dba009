//! What git inside a workspace signs in with: asked for by the agent each time, answered by the gateway, kept by neither.

use std::fmt;

use serde::{Deserialize, Serialize};

/// From the agent: what opens this host?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Tells its answer from others.
    pub id: u64,
    /// `https`, as git says it.
    pub protocol: String,
    /// The host, with its port where there is one.
    pub host: String,
}

/// From the gateway.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Told {
    /// Who makes commits here, where they do not say another name themselves.
    Identity {
        /// A name.
        name: String,
        /// A mail address.
        email: String,
    },
    /// What opens it, now.
    Credential {
        /// Which question this answers.
        id: u64,
        /// The name.
        username: String,
        /// The token.
        password: String,
    },
    /// Nothing does.
    Nothing {
        /// Which question this answers.
        id: u64,
        /// Why, for the person at the terminal.
        why: String,
    },
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Identity { name, .. } => f.debug_struct("Identity").field("name", name).finish_non_exhaustive(),
            Told::Credential { id, .. } => f.debug_struct("Credential").field("id", id).finish_non_exhaustive(),
            Told::Nothing { id, why } => f.debug_struct("Nothing").field("id", id).field("why", why).finish(),
        }
    }
}
