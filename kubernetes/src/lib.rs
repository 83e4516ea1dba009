//! A Kubernetes cluster as a backend: records are custom resources, workspaces run as pods.

pub mod policy;
pub mod render;
