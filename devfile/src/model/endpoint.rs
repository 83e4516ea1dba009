//! Ports that a component offers.

use super::Attributes;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// A port of a component.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoint {
    /// Name, unique in the devfile.
    pub name: String,
    /// The port that the component listens on.
    pub target_port: u16,
    /// Who may reach it; see [`Endpoint::exposure`].
    #[serde(rename = "exposure", skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Exposure>,
    /// What it speaks; see [`Endpoint::protocol`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// Whether it asks for authentication by whoever exposes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure: Option<bool>,
    /// Path of the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Annotations of the Kubernetes object that exposes it.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub annotation: IndexMap<String, String>,
    /// Free-form data.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl Endpoint {
    /// Who may reach it: everyone, unless it says otherwise.
    pub fn exposure(&self) -> Exposure {
        self.exposure.unwrap_or_default()
    }

    /// What it speaks: HTTP, unless it says otherwise.
    pub fn protocol(&self) -> Protocol {
        self.protocol.unwrap_or_default()
    }

    /// Whether it asks for authentication: not unless it says so.
    pub fn is_secure(&self) -> bool {
        self.secure.unwrap_or(false)
    }
}

/// Who may reach an endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exposure {
    /// Reachable from outside of the cluster or machine.
    #[default]
    Public,
    /// Reachable by the other components.
    Internal,
    /// Reachable within the component's own pod only.
    None,
}

/// What an endpoint speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
    /// Anything over TCP.
    Tcp,
    /// Anything over UDP.
    Udp,
}
