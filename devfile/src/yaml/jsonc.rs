//! JSON as people write it into configuration: with comments and trailing commas. The same nodes as from YAML, within
//! the same limits, and without recursion.

use super::build::{Builder, Refusal};
use super::scalar;
use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::limits::Limits;
use crate::node::{Node, Value};
use crate::source::{SourceId, Span};
use std::sync::Arc;

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    /// The first item or the end of a list; after a comma too, since a trailing one is fine.
    ItemOrEnd,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    End,
}

struct Reader<'t> {
    text: &'t str,
    source: SourceId,
    at: usize,
}

/// Reads one document.
pub(super) fn build(
    text: &str,
    source: SourceId,
    limits: &Limits,
    report: &mut Report,
) -> Result<Option<Node>, Refusal> {
    let mut reader = Reader { text, source, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    let mut builder = Builder::new(limits);
    // The open brackets.
    let mut open: Vec<u8> = Vec::new();
    let mut expect = Expect::Value;
    loop {
        reader.skip()?;
        let start = reader.at;
        let Some(byte) = reader.peek() else {
            return match expect {
                Expect::End => Ok(builder.finish()),
                _ if start == 0 || open.is_empty() && expect == Expect::Value => Ok(None),
                _ => Err(reader.refuse(start, "the document ends too early: a bracket or a value is missing")),
            };
        };
        match (expect, byte) {
            (Expect::End, _) => return Err(reader.refuse(start, "more text after the end of the document")),
            (Expect::Value | Expect::ItemOrEnd, b'{') => {
                reader.at += 1;
                builder.open_map(reader.span(start))?;
                open.push(b'}');
                expect = Expect::KeyOrEnd;
            }
            (Expect::Value | Expect::ItemOrEnd, b'[') => {
                reader.at += 1;
                builder.open_list(reader.span(start))?;
                open.push(b']');
                expect = Expect::ItemOrEnd;
            }
            (Expect::ItemOrEnd | Expect::KeyOrEnd | Expect::CommaOrEnd, b'}' | b']') => {
                if open.last() != Some(&byte) {
                    let wanted = if byte == b']' { "'}'" } else { "']'" };
                    return Err(reader.refuse(start, &format!("{wanted} is missing before this")));
                }
                reader.at += 1;
                open.pop();
                builder.close(reader.span(start))?;
                expect = if open.is_empty() { Expect::End } else { Expect::CommaOrEnd };
            }
            (Expect::KeyOrEnd, b'"') => {
                let key = reader.string()?;
                builder.field(&key, reader.span(start), report)?;
                expect = Expect::Colon;
            }
            (Expect::KeyOrEnd, _) => return Err(reader.refuse(start, "a field's name in double quotes is missing")),
            (Expect::Colon, b':') => {
                reader.at += 1;
                expect = Expect::Value;
            }
            (Expect::Colon, _) => return Err(reader.refuse(start, "':' is missing after the field's name")),
            (Expect::CommaOrEnd, b',') => {
                reader.at += 1;
                expect = if open.last() == Some(&b'}') { Expect::KeyOrEnd } else { Expect::ItemOrEnd };
            }
            (Expect::CommaOrEnd, _) => return Err(reader.refuse(start, "',' is missing before this")),
            (Expect::Value | Expect::ItemOrEnd, _) => {
                let value = reader.scalar()?;
                builder.value(Node::new(reader.span(start), value))?;
                expect = if open.is_empty() { Expect::End } else { Expect::CommaOrEnd };
            }
        }
    }
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, start: usize) -> Span {
        let number = |at: usize| u32::try_from(at.min(self.text.len())).unwrap_or(u32::MAX);
        Span { source: self.source, start: number(start), end: number(self.at.max(start)) }
    }

    fn refuse(&self, at: usize, message: &str) -> Refusal {
        let mut span = self.span(at);
        span.end = span.start;
        Refusal::new(Rule::Json, span, format!("not JSON: {message}"))
    }

    /// Over white space and comments.
    fn skip(&mut self) -> Result<(), Refusal> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            if blank > 0 {
                self.at += blank;
            } else if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                match rest.find("*/") {
                    Some(end) => self.at += end + 2,
                    None => return Err(self.refuse(self.at, "a comment is not ended")),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn scalar(&mut self) -> Result<Value, Refusal> {
        let start = self.at;
        if self.peek() == Some(b'"') {
            return self.string().map(|text| Value::Text(Arc::from(text)));
        }
        let word = self.rest();
        let end = word.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.' | '_'));
        let word = word.get(..end.unwrap_or(word.len())).unwrap_or_default();
        let value = match word {
            "null" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => scalar::number(word).map(Value::Number),
        };
        let Some(value) = value else {
            return Err(self.refuse(start, "a value is missing here: a text stands in double quotes"));
        };
        self.at += word.len();
        Ok(value)
    }

    /// A text in double quotes.
    fn string(&mut self) -> Result<String, Refusal> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(|c: char| c == '"' || c == '\\' || (c < ' ' && c != '\t')).unwrap_or(rest.len());
            text.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err(self.refuse(start, "a text is not ended on its line")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Refusal> {
        let start = self.at;
        let kind = self.text.as_bytes().get(start + 1).copied();
        self.at += 2;
        Ok(match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let mut unit = self.hex(start)?;
                if (0xD800..0xDC00).contains(&unit) && self.rest().starts_with("\\u") {
                    self.at += 2;
                    let low = self.hex(start)?;
                    unit = 0x10000 + ((unit - 0xD800) << 10) + (low & 0x3FF);
                }
                char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(self.refuse(start, "'\\' stands before something that it means nothing to")),
        })
    }

    fn hex(&mut self, start: usize) -> Result<u32, Refusal> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        unit.ok_or_else(|| self.refuse(start, "four hexadecimal digits are missing after '\\u'"))
    }
}
