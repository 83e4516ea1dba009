//! How a workspace's objects are called and marked.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use dormer_core::workspace::Workspace;

use crate::names;
use crate::render::Subject;

/// Marks of objects that are no labels.
pub mod annotation {
    pub use crate::names::INSTANCE;
    /// What a pod was rendered from: another value would be another pod.
    pub const RENDERED: &str = "dormer.dev/rendered";
}

/// The longest name that a label of DNS may have.
const LONGEST: usize = 63;

/// The name of a workspace's objects.
pub fn name(workspace: &Workspace) -> String {
    format!("ws-{}", workspace.name)
}

/// The peer that the keys of a start's door are for.
pub fn peer(workspace: &Workspace, instance: &str) -> String {
    format!("{}.{instance}", workspace.uid)
}

/// The claim that workspaces of a project share.
pub fn common_claim() -> &'static str {
    "dormer-common"
}

/// A name with something behind it, cut where it gets too long in a way that keeps two of them apart.
pub(super) fn joined(first: &str, second: &str) -> String {
    let whole = format!("{first}-{second}");
    if whole.len() <= LONGEST {
        return whole;
    }
    let mark = super::resources::digest(whole.as_bytes()).chars().take(8).collect::<String>();
    let kept: String = whole.chars().take(LONGEST - 9).collect();
    format!("{}-{mark}", kept.trim_end_matches('-'))
}

/// Labels of everything that is made for a workspace.
pub fn labels(workspace: &Workspace) -> BTreeMap<String, String> {
    names::labels(workspace.name.as_str(), &workspace.uid)
}

/// What of those labels tells its objects from all others.
pub fn selector(workspace: &Workspace) -> BTreeMap<String, String> {
    BTreeMap::from([(names::UID.to_owned(), workspace.uid.clone())])
}

impl Subject<'_> {
    /// The metadata of an object that belongs to the workspace and goes with it.
    pub(super) fn metadata(&self, name: String) -> ObjectMeta {
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace.to_owned()),
            labels: Some(labels(self.workspace)),
            owner_references: Some(vec![self.owner()]),
            ..ObjectMeta::default()
        }
    }

    pub(super) fn owner(&self) -> OwnerReference {
        OwnerReference {
            api_version: format!("{}/{}", names::GROUP, names::VERSION),
            kind: "Workspace".into(),
            name: self.workspace.name.to_string(),
            uid: self.workspace.uid.clone(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_stay_apart() {
        assert_eq!(joined("ws-hello", "db"), "ws-hello-db");
        let (one, two) = (joined(&"a".repeat(49), &"b".repeat(60)), joined(&"a".repeat(49), &"b".repeat(61)));
        assert!(one.len() <= LONGEST && two.len() <= LONGEST && one != two, "{one} {two}");
    }
}
