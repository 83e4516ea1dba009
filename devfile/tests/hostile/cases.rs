//! Devfiles of someone who wants to harm, each with what is said about it.

use dormer_devfile::resolve::{Fetched, ResolveError, Resolver};

/// What a caller allows: one host, whose every document has the next one as its parent.
pub struct Endless;

impl Resolver for Endless {
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        let Some(path) = uri.strip_prefix("https://allowed.example/") else {
            return Err(ResolveError::refused(format!("{uri} is not among the allowed addresses")));
        };
        let next = match path {
            "circle-a" => "circle-b".to_owned(),
            "circle-b" => "circle-a".to_owned(),
            "large" => {
                let components: String = (0..4_000).map(|i| format!("- {{name: c{i}, volume: {{}}}}\n")).collect();
                let bytes = format!("schemaVersion: 2.2.0\ncomponents:\n{components}").into_bytes();
                return Ok(Fetched { location: uri.to_owned(), bytes });
            }
            path => format!("{path}x"),
        };
        let text = format!("{{schemaVersion: 2.2.0, parent: {{uri: 'https://allowed.example/{next}'}}}}");
        Ok(Fetched { location: uri.to_owned(), bytes: text.into_bytes() })
    }
}

/// What it is, the devfile, and a part of the error.
pub fn cases() -> Vec<(&'static str, String, &'static str)> {
    let head = "schemaVersion: 2.2.0\nmetadata: {name: x}\n";
    let parent = |uri: &str| format!("{head}parent: {{uri: '{uri}'}}\n");
    let bomb: String = (1..30).fold("  a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        let before = format!("*a{}", n - 1);
        text + &format!("  a{n}: &a{n} [{}]\n", [before.as_str(); 9].join(", "))
    });
    let plugins: String =
        (0..40).map(|i| format!("- {{name: p{i}, plugin: {{uri: 'https://allowed.example/large'}}}}\n")).collect();
    let digits = "9".repeat(900_000);
    let many: String = (0..100_000).map(|i| format!("- {{name: c{i}, volume: {{}}}}\n")).collect();
    let wrong: String = (0..4_000).map(|i| format!("- {{name: C{i}, volume: {{siz: 1}}}}\n")).collect();
    let mounts = "{name: nowhere}, ".repeat(9_000);
    vec![
        ("alias bomb", format!("{head}attributes:\n{bomb}"), "more than 20000 values"),
        ("10 MB", format!("{head}# {}", "x".repeat(10 << 20)), "at most 1048576 are read"),
        ("1,000 levels", format!("{head}attributes: {}{}", "{a: ".repeat(1_000), "}".repeat(1_000)), "deeper than 64"),
        ("100,000 components", format!("{head}components:\n{many}"), "at most 1048576 are read"),
        (
            "34,000 components in 1 MB",
            format!("{head}components:\n{}", many.get(..1_000_000).unwrap_or_default()),
            "more than 20000 values",
        ),
        ("a problem on every line", format!("{head}components:\n{wrong}"), "… and "),
        (
            "9,000 mounts of nothing",
            format!("{head}components: [{{name: a, container: {{image: x, volumeMounts: [{mounts}]}}}}]"),
            "… and ",
        ),
        ("parents in a circle", parent("https://allowed.example/circle-a"), "in a circle"),
        ("parents without end", parent("https://allowed.example/x"), "levels deep"),
        ("a parent in a file", parent("file:///etc/passwd"), "'file:' is not fetched"),
        ("a parent in a file, shouted", parent("FILE:///etc/passwd"), "is not fetched"),
        ("a parent that is forbidden", parent("https://169.254.169.254/latest"), "not among the allowed addresses"),
        ("a parent that is forbidden, without scheme", parent("//169.254.169.254/latest"), "can't be had"),
        ("forty large plugins", format!("schemaVersion: 2.0.0\ncomponents:\n{plugins}"), "more than"),
        (
            "a giant quantity",
            format!("{head}components: [{{name: v, volume: {{size: '{digits}Q'}}}}]"),
            "is not a quantity",
        ),
        (
            "a request of giants",
            format!(
                "{head}components: [{{name: c, container: {{image: x, cpuRequest: '{digits}', cpuLimit: 1e999999999}}}}, {{name: d, volume: {{size: x}}}}]"
            ),
            "'x' is not a quantity",
        ),
    ]
}
