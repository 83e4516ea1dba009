//! The image, or how it is built.

use super::super::make::{flag, list, map, text, written};
use super::{build_argument, fields};
use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::node::Node;

/// The component that builds the image, and what it builds.
const COMPONENT: &str = "image";
const IMAGE: &str = "devcontainer";

/// What the container runs, and the component that builds it.
pub(super) fn of(tree: &Node, report: &mut Report) -> (Node, Option<Node>) {
    let build = tree.get("build");
    let named = build.and_then(|build| build.get("dockerfile").or_else(|| build.get("dockerFile")));
    let dockerfile = named.or_else(|| tree.get("dockerFile"));
    match (tree.get("image"), dockerfile) {
        (Some(image), None) => (image.clone(), None),
        (None, Some(dockerfile)) => (text(dockerfile.span, IMAGE), Some(component(tree, dockerfile))),
        (Some(image), Some(dockerfile)) => {
            let place = report.place(image.span);
            let message = "an image is named, or built from a Dockerfile, not both";
            report.error(Rule::OneOf, dockerfile.span, message).related(place, "the image is named here");
            (image.clone(), None)
        }
        (None, None) => {
            if tree.get("dockerComposeFile").is_none() {
                let message = "a devcontainer.json needs 'image', or 'build' with a 'dockerfile'";
                let span = build.map_or(tree.span, |build| build.span);
                let head = super::super::super::source::Span { end: span.start + 1, ..span };
                report.error(Rule::MissingField, head, message);
            }
            (text(tree.span, ""), None)
        }
    }
}

fn component(tree: &Node, dockerfile: &Node) -> Node {
    let span = dockerfile.span;
    let build = tree.get("build");
    let context = build.and_then(|build| build.get("context")).or_else(|| tree.get("context"));
    let mut args: Vec<Node> = Vec::new();
    for (name, _, value) in build.and_then(|build| build.get("args")).into_iter().flat_map(fields) {
        args.extend(written(value).map(|text_| text(value.span, build_argument(name, &text_))));
    }
    if let Some(target) = build.and_then(|build| build.get("target")) {
        args.extend(target.as_text().map(|name| text(target.span, format!("--target={name}"))));
    }
    let cache = build.and_then(|build| build.get("cacheFrom"));
    let caches = cache.into_iter().flat_map(|cache| std::iter::once(cache).chain(cache.items()));
    args.extend(caches.filter_map(|from| from.as_text().map(|name| text(from.span, format!("--cache-from={name}")))));
    args.extend(build.and_then(|build| build.get("options")).map(Node::items).unwrap_or_default().iter().cloned());
    let file = map(
        span,
        [
            ("uri", Some(dockerfile.clone())),
            ("buildContext", Some(context.cloned().unwrap_or_else(|| text(span, ".")))),
            ("args", (!args.is_empty()).then(|| list(span, args))),
        ],
    );
    let image = map(
        span,
        [("imageName", Some(text(span, IMAGE))), ("autoBuild", Some(flag(span, true))), ("dockerfile", Some(file))],
    );
    map(span, [("name", Some(text(span, COMPONENT))), ("image", Some(image))])
}
