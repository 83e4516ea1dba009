//! Where ours and the library differ on purpose, each with the reason. Everything else that differs fails the test.

use super::case::Case;
use super::ours::Outcome;
use super::reference::Said;
use serde_json::Value;

/// Why this difference is meant. For a devfile of several changes one of them is enough.
pub fn excuse(case: &Case, said: &Said, mine: &Outcome, difference: &str) -> Option<&'static str> {
    let texts = || case.files.iter().filter(|(name, _)| name.ends_with(".yaml")).map(|(_, text)| text.as_str());
    let error = said.error.as_deref().unwrap_or_default();
    match mine {
        Outcome::Refused { rules, text } => {
            let all = |rule: &str| rules.iter().all(|other| other == rule);
            if rules.iter().any(|rule| rule == "duplicate-field") {
                return Some("a key that stands twice is refused, not overwritten");
            }
            if text.contains("must be a port: 1 to 65535") {
                return Some("a port is one that there is: 1 to 65535");
            }
            if all("event-kind") && texts().any(capitals) {
                return Some("a command that is named in capitals is the command, for events too");
            }
            if all("project-remotes") || all("project-checkout") {
                return text.contains("dependent project").then_some("dependent projects are projects");
            }
            if text.contains("the tag !!str means nothing in a devfile") {
                return Some("a list is no text, whatever its tag says");
            }
            if text.contains("did not find expected <document start>") {
                return Some("the library reads no further than it understands");
            }
            if text.contains("comments must be separated") {
                return Some("`]# remark` is no comment: white space comes first");
            }
            if texts().any(plain_scalars) {
                return Some("YAML 1.2: `yes` is a word, `017` is no number");
            }
            None
        }
        Outcome::Valid { .. } => {
            let lines: Vec<&str> = difference.lines().skip(1).collect();
            if !lines.is_empty() && lines.iter().all(|line| line.contains(".image.autoBuild: (nothing) | ")) {
                return Some("the library forgets autoBuild once anything is overridden");
            }
            if error.contains("found incompatible YAML document") {
                return Some("%YAML 1.2 is a version of YAML");
            }
            if error.contains("given: null") {
                return Some("null is absent");
            }
            if error.contains("tab character")
                || error.contains("cannot start any token") && texts().any(|t| t.contains('\t'))
            {
                return Some("a line of nothing but white space is empty, with tabs too");
            }
            if error.contains("did not find expected node content") && texts().any(|text| text.starts_with("...")) {
                return Some("the end of a document that did not begin means nothing");
            }
            if error.contains("cannot unmarshal number") {
                return Some("8080.0 is a whole number, in JSON too");
            }
            if texts().any(plain_scalars) {
                return Some("YAML 1.2: `yes` is a word, `017` is no number");
            }
            None
        }
    }
}

/// Whether there are plain scalars that YAML 1.1 and 1.2 take for different things.
fn plain_scalars(text: &str) -> bool {
    const WORDS: [&str; 14] = [
        "yes",
        "on",
        "Off",
        "n",
        "0x1F",
        "0o17",
        "017",
        "0b11",
        "1_000",
        "2001-01-01",
        "12:30:45",
        ".inf",
        ".nan",
        "=",
    ];
    let parts = text.split([' ', ',', ']', '}', '[', '{', '\n']);
    parts.into_iter().any(|part| WORDS.contains(&part))
}

/// Whether a command is named in capitals.
fn capitals(text: &str) -> bool {
    text.split('"').any(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '-'))
}

/// Rules about the form of a document.
pub const FORM: [&str; 10] = [
    "type",
    "format",
    "choice",
    "one-of",
    "missing-field",
    "unknown-field",
    "duplicate-field",
    "duplicate-item",
    "yaml-syntax",
    "yaml-feature",
];

/// Our rules that an error of the library is about.
pub fn rules(error: &str) -> impl Iterator<Item = &'static str> + '_ {
    const SAID: [(&str, &str); 19] = [
        ("duplicate key: ", "duplicate-name"),
        ("is reserved and cannot be customized", "reserved-env"),
        ("error parsing memory", "quantity"),
        ("error parsing cpu", "quantity"),
        ("for volume component is invalid", "quantity"),
        ("is greater than memoryLimit", "request-above-limit"),
        ("is greater than cpuLimit", "request-above-limit"),
        ("has been declared multiple times and with different values", "annotation-conflict"),
        ("multiple endpoint entries with same name", "endpoint-name"),
        ("multiple containers with same endpoint targetPort", "endpoint-port"),
        ("unable to find the following volume mounts", "volume-mount"),
        ("command does not map to a valid component", "command-component"),
        ("has invalid type", "command-kind"),
        ("mentioned in the composite command does not exist", "composite-unknown"),
        ("should be exactly one default command", "group-default"),
        ("does not map to a valid devfile command", "event-unknown"),
        ("should either map to", "event-kind"),
        ("should have at least one remote", "project-remotes"),
        ("unable to find the checkout remote", "project-checkout"),
    ];
    SAID.iter().filter(move |(part, _)| error.contains(part)).map(|(_, rule)| *rule)
}

/// Both sides in a form in which only what matters is left.
///
/// - The library writes what it holds: texts, lists and mappings that are empty are left out of it.
/// - It sorts the commands of an event by their ids; ours keeps the author's order.
/// - It forgets fields of `metadata` that it does not know, and `sparseCheckoutDirs`, which only 2.0.0 has.
pub fn comparable(mut tree: Value) -> Value {
    const METADATA: [&str; 14] = [
        "name",
        "version",
        "attributes",
        "displayName",
        "description",
        "tags",
        "architectures",
        "icon",
        "globalMemoryLimit",
        "projectType",
        "language",
        "website",
        "provider",
        "supportUrl",
    ];
    if let Some(metadata) = tree["metadata"].as_object_mut() {
        metadata.retain(|key, _| METADATA.contains(&key.as_str()));
    }
    for event in tree["events"].as_object_mut().into_iter().flatten() {
        if let Some(commands) = event.1.as_array_mut() {
            commands.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            commands.dedup();
        }
    }
    for project in tree["projects"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        project.remove("sparseCheckoutDirs");
    }
    tidy(&mut tree, false);
    tree
}

fn tidy(tree: &mut Value, free: bool) {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    match tree {
        Value::Object(map) => {
            map.iter_mut().for_each(|(key, value)| tidy(value, free || key == "attributes"));
            map.retain(|_, value| free || !empty(value));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, free)),
        _ => {}
    }
}
