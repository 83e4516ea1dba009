//! The devfiles that variants are made of.

use std::path::{Path, PathBuf};

pub struct Seed {
    pub name: String,
    pub text: String,
}

/// The samples beside the tests, and the published devfiles and cases where they are at hand.
pub fn all() -> Vec<Seed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = folder(&root.join("../devfile/tests/samples"));
    assert!(seeds.len() >= 10);
    let corpus = std::env::var_os("DEVFILE_CORPUS").map_or_else(|| root.join("../../shared/corpus"), PathBuf::from);
    for part in ["registry-stacks", "schema-cases/devfile"] {
        let found = folder(&corpus.join(part));
        if found.is_empty() {
            eprintln!("SKIPPED: no published devfiles at {} (set DEVFILE_CORPUS)", corpus.join(part).display());
        }
        seeds.extend(found);
    }
    seeds
}

fn folder(folder: &Path) -> Vec<Seed> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(here) = open.pop() {
        for entry in std::fs::read_dir(&here).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().replace(['/', '.'], "-");
            let wanted = !name.contains("stack-yaml") && !name.contains("extraDevfile");
            if path.is_dir() {
                open.push(path);
            } else if let Some(text) = std::fs::read_to_string(&path).ok().filter(|_| wanted) {
                found.push(Seed { name, text });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}
