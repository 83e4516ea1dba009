//! `{{ name }}` replaced by the value of a variable, where the specification says so and nowhere else.

mod places;
mod template;

use crate::diagnostic::rule::Rule;
use crate::diagnostic::{Report, similar};
use crate::node::{Node, Value};
use crate::source::Span;
use indexmap::IndexMap;
use serde::Serialize;
use std::sync::Arc;

/// A variable that an element refers to and nobody defines. The reference stays in the text as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unknown {
    /// The list that the element is in: `commands`.
    pub list: &'static str,
    /// The element's name or id.
    pub element: String,
    /// The variable.
    pub variable: String,
}

/// Substitutes in a whole tree. Gives the variables that nobody defines, each once per element.
pub(crate) fn substitute(
    tree: &mut Node,
    variables: &IndexMap<String, String>,
    bytes: usize,
    report: &mut Report,
) -> Vec<Unknown> {
    let mut substitution =
        Substitution { variables, left: bytes, report, unknown: Vec::new(), element: ("", "".into()) };
    substitution.tree(tree);
    let mut unknown = substitution.unknown;
    unknown.sort();
    unknown.dedup();
    unknown
}

struct Substitution<'a> {
    variables: &'a IndexMap<String, String>,
    /// Bytes that may still be written.
    left: usize,
    report: &'a mut Report,
    unknown: Vec<Unknown>,
    /// The element in hand: its list and its name.
    element: (&'static str, String),
}

impl Substitution<'_> {
    fn text(&mut self, node: &mut Node) {
        let span = node.span;
        if let Value::Text(text) = &mut node.value
            && let Some(new) = self.replaced(text, span)
        {
            *text = Arc::from(new);
        }
    }

    /// The text with its variables replaced; `None` if there are none.
    fn replaced(&mut self, text: &str, span: Span) -> Option<String> {
        if !text.contains("{{") {
            return None;
        }
        match template::render(text, self.variables, self.left) {
            Ok(rendered) => {
                self.left = self.left.saturating_sub(rendered.work);
                for (variable, written) in rendered.unknown {
                    self.unknown_variable(variable, &written, span);
                }
                Some(rendered.text)
            }
            Err(template::TooLarge) => {
                if self.left > 0 {
                    self.report.error(Rule::Limit, span, "with its variables substituted the devfile is too large");
                }
                self.left = 0;
                None
            }
        }
    }

    fn unknown_variable(&mut self, variable: String, written: &str, span: Span) {
        if self.unknown.len() >= template::MOST_UNKNOWN {
            return;
        }
        let (list, element) = &self.element;
        self.unknown.push(Unknown { list, element: element.clone(), variable: variable.clone() });
        // What is not shown is not worth a search.
        if self.report.is_full() {
            return;
        }
        // The place of the reference itself, where the text stands in the document as it is.
        let at = self.report.sources.text(span).find(written).and_then(|at| u32::try_from(at).ok());
        let length = u32::try_from(written.len()).unwrap_or(0);
        let place = at.map_or(span, |at| Span { start: span.start + at, end: span.start + at + length, ..span });
        let message = format!("there is no variable '{variable}'");
        let near = similar(&variable, self.variables.keys().map(String::as_str), 0.84);
        let diagnostic = self.report.warning(Rule::UnknownVariable, place, message);
        if let Some(near) = near {
            diagnostic.fix(format!("did you mean '{near}'?"));
        }
    }
}
