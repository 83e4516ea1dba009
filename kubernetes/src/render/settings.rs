//! What an installation says of all pods.

use std::collections::BTreeMap;

/// What an installation says of all pods. A class may say otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The image with agent, editor and tools.
    pub tools_image: String,
    /// How the tools come into a pod.
    pub tools: Tools,
    /// What runs where a devfile names no image; empty is the name that the plan has.
    pub default_image: String,
    /// `Always`, `IfNotPresent` or `Never`; empty is the cluster's default.
    pub image_pull_policy: String,
    /// The storage class of claims; empty is the cluster's default.
    pub storage_class: String,
    /// The size of claims.
    pub storage_size: String,
    /// Where the gateway's own pods are; None where it runs outside the cluster.
    pub gateway: Option<Gateway>,
}

/// How the tools come into a pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tools {
    /// As the image itself where the API server knows how (`ImageVolume`), else copied.
    #[default]
    Auto,
    /// An init container copies them.
    Copy,
    /// The image is mounted.
    Mount,
}

/// The pods of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Their namespace.
    pub namespace: String,
    /// Their labels.
    pub labels: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            tools_image: "ghcr.io/dormer/dormer-tools:latest".into(),
            tools: Tools::default(),
            default_image: String::new(),
            image_pull_policy: String::new(),
            storage_class: String::new(),
            storage_size: "10Gi".into(),
            gateway: None,
        }
    }
}
