//! What ours makes of a case.

use super::case::Case;
use super::reference::Warnings;
use dormer_devfile::diagnostic::{Diagnostics, Severity};
use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::{Fetched, ResolveError, Resolver};
use dormer_devfile::stage::{Raw, Valid, Variables};
use serde_json::Value;
use std::path::Path;

pub enum Outcome {
    Valid { valid: Box<Valid>, flattened: Value, unknown: Warnings },
    Refused { rules: Vec<String>, text: String },
}

/// Paths are read, addresses are not.
struct Disk;

impl Resolver for Disk {
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        if uri.contains("://") {
            return Err(ResolveError::refused("only files are read here"));
        }
        let bytes = std::fs::read(uri).map_err(|error| ResolveError::refused(error.to_string()))?;
        Ok(Fetched { location: uri.to_owned(), bytes })
    }
}

pub fn read(folder: &Path, case: &Case) -> Outcome {
    match load(folder, case) {
        Ok(valid) => {
            let mut unknown = Warnings::new();
            for one in valid.unknown_variables() {
                let elements = unknown.entry(one.list.to_owned()).or_default();
                elements.entry(one.element.clone()).or_default().push(one.variable.clone());
            }
            unknown.values_mut().flat_map(|elements| elements.values_mut()).for_each(|names| names.sort());
            let flattened = serde_json::to_value(valid.tree()).unwrap();
            Outcome::Valid { valid: Box::new(valid), flattened, unknown }
        }
        Err(problems) => {
            let errors = problems.iter().filter(|one| one.severity == Severity::Error);
            let rules = errors.map(|one| serde_json::to_value(one.rule).unwrap());
            let rules = rules.map(|rule| rule.as_str().unwrap_or_default().to_owned()).collect();
            Outcome::Refused { rules, text: problems.to_string() }
        }
    }
}

fn load(folder: &Path, case: &Case) -> Result<Valid, Diagnostics> {
    let limits = Limits::default();
    let name = folder.join("devfile.yaml").to_string_lossy().into_owned();
    let file = |name: &str| case.files.iter().find(|(file, _)| file == name).map(|(_, text)| text.as_str());
    let variables: Variables =
        file("variables.json").map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default();
    let parsed = Raw::new(&name, file("devfile.yaml").unwrap().as_bytes()).parse(&limits)?;
    let mut flattened = parsed.flatten(&Disk, &limits)?;
    if file("inline").is_some() {
        flattened = flattened.inline_manifests(&Disk, &limits)?;
    }
    flattened.substitute(&variables, &limits)?.validate()
}

/// Where two trees differ.
pub fn apart(theirs: &Value, mine: &Value, path: &str) -> String {
    match (theirs, mine) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let lines = keys.into_iter().filter(|key| a.get(*key) != b.get(*key)).map(|key| {
                let path = format!("{path}.{key}");
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => apart(a, b, &path),
                    (a, b) => format!("  {path}: {} | {}\n", shown(a), shown(b)),
                }
            });
            lines.collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b);
            pairs.map(|(index, (a, b))| apart(a, b, &format!("{path}[{index}]"))).collect()
        }
        (a, b) => format!("  {path}: {} | {}\n", shown(Some(a)), shown(Some(b))),
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "(nothing)".to_owned(), |value| value.to_string().chars().take(300).collect())
}
