//! Devfiles that bring others in, with overrides of what those have.

use super::change;
use super::random::Random;
use serde_json::{Value, json};

const LISTS: [(&str, &str); 5] = [
    ("components", "name"),
    ("commands", "id"),
    ("projects", "name"),
    ("starterProjects", "name"),
    ("dependentProjects", "name"),
];

/// Files of a devfile with a parent, a plugin, or both, and sometimes a grandparent.
pub fn imports(one: &Value, other: &Value, random: &mut Random) -> (Vec<(String, Value)>, String) {
    let mut files = Vec::new();
    let mut main = json!({
        "schemaVersion": random.pick(&["2.3.0", "2.3.0", "2.2.2", "2.2.0", "2.1.0"]),
        "metadata": {"name": "main"},
        "components": [{"name": "own", "container": {"image": "own"}}],
        "commands": [{"id": "own", "exec": {"component": "own", "commandLine": "x"}}],
    });
    if random.one_in(3) {
        main["events"] = json!({"postStart": ["own"]});
    }
    if random.one_in(4) {
        main["variables"] = json!({"own": "1"});
        main["attributes"] = json!({"own": 1});
    }
    let mut said = String::new();
    let kind = random.below(5);
    if kind != 0 {
        main["parent"] = with_overrides(one, &["variables", "attributes"], 5, random);
        main["parent"]["uri"] = json!("parent.yaml");
        said.push_str("parent ");
        let mut parent = one.clone();
        if random.one_in(4) {
            let mut grand = json!({
                "schemaVersion": parent["schemaVersion"], "metadata": {"name": "grand"},
                "components": [{"name": "grand", "container": {"image": "grand"}}],
            });
            if random.one_in(4) {
                grand["parent"] =
                    json!({"uri": random.pick(&["parent.yaml", "devfile.yaml", "grand.yaml", "none.yaml"])});
            }
            parent["parent"] = with_overrides(&grand, &[], 5, random);
            parent["parent"]["uri"] = json!("grand.yaml");
            files.push(("grand.yaml".to_owned(), grand));
            said.push_str("grandparent ");
        }
        files.push(("parent.yaml".to_owned(), parent));
    }
    if kind <= 1 {
        let mut plugin = with_overrides(other, &[], 2, random);
        plugin["uri"] = json!("plugin.yaml");
        main["components"].as_array_mut().unwrap().push(json!({"name": "plug", "plugin": plugin}));
        files.push(("plugin.yaml".to_owned(), other.clone()));
        said.push_str("plugin ");
    }
    // What would clash, mostly renamed; sometimes the main devfile takes a name of an import.
    if random.one_in(9) {
        let name = one["components"][0]["name"].clone();
        main["components"].as_array_mut().unwrap().push(json!({"name": name, "container": {"image": "x"}}));
        said.push_str("clash ");
    }
    files.push(("devfile.yaml".to_owned(), main));
    if random.one_in(5) {
        let at = random.below(files.len());
        said.push_str(&change::change(&mut files[at].1, other, random));
    }
    (files, said)
}

/// Overrides of some elements, each with some of its own fields, changed or not.
fn with_overrides(of: &Value, maps: &[&str], lists: usize, random: &mut Random) -> Value {
    let mut overrides = json!({});
    for (list, key) in LISTS.iter().take(lists) {
        if random.one_in(3) {
            continue;
        }
        let mut chosen = Vec::new();
        for item in of[*list].as_array().into_iter().flatten().filter(|item| item.is_object()) {
            if random.one_in(2) {
                let mut item = item.clone();
                thin(&mut item, key, 0, random);
                chosen.push(item);
            }
        }
        if random.one_in(3) {
            chosen.reverse();
        }
        if !chosen.is_empty() {
            overrides[*list] = json!(chosen);
        }
    }
    for map in maps {
        if let Some(fields) = of[*map].as_object().filter(|_| random.one_in(2)) {
            let some = fields.iter().filter(|_| random.one_in(2)).map(|(key, value)| (key.clone(), value.clone()));
            overrides[*map] = Value::Object(some.collect());
        }
    }
    if random.one_in(4) {
        change::change(&mut overrides, of, random);
    }
    overrides
}

/// Leaves fields out and changes texts, but for the key.
fn thin(item: &mut Value, key: &str, depth: usize, random: &mut Random) {
    match item {
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            for name in keys {
                if name != key && (name != "name" || depth == 0) && random.one_in(if depth == 0 { 6 } else { 3 }) {
                    map.remove(&name);
                } else if name != key && name != "name" {
                    thin(&mut map[&name], key, depth + 1, random);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| thin(item, key, depth + 1, random)),
        Value::String(text) if random.one_in(3) => text.push('2'),
        Value::Bool(flag) if random.one_in(2) => *flag = !*flag,
        _ => {}
    }
}
