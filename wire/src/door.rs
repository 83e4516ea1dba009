//! The door: the one way into a workspace. A gateway opens a connection per stream, sends a [`Preface`] that says what
//! it wants, and reads a [`Reply`]; after [`Reply::Accepted`] the connection belongs to what was asked for.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::frame::WindowSize;
use crate::listen::Place;
use crate::tls;

/// The version of this protocol. A peer with another one is refused with [`RefusalCode::Version`].
pub const VERSION: u32 = 1;

/// Where a door is. As text: `unix:<absolute path>` or `tls:<address>:<port>/<peer>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Door {
    /// A Unix socket of mode 0600 in a folder of mode 0700: agent and gateway share a machine and its user.
    Unix(PathBuf),
    /// TLS 1.3 over TCP, with keys that are pinned on both sides ([`crate::tls`]).
    Tls {
        /// Where to connect, or for an agent, where to listen.
        address: SocketAddr,
        /// Whose door it is: `<uid of the workspace>.<instance>`. Its keys follow from this, so that an address which
        /// somebody else has by now is nobody's door.
        peer: String,
    },
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Door::Unix(path) => write!(f, "unix:{}", path.display()),
            Door::Tls { address, peer } => write!(f, "tls:{address}/{peer}"),
        }
    }
}

impl From<Door> for String {
    fn from(door: Door) -> String {
        door.to_string()
    }
}

impl TryFrom<String> for Door {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Door {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            return Ok(Door::Unix(PathBuf::from(path)));
        }
        let parts = text.strip_prefix("tls:").and_then(|rest| rest.split_once('/'));
        if let Some((address, peer)) = parts
            && let Ok(address) = address.parse()
            && tls::is_peer(peer)
        {
            return Ok(Door::Tls { address, peer: peer.to_owned() });
        }
        Err(format!("'{text}' is no door: expected unix:<absolute path> or tls:<address>:<port>/<peer>"))
    }
}

/// The first message on a connection through the door.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Preface {
    /// [`VERSION`] of the sender.
    pub version: u32,
    /// What the connection is for.
    pub want: Want,
    /// Whether the sender takes a connection of the agent's in place of this one, where raw bytes would follow: see
    /// [`Reply::Handed`]. Only over a Unix socket.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub direct: bool,
}

impl From<Want> for Preface {
    fn from(want: Want) -> Self {
        Preface { version: VERSION, want, direct: false }
    }
}

/// What a connection through the door is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "want", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Want {
    /// Bytes to and from the editor, which speaks HTTP. Raw bytes follow.
    Editor,
    /// Bytes to and from a TCP port on the workspace's loopback, whose listener is a process of this workspace.
    /// Raw bytes follow; either side may end its half.
    Port {
        /// The port.
        port: u16,
    },
    /// Bytes to and from a Unix socket inside the workspace. Raw bytes follow.
    Socket {
        /// Its path inside the workspace.
        path: String,
    },
    /// Connections that come to a place inside the workspace. [`crate::listen`]'s messages follow.
    Listen {
        /// Where.
        at: Place,
    },
    /// A connection that was announced by a [`crate::listen::Knock`]. Raw bytes follow; either side may end its half.
    Accept {
        /// The knock's.
        id: u64,
    },
    /// A process: a shell or a command. [`crate::frame`] frames follow.
    Exec(Exec),
    /// A command of the agent's assignment, by its id; the agent of another container asks for it. [`crate::frame`]
    /// frames follow, the last of which says how it ended; its output is in its log.
    Run {
        /// The command's id.
        command: String,
    },
    /// An SFTP server (draft-ietf-secsh-filexfer-02, version 3). Raw bytes follow.
    Sftp,
    /// The output of one of the devfile's commands, or of a step of the start. Raw bytes follow, from agent to
    /// gateway; the stream ends at the end of the log, or never with `follow`.
    Logs {
        /// A command's id, or `clone`, `editor`, `agent`.
        name: String,
        /// Only so many last octets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tail: Option<u64>,
        /// Go on while the log grows.
        #[serde(default)]
        follow: bool,
    },
    /// [`crate::credential`] messages, for as long as the connection stands: the agent asks, the gateway answers.
    Credentials,
    /// [`crate::report::AgentStatus`] messages: one at once and one after each change, until either side closes.
    Status,
    /// Stop in order: preStop commands, TERM, KILL after `grace_seconds`. Status messages follow until the agent ends.
    Stop {
        /// Seconds between TERM and KILL.
        grace_seconds: u32,
    },
}

/// A process to run. Without a command it is the login shell.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Exec {
    /// A command line for the shell (`$SHELL -c`), as SSH `exec` has it. None: an interactive login shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// A terminal, when one is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pty: Option<Pty>,
    /// Variables in addition to the workspace's own; the agent refuses names that would change what runs (`LD_*`, `PATH`…).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// A folder, absolute or relative to the project's. None: the project's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The container to run it in, of those that the workspace has. None: the agent's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}

/// A terminal (RFC 4254, section 6.2).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pty {
    /// `TERM`.
    pub term: String,
    /// Its size.
    pub size: WindowSize,
    /// Encoded terminal modes as pairs of opcode and argument (RFC 4254, section 8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<(u8, u32)>,
}

/// The answer to a [`Preface`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The connection is what was asked for from here on.
    Accepted,
    /// A descriptor is attached to this message ([`crate::hand`]): it is what was asked for. This connection is done.
    Handed(Handed),
    /// It is not, and will be closed.
    Refused(Refusal),
}

/// What kind of a socket was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handed {
    /// A TCP connection.
    Tcp,
    /// A connection of a Unix socket.
    Unix,
}

/// Why the agent refused.
#[derive(Debug, Clone, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The cause, for programs.
    pub code: RefusalCode,
    /// The cause, for people.
    pub message: String,
}

/// Causes of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RefusalCode {
    /// The peers speak different versions.
    Version,
    /// Nothing listens there.
    NoListener,
    /// Something listens there that is no process of this workspace.
    Foreign,
    /// The editor, or what was asked for, is not ready yet.
    NotReady,
    /// There is no such thing (log, command, folder).
    NotFound,
    /// The agent has been told to stop.
    Stopping,
    /// The request makes no sense.
    Invalid,
    /// It was tried and failed.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_are_text_and_back() {
        let peer = "4f6b9f0e-5a77-4b8d-9a43-0d8b5a3c1f00.00112233445566778899aabbccddeeff";
        for text in
            ["unix:/run/x.sock".to_owned(), format!("tls:10.1.2.3:7443/{peer}"), format!("tls:[::1]:7443/{peer}")]
        {
            assert_eq!(text.parse::<Door>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "unix:x",
            "tls:10.1.2.3/a.b",
            "tls:10.1.2.3:7443/",
            "tls:10.1.2.3:7443",
            "tls:host:7443/a",
            "tls:1.2.3.4:1/A",
            "tcp:1.2.3.4:1",
        ] {
            assert!(text.parse::<Door>().is_err(), "{text}");
        }
    }
}
