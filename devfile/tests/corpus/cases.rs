use super::exceptions;
use super::folder::{files, folder};
use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::NoResolver;
use dormer_devfile::schema::{Dialect, Edition};
use dormer_devfile::stage::Raw;

#[derive(serde::Deserialize)]
struct Case {
    file: String,
    schema: String,
    expect: String,
}

#[test]
fn schema_cases_by_validity() {
    let Some(root) = folder("schema-cases") else { return };
    let manifest = std::fs::read(root.join("manifest.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&manifest).unwrap();
    assert!(cases.len() >= 275);
    let mut wrong = Vec::new();
    for case in &cases {
        let dialect = match case.schema.as_str() {
            "devfile.json" => Dialect::Devfile(Edition::LATEST),
            "dev-workspace-template-spec.json" => Dialect::Template,
            "parent-overrides.json" => Dialect::ParentOverrides,
            other => panic!("unknown schema {other}"),
        };
        let bytes = std::fs::read(root.join(&case.file)).unwrap();
        let result = Raw::new(&case.file, &bytes).parse_as(dialect, &Limits::default());
        let excepted = exceptions::SCHEMA.iter().any(|(file, _)| *file == case.file);
        if (result.is_ok() == (case.expect == "valid")) == excepted {
            let said = result.err().map(|e| e.to_string()).unwrap_or_else(|| "accepted".to_owned());
            wrong.push(format!("{} should be {}: {said}", case.file, case.expect));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn registry_stacks_are_valid() {
    let Some(root) = folder("registry-stacks") else { return };
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in files(&root).iter().filter(|p| p.ends_with("devfile.yaml")) {
        count += 1;
        let bytes = std::fs::read(path).unwrap();
        if let Err(problems) = dormer_devfile::load(&path.to_string_lossy(), &bytes, &NoResolver, &Limits::default()) {
            wrong.push(problems.to_string());
        }
    }
    assert_eq!(count, 90);
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn registry_stacks_are_written_as_they_were_read() {
    let Some(root) = folder("registry-stacks") else { return };
    for path in files(&root).iter().filter(|p| p.ends_with("devfile.yaml")) {
        let bytes = std::fs::read(path).unwrap();
        let parse = |bytes: &[u8]| Raw::new("devfile.yaml", bytes).parse(&Limits::default()).unwrap();
        let read = parse(&bytes);
        assert!(parse(read.to_yaml().unwrap().as_bytes()).tree() == read.tree(), "{}", path.display());
        assert!(parse(read.to_json().unwrap().as_bytes()).tree() == read.tree(), "{}", path.display());
        let tabs = serde_json::to_value(read.tree()).unwrap();
        let tabs = with_tabs(&tabs);
        assert!(parse(tabs.as_bytes()).tree() == read.tree(), "{} as JSON with tabs", path.display());
        let crlf = read.to_yaml().unwrap().replace('\n', "\r\n");
        assert!(parse(crlf.as_bytes()).tree() == read.tree(), "{} with CRLF", path.display());
        let model = dormer_devfile::write::yaml(read.devfile()).unwrap();
        assert_eq!(parse(model.as_bytes()).devfile(), read.devfile(), "{}", path.display());
    }
}

fn with_tabs(value: &serde_json::Value) -> String {
    use serde::Serialize;
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, formatter)).unwrap();
    String::from_utf8(out).unwrap()
}
