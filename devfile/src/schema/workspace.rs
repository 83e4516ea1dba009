//! The table of a `workspace.yaml`.

use super::tables::{field, object};
use super::{Object, Shape};

const TEXTS: Shape = Shape::List(&Shape::Text);
/// `2`, `"2"`, `500m`.
const AMOUNT: Shape = Shape::Either(&[Shape::Text, Shape::Count], "a quantity");

pub(crate) static WORKSPACE: Object = object(
    "a workspace.yaml",
    &[
        field("name", Shape::Text),
        field("description", Shape::Text),
        field("project", Shape::Text),
        field("domain", Shape::Text),
        field(
            "container_image",
            Shape::Either(&[Shape::Text, Shape::Object(|| &IMAGE)], "an image's name or a mapping"),
        ),
        field("resources", Shape::Object(|| &RESOURCES)),
        field("accelerator", Shape::Text),
        field("on_startup", Shape::Either(&[Shape::Text, TEXTS], "a command, a list of them, or a script's path")),
        field("ttl_seconds", Shape::Count),
        field("secrets", Shape::List(&Shape::Object(|| &SECRET))),
        field("source", Shape::Either(&[Shape::Text, Shape::Object(|| &SOURCE)], "an address or a mapping")),
        field("devfile", Shape::Text),
    ],
);

static SOURCE: Object = object(
    "a source",
    &[field("url", Shape::Text).required(), field("ref", Shape::Text), field("merge_request", Shape::Count)],
);

static RESOURCES: Object =
    object("resources", &[field("cpu", AMOUNT), field("mem", AMOUNT), field("memory", AMOUNT), field("gpu", AMOUNT)]);

static SECRET: Object = object(
    "a secret",
    &[field("key", Shape::Text).required(), field("env_var", Shape::Text), field("mount_file", Shape::Text)],
);

/// What builds an image from a list of packages. Builders know more than what is named here.
static IMAGE: Object = Object {
    name: "an image",
    fields: &[
        field("name", Shape::Text).required(),
        field("builder", Shape::Text),
        field("packages", TEXTS),
        field("base_image", Shape::Text),
        field("python_version", Shape::Any),
        field("requirements", Shape::Text),
        field("registry", Shape::Text),
        field("apt_packages", TEXTS),
        field("env", Shape::Texts),
    ],
    one_of: &[],
    one_of_override: &[],
    open: true,
};
