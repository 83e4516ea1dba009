//! Where text came from: documents, spans in them, and places as a person reads them.

use serde::Serialize;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// One document among those that a devfile is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u32);

/// A stretch of bytes in one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The document.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A document that was read: its name, its text, and who asked for it.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: Arc<str>,
    /// Where each line begins. Made when a place is asked for: a devfile without problems never needs it.
    lines: OnceLock<Vec<u32>>,
    /// How many characters there are before each step of the text, for lines that are long.
    steps: OnceLock<Vec<u32>>,
    import: Option<Import>,
}

/// Why a document was read: the reference to it, in the document that holds the reference.
#[derive(Debug, Clone)]
pub struct Import {
    /// Where the reference stands.
    pub at: Span,
    /// The reference in words: `parent uri: ../base.yaml`.
    pub what: String,
}

impl Source {
    /// The path or address that the document was read from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of the document.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Who asked for this document; nobody, for the devfile itself.
    pub fn import(&self) -> Option<&Import> {
        self.import.as_ref()
    }

    /// Line and column of a byte, both from 1; columns count characters.
    fn position(&self, offset: u32) -> (usize, usize) {
        let lines = self.lines();
        let line = lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = lines.get(line).copied().unwrap_or(0);
        (line + 1, self.characters(offset).saturating_sub(self.characters(start)) + 1)
    }

    /// How many characters begin before a byte.
    fn characters(&self, offset: u32) -> usize {
        let steps = self.steps.get_or_init(|| {
            let mut count = 0;
            let chunks = self.text.as_bytes().chunks(STEP).map(|chunk| {
                let before = count;
                count += u32::try_from(beginnings(chunk)).unwrap_or(0);
                before
            });
            chunks.collect()
        });
        let (step, end) = (offset as usize / STEP, offset as usize);
        let rest = self.text.as_bytes().get(step * STEP..end.min(self.text.len())).unwrap_or_default();
        steps.get(step).copied().unwrap_or(0) as usize + beginnings(rest)
    }

    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let ends = self.text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n');
            std::iter::once(0).chain(ends.map(|(_, next)| next)).collect()
        })
    }

    /// Where a byte is in its line.
    fn within(&self, offset: u32) -> usize {
        let lines = self.lines();
        let line = lines.partition_point(|start| *start <= offset).saturating_sub(1);
        offset.saturating_sub(lines.get(line).copied().unwrap_or(0)) as usize
    }

    fn line(&self, number: usize) -> &str {
        let start = self.lines().get(number.saturating_sub(1)).copied().unwrap_or(0) as usize;
        let end = self.lines().get(number).map_or(self.text.len(), |next| *next as usize);
        self.text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r'])
    }
}

/// Bytes between two places whose character is known.
const STEP: usize = 4096;

/// How many characters begin in some bytes of text.
fn beginnings(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count()
}

/// All documents of one devfile, the devfile itself first.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a document.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>, import: Option<Import>) -> SourceId {
        self.0.push(Source {
            name: name.into(),
            text: text.into(),
            lines: OnceLock::new(),
            steps: OnceLock::new(),
            import,
        });
        SourceId(u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX))
    }

    /// A document by its id.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.0 as usize)
    }

    /// All documents, in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source).and_then(|s| s.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// A span as a person reads it.
    pub fn place(&self, span: Span) -> Place {
        let Some(source) = self.get(span.source) else { return Place::default() };
        let (line, column) = source.position(span.start);
        let (end_line, end_column) = source.position(span.end.max(span.start));
        Place {
            file: source.name.clone(),
            line,
            column,
            end_line,
            end_column,
            start: span.start as usize,
            end: span.end as usize,
            snippet: clip(source.line(line), source.within(span.start), column),
            via: self.chain(span.source),
        }
    }

    /// How a document was reached, nearest reference first; empty for the devfile itself.
    pub fn chain(&self, id: SourceId) -> Vec<String> {
        let mut chain = Vec::new();
        let mut next = self.get(id);
        while let Some(import) = next.and_then(Source::import) {
            let by = self.get(import.at.source);
            let line = by.map_or(1, |s| s.position(import.at.start).0);
            chain.push(format!("{} of {}:{line}", import.what, by.map_or("?", Source::name)));
            // Ids only grow along the chain, so this ends; the check keeps it so.
            next = by.filter(|_| chain.len() < self.0.len());
        }
        chain
    }
}

/// A place in a document, for people and for editors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The document's name.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column just after the end.
    pub end_column: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The line of text (a window of it where it is long).
    pub snippet: Snippet,
    /// The chain of references that led to the document; empty for the devfile itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One line of a document, or the part of it around the place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// The text, with tabs and other control characters made visible as spaces.
    pub text: String,
    /// Characters of the line that were left off before `text`.
    pub skipped: usize,
}

/// Longer lines are cut to a window: minified JSON is one line.
const WINDOW: usize = 120;

/// The part of a line around a byte of it, which is in a column.
fn clip(line: &str, at: usize, column: usize) -> Snippet {
    let skipped = if column > WINDOW { column - WINDOW / 2 } else { 0 };
    // Back from the place, since the beginning of the line may be far.
    let before = line.get(..at).unwrap_or(line).char_indices().rev();
    let start = if skipped > 0 { before.take(column - 1 - skipped).last().map_or(at, |(index, _)| index) } else { 0 };
    let rest = line.get(start..).unwrap_or_default().chars();
    Snippet { text: rest.take(WINDOW).map(|c| if c.is_control() { ' ' } else { c }).collect(), skipped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_one() {
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", "é: 1\nkey: ü\n", None);
        let place = sources.place(Span { source: id, start: 11, end: 13 });
        assert_eq!((place.line, place.column, place.end_column), (2, 6, 7));
        assert_eq!(place.snippet.text, "key: ü");
        assert_eq!(place.to_string(), "a.yaml:2:6");
    }

    #[test]
    fn a_long_line_of_long_characters_is_counted_in_them() {
        let mut sources = Sources::default();
        let text = format!("a: b\n{}KEY: 1\nc: d\n", "é€𝄞".repeat(5_000));
        let at = text.find("KEY").unwrap() as u32;
        let id = sources.add("a.yaml", text, None);
        let place = sources.place(Span { source: id, start: at, end: at + 3 });
        assert_eq!((place.line, place.column, place.end_column), (2, 15_001, 15_004));
        let shown: Vec<char> = place.snippet.text.chars().collect();
        let from = place.column - 1 - place.snippet.skipped;
        assert_eq!(shown[from..from + 3], ['K', 'E', 'Y']);
        assert_eq!(shown.len(), from + "KEY: 1".len());
        let last = sources.place(Span { source: id, start: at + 7, end: at + 8 });
        assert_eq!((last.line, last.column), (3, 1));
    }

    #[test]
    fn a_long_line_is_a_window() {
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", "x".repeat(10_000), None);
        let place = sources.place(Span { source: id, start: 5_000, end: 5_001 });
        assert_eq!(place.snippet.text.len(), WINDOW);
        assert!(place.snippet.skipped < 5_000 && place.snippet.skipped > 4_800);
    }
}
