//! The steps from bytes to a devfile that can be relied on, each a type that only the step before can make.

use crate::convert;
use crate::diagnostic::rule::Rule;
use crate::diagnostic::{Diagnostics, Report};
use crate::flatten;
use crate::kind::FileKind;
use crate::limits::Limits;
use crate::model::Devfile;
use crate::node::{Entry, Map, Node, Value, de};
use crate::resolve::Resolver;
use crate::schema::{self, Dialect, Edition};
use crate::source::{Import, Sources, Span};
use crate::stranger;
use crate::validate;
use crate::variables::{self, Unknown};
use crate::write::{self, WriteError};
use crate::yaml;
use indexmap::IndexMap;

/// Values for `{{ name }}`.
pub type Variables = IndexMap<String, String>;

/// Bytes with a name: a path or an address.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    name: &'a str,
    bytes: &'a [u8],
}

/// What every later stage holds: the tree, the typed devfile, and the documents that both came from.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) report: Report,
    pub(crate) tree: Node,
    pub(crate) dialect: Dialect,
    pub(crate) devfile: Devfile,
    pub(crate) unknown: Vec<Unknown>,
}

/// A devfile in the form that its version asks for. What it refers to may not exist.
#[derive(Debug, Clone)]
pub struct Parsed(Document);

/// A devfile with its parent and plugins brought in.
#[derive(Debug, Clone)]
pub struct Flattened(Document);

/// A flattened devfile with its variables substituted.
#[derive(Debug, Clone)]
pub struct Substituted(Document);

/// A devfile that can be relied on: every rule of the specification holds.
#[derive(Debug, Clone)]
pub struct Valid(Document);

/// Reads a devfile, brings in its parent and plugins, substitutes its variables and validates it.
///
/// `name` is the path or address that it was read from: problems are reported under it, and relative references are
/// relative to it. Without variables from outside; [`Flattened::substitute`] takes those.
///
/// Of a devfile that fails in its form, the problems beyond the form are reported too where they can be told.
pub fn load(name: &str, bytes: &[u8], resolver: &dyn Resolver, limits: &Limits) -> Result<Valid, Diagnostics> {
    let form = Raw::new(name, bytes).form(None, limits);
    if form.report.has_errors() {
        return Err(form.further(limits));
    }
    let Form { mut report, tree } = form;
    // The steps at once: what they go through is typed when all is done, not three times.
    let flat = tree.and_then(|(tree, dialect)| {
        Some((flatten::flatten(tree, dialect, name, resolver, limits, &mut report)?, dialect))
    });
    let Some((mut tree, dialect)) = flat.filter(|_| !report.has_errors()) else { return Err(report.diagnostics()) };
    let unknown = replace_variables(&mut tree, dialect, &Variables::new(), limits, &mut report);
    let document = finish(Some(tree), dialect, report)?;
    Substituted(Document { unknown, ..document }).validate()
}

/// Reads a devfile, a `workspace.yaml` or a `devcontainer.json`: whichever it is, by name and content
/// ([`FileKind::of`]). The other two are read as the devfile that means the same, and what is said of them has the
/// places of the file.
pub fn load_any(name: &str, bytes: &[u8], resolver: &dyn Resolver, limits: &Limits) -> Result<Valid, Diagnostics> {
    let kind = FileKind::of(name, bytes);
    let Some(dialect) = kind.dialect() else { return load(name, bytes, resolver, limits) };
    let mut report = Report::new(limits.diagnostics);
    let Some(mut tree) = yaml::read_as(kind.syntax(), name, bytes, None, limits, &mut report) else {
        return Err(report.diagnostics());
    };
    schema::check(&mut tree, dialect, &mut report);
    let sound = !report.has_errors();
    let mut made = convert::devfile(kind, tree, &mut report);
    if made.count() > limits.nodes {
        let message = format!("what the file says makes a devfile of more than {} values", limits.nodes);
        let start = Span { end: made.span.start, ..made.span };
        report.error(Rule::Limit, start, message);
    }
    if !sound || report.has_errors() {
        return Err(report.diagnostics());
    }
    let devfile = Dialect::Devfile(Edition::LATEST);
    schema::check(&mut made, devfile, &mut report);
    Substituted(finish(Some(made), devfile, report)?).validate()
}

/// A document that was read and held against its schema, whatever came of it.
struct Form {
    report: Report,
    /// Absent if there is nothing to hold against a schema.
    tree: Option<(Node, Dialect)>,
}

impl Form {
    fn parsed(self) -> Result<Parsed, Diagnostics> {
        let Self { mut report, tree } = self;
        if report.has_errors() {
            return Err(report.diagnostics());
        }
        let decoded = tree.and_then(|(tree, dialect)| Some((decode(&tree, &mut report)?, tree, dialect)));
        match decoded {
            Some((devfile, tree, dialect)) if !report.has_errors() => {
                Ok(Parsed(Document { report, tree, dialect, devfile, unknown: Vec::new() }))
            }
            _ => Err(report.diagnostics()),
        }
    }

    /// The problems of a devfile whose form is wrong, with those beyond the form where they can be told.
    fn further(self, limits: &Limits) -> Diagnostics {
        let Self { report, tree } = self;
        let Some((mut tree, dialect)) = tree else { return report.diagnostics() };
        let imports = tree.get("parent").is_some() || tree.get("components").is_some_and(flatten::has_plugins);
        let Some(devfile) = salvage(&mut tree, &report).filter(|_| !imports) else { return report.diagnostics() };
        let document = Document { report, tree, dialect, devfile, unknown: Vec::new() };
        let Document { mut report, tree, devfile, .. } = substituted(document, &Variables::new(), limits);
        // A misspelt list is a list that is not there: what refers to it would only be noise.
        let known = |key: &str| schema::content().field(key).is_some();
        if tree.as_map().is_some_and(|map| map.keys().all(|key| known(key))) {
            validate::validate(&devfile, &tree, &mut report);
        } else {
            validate::validate_alone(&devfile, &tree, &mut report);
        }
        report.diagnostics()
    }
}

/// The most values that are taken out of a devfile.
const SALVAGED: usize = 32;

/// The typed devfile of what has the right form. Single values of another one, which have been reported, are taken out.
fn salvage(tree: &mut Node, report: &Report) -> Option<Devfile> {
    if let Ok(devfile) = de::from_node(tree) {
        return Some(devfile);
    }
    let source = tree.span.source;
    let problems = report.diagnostics();
    let wrong = problems.iter().filter(|problem| matches!(problem.rule, Rule::Type | Rule::Choice));
    for place in wrong.filter_map(|problem| problem.place.as_ref()).take(SALVAGED) {
        let end = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        tree.take_value(Span { source, start: end(place.start), end: end(place.end) });
    }
    de::from_node(tree).ok()
}

impl<'a> Raw<'a> {
    /// Names some bytes. Relative references in them are relative to the name.
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { name, bytes }
    }

    /// Reads the YAML (or JSON) and checks it against the schema of its version.
    pub fn parse(self, limits: &Limits) -> Result<Parsed, Diagnostics> {
        self.form(None, limits).parsed()
    }

    /// The same for a document of a kind that is known beforehand: overrides by themselves, say.
    pub fn parse_as(self, dialect: Dialect, limits: &Limits) -> Result<Parsed, Diagnostics> {
        self.form(Some(dialect), limits).parsed()
    }

    fn form(self, dialect: Option<Dialect>, limits: &Limits) -> Form {
        let mut report = Report::new(limits.diagnostics);
        let tree = read(self, dialect, None, limits, &mut report);
        Form { report, tree }
    }
}

/// Reads one document and holds it against its schema. What is wrong with it is in the report.
pub(crate) fn read(
    raw: Raw<'_>,
    dialect: Option<Dialect>,
    import: Option<Import>,
    limits: &Limits,
    report: &mut Report,
) -> Option<(Node, Dialect)> {
    let mut tree = yaml::read(raw.name, raw.bytes, import, limits, report)?;
    let dialect = match dialect {
        Some(dialect) => dialect,
        None => Dialect::Devfile(edition(&tree, report)?),
    };
    schema::check(&mut tree, dialect, report);
    Some((tree, dialect))
}

/// The typed devfile of a tree that has passed the check.
pub(crate) fn decode(tree: &Node, report: &mut Report) -> Option<Devfile> {
    match de::from_node(tree) {
        Ok(devfile) => Some(devfile),
        Err(error) => {
            report.error(Rule::Type, error.span.unwrap_or(tree.span), error.message);
            None
        }
    }
}

/// The version that the document says it is written for. Without one the newest is assumed, to find the other problems.
fn edition(tree: &Node, report: &mut Report) -> Option<Edition> {
    if tree.as_map().is_none() {
        let message = format!("a devfile is a mapping of fields, not {}", tree.kind());
        report.error(Rule::Type, tree.span, message);
        return None;
    }
    let Some(node) = tree.get("schemaVersion") else {
        return (!stranger::told(tree, report)).then_some(Edition::LATEST);
    };
    match node.as_text().map(str::parse) {
        Some(Ok(edition)) => Some(edition),
        Some(Err(unknown)) => {
            let unknown: schema::UnknownEdition = unknown;
            report.error(Rule::SchemaVersion, node.span, format!("schemaVersion {unknown}"));
            None
        }
        None => Some(Edition::LATEST),
    }
}

/// The end of a step: its tree as a typed devfile, or what is wrong.
fn finish(tree: Option<Node>, dialect: Dialect, mut report: Report) -> Result<Document, Diagnostics> {
    match tree.and_then(|tree| Some((decode(&tree, &mut report)?, tree))) {
        Some((devfile, tree)) if !report.has_errors() => {
            Ok(Document { report, tree, dialect, devfile, unknown: Vec::new() })
        }
        _ => Err(report.diagnostics()),
    }
}

/// The document with its variables replaced, decoded again.
fn substituted(mut document: Document, variables: &Variables, limits: &Limits) -> Document {
    let Document { report, tree, dialect, unknown, .. } = &mut document;
    *unknown = replace_variables(tree, *dialect, variables, limits, report);
    // Without a typed devfile there is an error in the report, and the stage is not reached.
    document.devfile = decode(tree, report).unwrap_or_default();
    document
}

/// Replaces the variables that a tree has and those from outside, which win and are its variables from then on. Gives
/// those that nobody defines.
fn replace_variables(
    tree: &mut Node,
    dialect: Dialect,
    outside: &Variables,
    limits: &Limits,
    report: &mut Report,
) -> Vec<Unknown> {
    // The first version of the specification has no variables.
    if dialect == Dialect::Devfile(Edition::V2_0_0) {
        return Vec::new();
    }
    let span = tree.span;
    if let Some(map) = tree.as_map_mut().filter(|_| !outside.is_empty()) {
        let empty = || Entry { key: span, node: Node::new(span, Value::Map(Map::new())) };
        let entry = map.entry("variables".into()).or_insert_with(empty);
        if entry.node.is_null() {
            *entry = empty();
        }
        for (name, value) in outside {
            let text = Node::new(span, Value::Text(value.as_str().into()));
            if let Some(variables) = entry.node.as_map_mut() {
                variables.insert(name.as_str().into(), Entry { key: span, node: text });
            }
        }
    }
    let declared = tree.get("variables").and_then(Node::as_map).into_iter().flatten();
    let all = declared.filter_map(|(name, entry)| Some((name.to_string(), entry.node.as_text()?.to_owned()))).collect();
    variables::substitute(tree, &all, limits.expanded_bytes, report)
}

impl Parsed {
    /// Brings in the parent and the plugins, through the resolver.
    pub fn flatten(self, resolver: &dyn Resolver, limits: &Limits) -> Result<Flattened, Diagnostics> {
        let Document { mut report, tree, dialect, .. } = self.0;
        let name = report.sources.iter().next().map(|source| source.name().to_owned()).unwrap_or_default();
        let flat = flatten::flatten(tree, dialect, &name, resolver, limits, &mut report);
        finish(flat, dialect, report).map(Flattened)
    }
}

impl Flattened {
    /// Replaces the `uri` of `kubernetes` and `openshift` components by what it leads to.
    ///
    /// The address is kept in the attribute `api.devfile.io/k8sLikeComponent-originalURI`, as the reference library does.
    pub fn inline_manifests(self, resolver: &dyn Resolver, limits: &Limits) -> Result<Self, Diagnostics> {
        let Document { mut report, mut tree, dialect, .. } = self.0;
        flatten::manifests::inline(&mut tree, resolver, limits, &mut report);
        finish(Some(tree), dialect, report).map(Self)
    }

    /// Replaces `{{ name }}` by the value of the variable; `variables` win over the devfile's own.
    pub fn substitute(self, variables: &Variables, limits: &Limits) -> Result<Substituted, Diagnostics> {
        let document = substituted(self.0, variables, limits);
        if document.report.has_errors() { Err(document.report.diagnostics()) } else { Ok(Substituted(document)) }
    }
}

impl Substituted {
    /// Holds the devfile against the rules.
    pub fn validate(self) -> Result<Valid, Diagnostics> {
        let mut document = self.0;
        validate::validate(&document.devfile, &document.tree, &mut document.report);
        if document.report.has_errors() {
            return Err(document.report.diagnostics());
        }
        Ok(Valid(document))
    }
}

impl Valid {
    /// The devfile, for keeping without the rest.
    pub fn into_devfile(self) -> Devfile {
        self.0.devfile
    }
}

macro_rules! access {
    ($($stage:ident)*) => {$(
        impl $stage {
            /// The devfile.
            pub fn devfile(&self) -> &Devfile {
                &self.0.devfile
            }

            /// The tree behind it, with places.
            pub fn tree(&self) -> &Node {
                &self.0.tree
            }

            /// The kind and version of the document.
            pub fn dialect(&self) -> Dialect {
                self.0.dialect
            }

            /// As YAML, in the order in which it was written. Comments are not kept.
            pub fn to_yaml(&self) -> Result<String, WriteError> {
                write::yaml(&self.0.tree)
            }

            /// As JSON, in the order in which it was written.
            pub fn to_json(&self) -> Result<String, WriteError> {
                write::json(&self.0.tree)
            }

            /// The documents that it came from, the devfile itself first.
            pub fn sources(&self) -> &Sources {
                &self.0.report.sources
            }

            /// Variables that are referred to and not defined (empty before the substitution).
            pub fn unknown_variables(&self) -> &[Unknown] {
                &self.0.unknown
            }

            /// What was noticed that does not make it unusable.
            pub fn warnings(&self) -> Diagnostics {
                self.0.report.diagnostics()
            }
        }
    )*};
}

access!(Parsed Flattened Substituted Valid);
