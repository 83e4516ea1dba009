//! Where variables are substituted: these fields and no others.

use super::Substitution;
use crate::node::{Entry, Map, Node, Value};

impl Substitution<'_> {
    pub(super) fn tree(&mut self, tree: &mut Node) {
        self.each(tree, "components", "name", Self::component);
        self.each(tree, "commands", "id", Self::command);
        self.each(tree, "projects", "name", |s, project| {
            s.field(project, "clonePath");
            s.source(project);
        });
        self.each(tree, "starterProjects", "name", |s, project| {
            s.fields(project, &["description", "subDir"]);
            s.source(project);
        });
        self.each(tree, "dependentProjects", "name", |s, project| {
            s.field(project, "clonePath");
            s.source(project);
        });
    }

    /// Each element of a list, known by name while it is in hand.
    fn each(&mut self, tree: &mut Node, list: &'static str, key: &str, mut act: impl FnMut(&mut Self, &mut Node)) {
        self.items(tree, list, |s, element| {
            let name = element.get(key).and_then(Node::as_text).unwrap_or_default().to_owned();
            s.element = (list, name);
            act(s, element);
        });
    }

    pub(super) fn component(&mut self, component: &mut Node) {
        self.within(component, "container", |s, container| {
            s.fields(container, &["image", "memoryLimit", "memoryRequest", "sourceMapping"]);
            s.texts(container, "command");
            s.texts(container, "args");
            s.env(container);
            s.items(container, "volumeMounts", |s, mount| s.field(mount, "path"));
            s.endpoints(container);
        });
        for manifests in ["kubernetes", "openshift"] {
            self.within(component, manifests, |s, manifests| {
                s.fields(manifests, &["uri", "inlined"]);
                s.endpoints(manifests);
            });
        }
        self.within(component, "image", |s, image| {
            s.field(image, "imageName");
            s.within(image, "dockerfile", Self::dockerfile);
        });
        self.within(component, "volume", |s, volume| s.field(volume, "size"));
    }

    fn dockerfile(&mut self, dockerfile: &mut Node) {
        self.fields(dockerfile, &["uri", "buildContext"]);
        self.within(dockerfile, "git", |s, git| {
            s.field(git, "fileLocation");
            s.git(git);
        });
        self.within(dockerfile, "devfileRegistry", |s, registry| s.fields(registry, &["id", "registryUrl"]));
        self.texts(dockerfile, "args");
    }

    pub(super) fn command(&mut self, command: &mut Node) {
        self.within(command, "exec", |s, exec| {
            s.fields(exec, &["commandLine", "workingDir", "label"]);
            s.env(exec);
        });
        self.within(command, "composite", |s, composite| s.field(composite, "label"));
        self.within(command, "apply", |s, apply| s.field(apply, "label"));
    }

    fn source(&mut self, project: &mut Node) {
        self.within(project, "zip", |s, zip| s.field(zip, "location"));
        self.within(project, "git", Self::git);
    }

    fn git(&mut self, git: &mut Node) {
        self.within(git, "checkoutFrom", |s, from| s.fields(from, &["revision", "remote"]));
        self.within(git, "remotes", |s, remotes| {
            let Some(map) = remotes.as_map_mut() else { return };
            // The names of remotes are substituted too.
            let renamed: Map = std::mem::take(map)
                .into_iter()
                .map(|(name, mut entry): (_, Entry)| {
                    s.text(&mut entry.node);
                    (s.replaced(&name, entry.key).map_or(name, Into::into), entry)
                })
                .collect();
            *map = renamed;
        });
    }

    fn env(&mut self, node: &mut Node) {
        self.items(node, "env", |s, variable| s.fields(variable, &["name", "value"]));
    }

    fn endpoints(&mut self, node: &mut Node) {
        self.items(node, "endpoints", |s, endpoint| s.field(endpoint, "path"));
    }

    fn field(&mut self, node: &mut Node, field: &str) {
        self.within(node, field, Self::text);
    }

    fn fields(&mut self, node: &mut Node, fields: &[&str]) {
        for field in fields {
            self.field(node, field);
        }
    }

    fn texts(&mut self, node: &mut Node, field: &str) {
        self.items(node, field, Self::text);
    }

    fn items(&mut self, node: &mut Node, field: &str, mut act: impl FnMut(&mut Self, &mut Node)) {
        self.within(node, field, |s, list| {
            if let Value::List(items) = &mut list.value {
                items.iter_mut().for_each(|item| act(s, item));
            }
        });
    }

    fn within(&mut self, node: &mut Node, field: &str, act: impl FnOnce(&mut Self, &mut Node)) {
        if let Some(entry) = node.as_map_mut().and_then(|map| map.get_mut(field)) {
            act(self, &mut entry.node);
        }
    }
}
