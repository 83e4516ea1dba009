//! Names of branches, tags and commits.

use super::SourceError;

/// The longest that is taken.
const MAX: usize = 255;

/// A name as git has it (`git check-ref-format`), that can be no option of git's.
pub fn check(name: &str) -> Result<String, SourceError> {
    let refuse = || SourceError::Reference(shown(name));
    let bad = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c) || is_invisible(c);
    let wrong = name.is_empty()
        || name.len() > MAX
        || name == "@"
        || name.starts_with('-')
        || name.ends_with('.')
        || name.contains("..")
        || name.contains("@{")
        || name.contains(bad)
        || name.split('/').any(|part| part.is_empty() || part.starts_with('.') || part.ends_with(".lock"));
    if wrong { Err(refuse()) } else { Ok(name.into()) }
}

/// Characters that make two names look like one.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A commit: all of its 40 or 64 hexadecimal digits.
pub fn is_commit(name: &str) -> bool {
    matches!(name.len(), 40 | 64) && name.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The beginning of a commit.
pub fn is_abbreviated(name: &str) -> bool {
    (7..40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A hostile text as an error may show it.
pub fn shown(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() || is_invisible(c) { '\u{fffd}' } else { c }).collect()
}
