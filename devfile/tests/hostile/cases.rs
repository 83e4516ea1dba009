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
            "attributes" => {
                let attributes: String = (0..9_000).map(|n| format!("a{n}: 1, ")).collect();
                let bytes = format!("schemaVersion: 2.2.0\nattributes: {{{attributes}}}\n").into_bytes();
                return Ok(Fetched { location: uri.to_owned(), bytes });
            }
            "remarks" => {
                let bytes = format!("schemaVersion: 2.0.0\n{}", "# a\n".repeat(250_000)).into_bytes();
                return Ok(Fetched { location: uri.to_owned(), bytes });
            }
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

/// What it is, the file, and a part of the error.
type Case = (&'static str, String, &'static str);

/// Devfiles.
pub fn cases() -> Vec<Case> {
    documents().into_iter().chain(crowds()).collect()
}

/// Other files, each with its name.
pub fn other_files() -> Vec<(&'static str, Case)> {
    let many = |end: usize, one: &dyn Fn(usize) -> String| (0..end).map(one).collect::<Vec<String>>().join(",");
    let container = |more: String| format!("{{\"image\": \"x\", \"waitFor\": 1, {more}}}");
    let environment = |text: String| container(format!("\"containerEnv\": {{\"A\": \"{text}\"}}"));
    let nulls = |value: &str| many(9_000, &|n| format!("\"A{n}\": {value}"));
    let wrong = "'waitFor' must be a word";
    let cases = vec![
        ("references that never end", environment("${".repeat(480_000)), wrong),
        ("references that end at the end", environment("${".repeat(480_000) + "}"), wrong),
        ("references to nowhere", environment("${localEnv:X}".repeat(75_000)), wrong),
        ("fields that nobody knows", container(many(18_000, &|n| format!("\"forwardPort{n}\": 1"))), wrong),
        (
            "mounts of one name",
            container(format!(
                "\"mounts\": [{}]",
                many(7_000, &|n| format!("\"source=a{},target=/a\"", "!".repeat(n % 70) + &".".repeat(n / 70)))
            )),
            wrong,
        ),
        (
            "commands at the same time",
            container(format!(
                "\"postCreateCommand\": {{{}}}",
                many(9_000, &|n| format!("\"a-rather-long-name-{n}\": \"x\""))
            )),
            wrong,
        ),
        (
            "variables that are taken away",
            container(format!("\"containerEnv\": {{{}}}, \"remoteEnv\": {{{}}}", nulls("\"x\""), nulls("null"))),
            wrong,
        ),
        ("1,000 levels", container(format!("\"a\": {}", "[".repeat(1_000))), "deeper than 64"),
        ("10 MB", container(format!("\"a\": \"{}\"", "x".repeat(10 << 20))), "at most 1048576 are read"),
    ];
    let bomb: String = (1..30).fold("- &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        let before = format!("*a{}", n - 1);
        text + &format!("- &a{n} [{}]\n", [before.as_str(); 9].join(", "))
    });
    let workspace = vec![
        ("an alias bomb", format!("name: x\nsecrets:\n{bomb}"), "more than 20000 values"),
        ("secrets that nobody reads", format!("name: x\nsecrets: [{}]", "{kee: a}, ".repeat(9_000)), "… and "),
    ];
    let of = |name: &'static str, cases: Vec<Case>| cases.into_iter().map(move |case| (name, case));
    of("devcontainer.json", cases).chain(of("workspace.yaml", workspace)).collect()
}

/// Many elements that have to do with each other.
fn crowds() -> Vec<Case> {
    let head = "schemaVersion: 2.2.0\nmetadata: {name: x}\n";
    let container = "components: [{name: c, container: {image: x}}]\n";
    let many = |end: usize, one: &dyn Fn(usize) -> String| (0..end).map(one).collect::<String>();
    let exec = |variables: String, line: String| {
        format!("{head}{variables}commands: [{{id: a, exec: {{component: c, commandLine: '{line}'}}}}]\n")
    };
    let long = "b".repeat(400_000);
    vec![
        (
            "circles of composites",
            format!(
                "{head}commands:\n{}- {{id: c2000, composite: {{commands: [{}]}}}}\n",
                many(2_000, &|n| format!("- {{id: c{n}, composite: {{commands: [c{}]}}}}\n", n + 1)),
                many(9_000, &|n| format!("c{}, ", n % 2_000))
            ),
            "… and ",
        ),
        (
            "a large composite at every event",
            format!(
                "{head}{container}commands:\n- {{id: e, exec: {{component: c, commandLine: x}}}}\n- {{id: all, composite: {{commands: [{}]}}}}\nevents: {{preStart: [{}]}}\n",
                "e, ".repeat(9_000),
                "all, ".repeat(9_000)
            ),
            "is another kind",
        ),
        (
            "one key again and again, far into a line",
            format!(
                "{{schemaVersion: 2.2.0, attributes: {{long: '{}', d: 1{}}}}}",
                "é".repeat(430_000),
                ", d: 1".repeat(15_000)
            ),
            "… and ",
        ),
        (
            "wrong values far into a line",
            format!(
                "{{schemaVersion: 2.2.0, attributes: {{l: '{}'}}, components: [{}]}}",
                "é".repeat(430_000),
                "{name: A, volume: {siz: 1}},".repeat(4_000)
            ),
            "… and ",
        ),
        (
            "a long name like another",
            format!(
                "{head}variables: {{? {long}\n: x}}\ncommands: [{{id: a, exec: {{component: {long}, commandLine: '{{{{{}}}}}'}}}}]\n",
                "a".repeat(100_000)
            ),
            "there is no component 'bbb",
        ),
        (
            "names like many others",
            format!(
                "{head}components:\n{}commands:\n{}",
                many(2_500, &|n| format!("- {{name: {}{n}, container: {{image: x}}}}\n", "a".repeat(58))),
                many(1_400, &|n| format!("- {{id: a{n}, exec: {{component: {}, commandLine: x}}}}\n", "b".repeat(63)))
            ),
            "… and ",
        ),
        ("one variable everywhere", exec("variables: {a: x}\n".into(), "{{a}}".repeat(180_000)), "no component 'c'"),
        (
            "other variables everywhere",
            exec(
                format!("variables: {{{}}}\n", many(9_000, &|n| format!("v{n}: '', "))),
                many(80_000, &|n| format!("{{{{v{}}}}}", n % 9_000)),
            ),
            "too large",
        ),
        ("variables that are not there", exec(String::new(), many(90_000, &|n| format!("{{{{v{n}}}}}"))), "… and "),
        (
            "a parent's attributes, all taken away",
            format!(
                "{head}parent: {{uri: 'https://allowed.example/attributes', attributes: {{{}}}}}\ncomponents: [{{name: v, volume: {{size: x}}}}]\n",
                many(9_000, &|n| format!("a{n}: null, "))
            ),
            "'x' is not a quantity",
        ),
        (
            "plugins of nothing but remarks",
            format!(
                "schemaVersion: 2.0.0\ncomponents:\n{}",
                many(30, &|n| format!("- {{name: p{n}, plugin: {{uri: 'https://allowed.example/remarks'}}}}\n"))
            ),
            "too large, all together",
        ),
    ]
}

fn documents() -> Vec<Case> {
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
