//! The cluster, where workspaces run in one.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// Workspaces as pods of a cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kubernetes {
    /// The gateway's own namespace: people, credentials, the lease, and what replicas share are there.
    pub namespace: String,
    /// What stands before a project's name in the name of its namespace.
    pub project_prefix: String,
    /// The image with the agent and the editor.
    pub tools_image: String,
    /// How that comes into pods: `image` mounts it, `copy` copies it, `auto` mounts it where the cluster can.
    pub tools: String,
    /// The image of workspaces whose devfile names none.
    pub default_image: String,
    /// The storage class of workspaces' volumes; empty: the cluster's own.
    pub storage_class: String,
    /// The size of a volume.
    pub storage_size: String,
    /// `IfNotPresent`, `Always` or `Never`.
    pub image_pull_policy: String,
    /// A kubeconfig; empty: as a pod of the cluster, or else the person's own.
    pub kubeconfig: PathBuf,
    /// The ClusterRole that the gateway binds itself to in namespaces of projects; empty: it has its rights already.
    pub project_role: String,
    /// The gateway's own ServiceAccount, for that.
    pub service_account: String,
    /// The administrator whom commands in the gateway's pod act as.
    pub admin: String,
}

impl Default for Kubernetes {
    fn default() -> Self {
        Kubernetes {
            namespace: "dormer".into(),
            project_prefix: "dormer-".into(),
            tools_image: "dormer-tools:latest".into(),
            tools: "auto".into(),
            default_image: "dormer-workspace-base:latest".into(),
            storage_class: String::new(),
            storage_size: "10Gi".into(),
            image_pull_policy: "IfNotPresent".into(),
            kubeconfig: PathBuf::new(),
            project_role: String::new(),
            service_account: "dormer".into(),
            admin: "admin".into(),
        }
    }
}

impl Kubernetes {
    /// Refuses what cannot be right, by the key's name.
    pub fn check(&self) -> Result<()> {
        let label = |text: &str| {
            let good = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            good && text.len() <= 63 && !text.starts_with('-')
        };
        for (key, text) in [("namespace", &self.namespace), ("service_account", &self.service_account)] {
            if text.is_empty() || !label(text) || text.ends_with('-') {
                bail!("kubernetes.{key} = \"{text}\": a name of at most 63 lower-case letters, digits and '-'");
            }
        }
        // The longest name of a project is cut off nowhere: the API server would refuse its namespace.
        if !label(&self.project_prefix) || self.project_prefix.len() > 30 {
            bail!(
                "kubernetes.project_prefix = \"{}\": at most 30 lower-case letters, digits and '-'",
                self.project_prefix
            );
        }
        if !matches!(self.image_pull_policy.as_str(), "IfNotPresent" | "Always" | "Never") {
            bail!("kubernetes.image_pull_policy = \"{}\": IfNotPresent, Always or Never", self.image_pull_policy);
        }
        if !matches!(self.tools.as_str(), "auto" | "image" | "copy") {
            bail!("kubernetes.tools = \"{}\": auto, image or copy", self.tools);
        }
        if let Err(why) = self.admin.parse::<dormer_core::name::UserName>() {
            bail!("kubernetes.admin: {why}");
        }
        Ok(())
    }
}
