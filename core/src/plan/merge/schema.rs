//! Which lists of a pod have a merge key, from the `patchStrategy` marks of Kubernetes' core/v1 types. A list that is
//! not here is replaced as a whole.

/// A type of Kubernetes that a patch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A pod template: metadata and spec.
    PodTemplate,
    /// A container.
    Container,
    #[doc(hidden)]
    Metadata,
    #[doc(hidden)]
    PodSpec,
    #[doc(hidden)]
    Other,
}

impl Kind {
    /// The type of a field, and the key by which the items of its list are the same: empty for plain values.
    pub(super) fn field(self, name: &str) -> (Option<Kind>, Option<&'static str>) {
        match (self, name) {
            (Kind::PodTemplate, "metadata") => (Some(Kind::Metadata), None),
            (Kind::PodTemplate, "spec") => (Some(Kind::PodSpec), None),
            (Kind::Metadata, "finalizers") => (None, Some("")),
            (Kind::Metadata, "ownerReferences") => (None, Some("uid")),
            (Kind::PodSpec, "containers" | "initContainers" | "ephemeralContainers") => {
                (Some(Kind::Container), Some("name"))
            }
            (Kind::PodSpec, "volumes" | "imagePullSecrets" | "schedulingGates" | "resourceClaims") => {
                (Some(Kind::Other), Some("name"))
            }
            (Kind::PodSpec, "hostAliases") => (None, Some("ip")),
            (Kind::PodSpec, "topologySpreadConstraints") => (None, Some("topologyKey")),
            (Kind::Container, "ports") => (None, Some("containerPort")),
            (Kind::Container, "env") => (None, Some("name")),
            (Kind::Container, "volumeMounts") => (None, Some("mountPath")),
            (Kind::Container, "volumeDevices") => (None, Some("devicePath")),
            _ => (None, None),
        }
    }
}
