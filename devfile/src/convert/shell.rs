//! Words for a shell, and names.

/// A word that a shell reads as it is.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A name for a component or a command, made of anything: lower-case letters, digits and single dashes.
pub(crate) fn label(text: &str, longest: usize) -> String {
    let mut label = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if label.len() >= longest {
            break;
        }
        if c.is_ascii_alphanumeric() {
            label.push(c);
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    label.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_names() {
        for (word, expected) in [("a-b", "a-b"), ("", "''"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("$x", "'$x'")] {
            assert_eq!(quoted(word), expected);
        }
        for (text, expected) in [("My App!", "my-app"), ("--", ""), ("Ünï", "n"), ("abcdefgh", "abcdef")] {
            assert_eq!(label(text, 6), expected);
        }
    }
}
