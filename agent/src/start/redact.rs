//! Keeping credentials that somebody put into a URL out of logs and messages.

/// Replaces what stands before the `@` of each URL's host.
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after.find(|c: char| c == '/' || c == '\'' || c == '"' || c.is_whitespace()).unwrap_or(after.len());
        let (authority, behind) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((_, host)) => out.extend(["…@", host]),
            None => out.push_str(authority),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_hidden() {
        for (text, expected) in [
            ("fatal: 'https://u:p@host/x' and http://h/y", "fatal: 'https://…@host/x' and http://h/y"),
            ("https://to:k@en@host:8/x?a=b@c", "https://…@host:8/x?a=b@c"),
            ("git@host:x/y", "git@host:x/y"),
            ("://", "://"),
        ] {
            assert_eq!(redact(text), expected);
        }
    }
}
