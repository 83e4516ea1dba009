//! Listening inside a workspace for somebody outside ([`crate::door::Want::Listen`]): what a client of ours calls a
//! remote forward, and its forwarded ssh-agent.
//!
//! After [`crate::door::Reply::Accepted`] the stream carries [`crate::message`]s: one [`Listening`], then a [`Knock`]
//! for each connection that comes. A connection is taken by a second stream through the door
//! ([`crate::door::Want::Accept`]), or declined on the first. When the stream ends, so does the listening.

use serde::{Deserialize, Serialize};

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Place {
    /// A TCP port of the workspace's loopback, and of nothing else.
    Port {
        /// The port; 0 is any that is free.
        port: u16,
    },
    /// A Unix socket of mode 0600.
    Socket {
        /// Its absolute path, at which there is nothing yet, or a socket that nobody listens at any more.
        path: String,
    },
    /// A Unix socket at a private path of the agent's choice.
    Private,
}

/// The first message: where it listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listening {
    /// At this port.
    Port(u16),
    /// At this path.
    Path(String),
}

/// Somebody connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knock {
    /// By which the connection is taken or declined.
    pub id: u64,
    /// From which port of the loopback, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// The other way: that connection is not wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// Which.
    pub id: u64,
}
