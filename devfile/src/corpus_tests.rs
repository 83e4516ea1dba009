//! The published cases that need the inside of the crate: merges, patches, variables.

use crate::diagnostic::Report;
use crate::limits::Limits;
use crate::node::{Entry, Map, Node, Step, Value};
use crate::schema::Dialect;
use crate::source::{Sources, Span};
use crate::{flatten, variables, yaml};
use indexmap::IndexMap;
use std::path::{Path, PathBuf};

fn corpus(part: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus");
    let root = std::env::var_os("DEVFILE_CORPUS").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let folder = root.join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    // Tests print: whoever runs them should see that something was left out.
    #[allow(clippy::print_stderr)]
    {
        eprintln!("SKIPPED: no devfile corpus at {} (set DEVFILE_CORPUS)", folder.display());
    }
    None
}

fn read(path: &Path, report: &mut Report) -> Option<Node> {
    let bytes = std::fs::read(path).ok()?;
    Some(yaml::read(&path.to_string_lossy(), &bytes, None, &Limits::default(), report).unwrap_or_else(nothing))
}

fn nothing() -> Node {
    let source = Sources::default().add("", "", None);
    Node::new(Span { source, start: 0, end: 0 }, Value::Map(Map::new()))
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn merges() {
    let Some(root) = corpus("merge-override/merges") else { return };
    for case in folders(&root) {
        let mut report = Report::new(100);
        let mut main = read(&case.join("main.yaml"), &mut report).unwrap();
        let parent = read(&case.join("parent.yaml"), &mut report);
        let plugin = read(&case.join("plugin.yaml"), &mut report);
        let plugins = flatten::plugins_of(&main);
        main.as_map_mut().unwrap().shift_remove("parent");
        let imports = [(parent, None), (plugin, plugins.first().cloned())];
        let imports = imports.into_iter().filter_map(|(tree, name)| Some((tree?, name))).collect();
        let merged = flatten::merge_contents(main, imports, &mut report);
        match read(&case.join("result.yaml"), &mut Report::new(1)) {
            Some(expected) => {
                assert!(!report.has_errors(), "{}: {}", case.display(), report.diagnostics());
                assert_eq!(tidy(merged), tidy(expected), "{}", case.display());
            }
            None => {
                let expected = std::fs::read_to_string(case.join("result-error.txt")).unwrap();
                let said = report.diagnostics().to_string();
                for name in names_in(&expected, ": ", ". If") {
                    assert!(said.contains(&format!("'{name}'")), "{}: {name} in {said}", case.display());
                }
            }
        }
    }
}

#[test]
fn patches() {
    let Some(root) = corpus("merge-override/patches") else { return };
    for case in folders(&root) {
        let mut report = Report::new(100);
        let original = read(&case.join("original.yaml"), &mut report).unwrap();
        let patch = read(&case.join("patch.yaml"), &mut report).unwrap();
        let patched = flatten::override_contents(original, patch, &mut report);
        match read(&case.join("result.yaml"), &mut Report::new(1)) {
            Some(expected) => {
                assert_eq!(tidy(patched.unwrap()), tidy(expected), "{}", case.display());
            }
            None => {
                assert!(patched.is_none(), "{}", case.display());
                let expected = std::fs::read_to_string(case.join("result-error.txt")).unwrap();
                let said = report.diagnostics().to_string();
                for name in names_in(&expected, ": ", ". They") {
                    assert!(said.contains(&format!("'{name}'")), "{}: {name} in {said}", case.display());
                }
            }
        }
    }
}

/// The names that an error text lists between two words.
fn names_in(text: &str, from: &str, to: &str) -> Vec<String> {
    let lists = text.lines().filter_map(|line| line.split_once(from)?.1.split_once(to));
    let names: Vec<String> =
        lists.flat_map(|(list, _)| list.split(", ").map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(!names.is_empty(), "{text}");
    names
}

/// Without empty mappings and lists of the top level, which both sides may have or not.
fn tidy(mut tree: Node) -> String {
    if let Some(map) = tree.as_map_mut() {
        if let Some(events) = map.get_mut("events").and_then(|entry| entry.node.as_map_mut()) {
            events.retain(|_, entry| !entry.node.items().is_empty());
        }
        map.retain(|_, entry| entry.node.as_map().is_none_or(|map| !map.is_empty()));
        map.sort_keys();
    }
    serde_json::to_string_pretty(&sorted(tree)).unwrap()
}

fn sorted(mut node: Node) -> Node {
    match &mut node.value {
        Value::Map(map) => {
            map.sort_keys();
            *map = std::mem::take(map).into_iter().map(|(k, e)| (k, Entry { node: sorted(e.node), ..e })).collect();
        }
        Value::List(items) => *items = std::mem::take(items).into_iter().map(sorted).collect(),
        _ => {}
    }
    node
}

#[test]
fn variables_of_single_elements() {
    let Some(root) = corpus("variables") else { return };
    let good = variables_in(&root.join("variables/variables-referenced.yaml"));
    let none = variables_in(&root.join("variables/variables-notreferenced.yaml"));
    let places: [(&str, &[&str]); 6] = [
        ("commands", &["exec", "composite", "apply"]),
        ("components", &["container", "volume"]),
        ("projects", &["project"]),
        ("projects", &["git", "zip"]),
        ("projects", &["starterproject"]),
        ("components", &["openshift-kubernetes"]),
    ];
    let mut count = 0;
    for (folder, names) in places {
        for name in names {
            let path = root.join(folder).join(format!("{name}.yaml"));
            let input = || read(&path, &mut Report::new(1)).unwrap();
            let output = read(&root.join(folder).join(format!("{name}-output.yaml")), &mut Report::new(1)).unwrap();
            let (replaced, unknown) = substituted(folder, name, input(), &good);
            assert_eq!(tidy(replaced), tidy(output), "{}", path.display());
            assert!(unknown.is_empty(), "{}: {unknown:?}", path.display());
            let (untouched, unknown) = substituted(folder, name, input(), &none);
            assert_eq!(tidy(untouched), tidy(input()), "{}", path.display());
            assert!(!unknown.is_empty(), "{}", path.display());
            count += 1;
        }
    }
    for name in ["image-dockerfile-git", "image-dockerfile-registry", "image-dockerfile-uri"] {
        let path = root.join("components").join(format!("{name}.yaml"));
        let input = read(&path, &mut Report::new(1)).unwrap();
        let output = read(&root.join("components").join(format!("{name}-output.yaml")), &mut Report::new(1)).unwrap();
        let (replaced, unknown) = substituted("components", "image", input, &good);
        assert_eq!(tidy(replaced), tidy(output), "{}", path.display());
        assert!(unknown.is_empty());
        count += 1;
    }
    assert_eq!(count, 13);
}

fn variables_in(path: &Path) -> IndexMap<String, String> {
    let tree = read(path, &mut Report::new(1)).unwrap();
    let pairs = tree.as_map().unwrap().iter();
    pairs.map(|(name, entry)| (name.to_string(), entry.node.as_text().unwrap().to_owned())).collect()
}

/// Puts a single element into a devfile, substitutes, and takes it out again.
fn substituted(
    folder: &str,
    name: &str,
    element: Node,
    variables: &IndexMap<String, String>,
) -> (Node, Vec<variables::Unknown>) {
    let span = element.span;
    let map =
        |key: &str, node: Node| Node::new(span, Value::Map(Map::from_iter([(key.into(), Entry { key: span, node })])));
    let list = if name == "starterproject" { "starterProjects" } else { folder };
    let (outer, path): (Node, Vec<Step<'_>>) = match name {
        "project" | "starterproject" | "git" | "zip" => (element, vec![list.into(), 0.into()]),
        "openshift-kubernetes" => (map("kubernetes", element), vec![list.into(), 0.into(), "kubernetes".into()]),
        name => (map(name, element), vec![list.into(), 0.into(), name.into()]),
    };
    let mut tree = map(list, Node::new(span, Value::List(vec![outer])));
    let mut report = Report::new(100);
    let unknown = variables::substitute(&mut tree, variables, 1 << 20, &mut report);
    (take(&tree, &path), unknown)
}

fn take(tree: &Node, path: &[Step<'_>]) -> Node {
    let mut here = tree;
    for step in path {
        here = match step {
            Step::Key(key) => here.get(key).unwrap(),
            Step::Item(item) => &here.items()[*item],
        };
    }
    here.clone()
}

#[test]
fn variables_of_whole_devfiles() {
    let Some(root) = corpus("variables/all") else { return };
    let bytes = std::fs::read(root.join("expected-warnings.json")).unwrap();
    let expected: IndexMap<String, IndexMap<String, IndexMap<String, Vec<String>>>> =
        serde_json::from_slice(&bytes).unwrap();
    assert_eq!(expected.len(), 2);
    for (file, warnings) in expected {
        let mut report = Report::new(1_000);
        let mut tree = read(&root.join(&file), &mut report).unwrap();
        crate::schema::check(&mut tree, Dialect::Template, &mut Report::new(1));
        let variables = tree.get("variables").unwrap().as_map().unwrap().iter();
        let variables =
            variables.map(|(name, entry)| (name.to_string(), entry.node.as_text().unwrap().to_owned())).collect();
        let unknown = variables::substitute(&mut tree, &variables, 1 << 20, &mut report);
        let output = read(&root.join(file.replace(".yaml", "-output.yaml")), &mut Report::new(1)).unwrap();
        assert_eq!(tidy(tree), tidy(output), "{file}");
        let mut said: IndexMap<String, IndexMap<String, Vec<String>>> = IndexMap::new();
        for one in unknown {
            let mut list = one.list.to_owned();
            list.replace_range(..1, &one.list[..1].to_uppercase());
            said.entry(list).or_default().entry(one.element).or_default().push(one.variable);
        }
        for keys in said.values_mut().flat_map(|elements| elements.values_mut()) {
            keys.sort();
        }
        assert_eq!(said.len(), warnings.len(), "{file}");
        for (list, elements) in &warnings {
            // The list of warnings calls the dependent projects by the names of the projects beside them.
            let renamed =
                |name: &str| if list == "DependentProjects" { format!("dependent{name}") } else { name.to_owned() };
            for (name, keys) in elements {
                assert_eq!(said[list].get(&renamed(name)), Some(keys), "{file} {list} {name}");
            }
        }
        assert_eq!(report.diagnostics().is_empty(), warnings.is_empty(), "{file}");
    }
}
