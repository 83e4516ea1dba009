//! YAML (and so JSON) into a [`Node`] tree, within limits.

mod build;
mod jsonc;
mod scalar;

use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::limits::Limits;
use crate::node::Node;
use crate::source::{Import, SourceId, Span};
use build::{Builder, Refusal};
use granit_parser::{ErrorKind, Event, Parser};

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// YAML, and so JSON.
    Yaml,
    /// JSON with comments and trailing commas.
    Jsonc,
}

/// Reads one document. `None` means that it could not be read, and that the report says why.
pub(crate) fn read(
    name: &str,
    bytes: &[u8],
    import: Option<Import>,
    limits: &Limits,
    report: &mut Report,
) -> Option<Node> {
    read_as(Syntax::Yaml, name, bytes, import, limits, report)
}

/// Reads one document of a given syntax.
pub(crate) fn read_as(
    syntax: Syntax,
    name: &str,
    bytes: &[u8],
    import: Option<Import>,
    limits: &Limits,
    report: &mut Report,
) -> Option<Node> {
    if bytes.len() > limits.bytes {
        let source = report.sources.add(name, "", import);
        let message = format!("the document has {} bytes; at most {} are read", bytes.len(), limits.bytes);
        report.error(Rule::Limit, start_of(source), message);
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let source = report.sources.add(name, String::from_utf8_lossy(valid), import);
            let end = u32::try_from(error.valid_up_to()).unwrap_or(0);
            let message = match bytes {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the document is UTF-16, not UTF-8 text",
                _ => "the document is not UTF-8 text",
            };
            report.error(Rule::Encoding, Span { source, start: end, end }, message).fix("save the file as UTF-8");
            return None;
        }
    };
    let source = report.sources.add(name, text, import);
    let built = match syntax {
        Syntax::Yaml => build(text, source, limits, report),
        Syntax::Jsonc => jsonc::build(text, source, limits, report).and_then(|root| not_empty(root, source)),
    };
    match built {
        Ok(root) => root,
        Err(refusal) => {
            let diagnostic = report.error(refusal.rule, refusal.span, refusal.message);
            diagnostic.fix = refusal.fix.map(str::to_owned);
            None
        }
    }
}

fn start_of(source: SourceId) -> Span {
    Span { source, start: 0, end: 0 }
}

fn build(text: &str, source: SourceId, limits: &Limits, report: &mut Report) -> Result<Option<Node>, Refusal> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: limits.depth,
        block_nesting_limit: limits.depth,
        block_scalar_eof_without_line_feed: true,
    };
    let mut builder = Builder::new(limits);
    let mut documents = 0;
    let mut root = None;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
                let at = u32::try_from(at).unwrap_or(0);
                return Err(refusal(error.kind(), &error.to_string(), Span { source, start: at, end: at }, limits));
            }
        };
        let range = span.byte_range().unwrap_or(0..0);
        let number = |byte: usize| u32::try_from(byte.min(text.len())).unwrap_or(0);
        let span = Span { source, start: number(range.start), end: number(range.end) };
        match event {
            // What follows is looked at as far as a person may have written it.
            Event::DocumentStart(..) if documents > 8 => break,
            Event::DocumentStart(..) => documents += 1,
            Event::DocumentEnd if documents == 1 => root = builder.finish(),
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::Scalar(ref value, ..) if documents > 1 && (value.is_empty() || value == "~") => {}
            _ if documents > 1 => {
                let message = "only the first document of the file is read; a second one begins here";
                report.warning(Rule::YamlFeature, span, message);
                break;
            }
            event => builder.event(event, span, report)?,
        }
    }
    not_empty(root, source)
}

fn not_empty(root: Option<Node>, source: SourceId) -> Result<Option<Node>, Refusal> {
    match root {
        Some(root) if !root.is_null() => Ok(Some(root)),
        _ => Err(Refusal::new(Rule::Yaml, start_of(source), "the document is empty".to_owned())),
    }
}

fn refusal(kind: &ErrorKind, text: &str, span: Span, limits: &Limits) -> Refusal {
    if matches!(kind, ErrorKind::RecursionLimitExceeded) {
        let message = format!("the document is nested deeper than {} levels", limits.depth);
        return Refusal::new(Rule::Limit, span, message);
    }
    // The parser appends its own position; the place says it already.
    let message = text.split(" at byte ").next().unwrap_or(text);
    let message = message.split(" at char ").next().unwrap_or(message);
    let mut refusal = Refusal::new(Rule::Yaml, span, format!("not YAML: {message}"));
    if text.contains('\t') || text.contains("tab") {
        refusal.fix = Some("indent with spaces, YAML takes no tabs");
    }
    refusal
}
