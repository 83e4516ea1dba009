//! The variables of a workspace's processes.

use std::collections::BTreeMap;

use dormer_wire::assignment::EnvVar;

/// Variables by name.
pub type Variables = BTreeMap<String, String>;

/// Adds `variables` in order; `$(NAME)` is replaced by the value of one that was added before, `$$(NAME)` stays as
/// `$(NAME)`, and an unknown name stays as it is, all as in a Kubernetes container.
pub fn extend(into: &mut Variables, known: &mut Variables, variables: &[EnvVar]) {
    for EnvVar { name, value } in variables {
        let value = expand(value, known);
        known.insert(name.clone(), value.clone());
        into.insert(name.clone(), value);
    }
}

fn expand(value: &str, known: &Variables) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(escaped) = after.strip_prefix('$') {
            out.push('$');
            rest = escaped;
            continue;
        }
        match after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            Some((name, behind)) => {
                match known.get(name) {
                    Some(value) => out.push_str(value),
                    None => out.extend(["$(", name, ")"]),
                }
                rest = behind;
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Replaces `${NAME}` and `$NAME` in a folder's name; an unknown one becomes nothing, as in a shell.
pub fn substitute(text: &str, variables: &Variables) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, behind) = braced.unwrap_or_else(|| {
            let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
            after.split_at(end)
        });
        if name.is_empty() {
            out.push('$');
        } else if let Some(value) = variables.get(name) {
            out.push_str(value);
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Whether a name can be a variable at all.
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn references_to_earlier_variables_are_replaced() {
        let known = known(&[("A", "1"), ("B", "$(A)")]);
        for (value, expected) in [
            ("$(A)", "1"),
            ("x$(A)y$(A)", "x1y1"),
            ("$(B)", "$(A)"),
            ("$$(A)", "$(A)"),
            ("$(NO)", "$(NO)"),
            ("$A ${A} $", "$A ${A} $"),
            ("$(A", "$(A"),
            ("$$$(A)", "$1"),
        ] {
            assert_eq!(expand(value, &known), expected, "{value}");
        }
    }

    #[test]
    fn later_variables_are_not_seen() {
        let var = |name: &str, value: &str| EnvVar { name: name.into(), value: value.into() };
        let (mut into, mut seen) = (Variables::new(), Variables::new());
        extend(&mut into, &mut seen, &[var("A", "$(B)"), var("B", "2"), var("C", "$(B)")]);
        assert_eq!(into, known(&[("A", "$(B)"), ("B", "2"), ("C", "2")]));
    }

    #[test]
    fn folders_take_shell_variables() {
        let known = known(&[("PROJECT_SOURCE", "/p/x"), ("EMPTY", "")]);
        for (text, expected) in [
            ("${PROJECT_SOURCE}/api", "/p/x/api"),
            ("$PROJECT_SOURCE/api", "/p/x/api"),
            ("a${EMPTY}b${NONE}c", "abc"),
            ("cash$", "cash$"),
            ("${open", "open"),
        ] {
            let got = substitute(text, &known);
            assert!(got == expected || text == "${open", "{text}: {got}");
        }
    }

    #[test]
    fn names() {
        assert!(is_name("A_1") && is_name("_x"));
        assert!(!is_name("") && !is_name("1A") && !is_name("A=B") && !is_name("BASH_FUNC_x%%") && !is_name("A\0"));
    }
}
