//! What runs before the containers and after them.

use std::collections::{HashMap, HashSet};

use dormer_devfile::model::Devfile;
use dormer_devfile::model::command::{Command, CommandKind};

use crate::plan::{Init, Role};

/// The longest part of an init container's name before its position, as in the reference library.
const LONGEST: usize = 55;

/// The commands of a devfile by id. References to them ignore case.
#[derive(Debug)]
pub struct Commands<'a>(HashMap<String, &'a Command>);

impl<'a> Commands<'a> {
    /// Of a devfile.
    pub fn of(devfile: &'a Devfile) -> Self {
        // Of two with one id the first counts.
        Self(devfile.commands.iter().rev().map(|command| (command.id.to_ascii_lowercase(), command)).collect())
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&'a Command> {
        self.0.get(&id.to_ascii_lowercase()).copied()
    }

    /// An id as the command itself says it.
    pub fn id(&self, id: &str) -> String {
        self.get(id).map_or_else(|| id.to_owned(), |command| command.id.clone())
    }
}

/// The commands that a list of ids comes down to, in order: composites are opened, one that stands twice is there twice.
fn leaves<'a>(commands: &Commands<'a>, ids: &'a [String]) -> Vec<&'a Command> {
    let mut found = Vec::new();
    // The path from an event to a command: a composite in itself is not opened again. Validation has refused it, and
    // this does not rely on that; nor on composites that double and double.
    let mut open: Vec<(&str, usize)> = ids.iter().rev().map(|id| (id.as_str(), 0)).collect();
    let mut steps = 0;
    while let Some((id, depth)) = open.pop() {
        steps += 1;
        let Some(command) = commands.get(id).filter(|_| depth < 32 && steps < 10_000) else { continue };
        match &command.kind {
            CommandKind::Composite(composite) => {
                open.extend(composite.commands.iter().rev().map(|id| (id.as_str(), depth + 1)));
            }
            _ => found.push(command),
        }
    }
    found
}

fn applied(command: &Command) -> Option<&str> {
    match &command.kind {
        CommandKind::Apply(apply) => Some(&apply.component),
        _ => None,
    }
}

/// When each container runs, and the init containers in order.
#[derive(Debug, Default)]
pub struct Schedule {
    /// The init containers.
    pub init: Vec<Init>,
    /// Components that `preStart` commands apply, containers or not.
    pub before: HashSet<String>,
    after: HashSet<String>,
    used: HashSet<String>,
}

impl Schedule {
    /// Of a devfile.
    pub fn of(devfile: &Devfile, commands: &Commands<'_>) -> Self {
        let Some(events) = &devfile.events else { return Schedule::default() };
        let mut schedule = Schedule::default();
        let containers: HashSet<&str> = devfile
            .components
            .iter()
            .filter(|component| component.container().is_some())
            .map(|component| component.name.as_str())
            .collect();
        for (position, command) in leaves(commands, &events.pre_start).into_iter().enumerate() {
            let Some(component) = applied(command) else { continue };
            schedule.before.insert(component.to_string());
            if containers.contains(component) {
                let name: String = format!("{component}-{}", command.id).chars().take(LONGEST).collect();
                schedule.init.push(Init {
                    name: format!("{name}-{}", position + 1),
                    container: component.to_string(),
                    command: command.id.clone(),
                });
            }
        }
        schedule.after =
            leaves(commands, &events.post_stop).into_iter().filter_map(applied).map(str::to_owned).collect();
        schedule.used = devfile
            .commands
            .iter()
            .filter_map(|command| match &command.kind {
                CommandKind::Exec(exec) => Some(exec.component.clone()),
                _ => None,
            })
            .collect();
        schedule
    }

    /// When a container runs. One that commands run in is needed as long as the workspace, whatever else it is.
    pub fn role(&self, container: &str) -> Role {
        if self.used.contains(container) {
            Role::Main
        } else if self.before.contains(container) {
            Role::Init
        } else if self.after.contains(container) {
            Role::AfterStop
        } else {
            Role::Main
        }
    }
}
