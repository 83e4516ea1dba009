//! Attributes of ours that mean nothing where they stand, with their places.

use dormer_devfile::diagnostic::rule::Rule;
use dormer_devfile::diagnostic::{Diagnostic, Severity};
use dormer_devfile::node::Node;
use dormer_devfile::stage::Valid;

use crate::plan::devfile::attribute::{self, Place};

/// The most that are told of.
const MOST: usize = 100;

/// A warning for each of them.
pub fn of(valid: &Valid) -> Vec<Diagnostic> {
    let tree = valid.tree();
    let items = |field: &str| tree.get(field).map(Node::items).unwrap_or_default();
    let of_components = items("components").iter().flat_map(|component| {
        let kinds = ["container", "kubernetes", "openshift"].into_iter().filter_map(|kind| component.get(kind));
        let endpoints = kinds.filter_map(|kind| kind.get("endpoints")).flat_map(Node::items);
        std::iter::once((component, Place::Container)).chain(endpoints.map(|endpoint| (endpoint, Place::Endpoint)))
    });
    let of_commands = items("commands").iter().map(|command| (command, Place::Command));
    let holders = std::iter::once((tree, Place::Top)).chain(of_components).chain(of_commands);
    let wrong = holders.flat_map(|(holder, place)| {
        let attributes = holder.get("attributes").and_then(Node::as_map).into_iter().flatten();
        attributes.filter_map(move |(name, entry)| Some((name, entry, attribute::complaint(name, place)?)))
    });
    let told = wrong.take(MOST).map(|(name, entry, complaint)| {
        let shown: String = name.chars().take(80).collect();
        let mut warning = Diagnostic::error(Rule::UnknownField, format!("attribute '{shown}' {}", complaint.what));
        warning.severity = Severity::Warning;
        warning.place = Some(valid.sources().place(entry.key));
        warning.fix = complaint.fix;
        warning
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use dormer_devfile::resolve::NoResolver;

    use super::*;
    use crate::plan::devfile::read;

    #[test]
    fn each_with_its_place() {
        let text = "\
schemaVersion: 2.3.0
attributes: {dormer.dev/idle-timout: 5, other: 1}
components:
  - name: tools
    attributes: {dormer.dev/share: public, dormer.dev/gpu: 1}
    container:
      image: x
      endpoints: [{name: web, targetPort: 80, attributes: {dormer.dev/gpu: 1}}]
commands:
  - {id: a, attributes: {dormer.dev/twice: true}, exec: {component: tools, commandLine: x}}
";
        let valid = read("devfile.yaml", text, &NoResolver).unwrap();
        let said: Vec<String> = of(&valid).iter().map(ToString::to_string).collect();
        let starts = [
            "devfile.yaml:2:14: warning: attribute 'dormer.dev/idle-timout' is not known [unknown-field]",
            "devfile.yaml:5:18: warning: attribute 'dormer.dev/share' means nothing there [unknown-field]",
            "devfile.yaml:8:60: warning: attribute 'dormer.dev/gpu' means nothing there [unknown-field]",
            "devfile.yaml:10:26: warning: attribute 'dormer.dev/twice' is not known [unknown-field]",
        ];
        assert_eq!(said.len(), starts.len(), "{said:#?}");
        for (said, start) in said.iter().zip(starts) {
            assert!(said.starts_with(start), "{said}");
        }
        assert!(said[0].ends_with("= did you mean 'dormer.dev/idle-timeout'?"), "{}", said[0]);
        assert!(said[1].ends_with("= it is of an endpoint"), "{}", said[1]);
    }
}
