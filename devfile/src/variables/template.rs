//! One text with references to variables.
//!
//! A reference is `{{`, white space, a name without line breaks, white space, `}}`, the shortest that fits. References
//! are replaced one after the other, each wherever it stands, so a value that itself holds a reference which comes later
//! is replaced too: what the reference library does, within a bound on the work.

use indexmap::IndexMap;
use std::collections::HashSet;

pub(super) struct Rendered {
    pub(super) text: String,
    /// Names that are not defined, with the reference as it is written.
    pub(super) unknown: Vec<(String, String)>,
    /// Bytes that were written on the way.
    pub(super) work: usize,
}

/// The text would become too large.
#[derive(Debug)]
pub(super) struct TooLarge;

/// The most names that nobody defines that are told, of one text and of all.
pub(super) const MOST_UNKNOWN: usize = 1_000;

pub(super) fn render(text: &str, variables: &IndexMap<String, String>, most: usize) -> Result<Rendered, TooLarge> {
    let mut rendered = Rendered { text: text.to_owned(), unknown: Vec::new(), work: 0 };
    let mut missed: HashSet<&str> = HashSet::new();
    // References that the text has no more, each found out by one search: a value can bring one back.
    let mut gone: HashSet<&str> = HashSet::new();
    for (written, name) in references(text) {
        let Some(value) = variables.get(name) else {
            if rendered.unknown.len() < MOST_UNKNOWN && missed.insert(name) {
                rendered.unknown.push((name.to_owned(), written.to_owned()));
            }
            continue;
        };
        if gone.contains(written) {
            continue;
        }
        let count = rendered.text.matches(written).count();
        if count == 0 {
            gone.insert(written);
            continue;
        }
        gone.clear();
        let size = (rendered.text.len() + count * value.len()).saturating_sub(count * written.len());
        rendered.work += size;
        if rendered.work > most {
            return Err(TooLarge);
        }
        rendered.text = rendered.text.replace(written, value);
    }
    Ok(rendered)
}

/// The references in a text, from left to right: as written, and the name.
fn references(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = find(text, "{{", from) {
        let Some(close) = find(text, "}}", open + 2) else { break };
        let inner = text.get(open + 2..close).unwrap_or_default();
        let name = inner.trim_matches(is_space);
        match name.rfind('\n') {
            None => {
                found.push((text.get(open..close + 2).unwrap_or_default(), name));
                from = close + 2;
            }
            // A name has no line break: the reference can only begin where nothing but white space is before the last
            // one, or after it.
            Some(_) => {
                let last = open + 2 + inner.trim_end_matches(is_space).rfind('\n').unwrap_or(0);
                let before = text.get(open + 1..last).and_then(|t| t.rfind("{{")).map(|at| open + 1 + at);
                let near = before.filter(|at| text.get(at + 2..last).is_some_and(|t| t.chars().all(is_space)));
                from = near.unwrap_or(last);
            }
        }
    }
    found
}

fn find(text: &str, what: &str, from: usize) -> Option<usize> {
    text.get(from..)?.find(what).map(|at| from + at)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> IndexMap<String, String> {
        let pairs = [("a", "1"), ("b", "{{a}}"), ("self", "{{self}}x"), ("two words", "2")];
        pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    #[test]
    fn references_are_replaced_as_the_reference_does() {
        let table = [
            ("plain", "plain", ""),
            ("{{a}}", "1", ""),
            ("{{ a }}-{{\ta\n}}", "1-1", ""),
            ("{{two words}}", "2", ""),
            ("{{c}} {{a}}", "{{c}} 1", "c"),
            ("{{}}", "{{}}", ""),
            ("{{b}} {{a}}", "1 1", ""),
            ("{{a}} {{b}}", "1 {{a}}", ""),
            ("{{self}}", "{{self}}x", ""),
            ("{{ {{a}} {{a}}", "{{ 1 1", "{{a"),
            ("{{{a}}}", "{{{a}}}", "{a"),
            ("{{x\ny}} {{a}}", "{{x\ny}} 1", ""),
            ("{{x\n{{a}}", "{{x\n1", ""),
            ("{{{\n a}}", "{1", ""),
            ("{{a", "{{a", ""),
            ("${a} {{ a }}", "${a} 1", ""),
        ];
        for (text, expected, unknown) in table {
            let rendered = render(text, &variables(), 1_000).unwrap();
            assert_eq!(rendered.text, expected, "{text}");
            let names: Vec<&str> = rendered.unknown.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names.join(","), unknown, "{text}");
        }
    }

    #[test]
    fn a_bomb_is_refused_and_garbage_is_quick() {
        let bomb = IndexMap::from([("a".to_owned(), "{{a}}{{a}}".to_owned())]);
        assert!(render(&"{{a}}".repeat(100), &bomb, 1 << 20).is_err());
        let begin = std::time::Instant::now();
        for garbage in ["{{".repeat(1 << 18), "{{\n".repeat(1 << 17), "{{ x\n}}".repeat(1 << 16)] {
            let _ = render(&garbage, &bomb, 1 << 20);
            let _ = render(&format!("{garbage}}}}}"), &bomb, 1 << 20);
        }
        assert!(begin.elapsed().as_secs() < 2, "{:?}", begin.elapsed());
    }
}
