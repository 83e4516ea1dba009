//! The tables.

use super::Edition::{V2_0_0, V2_1_0, V2_2_0, V2_2_2, V2_3_0};
use super::form::Form;
use super::{Field, Mode, Need, Object, Shape};

const EVERYWHERE: &[Mode] = &[Mode::Main, Mode::ParentOverride, Mode::PluginOverride];

pub(super) const fn field(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        shape,
        need: Need::Optional,
        from: V2_0_0,
        until: V2_3_0,
        in_devfile: true,
        in_template: true,
        modes: EVERYWHERE,
        enters: None,
    }
}

impl Field {
    pub(super) const fn required(self) -> Self {
        Self { need: Need::Required, ..self }
    }
    const fn key(self) -> Self {
        Self { need: Need::Key, ..self }
    }
    const fn since(self, from: super::Edition) -> Self {
        Self { from, ..self }
    }
    /// Only 2.0.0 had it.
    const fn first_only(self) -> Self {
        Self { until: V2_0_0, in_template: false, ..self }
    }
    /// 2.0.0 and templates have it.
    const fn first_and_template(self) -> Self {
        Self { until: V2_0_0, ..self }
    }
    /// Only templates have it.
    const fn template_only(self) -> Self {
        Self { in_devfile: false, modes: &[Mode::Main], ..self }
    }
    const fn devfile_only(self) -> Self {
        Self { in_template: false, ..self }
    }
    /// Not in the overrides of a plugin.
    const fn not_in_plugin(self) -> Self {
        Self { modes: &[Mode::Main, Mode::ParentOverride], ..self }
    }
    /// What stands in it overrides something.
    const fn overriding(self, mode: Mode) -> Self {
        Self { enters: Some(mode), ..self }
    }
    const fn main_only(self) -> Self {
        Self { modes: &[Mode::Main], ..self }
    }
}

pub(super) const fn object(name: &'static str, fields: &'static [Field]) -> Object {
    Object { name, fields, one_of: &[], one_of_override: &[], open: false }
}

const fn union(name: &'static str, one_of: &'static [&'static str], fields: &'static [Field]) -> Object {
    Object { name, fields, one_of, one_of_override: one_of, open: false }
}

const NAME: Shape = Shape::Form(Form::Name);
const TEXTS: Shape = Shape::List(&Shape::Text);

pub(crate) static DEVFILE: Object = object(
    "a devfile",
    &[
        field("schemaVersion", Shape::Form(Form::SchemaVersion)).required().devfile_only(),
        field("metadata", Shape::Object(|| &METADATA)).devfile_only(),
        field("parent", Shape::Object(|| &PARENT)),
        field("variables", Shape::Texts).since(V2_1_0),
        field("attributes", Shape::Free).since(V2_1_0),
        COMPONENTS,
        COMMANDS,
        field("events", Shape::Object(|| &EVENTS)).main_only(),
        PROJECTS,
        STARTER_PROJECTS,
        DEPENDENT_PROJECTS,
    ],
);

pub(crate) static PARENT_OVERRIDES: Object = object(
    "parent overrides",
    &[
        field("variables", Shape::Texts),
        field("attributes", Shape::Free),
        COMPONENTS,
        COMMANDS,
        PROJECTS,
        STARTER_PROJECTS,
        DEPENDENT_PROJECTS,
    ],
);

pub(crate) static PLUGIN_OVERRIDES: Object = object("plugin overrides", &[COMPONENTS, COMMANDS]);

const COMPONENT_LIST: Shape = Shape::List(&Shape::Object(|| &COMPONENT));
const COMMAND_LIST: Shape = Shape::List(&Shape::Object(|| &COMMAND));
const PROJECT_LIST: Shape = Shape::List(&Shape::Object(|| &PROJECT));
const STARTER_LIST: Shape = Shape::List(&Shape::Object(|| &STARTER_PROJECT));
const DEPENDENT_LIST: Shape = Shape::List(&Shape::Object(|| &DEPENDENT_PROJECT));

const COMPONENTS: Field = field("components", COMPONENT_LIST);
const COMMANDS: Field = field("commands", COMMAND_LIST);
const PROJECTS: Field = field("projects", PROJECT_LIST);
const STARTER_PROJECTS: Field = field("starterProjects", STARTER_LIST);
const DEPENDENT_PROJECTS: Field = field("dependentProjects", DEPENDENT_LIST).since(V2_2_2);

const URI: Field = field("uri", Shape::Text);
const ID: Field = field("id", Shape::Text);
const KUBERNETES: Field = field("kubernetes", Shape::Object(|| &KUBERNETES_REFERENCE));
const REGISTRY_URL: Field = field("registryUrl", Shape::Text);
const IMPORT_VERSION: Field = field("version", Shape::Form(Form::RegistryVersion)).since(V2_2_0);

/// The body that imports and overrides share.
pub(crate) fn content() -> &'static Object {
    &DEVFILE
}

static PARENT: Object = union(
    "a parent",
    &["uri", "id", "kubernetes"],
    &[
        URI,
        ID,
        KUBERNETES,
        REGISTRY_URL,
        IMPORT_VERSION,
        field("variables", Shape::Texts).since(V2_1_0),
        field("attributes", Shape::Free).since(V2_1_0),
        COMPONENTS.overriding(Mode::ParentOverride),
        COMMANDS.overriding(Mode::ParentOverride),
        PROJECTS.overriding(Mode::ParentOverride),
        STARTER_PROJECTS.overriding(Mode::ParentOverride),
        DEPENDENT_PROJECTS.overriding(Mode::ParentOverride),
    ],
);

static PLUGIN: Object = union(
    "a plugin",
    &["uri", "id", "kubernetes"],
    &[
        URI,
        ID,
        KUBERNETES,
        REGISTRY_URL,
        IMPORT_VERSION,
        COMPONENTS.overriding(Mode::PluginOverride),
        COMMANDS.overriding(Mode::PluginOverride),
    ],
);

static KUBERNETES_REFERENCE: Object = object(
    "a reference to a DevWorkspaceTemplate",
    &[field("name", Shape::Text).required(), field("namespace", Shape::Text)],
);

static METADATA: Object = Object {
    open: true,
    ..object(
        "metadata",
        &[
            field("name", Shape::Text),
            field("version", Shape::Form(Form::Version)),
            field("displayName", Shape::Text),
            field("description", Shape::Text),
            field("tags", TEXTS),
            field("architectures", Shape::Set(&Shape::Choice(ARCHITECTURES))).since(V2_2_0),
            field("icon", Shape::Text),
            field("globalMemoryLimit", Shape::Text),
            field("projectType", Shape::Text).since(V2_1_0),
            field("language", Shape::Text).since(V2_1_0),
            field("website", Shape::Text).since(V2_1_0),
            field("provider", Shape::Text).since(V2_2_0),
            field("supportUrl", Shape::Text).since(V2_2_0),
            field("attributes", Shape::Free),
        ],
    )
};

const ARCHITECTURES: &[(&str, super::Edition)] =
    &[("amd64", V2_0_0), ("arm64", V2_0_0), ("ppc64le", V2_0_0), ("s390x", V2_0_0)];
const GROUPS: &[(&str, super::Edition)] =
    &[("build", V2_0_0), ("run", V2_0_0), ("test", V2_0_0), ("debug", V2_0_0), ("deploy", V2_2_0)];
const EXPOSURES: &[(&str, super::Edition)] = &[("public", V2_0_0), ("internal", V2_0_0), ("none", V2_0_0)];
const PROTOCOLS: &[(&str, super::Edition)] =
    &[("http", V2_0_0), ("https", V2_0_0), ("ws", V2_0_0), ("wss", V2_0_0), ("tcp", V2_0_0), ("udp", V2_0_0)];

static COMPONENT: Object = union(
    "a component",
    &["container", "kubernetes", "openshift", "volume", "image", "plugin", "custom"],
    &[
        field("name", NAME).key(),
        field("attributes", Shape::Free),
        field("container", Shape::Object(|| &CONTAINER)),
        field("kubernetes", Shape::Object(|| &MANIFESTS)),
        field("openshift", Shape::Object(|| &MANIFESTS)),
        field("volume", Shape::Object(|| &VOLUME)),
        field("image", Shape::Object(|| &IMAGE)).since(V2_2_0),
        field("plugin", Shape::Object(|| &PLUGIN)).first_and_template().not_in_plugin(),
        field("custom", Shape::Object(|| &CUSTOM_COMPONENT)).template_only(),
    ],
);

static CONTAINER: Object = object(
    "a container",
    &[
        field("image", Shape::Text).required(),
        field("env", Shape::List(&Shape::Object(|| &ENV))),
        field("volumeMounts", Shape::List(&Shape::Object(|| &VOLUME_MOUNT))),
        field("memoryLimit", Shape::Text),
        field("memoryRequest", Shape::Text).since(V2_1_0),
        field("cpuLimit", Shape::Text).since(V2_1_0),
        field("cpuRequest", Shape::Text).since(V2_1_0),
        field("command", TEXTS),
        field("args", TEXTS),
        field("mountSources", Shape::Bool),
        field("sourceMapping", Shape::Text),
        field("dedicatedPod", Shape::Bool),
        field("annotation", Shape::Object(|| &ANNOTATION)).since(V2_2_0),
        field("endpoints", Shape::List(&Shape::Object(|| &ENDPOINT))),
    ],
);

static ANNOTATION: Object =
    object("an annotation", &[field("deployment", Shape::Texts), field("service", Shape::Texts)]);

static ENV: Object =
    object("an environment variable", &[field("name", Shape::Text).key(), field("value", Shape::Text).required()]);

static VOLUME_MOUNT: Object = object("a volume mount", &[field("name", NAME).key(), field("path", Shape::Text)]);

static ENDPOINT: Object = object(
    "an endpoint",
    &[
        field("name", Shape::Form(Form::EndpointName)).key(),
        field("targetPort", Shape::Port).required(),
        field("exposure", Shape::Choice(EXPOSURES)),
        field("protocol", Shape::Choice(PROTOCOLS)),
        field("secure", Shape::Bool),
        field("path", Shape::Text),
        field("attributes", Shape::Free),
        field("annotation", Shape::Texts).since(V2_2_0),
    ],
);

static MANIFESTS: Object = union(
    "manifests",
    &["uri", "inlined"],
    &[
        URI,
        field("inlined", Shape::Text),
        field("deployByDefault", Shape::Bool).since(V2_2_0),
        field("endpoints", Shape::List(&Shape::Object(|| &ENDPOINT))),
    ],
);

static VOLUME: Object =
    object("a volume", &[field("size", Shape::Text), field("ephemeral", Shape::Bool).since(V2_1_0)]);

static IMAGE: Object = Object {
    one_of: &["dockerfile"],
    one_of_override: &["dockerfile", "autoBuild"],
    ..object(
        "an image",
        &[
            field("imageName", Shape::Text).required(),
            field("dockerfile", Shape::Object(|| &DOCKERFILE)),
            field("autoBuild", Shape::Bool),
        ],
    )
};

static DOCKERFILE: Object = union(
    "a dockerfile",
    &["uri", "devfileRegistry", "git"],
    &[
        URI,
        field("devfileRegistry", Shape::Object(|| &DOCKERFILE_REGISTRY)),
        field("git", Shape::Object(|| &DOCKERFILE_GIT)),
        field("buildContext", Shape::Text),
        field("args", TEXTS),
        field("rootRequired", Shape::Bool),
    ],
);

static DOCKERFILE_REGISTRY: Object =
    object("a dockerfile of a registry", &[field("id", Shape::Text).required(), REGISTRY_URL]);

const REMOTES: Field = field("remotes", Shape::Texts).required();
const CHECKOUT: Field = field("checkoutFrom", Shape::Object(|| &CHECKOUT_FROM));

static DOCKERFILE_GIT: Object = object("a dockerfile in Git", &[REMOTES, CHECKOUT, field("fileLocation", Shape::Text)]);

static CHECKOUT_FROM: Object = object("checkoutFrom", &[field("revision", Shape::Text), field("remote", Shape::Text)]);

static GIT: Object = object("a Git source", &[REMOTES, CHECKOUT]);
static ZIP: Object = object("a zip source", &[field("location", Shape::Text)]);

const SOURCES: &[&str] = &["git", "github", "zip", "custom"];
const GIT_FIELD: Field = field("git", Shape::Object(|| &GIT));
const GITHUB_FIELD: Field = field("github", Shape::Object(|| &GIT)).first_only();
const ZIP_FIELD: Field = field("zip", Shape::Object(|| &ZIP));
const CUSTOM_FIELD: Field = field("custom", Shape::Object(|| &CUSTOM_SOURCE)).template_only();

static PROJECT: Object = union(
    "a project",
    SOURCES,
    &[
        field("name", NAME).key(),
        field("attributes", Shape::Free),
        field("clonePath", Shape::Text),
        field("sparseCheckoutDirs", TEXTS).first_only(),
        GIT_FIELD,
        GITHUB_FIELD,
        ZIP_FIELD,
        CUSTOM_FIELD,
    ],
);

static DEPENDENT_PROJECT: Object = union(
    "a dependent project",
    SOURCES,
    &[
        field("name", NAME).key(),
        field("attributes", Shape::Free),
        field("clonePath", Shape::Text),
        GIT_FIELD,
        ZIP_FIELD,
        CUSTOM_FIELD,
    ],
);

static STARTER_PROJECT: Object = union(
    "a starter project",
    SOURCES,
    &[
        field("name", NAME).key(),
        field("attributes", Shape::Free),
        field("description", Shape::Text),
        field("subDir", Shape::Text),
        GIT_FIELD,
        GITHUB_FIELD,
        ZIP_FIELD,
        CUSTOM_FIELD,
    ],
);

static COMMAND: Object = union(
    "a command",
    &["exec", "apply", "composite", "vscodeTask", "vscodeLaunch", "custom"],
    &[
        field("id", NAME).key(),
        field("attributes", Shape::Free),
        field("exec", Shape::Object(|| &EXEC)),
        field("apply", Shape::Object(|| &APPLY)),
        field("composite", Shape::Object(|| &COMPOSITE)),
        field("vscodeTask", Shape::Object(|| &VSCODE)).first_only(),
        field("vscodeLaunch", Shape::Object(|| &VSCODE)).first_only(),
        field("custom", Shape::Object(|| &CUSTOM_COMMAND)).template_only(),
    ],
);

const GROUP_FIELD: Field = field("group", Shape::Object(|| &GROUP));
const LABEL: Field = field("label", Shape::Text);

static GROUP: Object =
    object("a group", &[field("kind", Shape::Choice(GROUPS)).required(), field("isDefault", Shape::Bool)]);

static EXEC: Object = object(
    "an exec command",
    &[
        LABEL,
        field("commandLine", Shape::Text).required(),
        field("component", Shape::Text).required(),
        field("workingDir", Shape::Text),
        field("env", Shape::List(&Shape::Object(|| &ENV))),
        field("hotReloadCapable", Shape::Bool),
        GROUP_FIELD,
    ],
);

static APPLY: Object = object("an apply command", &[LABEL, field("component", Shape::Text).required(), GROUP_FIELD]);

static COMPOSITE: Object =
    object("a composite command", &[LABEL, field("commands", TEXTS), field("parallel", Shape::Bool), GROUP_FIELD]);

static VSCODE: Object =
    union("a VS Code command", &["uri", "inlined"], &[URI, field("inlined", Shape::Text), GROUP_FIELD]);

const EMBEDDED: Field = field("embeddedResource", Shape::Free).required();

static CUSTOM_COMPONENT: Object =
    object("a custom component", &[field("componentClass", Shape::Text).required(), EMBEDDED]);
static CUSTOM_COMMAND: Object =
    object("a custom command", &[LABEL, GROUP_FIELD, field("commandClass", Shape::Text).required(), EMBEDDED]);
static CUSTOM_SOURCE: Object =
    object("a custom source", &[field("projectSourceClass", Shape::Text).required(), EMBEDDED]);

static EVENTS: Object = object(
    "events",
    &[field("preStart", TEXTS), field("postStart", TEXTS), field("preStop", TEXTS), field("postStop", TEXTS)],
);
