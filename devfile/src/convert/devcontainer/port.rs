//! `forwardPorts` and `appPort`.

use super::super::make::{list, map, number, text};
use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::node::{Node, Value};
use std::collections::HashSet;

/// The endpoints.
pub(super) fn of(tree: &Node, report: &mut Report) -> Node {
    let mut seen = HashSet::new();
    let mut endpoints = Vec::new();
    for field in ["forwardPorts", "appPort"] {
        let Some(node) = tree.get(field) else { continue };
        let one = node.items().is_empty() && !matches!(node.value, Value::List(_));
        let items = if one { std::slice::from_ref(node) } else { node.items() };
        for item in items {
            let Some(port) = read(item, field, report) else { continue };
            if seen.insert(port) {
                endpoints.push(endpoint(tree, item, port));
            }
        }
    }
    list(tree.span, endpoints)
}

/// A port that is a number, `localhost:3000`, or, for `appPort`, `8000:3000` with the container's own port last.
fn read(item: &Node, field: &str, report: &mut Report) -> Option<u16> {
    let port = match &item.value {
        Value::Number(number) => return number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Value::Text(text) => match text.rsplit_once(':') {
            None => text.parse().ok(),
            Some((before, port)) => {
                let own = matches!(before, "localhost" | "127.0.0.1" | "0.0.0.0" | "") || field == "appPort";
                if !own {
                    let message = format!("'{text}' is a port of another machine, and is left out");
                    report.warning(Rule::Unsupported, item.span, message);
                    return None;
                }
                port.parse().ok()
            }
        },
        _ => None,
    };
    if port.is_none_or(|port: u16| port == 0) {
        let message = format!("an item of '{field}' must be a port number from 1 to 65535, or 'localhost:3000'");
        report.error(Rule::Type, item.span, message);
        return None;
    }
    port
}

fn endpoint(tree: &Node, item: &Node, port: u16) -> Node {
    let span = item.span;
    let attributes = tree.get("portsAttributes").and_then(|all| all.get(&port.to_string()));
    let protocol = attributes.and_then(|of| of.get("protocol")).cloned();
    map(
        span,
        [
            ("name", Some(text(span, format!("port-{port}")))),
            ("targetPort", Some(number(span, port.into()))),
            ("protocol", protocol),
        ],
    )
}
