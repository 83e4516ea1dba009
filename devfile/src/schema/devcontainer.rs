//! The table of a `devcontainer.json`, after containers.dev's reference.

use super::tables::{field, object};
use super::{Edition, Object, Shape};

const TEXTS: Shape = Shape::List(&Shape::Text);
const COMMAND: Shape =
    Shape::Either(&[Shape::Text, TEXTS, Shape::MapOf(&ONE_COMMAND)], "a command as a text, a list or a mapping");
const ONE_COMMAND: Shape = Shape::Either(&[Shape::Text, TEXTS], "a command as a text or a list");
const PORT: Shape = Shape::Either(&[Shape::Port, Shape::Text], "a port number or 'host:port'");
const MOUNT: Shape = Shape::Either(&[Shape::Text, Shape::Object(|| &MOUNT_OBJECT)], "a mount as a text or a mapping");
const AMOUNT: Shape = Shape::Either(&[Shape::Text, Shape::Count], "an amount");
const ONE_OR_MORE: Shape = Shape::Either(&[Shape::Text, TEXTS], "a text or a list of texts");

const fn any(name: &'static str) -> super::Field {
    field(name, Shape::Any)
}

pub(crate) static DEVCONTAINER: Object = object(
    "a devcontainer.json",
    &[
        field("$schema", Shape::Text),
        field("name", Shape::Text),
        field("image", Shape::Text),
        field("build", Shape::Object(|| &BUILD)),
        field("dockerFile", Shape::Text),
        field("context", Shape::Text),
        field("dockerComposeFile", ONE_OR_MORE),
        field("service", Shape::Text),
        field("runServices", TEXTS),
        field("features", Shape::Free),
        any("overrideFeatureInstallOrder"),
        field("forwardPorts", Shape::List(&PORT)),
        field("appPort", Shape::Either(&[PORT, Shape::List(&PORT)], "a port or a list of them")),
        field("portsAttributes", Shape::MapOf(&Shape::Object(|| &PORT_ATTRIBUTES))),
        field("otherPortsAttributes", Shape::Object(|| &PORT_ATTRIBUTES)),
        field("containerEnv", Shape::Texts),
        field("remoteEnv", Shape::Texts),
        field("remoteUser", Shape::Text),
        field("containerUser", Shape::Text),
        field("updateRemoteUserUID", Shape::Bool),
        field(
            "userEnvProbe",
            Shape::Choice(&[
                ("none", Edition::V2_0_0),
                ("loginShell", Edition::V2_0_0),
                ("loginInteractiveShell", Edition::V2_0_0),
                ("interactiveShell", Edition::V2_0_0),
            ]),
        ),
        field("overrideCommand", Shape::Bool),
        field(
            "shutdownAction",
            Shape::Choice(&[
                ("none", Edition::V2_0_0),
                ("stopContainer", Edition::V2_0_0),
                ("stopCompose", Edition::V2_0_0),
            ]),
        ),
        field("init", Shape::Bool),
        field("privileged", Shape::Bool),
        field("capAdd", TEXTS),
        field("securityOpt", TEXTS),
        field("mounts", Shape::List(&MOUNT)),
        field("workspaceMount", Shape::Text),
        field("workspaceFolder", Shape::Text),
        field("runArgs", TEXTS),
        field("initializeCommand", COMMAND),
        field("onCreateCommand", COMMAND),
        field("updateContentCommand", COMMAND),
        field("postCreateCommand", COMMAND),
        field("postStartCommand", COMMAND),
        field("postAttachCommand", COMMAND),
        field(
            "waitFor",
            Shape::Choice(&[
                ("initializeCommand", Edition::V2_0_0),
                ("onCreateCommand", Edition::V2_0_0),
                ("updateContentCommand", Edition::V2_0_0),
                ("postCreateCommand", Edition::V2_0_0),
                ("postStartCommand", Edition::V2_0_0),
                ("postAttachCommand", Edition::V2_0_0),
            ]),
        ),
        field("hostRequirements", Shape::Object(|| &REQUIREMENTS)),
        field("customizations", Shape::Free),
        field("secrets", Shape::Free),
        any("extensions"),
        any("settings"),
        any("devPort"),
    ],
);

static BUILD: Object = object(
    "'build'",
    &[
        field("dockerfile", Shape::Text),
        field("dockerFile", Shape::Text),
        field("context", Shape::Text),
        field("args", Shape::Texts),
        field("target", Shape::Text),
        field("cacheFrom", ONE_OR_MORE),
        field("options", TEXTS),
    ],
);

static MOUNT_OBJECT: Object = Object {
    name: "a mount",
    fields: &[
        field("type", Shape::Text),
        field("source", Shape::Text),
        field("target", Shape::Text).required(),
        field("external", Shape::Bool),
    ],
    one_of: &[],
    one_of_override: &[],
    open: true,
};

static PORT_ATTRIBUTES: Object = object(
    "attributes of a port",
    &[
        field("label", Shape::Text),
        field("protocol", Shape::Choice(&[("http", Edition::V2_0_0), ("https", Edition::V2_0_0)])),
        field("onAutoForward", Shape::Text),
        field("requireLocalPort", Shape::Bool),
        field("elevateIfNeeded", Shape::Bool),
    ],
);

static REQUIREMENTS: Object = object(
    "'hostRequirements'",
    &[field("cpus", Shape::Count), field("memory", AMOUNT), field("storage", AMOUNT), any("gpu")],
);
