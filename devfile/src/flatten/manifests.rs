//! Manifests by reference, brought in.

use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::limits::Limits;
use crate::node::{Entry, Map, Node, Value};
use crate::resolve::{self, Resolver};
use std::sync::Arc;

/// Where the address is kept.
const ORIGINAL: &str = "api.devfile.io/k8sLikeComponent-originalURI";

/// Replaces `uri` by `inlined` in every `kubernetes` and `openshift` component.
pub(crate) fn inline(tree: &mut Node, resolver: &dyn Resolver, limits: &Limits, report: &mut Report) {
    let mut left = Left { bytes: limits.expanded_bytes, documents: limits.imports };
    let components = tree.as_map_mut().and_then(|map| map.get_mut("components"));
    let Some(Value::List(components)) = components.map(|entry| &mut entry.node.value) else { return };
    for component in components.iter_mut().filter_map(Node::as_map_mut) {
        for kind in ["kubernetes", "openshift"] {
            let Some(manifests) = component.get_mut(kind).and_then(|entry| entry.node.as_map_mut()) else { continue };
            let Some(uri) = manifests.get("uri").map(|entry| entry.node.clone()).filter(|node| !node.is_null()) else {
                continue;
            };
            if let Some(text) = fetch(&uri, resolver, &mut left, report) {
                manifests.shift_remove("uri");
                let inlined = Node::new(uri.span, Value::Text(text));
                manifests.insert("inlined".into(), Entry { key: uri.span, node: inlined });
                remember(component, uri);
            }
            break;
        }
    }
}

/// What may still be fetched.
struct Left {
    bytes: usize,
    documents: usize,
}

fn fetch(uri: &Node, resolver: &dyn Resolver, left: &mut Left, report: &mut Report) -> Option<Arc<str>> {
    let text = uri.as_text()?;
    let Some(documents) = left.documents.checked_sub(1) else {
        report.error(Rule::Limit, uri.span, "too many manifests by uri, all together");
        return None;
    };
    left.documents = documents;
    // Relative to the document that the component was written in, which may be a parent.
    let base = report.sources.get(uri.span.source).map(|source| source.name().to_owned()).unwrap_or_default();
    let fetched = resolve::join(&base, text).and_then(|address| resolver.manifests(&address));
    match fetched {
        Ok(fetched) => {
            let Some(rest) = left.bytes.checked_sub(fetched.bytes.len()) else {
                report.error(Rule::Limit, uri.span, "the manifests are too large, all together");
                left.documents = 0;
                return None;
            };
            left.bytes = rest;
            let text = String::from_utf8(fetched.bytes);
            if text.is_err() {
                report.error(Rule::Encoding, uri.span, format!("{} is not UTF-8 text", fetched.location));
            }
            text.ok().map(Into::into)
        }
        Err(error) => {
            let shown: String = text.chars().take(200).collect();
            let diagnostic = report.error(Rule::ImportFailed, uri.span, format!("{shown} can't be had: {error}"));
            if error.is_temporary() {
                diagnostic.fix("it may work another time");
            }
            None
        }
    }
}

fn remember(component: &mut Map, uri: Node) {
    let span = uri.span;
    let empty = || Entry { key: span, node: Node::new(span, Value::Map(Map::new())) };
    let attributes = component.entry("attributes".into()).or_insert_with(empty);
    if let Some(attributes) = attributes.node.as_map_mut() {
        attributes.insert(ORIGINAL.into(), Entry { key: span, node: uri });
    }
}
