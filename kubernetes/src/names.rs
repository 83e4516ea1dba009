//! What things are called in a cluster.

use dormer_core::name::ProjectName;

/// The group of our resources.
pub const GROUP: &str = "dormer.dev";
/// Their version.
pub const VERSION: &str = "v1alpha1";
/// Who we are as a writer of fields, and as a reporter of events.
pub const MANAGER: &str = "dormer";

/// On a workspace: nothing of it is left behind.
pub const FINALIZER: &str = "dormer.dev/workspace";

/// The label with the name of a workspace, on everything that belongs to it.
pub const WORKSPACE: &str = "dormer.dev/workspace";
/// The label with a workspace's uid.
pub const UID: &str = "dormer.dev/uid";
/// The annotation with the start that an object was made for.
pub const INSTANCE: &str = "dormer.dev/instance";
/// The annotation of a workspace with the claim that its files are in: `<name>/<uid>`.
pub const CLAIM: &str = "dormer.dev/claim";
/// The label that says who keeps an object.
pub const MANAGED: &str = "app.kubernetes.io/managed-by";
/// The label that makes a namespace a project's.
pub const PROJECT: &str = "dormer.dev/project";
/// The label that says what kind of record a Secret is.
pub const RECORD: &str = "dormer.dev/record";
/// The label with the uid of the user or project that a Secret belongs to.
pub const HOLDER: &str = "dormer.dev/holder";

/// The Secret with what all replicas of a gateway share.
pub const GATEWAY_SECRET: &str = "dormer-gateway";
/// The lease of the replica that reconciles.
pub const LEASE: &str = "dormer-leader";

/// How namespaces of projects are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// With this before the project's name.
    pub fn new(prefix: impl Into<String>) -> Prefix {
        Prefix(prefix.into())
    }

    /// The namespace of a project.
    pub fn namespace(&self, project: &ProjectName) -> String {
        format!("{}{project}", self.0)
    }

    /// The project of a namespace, where its name says so.
    pub fn project(&self, namespace: &str) -> Option<ProjectName> {
        namespace.strip_prefix(self.0.as_str())?.parse().ok()
    }
}

/// The labels of everything that belongs to a workspace.
pub fn labels(workspace: &str, uid: &str) -> std::collections::BTreeMap<String, String> {
    [
        ("app.kubernetes.io/name", "dormer-workspace"),
        ("app.kubernetes.io/instance", workspace),
        ("app.kubernetes.io/managed-by", MANAGER),
        ("app.kubernetes.io/part-of", "dormer"),
        (WORKSPACE, workspace),
        (UID, uid),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_string(), value.to_string()))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_and_projects() {
        let prefix = Prefix::new("dormer-");
        let project: ProjectName = "team".parse().unwrap();
        assert_eq!(prefix.namespace(&project), "dormer-team");
        assert_eq!(prefix.project("dormer-team"), Some(project));
        for other in ["dormer", "dormer-", "kube-system", "dormer--"] {
            assert_eq!(prefix.project(other), None, "{other}");
        }
    }
}
