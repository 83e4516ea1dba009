//! The rules that go beyond the form of single fields: names, references, quantities.

mod commands;
mod components;
mod events;
mod overrides;
mod projects;

use crate::diagnostic::rule::Rule;
use crate::diagnostic::{Diagnostic, Report, Severity, similar};
use crate::model::Devfile;
use crate::node::{Node, Step};
use crate::source::Span;
use std::collections::HashMap;

/// Holds a flattened, substituted devfile against every rule.
pub(crate) fn validate(devfile: &Devfile, tree: &Node, report: &mut Report) {
    let mut check = Check { devfile, tree, report };
    check.components();
    check.commands();
    check.events();
    check.projects();
    check.overrides();
}

/// Only the rules for elements that need no others.
pub(crate) fn validate_alone(devfile: &Devfile, tree: &Node, report: &mut Report) {
    let mut check = Check { devfile, tree, report };
    check.components();
    check.projects();
    check.overrides();
}

struct Check<'a> {
    devfile: &'a Devfile,
    /// The tree behind the devfile: same lists, same order, with places.
    tree: &'a Node,
    report: &'a mut Report,
}

impl Check<'_> {
    fn at(&self, path: &[Step<'_>]) -> Span {
        self.tree.locate(path)
    }

    fn error(&mut self, rule: Rule, path: &[Step<'_>], message: String) -> &mut Diagnostic {
        let span = self.at(path);
        self.report.error(rule, span, message)
    }

    /// Two elements of one list may not have one name: an error where elements are referred to by name, else a warning,
    /// as the reference lets it pass.
    fn unique<'n>(
        &mut self,
        severity: Severity,
        (list, key): (&str, &str),
        what: &str,
        names: impl Iterator<Item = &'n str>,
    ) {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (index, name) in names.enumerate().filter(|(_, name)| !name.is_empty()) {
            match seen.get(name) {
                None => {
                    seen.insert(name.to_owned(), index);
                }
                Some(first) => {
                    let place = self.report.place(self.at(&[list.into(), (*first).into(), key.into()]));
                    let path = [list.into(), index.into(), key.into()];
                    let diagnostic = self.error(Rule::DuplicateName, &path, format!("two {what} are named '{name}'"));
                    diagnostic.severity = severity;
                    diagnostic.related(place, "the first is here");
                }
            }
        }
    }
}

/// "did you mean", for a reference to something that has a name.
fn suggest<'a>(diagnostic: &mut Diagnostic, name: &str, known: impl Iterator<Item = &'a str>) {
    // Beyond the limit of what is shown nobody would see it.
    if diagnostic.place.is_none() {
        return;
    }
    if let Some(near) = similar(name, known, 0.8) {
        diagnostic.fix(format!("did you mean '{near}'?"));
    }
}
