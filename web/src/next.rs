//! Where to go after signing in: a path of the same host, and never anywhere else.

/// The longest path that is kept.
const MAX: usize = 2048;

/// `text`, when it is a path (with query) that stays on the host whatever a browser makes of it; `/` otherwise.
pub fn safe(text: &str) -> &str {
    let mut bytes = text.bytes();
    let local = bytes.next() == Some(b'/') && !matches!(bytes.next(), Some(b'/' | b'\\'));
    // Browsers read a backslash as a slash, and leave tabs and line ends out.
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if local && plain && text.len() <= MAX && !text.starts_with("/.dormer/") { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_at_home() {
        for good in ["/", "/new", "/a/b?c=d&e=%2F%2Fevil.test", "/?next=//evil.test", "/a//b", "/:x@y"] {
            assert_eq!(safe(good), good);
        }
        for bad in [
            "",
            "new",
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/a\\b",
            "/\t/evil.test",
            "/\n/evil.test",
            "\t//evil.test",
            " //evil.test",
            "http://evil.test",
            "https:evil.test",
            "javascript:alert(1)",
            "/ü",
            "/\u{ff0f}evil.test",
            "/a b",
            "@evil.test",
            ".evil.test",
            "/.dormer/ticket",
            &format!("/{}", "a".repeat(MAX)),
        ] {
            assert_eq!(safe(bad), "/", "{bad:?}");
        }
    }
}
