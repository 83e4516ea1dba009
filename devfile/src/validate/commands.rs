//! Commands: what they run on, what they are made of, which are the defaults.

use super::{Check, suggest};
use crate::diagnostic::Severity;
use crate::diagnostic::rule::Rule;
use crate::model::command::{Command, CommandKind};
use crate::model::component::{Component, ComponentKind};
use crate::node::Step;
use std::collections::{BTreeMap, HashMap};

/// How far the search for circles is with a command.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

impl Check<'_> {
    pub(super) fn commands(&mut self) {
        let devfile = self.devfile;
        let names = devfile.commands.iter().map(|command| command.id.as_str());
        self.unique(Severity::Error, ("commands", "id"), "commands", names);
        // Of two components with one name the first counts; the second is reported anyway.
        let mut components: HashMap<&str, &Component> = HashMap::new();
        for component in &devfile.components {
            components.entry(&component.name).or_insert(component);
        }
        let ids = ids(&devfile.commands);
        for (index, command) in devfile.commands.iter().enumerate() {
            let path =
                |field: &'static str| ["commands".into(), index.into(), command.kind.field().into(), Step::Key(field)];
            match &command.kind {
                CommandKind::Exec(exec) => {
                    let fits = |kind: &ComponentKind| matches!(kind, ComponentKind::Container(_));
                    self.target(command, &exec.component, &components, fits, "a container", &path("component"));
                }
                CommandKind::Apply(apply) => {
                    let fits = |kind: &ComponentKind| {
                        use ComponentKind::{Container, Image, Kubernetes, Openshift};
                        matches!(kind, Container(_) | Image(_) | Kubernetes(_) | Openshift(_))
                    };
                    let what = "a container, an image, or kubernetes or openshift manifests";
                    self.target(command, &apply.component, &components, fits, what, &path("component"));
                }
                CommandKind::Composite(composite) => {
                    for (item, id) in composite.commands.iter().enumerate() {
                        if !ids.contains_key(&id.to_lowercase()) {
                            let path =
                                ["commands".into(), index.into(), "composite".into(), "commands".into(), item.into()];
                            let message = format!("there is no command '{id}' for '{}' to run", command.id);
                            let diagnostic = self.error(Rule::CompositeUnknown, &path, message);
                            suggest(diagnostic, id, devfile.commands.iter().map(|command| command.id.as_str()));
                        }
                    }
                }
                CommandKind::Custom(_) | CommandKind::VscodeTask(_) | CommandKind::VscodeLaunch(_) => {
                    let kind = command.kind.field();
                    let path = ["commands".into(), index.into(), "id".into()];
                    let message = format!("nothing can run '{}': it is a {kind} command", command.id);
                    self.error(Rule::CommandKind, &path, message).fix("use exec, apply or composite");
                }
            }
        }
        self.circles(&ids);
        self.defaults();
    }

    fn target(
        &mut self,
        command: &Command,
        component: &str,
        components: &HashMap<&str, &Component>,
        fits: impl Fn(&ComponentKind) -> bool,
        what: &str,
        path: &[Step<'_>],
    ) {
        match components.get(component) {
            // Said to be missing already.
            None if component.is_empty() => {}
            Some(found) if fits(&found.kind) => {}
            Some(found) => {
                let field = command.kind.field();
                let message = format!("'{component}' is of kind {}; {field} needs {what}", found.kind.field());
                self.error(Rule::CommandComponent, path, message);
            }
            None => {
                let message = format!("there is no component '{component}' for '{}' to run on", command.id);
                let diagnostic = self.error(Rule::CommandComponent, path, message);
                let known = components.values().filter(|found| fits(&found.kind));
                suggest(diagnostic, component, known.map(|found| found.name.as_str()));
            }
        }
    }

    /// Composite commands that contain themselves, each circle once. With a stack of our own: chains may be long.
    fn circles(&mut self, ids: &HashMap<String, usize>) {
        let devfile = self.devfile;
        let commands = &devfile.commands;
        let parts = |index: usize| match commands.get(index).map(|command| &command.kind) {
            Some(CommandKind::Composite(composite)) => composite.commands.as_slice(),
            _ => &[],
        };
        let mut marks = vec![Mark::New; commands.len()];
        for start in 0..commands.len() {
            if marks.get(start) != Some(&Mark::New) {
                continue;
            }
            let mut stack = vec![(start, 0)];
            while let Some((index, part)) = stack.pop() {
                if part == 0 {
                    set(&mut marks, index, Mark::Open);
                }
                let Some(id) = parts(index).get(part) else {
                    set(&mut marks, index, Mark::Done);
                    continue;
                };
                stack.push((index, part + 1));
                let Some(next) = ids.get(&id.to_lowercase()).copied() else { continue };
                match marks.get(next) {
                    Some(Mark::New) => stack.push((next, 0)),
                    Some(Mark::Open) => {
                        let names = self.circle(&stack, next);
                        let path =
                            ["commands".into(), index.into(), "composite".into(), "commands".into(), part.into()];
                        let message = format!("a composite command contains itself: {names} -> {id}");
                        self.error(Rule::CompositeCycle, &path, message);
                    }
                    _ => {}
                }
            }
        }
    }

    /// The commands of a circle, as far as they are shown.
    fn circle(&self, stack: &[(usize, usize)], from: usize) -> String {
        if self.report.is_full() {
            return String::new();
        }
        let inside = stack.iter().skip_while(|(index, _)| *index != from);
        let names = inside.filter_map(|(index, _)| Some(self.devfile.commands.get(*index)?.id.as_str()));
        let shown: Vec<&str> = names.take(20).collect();
        shown.join(" -> ")
    }

    /// A group of several commands has exactly one default.
    fn defaults(&mut self) {
        let devfile = self.devfile;
        let mut groups: BTreeMap<_, Vec<(usize, &Command, bool)>> = BTreeMap::new();
        for (index, command) in devfile.commands.iter().enumerate() {
            if let Some(group) = command.group() {
                groups.entry(group.kind).or_default().push((index, command, group.is_default()));
            }
        }
        for (kind, members) in groups.iter().filter(|(_, members)| members.len() > 1) {
            let place = |index: usize, field: &'static str, command: &Command| {
                self.at(&["commands".into(), index.into(), command.kind.field().into(), "group".into(), field.into()])
            };
            let mut defaults = members.iter().filter(|(.., default)| *default);
            let kind = kind.as_str();
            match (defaults.next(), members.first()) {
                (None, Some((index, command, _))) => {
                    let span = place(*index, "kind", command);
                    let names: Vec<&str> = members.iter().take(20).map(|(_, command, _)| command.id.as_str()).collect();
                    let message =
                        format!("none of the commands of group '{kind}' is the default: {}", names.join(", "));
                    self.report.error(Rule::GroupDefault, span, message).fix("give one of them isDefault: true");
                }
                (Some((first, command, _)), _) => {
                    let first = place(*first, "isDefault", command);
                    let others: Vec<_> = defaults
                        .map(|(index, command, _)| (place(*index, "isDefault", command), &command.id))
                        .collect();
                    for (span, id) in others {
                        let there = self.report.place(first);
                        let message = format!("group '{kind}' has a second default command: '{id}'");
                        self.report.error(Rule::GroupDefault, span, message).related(there, "the first is here");
                    }
                }
                (None, None) => {}
            }
        }
    }
}

fn set(marks: &mut [Mark], index: usize, mark: Mark) {
    if let Some(there) = marks.get_mut(index) {
        *there = mark;
    }
}

/// Where each command is. References ignore case; of two equal ids the last counts, as in the reference.
pub(super) fn ids(commands: &[Command]) -> HashMap<String, usize> {
    commands.iter().enumerate().map(|(index, command)| (command.id.to_lowercase(), index)).collect()
}
