//! Which containers a workspace has, and how each is run.

use dormer_core::plan::{Container, Plan, Role, Run};

/// How a container is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// An agent is its first process, and runs the command that the devfile says as its child.
    Agent,
    /// It runs as its image and the devfile's arguments say, which nobody else can; an agent is put beside that.
    Beside,
    /// It runs as its image and the devfile say, and nothing else: in a pod of its own.
    Alone,
    /// It runs to its end before the others.
    Init,
}

/// A container of a pod.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// As planned.
    pub container: &'a Container,
    /// Its name in the pod.
    pub name: &'a str,
    /// How it is run.
    pub way: Way,
    /// Whether people work in it: its agent is the workspace's.
    pub main: bool,
}

impl Part<'_> {
    /// Whether an agent is in it.
    pub fn has_agent(&self) -> bool {
        matches!(self.way, Way::Agent | Way::Beside)
    }

    /// Whether it is in a pod of its own.
    pub fn is_dedicated(&self) -> bool {
        self.way == Way::Alone
    }
}

/// The containers of a plan: first those that run to their end, in order, then the others.
pub fn of<'a>(plan: &'a Plan, notes: &mut Vec<String>) -> Vec<Part<'a>> {
    let find = |name: &str| plan.containers.iter().find(|container| container.name == name);
    let mut parts: Vec<Part<'a>> = plan
        .init
        .iter()
        .filter_map(|init| {
            Some(Part { container: find(&init.container)?, name: &init.name, way: Way::Init, main: false })
        })
        .collect();
    for container in &plan.containers {
        let runs_here = plan.commands.iter().any(|command| match &command.run {
            Run::Exec { component, .. } => *component == container.name,
            _ => false,
        });
        let main = container.name == plan.main;
        let way = match container.role {
            // What is left out after the end, `left_out` says.
            Role::Init | Role::AfterStop if !main => continue,
            _ if container.dedicated && !main => {
                if runs_here {
                    let name = &container.name;
                    notes.push(format!("commands cannot run in '{name}', which has a pod of its own"));
                }
                Way::Alone
            }
            _ if container.command.is_some() => Way::Agent,
            // Who says nothing at all of a container that commands run in, or that people work in, wants it to stay.
            _ if container.args.is_none() && !main && !runs_here => Way::Beside,
            _ if only_stays(container) => Way::Agent,
            _ => Way::Beside,
        };
        parts.push(Part { container, name: &container.name, way, main });
    }
    parts
}

/// Whether a container says nothing of what it runs, or something that does nothing for ever.
fn only_stays(container: &Container) -> bool {
    let words: Vec<&str> = [&container.command, &container.args]
        .into_iter()
        .flatten()
        .flatten()
        .flat_map(|word| word.split_whitespace())
        .filter(|word| !matches!(*word, "-c" | "exec" | "sh" | "bash" | "/bin/sh" | "/bin/bash"))
        .collect();
    matches!(words.as_slice(), [] | ["tail", "-f", "/dev/null"] | ["sleep", "infinity"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::plan::Command;

    fn list(words: &[&str]) -> Option<Vec<String>> {
        (!words.is_empty()).then(|| words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn how_containers_are_run() {
        const TAIL: &[&str] = &["tail", "-f", "/dev/null"];
        // Whether it is the main one and whether commands run in it, its command, its arguments.
        for (main, used, command, args, way) in [
            (true, false, &[][..], &[][..], Way::Agent),
            (true, false, &[], TAIL, Way::Agent),
            (true, false, &["/bin/sh", "-c"], &["tail -f /dev/null"], Way::Agent),
            (true, false, &[], &["daemon", "--port", "1"], Way::Beside),
            (false, true, &[], &[], Way::Agent),
            (false, false, &[], TAIL, Way::Agent),
            // A database: its image knows what it runs.
            (false, false, &[], &[], Way::Beside),
            (false, true, &[], &["--verbose"], Way::Beside),
            (false, false, &["nginx"], &["-g", "daemon off;"], Way::Agent),
        ] {
            let container = |name: &str| Container { name: name.into(), ..Container::default() };
            let mut plan =
                Plan { main: "main".into(), containers: vec![container("main"), container("side")], ..Plan::default() };
            let index = usize::from(!main);
            plan.containers[index].command = list(command);
            plan.containers[index].args = list(args);
            let component = plan.containers[index].name.clone();
            if used {
                let run = Run::Exec { component, line: "x".into(), working_dir: None, env: Vec::new() };
                plan.commands.push(Command { id: "x".into(), label: None, group: None, run, once: false });
            }
            let parts = of(&plan, &mut Vec::new());
            assert_eq!(parts[index].way, way, "{main} {used} {command:?} {args:?}");
        }
    }
}
