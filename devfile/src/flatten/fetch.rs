//! From a reference to a checked document, within limits and without circles.

use super::{Content, Flattener, Link, reference_span};
use crate::diagnostic::rule::Rule;
use crate::limits::Limits;
use crate::model::import::ImportReference;
use crate::node::Node;
use crate::resolve::{self, Fetched, ResolveError};
use crate::schema::{self, Dialect};
use crate::source::Import;
use crate::stage::{Raw, read};
use crate::yaml;

pub(super) struct Imported {
    pub(super) content: Content,
    pub(super) link: Link,
}

impl Flattener<'_> {
    /// Fetches and checks what a node refers to.
    pub(super) fn fetch(
        &mut self,
        node: &Node,
        reference: &ImportReference,
        by: &Content,
        what: &str,
    ) -> Option<Imported> {
        let span = reference_span(node);
        let location = match reference.uri.as_deref().map(|uri| resolve::join(&by.base, uri)).transpose() {
            Ok(location) => location,
            Err(error) => return self.failed(node, reference, what, &error),
        };
        let identity = resolve::identity(reference, location.as_deref());
        let shown = location.clone().unwrap_or_else(|| reference.to_string());
        if self.chain.iter().any(|link| link.identity == identity) {
            let chain: Vec<&str> = self.chain.iter().map(|link| link.shown.as_str()).collect();
            let message =
                format!("parents and plugins refer to each other in a circle: {} -> {shown}", chain.join(" -> "));
            self.report.error(Rule::ImportCycle, span, message);
            return None;
        }
        if self.chain.len() > self.left.import_depth {
            let message = format!("parents and plugins are more than {} levels deep", self.left.import_depth);
            self.report.error(Rule::Limit, span, message);
            return None;
        }
        let Some(imports) = self.left.imports.checked_sub(1) else {
            self.report.error(Rule::Limit, span, "too many parents and plugins, all together");
            return None;
        };
        self.left.imports = imports;
        let fetched = match self.ask(reference, location.as_deref()).or_else(|error| self.below(reference, by, error)) {
            Ok(fetched) => fetched,
            Err(error) => return self.failed(node, reference, what, &error),
        };
        // Bytes are paid for together too: what is only comments has no values.
        let Some(bytes) = self.left.expanded_bytes.checked_sub(fetched.bytes.len()) else {
            self.report.error(Rule::Limit, span, "the parents and plugins are too large, all together");
            self.left.imports = 0;
            return None;
        };
        self.left.expanded_bytes = bytes;
        let import = Import { at: span, what: format!("{what} {reference}") };
        let before = self.report.found(Rule::Limit);
        let document = self.document(&fetched, reference, import);
        if self.report.found(Rule::Limit) > before {
            // What does not fit will not fit another time: nothing more is fetched, or it would be read in vain.
            self.left.imports = 0;
        }
        let (tree, dialect) = document?;
        // Everything that is brought in ends up in one devfile, so it is paid for together.
        self.left.nodes = self.left.nodes.saturating_sub(tree.count());
        let reference = ImportReference { uri: location, ..reference.clone() };
        let content = Content { tree, dialect, base: fetched.location, reference };
        Some(Imported { content, link: Link { identity, shown } })
    }

    fn ask(&self, reference: &ImportReference, location: Option<&str>) -> Result<Fetched, ResolveError> {
        let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(location) = location {
            self.resolver.uri(location)
        } else if let Some(id) = &reference.id {
            self.resolver.registry(id, named(&reference.version).as_deref(), named(&reference.registry_url).as_deref())
        } else if let Some(of) = &reference.kubernetes {
            self.resolver.kubernetes(&of.name, named(&of.namespace).as_deref())
        } else {
            Err(ResolveError::refused("the reference has neither uri nor id nor kubernetes"))
        }
    }

    /// Where the reference library looks for a relative reference of a document from the web: below that document, as if
    /// it were a folder. Devfiles that were only ever tried with it are written for that, so it is the second place.
    fn below(&self, reference: &ImportReference, by: &Content, error: ResolveError) -> Result<Fetched, ResolveError> {
        let other = reference.uri.as_deref().and_then(|uri| resolve::join_below(&by.base, uri));
        let other = other.filter(|other| {
            let identity = resolve::identity(reference, Some(other));
            self.chain.iter().all(|link| link.identity != identity)
        });
        match other {
            Some(other) => self.resolver.uri(&other).map_err(|_| error),
            None => Err(error),
        }
    }

    fn failed(
        &mut self,
        node: &Node,
        reference: &ImportReference,
        what: &str,
        error: &ResolveError,
    ) -> Option<Imported> {
        let message = format!("the {what} ({reference}) can't be had: {error}");
        let diagnostic = self.report.error(Rule::ImportFailed, reference_span(node), message);
        if error.is_temporary() {
            diagnostic.fix("it may work another time");
        }
        None
    }

    fn document(&mut self, fetched: &Fetched, of: &ImportReference, import: Import) -> Option<(Node, Dialect)> {
        let limits: Limits = self.left.clone();
        let before = self.report.errors();
        if of.kubernetes.is_none() {
            let raw = Raw::new(&fetched.location, &fetched.bytes);
            let read = read(raw, None, Some(import), &limits, self.report);
            return read.filter(|_| self.report.errors() == before);
        }
        // A DevWorkspaceTemplate holds the content in its spec.
        let mut root = yaml::read(&fetched.location, &fetched.bytes, Some(import), &limits, self.report)?;
        let spec = root.as_map_mut().and_then(|map| map.shift_remove("spec"));
        let Some(mut spec) = spec.map(|entry| entry.node).filter(|node| !node.is_null()) else {
            self.report.error(Rule::MissingField, root.span, "a DevWorkspaceTemplate needs 'spec'");
            return None;
        };
        schema::check(&mut spec, Dialect::Template, self.report);
        (self.report.errors() == before).then_some((spec, Dialect::Template))
    }
}
