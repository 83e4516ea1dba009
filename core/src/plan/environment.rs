//! The variables of a container, in the order in which they are set.

use crate::plan::{Container, EnvVar, Plan};

/// Where projects are.
pub const PROJECTS_ROOT: &str = "PROJECTS_ROOT";
/// Where the project is that the workspace is about.
pub const PROJECT_SOURCE: &str = "PROJECT_SOURCE";

impl Plan {
    /// What a container's processes get: its own variables, then `PROJECTS_ROOT` and `PROJECT_SOURCE` where it has the
    /// projects, then those of all containers. It is the reference's order; since a variable can only refer to those
    /// before it, references to the two folders are resolved here already. `root` is where the projects are in it.
    pub fn environment(&self, container: &Container, root: &str) -> Vec<EnvVar> {
        let source = match self.working_dir.as_str() {
            "" => root.to_string(),
            folder => joined(root, folder),
        };
        let folders = [(PROJECTS_ROOT, root), (PROJECT_SOURCE, source.as_str())];
        let folders = if container.mount_sources { folders.as_slice() } else { &[] };
        let own = container
            .env
            .iter()
            .map(|variable| EnvVar { name: variable.name.clone(), value: resolve(&variable.value, folders) });
        let set = folders.iter().map(|(name, value)| EnvVar { name: (*name).into(), value: (*value).to_string() });
        own.chain(set).chain(self.env.iter().cloned()).collect()
    }
}

/// A folder below another, without the parts that lead nowhere.
fn joined(root: &str, folder: &str) -> String {
    let parts = root.split('/').chain(folder.split('/')).filter(|part| !matches!(*part, "" | "."));
    let joined = parts.collect::<Vec<&str>>().join("/");
    if root.starts_with('/') { format!("/{joined}") } else { joined }
}

/// Replaces `$(NAME)` by the value of a known name; `$$` is an escaped `$` and stays as it is.
fn resolve(text: &str, known: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let hit = known.iter().find_map(|(name, value)| {
            let after = from.strip_prefix("$(")?.strip_prefix(name)?.strip_prefix(')')?;
            Some((*value, after))
        });
        let escaped = if from.starts_with("$$") { 2 } else { 1 };
        match hit {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                let (dollars, after) = from.split_at(escaped);
                out.push_str(dollars);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_the_folders_are_resolved_and_escapes_stay() {
        let known = [("PROJECTS_ROOT", "/p"), ("PROJECT_SOURCE", "/p/a")];
        for (text, expected) in [
            ("$(PROJECT_SOURCE)/bin:$(PATH)", "/p/a/bin:$(PATH)"),
            ("$$(PROJECTS_ROOT)", "$$(PROJECTS_ROOT)"),
            ("$$$(PROJECTS_ROOT)", "$$/p"),
            ("${PROJECT_SOURCE} $(PROJECT", "${PROJECT_SOURCE} $(PROJECT"),
            ("$", "$"),
            ("a$é", "a$é"),
        ] {
            assert_eq!(resolve(text, &known), expected, "{text}");
        }
    }

    #[test]
    fn the_order_is_the_reference_s() {
        let variable = |name: &str, value: &str| EnvVar { name: name.into(), value: value.into() };
        let mut container =
            Container { env: vec![variable("A", "$(PROJECT_SOURCE)/x")], mount_sources: true, ..Container::default() };
        let plan = Plan { working_dir: "app".into(), env: vec![variable("ALL", "1")], ..Plan::default() };
        let all = plan.environment(&container, "/projects");
        let expected = [
            ("A", "/projects/app/x"),
            ("PROJECTS_ROOT", "/projects"),
            ("PROJECT_SOURCE", "/projects/app"),
            ("ALL", "1"),
        ];
        assert_eq!(all, expected.map(|(name, value)| variable(name, value)));
        container.mount_sources = false;
        let without = plan.environment(&container, "/projects");
        assert_eq!(without, [variable("A", "$(PROJECT_SOURCE)/x"), variable("ALL", "1")]);
    }
}
