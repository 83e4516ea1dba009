//! The definitions of our resources, for `dormer crds`.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt as _;

use super::class::WorkspaceClass;
use super::people::{Project, User};
use super::workspace::Workspace;

/// All of them.
pub fn all() -> Vec<CustomResourceDefinition> {
    vec![Workspace::crd(), WorkspaceClass::crd(), User::crd(), Project::crd()]
}
