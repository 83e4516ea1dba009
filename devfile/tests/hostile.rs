//! Input from someone who wants to harm.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::NoResolver;

fn refused(what: &str, text: &[u8]) -> String {
    let result = dormer_devfile::load("devfile.yaml", text, &NoResolver, &Limits::default());
    let said = result.err().unwrap_or_else(|| panic!("{what} was accepted")).to_string();
    assert!(said.len() < 100_000, "{what}: {} bytes of error", said.len());
    said
}

#[test]
fn too_much_is_refused_by_name() {
    let head = "schemaVersion: 2.2.0\nmetadata: {name: x}\n";
    let many = |n: usize| (0..n).map(|i| format!("- {{name: c{i}, volume: {{}}}}\n")).collect::<String>();
    let bomb: String = (1..30).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        let before = format!("*a{}", n - 1);
        text + &format!("a{n}: &a{n} [{}]\n", [before.as_str(); 9].join(", "))
    });
    let anchors = format!("{}{}{}", "&a [".replace('a', "x"), "1, ".repeat(19_000), "]");
    let nested_anchors: String =
        (0..50).map(|n| format!("&n{n} [")).collect::<String>() + &"1, ".repeat(40_000) + &"]".repeat(50);
    let table: Vec<(&str, String, &str)> = vec![
        ("10 MB", format!("{head}# {}", "x".repeat(10 << 20)), "bytes; at most 1048576 are read"),
        (
            "1,000 levels of flow",
            format!("{head}attributes: {}{}", "{a: ".repeat(1_000), "}".repeat(1_000)),
            "nested deeper than 64",
        ),
        (
            "1,000 levels of lists",
            format!("{head}attributes: {{a: {}{}}}", "[".repeat(1_000), "]".repeat(1_000)),
            "nested deeper than 64",
        ),
        (
            "1,000 levels of block",
            (0..1_000).fold(format!("{head}attributes:\n"), |text, n| text + &" ".repeat(n + 1) + "a:\n"),
            "nested deeper than 64",
        ),
        ("100,000 components", format!("{head}components:\n{}", many(34_000)), "more than 20000 values"),
        ("an alias bomb", format!("{head}attributes:\n{}", indent(&bomb)), "more than 20000 values"),
        ("anchors in anchors", format!("{head}attributes: {{a: {nested_anchors}}}"), "more than 20000 values"),
        ("a large anchor", format!("{head}attributes: {{a: {anchors}, b: *x}}"), "more than 20000 values"),
        (
            "an alias of a long text",
            format!("{head}attributes: {{a: &x '{}', b: [{}]}}", "x".repeat(900_000), "*x, ".repeat(100)),
            "more than 4194304 bytes",
        ),
        ("an alias inside itself", format!("{head}attributes: &x {{a: *x}}"), "inside of what it stands for"),
        (
            "a variable bomb",
            format!(
                "{head}variables: {{a: '{}'}}\ncommands: [{{id: x, exec: {{component: c, commandLine: '{}'}}}}]",
                "x".repeat(100_000),
                "{{a}}".repeat(10_000)
            ),
            "too large",
        ),
        ("nothing", String::new(), "the document is empty"),
        ("nothing but a mark", "\u{feff}".to_owned(), "the document is empty"),
        ("a NUL", format!("{head}components: [{{name: \"a\0b\"}}]"), "not YAML"),
        ("a mapping merged into itself", format!("{head}attributes: &x {{<<: *x}}"), "inside of what it stands for"),
        (
            "a merge of a list in itself",
            format!("{head}attributes: &x {{<<: [*x, *x]}}"),
            "inside of what it stands for",
        ),
        ("tabs", format!("{head}components:\n\t- name: a\n"), "YAML takes no tabs"),
        (
            "a bomb of merges",
            (1..40).fold(format!("{head}attributes:\n  m0: &m0 {{a: 1, b: 2}}\n"), |text, n| {
                let before = n - 1;
                text + &format!(
                    "  m{n}: &m{n} {{<<: [*m{before}, *m{before}, *m{before}], x{n}: [*m{before}, *m{before}]}}\n"
                )
            }),
            "more than 20000 values",
        ),
    ];
    for (what, text, expected) in table {
        let said = refused(what, text.as_bytes());
        assert!(said.contains(expected), "{what}: {said}");
    }
    assert!(refused("not UTF-8", b"schemaVersion: \xff").contains("not UTF-8"));
    let wide = |little: bool| -> Vec<u8> {
        let units = "\u{feff}schemaVersion: 2.2.0\n".encode_utf16();
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    for text in [wide(true), wide(false)] {
        let said = refused("UTF-16", &text);
        assert!(said.contains("UTF-16") && said.contains("save the file as UTF-8"), "{said}");
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

#[test]
fn garbage_is_refused_without_a_panic() {
    let seeds = [
        "schemaVersion: 2.2.0\ncomponents:\n- name: a\n  container: {image: x, env: [{name: a, value: b}]}\n",
        "{\"schemaVersion\": \"2.2.0\", \"commands\": [{\"id\": \"a\", \"exec\": {\"component\": \"b\", \"commandLine\": \"c\"}}]}",
        "schemaVersion: 2.2.0\nvariables: &v {a: b}\nattributes: {<<: *v, x: !!str 1, y: |\n  a\n  b\n}\n",
        "? a\n: b\n",
        "- a\n- b",
        "a",
        "null",
        "!!binary x",
        "%YAML 1.2\n---\na: b\n...\n---\nc",
        "a: *b",
        "&a [*a]",
        "\u{feff}schemaVersion: 2.2.0",
        "schemaVersion: 2.2.0\nparent: {uri: x, kubernetes: 1}",
        "<<: 1",
        "a: {<<: [1]}",
        "{<<: {a: b}, <<: {c: d}}",
    ];
    // A small generator with a fixed beginning: the same garbage each time.
    let mut state: u64 = 1;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let noise = b"{}[]:,-?*&!|>'\"%@`#\n\t ab01\xff\0";
    for round in 0..3_000 {
        let mut bytes = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..next(6) {
            let at = next(bytes.len() + 1);
            match next(3) {
                0 => bytes.insert(at, noise[next(noise.len())]),
                1 if at < bytes.len() => {
                    bytes.remove(at);
                }
                _ => bytes.truncate(at.max(1)),
            }
        }
        let _ = dormer_devfile::load("devfile.yaml", &bytes, &NoResolver, &Limits::default());
    }
}
