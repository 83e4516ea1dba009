//! What is written is what was read.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use dormer_devfile::limits::Limits;
use dormer_devfile::model::Devfile;
use dormer_devfile::resolve::NoResolver;
use dormer_devfile::stage::Raw;
use dormer_devfile::write;

const TRICKY: &str = r##"
schemaVersion: 2.2.0
metadata: {name: x, version: 1.0.0, description: "yes", custom: [1, 1.5, true, "true", "1", "0755", "1:30", "~", ""]}
variables: {a: " leading", b: "trailing ", c: "tab\there", d: "line\nline\n", e: "line\n\nline", f: "é ☃", g: "#x: y", h: "- z", i: "{{x}}"}
components:
- name: c
  container:
    image: x
    command: ["sh", "-c", "a && b; echo 'q' \"dq\" \\"]
    args: [null-ish, "null", "on", "=", "<<", "!x", "&a", "*a", "%", "@", "`", "|", ">", "? ", ": "]
- name: k
  kubernetes:
    inlined: |
      apiVersion: v1
      data:
        x: |
          y
         # not a comment

"##;

#[test]
fn yaml_and_json_read_back_the_same() {
    let limits = Limits::default();
    let parse =
        |text: &str| Raw::new("devfile.yaml", text.as_bytes()).parse(&limits).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let read = parse(TRICKY);
    let yaml = read.to_yaml().unwrap();
    assert!(parse(&yaml).tree() == read.tree(), "{yaml}");
    assert_eq!(parse(&yaml).to_yaml().unwrap(), yaml);
    let json = read.to_json().unwrap();
    assert!(parse(&json).tree() == read.tree(), "{json}");
    // Through the model, too.
    let model = write::yaml(read.devfile()).unwrap();
    assert_eq!(parse(&model).devfile(), read.devfile(), "{model}");
    let again: Devfile = serde_json::from_str(&serde_json::to_string(read.devfile()).unwrap()).unwrap();
    assert_eq!(&again, read.devfile());
}

#[test]
fn order_is_kept_and_what_is_absent_stays_absent() {
    let text = "schemaVersion: 2.2.0\ncommands:\n- exec: {component: c, commandLine: x}\n  id: a\ncomponents:\n- container: {image: x, env: null}\n  name: c\n";
    let valid = dormer_devfile::load("devfile.yaml", text.as_bytes(), &NoResolver, &Limits::default()).unwrap();
    assert_eq!(
        valid.to_yaml().unwrap(),
        "schemaVersion: \"2.2.0\"\ncommands:\n- exec:\n    component: c\n    commandLine: x\n  id: a\ncomponents:\n- container:\n    image: x\n  name: c\n"
    );
}
