//! The rules a devfile can break, each with a name that stays.

use serde::{Serialize, Serializer};
use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// A rule, named so that tools can refer to it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule { $($(#[$doc])* $name,)* }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Rule] = &[$(Rule::$name,)*];

            /// The rule's name: `unknown-field`.
            pub const fn id(self) -> &'static str {
                match self { $(Rule::$name => $id,)* }
            }
        }
    };
}

rules! {
    /// The document is larger, deeper or more than is read.
    Limit = "limit",
    /// The document is not UTF-8 text.
    Encoding = "encoding",
    /// The document is not YAML.
    Yaml = "yaml-syntax",
    /// The document is not JSON, comments and trailing commas aside.
    Json = "json-syntax",
    /// A key stands twice in one mapping.
    DuplicateField = "duplicate-field",
    /// A YAML feature that means nothing in a devfile: a tag, a key that is not a word, a second document.
    YamlFeature = "yaml-feature",
    /// `schemaVersion` is missing or not one that exists.
    SchemaVersion = "schema-version",
    /// A field that the schema does not have, in this version or in any.
    UnknownField = "unknown-field",
    /// A field that must be there is not.
    MissingField = "missing-field",
    /// A value of the wrong type.
    Type = "type",
    /// A value that is not one of those allowed.
    Choice = "choice",
    /// A text that does not have the form it must have.
    Format = "format",
    /// Not exactly one of several fields that exclude each other.
    OneOf = "one-of",
    /// A value stands twice in a list of different values.
    DuplicateItem = "duplicate-item",
    /// A parent or plugin could not be fetched.
    ImportFailed = "import-failed",
    /// Parents or plugins refer to each other in a circle.
    ImportCycle = "import-cycle",
    /// A parent or plugin needs a later schema than the devfile that imports it.
    ImportVersion = "import-version",
    /// An override of something that the parent or plugin does not have.
    OverrideUnknown = "override-unknown",
    /// Something is defined by the devfile and by its parent or plugin.
    ImportConflict = "import-conflict",
    /// A variable that is not defined is referred to.
    UnknownVariable = "unknown-variable",
    /// Two elements of one list have the same name.
    DuplicateName = "duplicate-name",
    /// An environment variable that the runtime sets itself.
    ReservedEnv = "reserved-env",
    /// A resource quantity that Kubernetes would not understand.
    Quantity = "quantity",
    /// A request that is above its limit.
    RequestAboveLimit = "request-above-limit",
    /// Containers of one pod give one annotation different values.
    AnnotationConflict = "annotation-conflict",
    /// Two endpoints have one name.
    EndpointName = "endpoint-name",
    /// Two containers listen on one port.
    EndpointPort = "endpoint-port",
    /// A volume is mounted that no component defines.
    VolumeMount = "volume-mount",
    /// A URI that is none.
    Uri = "uri",
    /// A command of a kind that nothing can run.
    CommandKind = "command-kind",
    /// A command refers to a component that does not exist or can't take it.
    CommandComponent = "command-component",
    /// A composite command refers to a command that does not exist.
    CompositeUnknown = "composite-unknown",
    /// A composite command contains itself.
    CompositeCycle = "composite-cycle",
    /// A group of commands has no default, or several.
    GroupDefault = "group-default",
    /// An event refers to a command that does not exist.
    EventUnknown = "event-unknown",
    /// An event refers to a command of a kind that it can't run.
    EventKind = "event-kind",
    /// A project without a remote, or with several where one is allowed.
    ProjectRemotes = "project-remotes",
    /// `checkoutFrom` names a remote that is not there, or is needed and missing.
    ProjectCheckout = "project-checkout",
    /// `container-overrides` of what a container component says itself.
    ContainerOverrides = "container-overrides",
    /// `pod-overrides` of what the components say.
    PodOverrides = "pod-overrides",
    /// A part of a `devcontainer.json` or `workspace.yaml` that nothing here can do.
    Unsupported = "unsupported",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
