//! What a plain scalar means: YAML 1.2's core schema, except that a number which would not survive being a number
//! (`0755`, a leading zero) stays a text.

use crate::node::Value;
use serde_json::Number;
use std::sync::Arc;

/// Resolves a plain scalar.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::Text(Arc::from(text)), Value::Number),
    }
}

/// A number in the core schema's notation.
pub(super) fn number(text: &str) -> Option<Number> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return radix(hex, 16);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return radix(octal, 8);
    }
    let (sign, digits) = match first {
        b'-' => ("-", text.get(1..)?),
        b'+' => ("", text.get(1..)?),
        _ => ("", text),
    };
    if digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() {
        return integer(sign, digits);
    }
    float(sign, digits)
}

fn radix(digits: &str, radix: u32) -> Option<Number> {
    let valid = !digits.is_empty() && digits.bytes().all(|b| char::from(b).is_digit(radix));
    valid.then(|| u64::from_str_radix(digits, radix).ok()).flatten().map(Number::from)
}

fn integer(sign: &str, digits: &str) -> Option<Number> {
    if digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    let text = format!("{sign}{digits}");
    if let Ok(number) = text.parse::<i64>() {
        return Some(Number::from(number));
    }
    if let Ok(number) = text.parse::<u64>() {
        return Some(Number::from(number));
    }
    Number::from_f64(text.parse().ok()?)
}

fn float(sign: &str, digits: &str) -> Option<Number> {
    let mut seen = (0, false, false);
    let mut previous = b' ';
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => seen.0 += 1,
            b'.' if !seen.1 && !seen.2 => seen.1 = true,
            b'e' | b'E' if !seen.2 && seen.0 > 0 => seen.2 = true,
            b'+' | b'-' if matches!(previous, b'e' | b'E') => {}
            _ => return None,
        }
        previous = byte;
    }
    if seen.0 == 0 || !previous.is_ascii_digit() && previous != b'.' {
        return None;
    }
    Number::from_f64(format!("{sign}{digits}").parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        let table = [
            ("", "null"),
            ("~", "null"),
            ("true", "true"),
            ("TRUE", "true"),
            ("yes", "\"yes\""),
            ("on", "\"on\""),
            ("y", "\"y\""),
            ("0", "0"),
            ("-12", "-12"),
            ("+12", "12"),
            ("0755", "\"0755\""),
            ("0o17", "15"),
            ("0x1F90", "8080"),
            ("0x", "\"0x\""),
            ("1_000", "\"1_000\""),
            ("1:30", "\"1:30\""),
            ("2001-01-01", "\"2001-01-01\""),
            ("1.5", "1.5"),
            ("1e3", "1000.0"),
            ("1.2.3", "\"1.2.3\""),
            (".5", "0.5"),
            (".", "\".\""),
            ("-", "\"-\""),
            ("1e", "\"1e\""),
            ("12Gi", "\"12Gi\""),
            (".inf", "\".inf\""),
            ("18446744073709551615", "18446744073709551615"),
        ];
        let span = crate::source::Sources::default().add("", "", None);
        let span = crate::source::Span { source: span, start: 0, end: 0 };
        for (text, expected) in table {
            let json = serde_json::to_string(&crate::node::Node::new(span, plain(text))).unwrap();
            assert_eq!(json, expected, "{text}");
        }
    }
}
