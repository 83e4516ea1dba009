//! Components: names, volumes, endpoints, environment, quantities, addresses.

use super::{Check, suggest};
use crate::diagnostic::Severity;
use crate::diagnostic::rule::Rule;
use crate::model::component::{Component, ComponentKind, Container, Manifests, Volume};
use crate::model::endpoint::Endpoint;
use crate::node::Step;
use crate::quantity::Quantity;
use crate::source::Span;
use std::collections::{HashMap, HashSet};
use url::Url;

/// Variables that the runtime sets.
const RESERVED: [&str; 2] = ["PROJECTS_ROOT", "PROJECT_SOURCE"];

/// What components have used up so far.
#[derive(Default)]
struct Seen<'a> {
    endpoints: HashMap<&'a str, Span>,
    ports: HashMap<u16, (usize, Span)>,
    annotations: HashMap<(&'static str, &'a str), (&'a str, Span)>,
    conflicts: HashSet<(&'static str, &'a str)>,
}

impl Check<'_> {
    pub(super) fn components(&mut self) {
        let devfile = self.devfile;
        let components = &devfile.components;
        let names = components.iter().map(|component| component.name.as_str());
        self.unique(Severity::Error, ("components", "name"), "components", names);
        let volumes: HashSet<&str> =
            components.iter().filter(|c| c.volume().is_some()).map(|c| c.name.as_str()).collect();
        let mut seen = Seen::default();
        for (index, component) in components.iter().enumerate() {
            self.endpoints(index, component, &mut seen);
            match &component.kind {
                ComponentKind::Container(container) => {
                    self.container(index, component, container, &volumes);
                    self.annotations(index, container, &mut seen);
                }
                ComponentKind::Volume(volume) => self.volume(index, volume),
                ComponentKind::Kubernetes(manifests) | ComponentKind::Openshift(manifests) => {
                    self.manifests(index, component.kind.field(), manifests);
                }
                ComponentKind::Image(image) => {
                    if let Some(git) = image.dockerfile.as_ref().and_then(|dockerfile| dockerfile.git.as_ref()) {
                        let path =
                            ["components".into(), index.into(), "image".into(), "dockerfile".into(), "git".into()];
                        self.single_remote(&git.source, &path, &format!("component '{}'", component.name));
                    }
                }
                ComponentKind::Plugin(_) | ComponentKind::Custom(_) => {}
            }
        }
    }

    fn container(&mut self, index: usize, component: &Component, container: &Container, volumes: &HashSet<&str>) {
        let path = |field: &'static str, item: usize| {
            ["components".into(), index.into(), "container".into(), field.into(), Step::Item(item), "name".into()]
        };
        for (item, variable) in container.env.iter().enumerate() {
            if RESERVED.contains(&variable.name.as_str()) {
                let message = format!("{} is set by the runtime and can't be set here", variable.name);
                self.error(Rule::ReservedEnv, &path("env", item), message);
            }
        }
        for (item, mount) in container.volume_mounts.iter().enumerate() {
            if !mount.name.is_empty() && !volumes.contains(mount.name.as_str()) {
                let message = format!("there is no volume component '{}' to mount in '{}'", mount.name, component.name);
                let diagnostic = self.error(Rule::VolumeMount, &path("volumeMounts", item), message);
                suggest(diagnostic, &mount.name, volumes.iter().copied());
            }
        }
        let memory = (&container.memory_request, "memoryRequest", &container.memory_limit, "memoryLimit");
        let cpu = (&container.cpu_request, "cpuRequest", &container.cpu_limit, "cpuLimit");
        for (request, request_field, limit, limit_field) in [memory, cpu] {
            let place = |field: &'static str| ["components".into(), index.into(), "container".into(), field.into()];
            let most = self.quantity(limit.as_deref(), &place(limit_field), limit_field);
            let asked = self.quantity(request.as_deref(), &place(request_field), request_field);
            if let (Some(asked), Some(most)) = (asked, most.filter(|most| !most.is_zero()))
                && asked > most
            {
                let there = self.report.place(self.at(&place(limit_field)));
                let message = format!("{request_field} is above {limit_field} in '{}'", component.name);
                let diagnostic = self.error(Rule::RequestAboveLimit, &place(request_field), message);
                diagnostic.related(there, "the limit is here");
            }
        }
    }

    fn volume(&mut self, index: usize, volume: &Volume) {
        let path = ["components".into(), index.into(), "volume".into(), "size".into()];
        self.quantity(volume.size.as_deref(), &path, "size");
    }

    fn quantity(&mut self, text: Option<&str>, path: &[Step<'_>], field: &str) -> Option<Quantity> {
        let text = text.filter(|text| !text.is_empty())?;
        match text.parse() {
            Ok(quantity) => Some(quantity),
            Err(error) => {
                let shown: String = text.chars().take(40).collect();
                let diagnostic =
                    self.error(Rule::Quantity, path, format!("{field} '{shown}' is not a quantity: {error}"));
                if let Some(fix) = quantity_fix(text) {
                    diagnostic.fix(fix);
                }
                None
            }
        }
    }

    fn endpoints<'a>(&mut self, index: usize, component: &'a Component, seen: &mut Seen<'a>) {
        let kind = component.kind.field();
        let path = |item: usize, field: &'static str| {
            ["components".into(), index.into(), kind.into(), "endpoints".into(), Step::Item(item), field.into()]
        };
        let endpoints: &'a [Endpoint] = component.endpoints();
        for (item, endpoint) in endpoints.iter().enumerate() {
            if endpoint.name.is_empty() || endpoint.target_port == 0 {
                // Said to be missing already.
                continue;
            }
            let span = self.at(&path(item, "name"));
            if let Some(first) = seen.endpoints.get(endpoint.name.as_str()) {
                let place = self.report.place(*first);
                let message = format!("two endpoints are named '{}'", endpoint.name);
                self.report.error(Rule::EndpointName, span, message).related(place, "the first is here");
            } else {
                seen.endpoints.insert(&endpoint.name, span);
            }
            // Manifests run in pods of their own, so only containers can be in each other's way.
            if component.container().is_none() {
                continue;
            }
            let span = self.at(&path(item, "targetPort"));
            match seen.ports.get(&endpoint.target_port) {
                Some((owner, first)) if *owner != index => {
                    let place = self.report.place(*first);
                    let message = format!("two containers have an endpoint on port {}", endpoint.target_port);
                    self.report.error(Rule::EndpointPort, span, message).related(place, "the first is here");
                }
                Some(_) => {}
                None => {
                    seen.ports.insert(endpoint.target_port, (index, span));
                }
            }
        }
    }

    /// Containers that share a pod share its annotations.
    fn annotations<'a>(&mut self, index: usize, container: &'a Container, seen: &mut Seen<'a>) {
        let Some(annotation) = container.annotation.as_ref().filter(|_| !container.is_dedicated()) else { return };
        for (kind, values) in [("deployment", &annotation.deployment), ("service", &annotation.service)] {
            for (key, value) in values {
                let path = [
                    "components".into(),
                    index.into(),
                    "container".into(),
                    "annotation".into(),
                    kind.into(),
                    Step::Key(key),
                ];
                let span = self.at(&path);
                match seen.annotations.get(&(kind, key.as_str())) {
                    Some((first, there)) if first != value => {
                        if seen.conflicts.insert((kind, key)) {
                            let place = self.report.place(*there);
                            let message = format!("the {kind} annotation '{key}' has two values");
                            let diagnostic = self.report.error(Rule::AnnotationConflict, span, message);
                            diagnostic.related(place, "the other is here");
                        }
                    }
                    Some(_) => {}
                    None => {
                        seen.annotations.insert((kind, key), (value, span));
                    }
                }
            }
        }
    }

    fn manifests(&mut self, index: usize, kind: &str, manifests: &Manifests) {
        let Some(uri) = manifests.uri.as_deref() else { return };
        if let Some(complaint) = uri_complaint(uri) {
            let path = ["components".into(), index.into(), kind.into(), "uri".into()];
            self.error(Rule::Uri, &path, format!("not a URI: {complaint}"));
        }
    }
}

/// What is wrong with an address or a relative path.
fn uri_complaint(uri: &str) -> Option<String> {
    if uri.chars().any(char::is_control) {
        return Some("it contains control characters".to_owned());
    }
    if uri.starts_with("http://") || uri.starts_with("https://") {
        return Url::parse(uri).err().map(|error| error.to_string());
    }
    // What stands before a colon is a scheme, unless a folder comes first.
    let before = uri.split(['/', '?', '#']).next().and_then(|first| first.split_once(':')).map(|(scheme, _)| scheme);
    let scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    if before.is_some_and(|text| !scheme(text)) {
        return Some("what stands before ':' is no scheme; begin a path with './'".to_owned());
    }
    let escapes = uri.match_indices('%').all(|(at, _)| {
        let code = uri.get(at + 1..at + 3);
        code.is_some_and(|code| code.bytes().all(|b| b.is_ascii_hexdigit()))
    });
    (!escapes).then(|| "'%' is not followed by two hexadecimal digits".to_owned())
}

/// What was probably meant by a size as people write it.
fn quantity_fix(text: &str) -> Option<String> {
    let compact: String = text.chars().take(40).filter(|c| !c.is_whitespace()).collect();
    let compact = compact.replacen(',', ".", 1);
    let number = compact.trim_end_matches(|c: char| c.is_alphabetic());
    let unit = match compact.get(number.len()..)?.to_ascii_lowercase().as_str() {
        "k" | "kb" => "k",
        "ki" | "kib" => "Ki",
        "m" | "mb" => "M",
        "mi" | "mib" => "Mi",
        "g" | "gb" => "G",
        "gi" | "gib" => "Gi",
        "t" | "tb" => "T",
        "ti" | "tib" => "Ti",
        "" | "b" => "",
        _ => return None,
    };
    // What is right but for its spaces keeps its case: `500 m` of a processor are no millions.
    let meant = if compact.parse::<Quantity>().is_ok() { compact.clone() } else { format!("{number}{unit}") };
    meant.parse::<Quantity>().ok().map(|_| format!("did you mean '{meant}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        let fine =
            ["a/b.yaml", "./1:a", "a:b", "x/a_b:c", "?a:b", "http.yaml", "https://h/a", "../x", "{{x}}/y", "a%20b"];
        assert!(fine.iter().all(|uri| uri_complaint(uri).is_none()));
        let bad = ["1:a", ":a", "a_b:c", "http://", "https://[", "a%2", "a%zz", "a\u{7}"];
        assert!(bad.iter().all(|uri| uri_complaint(uri).is_some()), "{bad:?}");
    }

    #[test]
    fn sizes_as_people_write_them() {
        let table = [
            ("1GB", Some("1G")),
            ("1 Gi", Some("1Gi")),
            ("500 m", Some("500m")),
            ("512mb", Some("512M")),
            ("1,5", Some("1.5")),
            ("much", None),
        ];
        for (text, meant) in table {
            assert_eq!(quantity_fix(text), meant.map(|meant| format!("did you mean '{meant}'?")), "{text}");
        }
    }
}
