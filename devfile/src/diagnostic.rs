//! What is wrong with a devfile, said so that it can be put right.

mod render;
pub mod rule;

use crate::source::{Place, Sources, Span};
use rule::Rule;
use serde::Serialize;

/// Does the problem make the devfile unusable?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does.
    Error,
    /// It doesn't, but it is probably not what was meant.
    Warning,
}

/// One problem.
///
/// `Display` renders it as `file:line:column: message`, followed by the line with the place marked,
/// the related places and the fix; `Serialize` gives the same to machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The rule that is broken.
    pub rule: Rule,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where; absent only when there is no document (a file that is not text, say).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Other places that belong to it, each with what it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    /// What to do about it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Another place that a problem is about: the first of two equal names, say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What is there.
    pub what: String,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(rule: Rule, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, rule, message: message.into(), place: None, related: Vec::new(), fix: None }
    }

    /// Adds the fix.
    pub fn fix(&mut self, fix: impl Into<String>) -> &mut Self {
        self.fix = Some(fix.into());
        self
    }

    /// Adds a related place.
    pub fn related(&mut self, place: Place, what: impl Into<String>) -> &mut Self {
        self.related.push(Related { place, what: what.into() });
        self
    }
}

/// Problems in the order of their places.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    /// Problems beyond the limit, only counted.
    #[serde(rename = "notShown", skip_serializing_if = "is_zero")]
    hidden: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Diagnostics {
    /// One problem alone.
    pub fn one(diagnostic: Diagnostic) -> Self {
        Self { items: vec![diagnostic], hidden: 0 }
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items.iter()
    }

    /// How many there are, those not shown included.
    pub fn len(&self) -> usize {
        self.items.len() + self.hidden
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether one of them makes the devfile unusable.
    pub fn has_errors(&self) -> bool {
        self.hidden > 0 || self.items.iter().any(|d| d.severity == Severity::Error)
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(items: T) -> Self {
        Self { items: items.into_iter().collect(), hidden: 0 }
    }
}

impl std::error::Error for Diagnostics {}

/// The longest message, in bytes. Names in a message come from the document, and can be as long as it.
const LONGEST: usize = 1_000;

fn clipped(mut message: String) -> String {
    if message.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
        message.truncate(end);
        message.push('…');
    }
    message
}

/// The most characters of one word times those of the others that [`similar`] compares: comparing is quadratic.
const COMPARED: usize = 20_000;

/// The one of some names that is like another, both of any length and the names of any number.
pub(crate) fn similar<'a>(name: &str, known: impl Iterator<Item = &'a str>, above: f64) -> Option<&'a str> {
    let mut left = COMPARED;
    let affordable = known.map_while(|other| {
        left = left.checked_sub(name.len().saturating_mul(other.len().max(1)))?;
        Some((strsim::jaro_winkler(name, other), other))
    });
    let near = affordable.filter(|(score, _)| *score > above).max_by(|a, b| a.0.total_cmp(&b.0));
    near.map(|(_, near)| near)
}

/// The one of some words that was probably meant by another: what "did you mean" says.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    if word.len() > 60 {
        return None;
    }
    let word = word.to_lowercase();
    let scored = candidates.iter().map(|c| (strsim::jaro_winkler(&word, &c.to_lowercase()), *c));
    scored.filter(|(score, _)| *score > 0.84).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, c)| c)
}

/// Collects problems while a devfile is read, with the documents that they point into.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub(crate) sources: Sources,
    found: Diagnostics,
    limit: usize,
    /// Takes what `error` returns once the limit is reached.
    spare: Option<Diagnostic>,
}

impl Report {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), ..Self::default() }
    }

    pub(crate) fn error(&mut self, rule: Rule, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, rule, span, message.into())
    }

    pub(crate) fn warning(&mut self, rule: Rule, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Warning, rule, span, message.into())
    }

    fn add(&mut self, severity: Severity, rule: Rule, span: Span, message: String) -> &mut Diagnostic {
        let mut diagnostic = Diagnostic::error(rule, clipped(message));
        diagnostic.severity = severity;
        if self.is_full() {
            // Places cost a search in the text: what is not shown does not get one.
            self.found.hidden += usize::from(severity == Severity::Error);
            return self.spare.insert(diagnostic);
        }
        diagnostic.place = Some(self.sources.place(span));
        self.found.items.push(diagnostic);
        let last = self.found.items.len() - 1;
        match self.found.items.get_mut(last) {
            Some(diagnostic) => diagnostic,
            None => self.spare.insert(Diagnostic::error(rule, "")),
        }
    }

    /// Takes over those of another report's new problems that break certain rules.
    pub(crate) fn adopt(&mut self, other: Self, rules: &[Rule]) {
        let known = self.found.items.len();
        let new = other.found.items.into_iter().skip(known).filter(|diagnostic| rules.contains(&diagnostic.rule));
        self.found.items.extend(new);
    }

    /// Whether what comes now would only be counted.
    pub(crate) fn is_full(&self) -> bool {
        self.found.items.len() >= self.limit
    }

    /// A place for `related`. Once the limit is reached nobody would see it, and a search in the text is not worth it.
    pub(crate) fn place(&self, span: Span) -> Place {
        if self.is_full() { Place::default() } else { self.sources.place(span) }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found.has_errors()
    }

    /// How many of those shown break a rule.
    pub(crate) fn found(&self, rule: Rule) -> usize {
        self.found.items.iter().filter(|diagnostic| diagnostic.rule == rule).count()
    }

    pub(crate) fn errors(&self) -> usize {
        self.found.items.iter().filter(|d| d.severity == Severity::Error).count() + self.found.hidden
    }

    /// The problems so far, in the order of documents and places.
    pub(crate) fn diagnostics(&self) -> Diagnostics {
        let mut found = self.found.clone();
        let order = |d: &Diagnostic| {
            let place = d.place.as_ref();
            let file = place.and_then(|p| self.sources.iter().position(|s| s.name() == p.file));
            (file, place.map(|p| p.start))
        };
        found.items.sort_by_cached_key(order);
        found
    }
}
