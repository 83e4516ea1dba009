//! Events: commands that exist, of a kind that the moment allows.

use super::commands::ids;
use super::{Check, suggest};
use crate::diagnostic::rule::Rule;
use crate::model::command::{Command, CommandKind};

impl Check<'_> {
    pub(super) fn events(&mut self) {
        let devfile = self.devfile;
        let Some(events) = &devfile.events else { return };
        let ids = ids(&devfile.commands);
        let command = |id: &str| devfile.commands.get(*ids.get(&id.to_lowercase())?);
        let moments = [
            ("preStart", &events.pre_start, "apply"),
            ("postStart", &events.post_start, "exec"),
            ("preStop", &events.pre_stop, "exec"),
            ("postStop", &events.post_stop, "apply"),
        ];
        for (moment, names, kind) in moments {
            for (item, id) in names.iter().enumerate() {
                let path = ["events".into(), moment.into(), item.into()];
                match command(id) {
                    None => {
                        let message = format!("there is no command '{id}' for {moment}");
                        let diagnostic = self.error(Rule::EventUnknown, &path, message);
                        suggest(diagnostic, id, devfile.commands.iter().map(|command| command.id.as_str()));
                    }
                    Some(found) => {
                        if let Some(culprit) = misfit(found, kind, &command) {
                            let message = format!(
                                "{moment} runs {kind} commands, alone or in a composite; '{culprit}' is another kind"
                            );
                            self.error(Rule::EventKind, &path, message);
                        }
                    }
                }
            }
        }
    }
}

/// The command that is not of the kind: the one itself, or one that it is composed of.
fn misfit<'a>(command: &'a Command, kind: &str, find: &impl Fn(&str) -> Option<&'a Command>) -> Option<&'a str> {
    match &command.kind {
        CommandKind::Composite(composite) => {
            let parts = composite.commands.iter().filter_map(|id| find(id));
            parts.filter(|part| part.kind.field() != kind).map(|part| part.id.as_str()).next()
        }
        other if other.field() == kind => None,
        _ => Some(&command.id),
    }
}
