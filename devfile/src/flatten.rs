//! Bringing in parents and plugins: fetch, override, merge, until there is one devfile.

mod fetch;
pub(crate) mod manifests;
mod merge;
pub(crate) mod overlay;
mod provenance;

use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::limits::Limits;
use crate::model::import::{ImportReference, Plugin};
use crate::node::{Map, Node, Value, de};
use crate::resolve::Resolver;
use crate::schema::{Dialect, Mode};
use merge::Import;

/// The lists of a devfile that imports bring elements to, with the field that elements are known by.
pub(crate) const LISTS: [(&str, &str); 5] = [
    ("components", "name"),
    ("commands", "id"),
    ("projects", "name"),
    ("starterProjects", "name"),
    ("dependentProjects", "name"),
];

/// Brings in what a devfile imports. `name` is where it was read from.
pub(crate) fn flatten(
    tree: Node,
    dialect: Dialect,
    name: &str,
    resolver: &dyn Resolver,
    limits: &Limits,
    report: &mut Report,
) -> Option<Node> {
    let chain = vec![Link { identity: format!("uri: {name}"), shown: name.to_owned() }];
    let mut flattener = Flattener { resolver, left: limits.clone(), report: &mut *report, chain };
    let imports = tree.get("parent").is_some() || tree.get("components").is_some_and(has_plugins);
    let main = Content { tree, dialect, base: name.to_owned(), reference: ImportReference::default() };
    let flat = flattener.content(main)?;
    if imports {
        whole(&flat, dialect, report);
    }
    Some(flat)
}

/// Overrides may leave out what an element needs, where they turn it into another kind: then nobody has said it.
fn whole(flat: &Node, dialect: Dialect, report: &mut Report) {
    let mut probe = report.clone();
    crate::schema::check(&mut flat.clone(), dialect, &mut probe);
    report.adopt(probe, &[Rule::MissingField]);
}

/// One document that is being flattened.
struct Content {
    tree: Node,
    dialect: Dialect,
    /// What relative references in it are relative to.
    base: String,
    /// How it was referred to; empty for the devfile itself.
    reference: ImportReference,
}

struct Flattener<'a> {
    resolver: &'a dyn Resolver,
    /// What may still be used up.
    left: Limits,
    report: &'a mut Report,
    /// From the devfile itself to the document in hand.
    chain: Vec<Link>,
}

/// A document on the way from the devfile to an import.
struct Link {
    /// Equal for equal documents.
    identity: String,
    /// For messages.
    shown: String,
}

impl Flattener<'_> {
    /// Flattens one document, with a depth that the limits bound.
    fn content(&mut self, mut main: Content) -> Option<Node> {
        let before = self.report.errors();
        let parent = main.tree.as_map_mut().and_then(|map| map.shift_remove("parent"));
        let mut imports = Vec::new();
        let mut missing = false;
        if let Some(parent) = parent {
            let tree = self.import(&parent.node, &main, Mode::ParentOverride, "parent");
            missing |= tree.is_none();
            imports.extend(tree.map(|tree| Import { tree, plugin: None }));
        }
        for (name, plugin) in plugins(&main.tree) {
            let tree = self.import(&plugin, &main, Mode::PluginOverride, &format!("plugin '{name}'"));
            missing |= tree.is_none();
            imports.extend(tree.map(|tree| Import { tree, plugin: Some(name) }));
        }
        if missing {
            return None;
        }
        // Where only overrides were wrong, what the documents both define is told too.
        let merged = merge::merge(main.tree, imports, self.report);
        (self.report.errors() == before).then_some(merged)
    }

    /// Fetches, flattens and overrides one import.
    fn import(&mut self, node: &Node, by: &Content, mode: Mode, what: &str) -> Option<Node> {
        let plugin: Plugin = match de::from_node(node) {
            Ok(plugin) => plugin,
            Err(error) => {
                self.report.error(Rule::Type, error.span.unwrap_or(node.span), error.message);
                return None;
            }
        };
        let fetched = self.fetch(node, &plugin.reference, by, what)?;
        let (imported, link) = (fetched.content, fetched.link);
        if let (Dialect::Devfile(mine), Dialect::Devfile(theirs)) = (by.dialect, imported.dialect)
            && theirs > mine
        {
            let message = format!("the {what} has schemaVersion {theirs}, later than {mine} here");
            let fix = format!("set schemaVersion: {theirs}");
            self.report.error(Rule::ImportVersion, reference_span(node), message).fix(fix);
            return None;
        }
        self.chain.push(link);
        let flat = self.content(imported);
        self.chain.pop();
        let mut flat = flat?;
        provenance::mark(&mut flat, provenance::IMPORTED, &plugin.reference.to_string(), reference_span(node));
        self.overridden(flat, node, by, mode, what)
    }

    /// Applies the overrides that stand beside the reference.
    fn overridden(&mut self, flat: Node, node: &Node, by: &Content, mode: Mode, what: &str) -> Option<Node> {
        let fields: &[&str] = match mode {
            Mode::PluginOverride => &["components", "commands"],
            _ => &[
                "variables",
                "attributes",
                "components",
                "commands",
                "projects",
                "starterProjects",
                "dependentProjects",
            ],
        };
        let overrides: Map = node
            .as_map()?
            .iter()
            .filter(|(key, entry)| fields.contains(&&***key) && !entry.node.is_null())
            .map(|(key, entry)| (key.clone(), entry.clone()))
            .collect();
        let mut overrides = Node::new(node.span, Value::Map(overrides));
        if !overlay::only_existing(&flat, &overrides, what, self.report) {
            return Some(flat);
        }
        let key = if mode == Mode::PluginOverride { provenance::PLUGIN_OVERRIDE } else { provenance::PARENT_OVERRIDE };
        let reference = by.reference.to_string();
        provenance::mark(&mut overrides, key, &reference, node.span);
        Some(overlay::apply(flat, overrides))
    }
}

/// Whether a list of components has plugins.
pub(crate) fn has_plugins(components: &Node) -> bool {
    components.items().iter().any(|component| component.get("plugin").is_some())
}

/// The plugin components of a document, with their names.
fn plugins(tree: &Node) -> Vec<(String, Node)> {
    let components = tree.get("components").map(Node::items).unwrap_or_default();
    let named = components.iter().filter_map(|component| {
        let name = component.get("name").and_then(Node::as_text).unwrap_or_default();
        Some((name.to_owned(), component.get("plugin")?.clone()))
    });
    named.collect()
}

/// Where the reference itself stands.
fn reference_span(node: &Node) -> crate::source::Span {
    let of = |key| node.get(key).map(|node: &Node| node.span);
    of("uri").or_else(|| of("id")).or_else(|| of("kubernetes")).unwrap_or(node.span)
}

/// Steps of flattening by themselves, for the published cases.
#[cfg(test)]
pub(crate) fn merge_contents(main: Node, imports: Vec<(Node, Option<String>)>, report: &mut Report) -> Node {
    let imports = imports.into_iter().map(|(tree, plugin)| Import { tree, plugin }).collect();
    merge::merge(main, imports, report)
}

#[cfg(test)]
pub(crate) fn override_contents(original: Node, patch: Node, report: &mut Report) -> Option<Node> {
    overlay::only_existing(&original, &patch, "parent", report).then(|| overlay::apply(original, patch))
}

#[cfg(test)]
pub(crate) fn plugins_of(tree: &Node) -> Vec<String> {
    plugins(tree).into_iter().map(|(name, _)| name).collect()
}
