//! Every published stack is rendered, and a handful is compared with what is kept here.
//!
//! The stacks are not in the repository: `DEVFILE_CORPUS`, or `../shared/corpus` beside it. Without them this says so and
//! is left out.

use std::path::{Path, PathBuf};

use super::Scene;
use super::snapshot;

fn stacks() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus");
    let root = std::env::var_os("DEVFILE_CORPUS").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let folder = root.join("registry-stacks/stacks");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no devfile corpus at {} (set DEVFILE_CORPUS)", folder.display());
    None
}

fn devfiles(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            devfiles(&path, found);
        } else if path.file_name().is_some_and(|name| name == "devfile.yaml") {
            found.push(path);
        }
    }
}

#[test]
fn all_published_stacks_make_valid_objects() {
    let Some(root) = stacks() else { return };
    let mut found = Vec::new();
    devfiles(&root, &mut found);
    assert!(found.len() >= 90, "{}", found.len());
    for path in &found {
        let scene = Scene::of(&std::fs::read_to_string(path).unwrap());
        let rendered = scene.try_render().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // The reference makes a container of each container component, by its name.
        let spec = rendered.pod.spec.unwrap();
        let containers = scene.plan.containers.iter().filter(|each| !each.dedicated && !each.init);
        for container in containers {
            assert!(spec.containers.iter().any(|each| each.name == container.name), "{}", path.display());
        }
    }
}

#[test]
fn published_stacks_look_as_they_did() {
    let Some(root) = stacks() else { return };
    for stack in ["go/2.5.0", "java-springboot/2.2.0", "hermes/1.0.0", "jhipster-online/2.33.1", "udi"] {
        let path = root.join(stack).join("devfile.yaml");
        let scene = Scene::of(&std::fs::read_to_string(&path).unwrap());
        snapshot::compare(&stack.replace('/', "-"), &scene.render());
    }
}
