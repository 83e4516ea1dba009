//! One change of a devfile, of the kinds that people and their tools make.

use super::random::Random;
use super::values;
use serde_json::{Map, Value, json};

/// Fields with values that make sense, to be put where they may or may not belong.
fn fields() -> Vec<(&'static str, Value)> {
    let git = json!({"remotes": {"origin": "https://git.example.org/a.git"}});
    vec![
        ("cpuLimit", json!("2")),
        ("cpuRequest", json!("500m")),
        ("memoryLimit", json!("1Gi")),
        ("memoryRequest", json!("2Gi")),
        ("dedicatedPod", json!(true)),
        ("mountSources", json!(false)),
        ("sourceMapping", json!("/src")),
        ("annotation", json!({"deployment": {"a": "1"}, "service": {"b": "{{tag}}"}})),
        ("annotation", json!({"deployment": {"a": "2"}})),
        ("env", json!([{"name": "PROJECTS_ROOT", "value": "x"}])),
        ("env", json!([{"name": "A", "value": "1"}, {"name": "A", "value": "2"}])),
        ("endpoints", json!([{"name": "a", "targetPort": 8080}, {"name": "b", "targetPort": 8080}])),
        ("endpoints", json!([{"name": "a", "targetPort": 1}, {"name": "a", "targetPort": 2}])),
        ("volumeMounts", json!([{"name": "nowhere"}])),
        ("volumeMounts", json!([{"name": "data", "path": "/data"}])),
        ("ephemeral", json!(true)),
        ("size", json!("1Gi")),
        ("autoBuild", json!(true)),
        ("deployByDefault", json!(true)),
        ("uri", json!("deploy/a.yaml")),
        ("inlined", json!("kind: Pod")),
        ("attributes", json!({"a": 1, "b": {"c": [null, ""]}})),
        ("variables", json!({"tag": "1", "other": "{{tag}}"})),
        ("variables", json!({"tag": 1})),
        ("git", git.clone()),
        ("git", json!({"remotes": {}})),
        ("git", json!({"remotes": {"a": "x", "b": "y"}})),
        ("git", json!({"remotes": {"a": "x"}, "checkoutFrom": {"remote": "b"}})),
        ("zip", json!({"location": "https://example.org/a.zip"})),
        ("github", git),
        ("sparseCheckoutDirs", json!(["a"])),
        ("clonePath", json!("a/b")),
        ("subDir", json!("a")),
        ("projects", json!([{"name": "p", "git": {"remotes": {"o": "x"}}}, {"name": "p", "zip": {"location": "y"}}])),
        ("dependentProjects", json!([{"name": "p", "git": {"remotes": {}}}])),
        ("starterProjects", json!([{"name": "p", "git": {"remotes": {"a": "x", "b": "y"}}}])),
        ("group", json!({"kind": "build", "isDefault": true})),
        ("group", json!({"kind": "deploy"})),
        ("exec", json!({"component": "tools", "commandLine": "make"})),
        ("apply", json!({"component": "tools"})),
        ("composite", json!({"commands": ["build"], "parallel": true})),
        ("vscodeTask", json!({"inlined": "x"})),
        ("custom", json!({"commandClass": "a", "embeddedResource": {}})),
        ("container", json!({"image": "a"})),
        ("volume", json!({})),
        ("kubernetes", json!({"inlined": "kind: Pod"})),
        ("openshift", json!({"uri": "a.yaml"})),
        ("image", json!({"imageName": "a", "dockerfile": {"uri": "Dockerfile"}})),
        ("image", json!({"imageName": "a", "autoBuild": true})),
        ("dockerfile", json!({"git": {"remotes": {"a": "x", "b": "y"}}})),
        ("plugin", json!({"uri": "nowhere.yaml"})),
        ("parent", json!({})),
        ("protocol", json!("udp")),
        ("exposure", json!("internal")),
        ("secure", json!(true)),
        ("label", json!("{{tag}} {{none}}")),
        ("workingDir", json!("{{tag}}")),
        ("hotReloadCapable", json!(true)),
        ("architectures", json!(["amd64", "amd64"])),
        ("architectures", json!(["arm64", "vax"])),
        ("tags", json!(["a", "a"])),
        ("globalMemoryLimit", json!("1Gi")),
        ("version", json!("1.0")),
        ("website", json!("x")),
        ("events", json!({"preStart": ["build"], "postStart": ["build"]})),
        ("$schema", json!("x")),
    ]
}

/// Changes the tree, and says how.
pub fn change(tree: &mut Value, donor: &Value, random: &mut Random) -> String {
    match random.below(22) {
        0 | 1 => with_map(tree, random, |map, key, _| {
            map.remove(&key);
            format!("without {key}")
        }),
        2 => with_map(tree, random, |map, key, random| {
            let to = match random.below(4) {
                0 => format!("{key}s"),
                1 => key.to_uppercase(),
                2 => key[..key.len() - 1].to_owned(),
                _ => fields()[random.below(fields().len())].0.to_owned(),
            };
            let value = map.remove(&key).unwrap();
            map.insert(to.clone(), value);
            format!("{key} renamed {to}")
        }),
        3..=5 => with_map(tree, random, |map, key, random| {
            let value = values::any(random);
            let said = format!("{key} is {value}");
            map.insert(key, value);
            said
        }),
        6 | 7 => with_map(tree, random, |map, _, random| {
            let (key, value) = random.pick(&fields()).clone();
            map.insert(key.to_owned(), value);
            format!("with {key}")
        }),
        8..=10 => typed(tree, random),
        11 => {
            tree["schemaVersion"] = json!(*random.pick(&values::VERSIONS));
            format!("of version {}", tree["schemaVersion"])
        }
        12 | 13 => reference(tree, random),
        14 => splice(tree, donor, random),
        15 => with_list(tree, random, |list, random| {
            let item = list[random.below(list.len())].clone();
            list.push(item);
            "an item twice".to_owned()
        }),
        16 => with_list(tree, random, |list, random| {
            let value = values::any(random);
            let at = random.below(list.len());
            list[at] = value;
            "another item".to_owned()
        }),
        17 => with_list(tree, random, |list, _| {
            list.reverse();
            "a list turned round".to_owned()
        }),
        _ => variable(tree, random),
    }
}

/// A random mapping with a key of it.
fn with_map(
    tree: &mut Value,
    random: &mut Random,
    act: impl FnOnce(&mut Map<String, Value>, String, &mut Random) -> String,
) -> String {
    let count = count(tree, &|value| value.as_object().is_some_and(|map| !map.is_empty()));
    let mut left = random.below(count);
    let found = nth(tree, &mut left, &|value| value.as_object().is_some_and(|map| !map.is_empty()));
    let Some(map) = found.and_then(Value::as_object_mut) else { return "as it is".to_owned() };
    let key = map.keys().nth(random.below(map.len())).unwrap().clone();
    act(map, key, random)
}

fn with_list(
    tree: &mut Value,
    random: &mut Random,
    act: impl FnOnce(&mut Vec<Value>, &mut Random) -> String,
) -> String {
    let wanted = |value: &Value| value.as_array().is_some_and(|list| !list.is_empty());
    let count = count(tree, &wanted);
    let mut left = random.below(count);
    match nth(tree, &mut left, &wanted).and_then(Value::as_array_mut) {
        Some(list) => act(list, random),
        None => "as it is".to_owned(),
    }
}

fn count(tree: &Value, wanted: &impl Fn(&Value) -> bool) -> usize {
    let below: usize = match tree {
        Value::Array(items) => items.iter().map(|item| count(item, wanted)).sum(),
        Value::Object(map) => map.values().map(|item| count(item, wanted)).sum(),
        _ => 0,
    };
    below + usize::from(wanted(tree))
}

fn nth<'a>(tree: &'a mut Value, left: &mut usize, wanted: &impl Fn(&Value) -> bool) -> Option<&'a mut Value> {
    if wanted(tree) {
        if *left == 0 {
            return Some(tree);
        }
        *left -= 1;
    }
    match tree {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left, wanted)),
        Value::Object(map) => map.values_mut().find_map(|item| nth(item, left, wanted)),
        _ => None,
    }
}

/// Every value of a field, anywhere.
pub fn fields_named<'a>(tree: &'a mut Value, named: &[&str], found: &mut Vec<(String, &'a mut Value)>) {
    match tree {
        Value::Array(items) => items.iter_mut().for_each(|item| fields_named(item, named, found)),
        Value::Object(map) => {
            for (key, value) in map {
                if named.contains(&key.as_str()) {
                    found.push((key.clone(), value));
                } else {
                    fields_named(value, named, found);
                }
            }
        }
        _ => {}
    }
}

/// A value at the edge of what its field takes.
fn typed(tree: &mut Value, random: &mut Random) -> String {
    const QUANTITIES: [&str; 5] = ["memoryLimit", "memoryRequest", "cpuLimit", "cpuRequest", "size"];
    let mut found = Vec::new();
    let named: &[&str] = match random.below(3) {
        0 => &QUANTITIES,
        1 => &["targetPort"],
        _ => &["uri", "registryUrl", "name", "id", "version", "protocol", "exposure", "kind", "component", "image"],
    };
    fields_named(tree, named, &mut found);
    if found.is_empty() {
        return "as it is".to_owned();
    }
    let at = random.below(found.len());
    let (key, place) = &mut found[at];
    **place = match key.as_str() {
        "targetPort" => values::port(random),
        "uri" | "registryUrl" => values::uri(random),
        "version" => json!(*random.pick(&values::VERSIONS)),
        key if QUANTITIES.contains(&key) => values::quantity(random),
        _ => values::text(random),
    };
    format!("{key} is {place}")
}

/// References to elements, in events and commands, to what is there and to what is not.
fn reference(tree: &mut Value, random: &mut Random) -> String {
    let named = |tree: &Value, list: &str, key: &str| -> Vec<String> {
        let items = tree[list].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item[key].as_str().map(str::to_owned)).collect()
    };
    let mut ids = named(tree, "commands", "id");
    let mut components = named(tree, "components", "name");
    ids.extend(["nowhere".to_owned(), ids.first().map(|id| id.to_uppercase()).unwrap_or_default()]);
    components.push("nowhere".to_owned());
    let some = |from: &[String], random: &mut Random| -> Vec<Value> {
        (0..=random.below(3)).map(|_| json!(random.pick(from))).collect()
    };
    if random.one_in(2) {
        let event = *random.pick(&["preStart", "postStart", "preStop", "postStop"]);
        if !tree["events"].is_object() {
            tree["events"] = json!({});
        }
        tree["events"][event] = json!(some(&ids, random));
        return format!("{event} is {}", tree["events"][event]);
    }
    let command = match random.below(3) {
        0 => json!({"id": "extra", "exec": {"component": random.pick(&components), "commandLine": "x"}}),
        1 => json!({"id": "extra", "apply": {"component": random.pick(&components)}}),
        _ => {
            ids.push("extra".to_owned());
            json!({"id": "extra", "composite": {"commands": some(&ids, random)}})
        }
    };
    let said = command.to_string();
    match tree["commands"].as_array_mut() {
        Some(commands) => commands.push(command),
        None => tree["commands"] = json!([command]),
    }
    if random.one_in(2) {
        let event = *random.pick(&["preStart", "postStart", "preStop", "postStop"]);
        if !tree["events"].is_object() {
            tree["events"] = json!({});
        }
        tree["events"][event] = json!(["extra"]);
    }
    said
}

/// An element of another devfile.
fn splice(tree: &mut Value, donor: &Value, random: &mut Random) -> String {
    let list = *random.pick(&["components", "commands", "projects", "starterProjects", "dependentProjects"]);
    let Some(item) = donor[list].as_array().filter(|items| !items.is_empty()).map(|items| random.pick(items).clone())
    else {
        return "as it is".to_owned();
    };
    let said = format!("with {item}");
    match tree[list].as_array_mut() {
        Some(items) => items.push(item),
        None => tree[list] = json!([item]),
    }
    said
}

/// A reference to a variable, at any text.
fn variable(tree: &mut Value, random: &mut Random) -> String {
    if tree["variables"].as_object().is_none_or(|map| map.is_empty()) && !random.one_in(3) {
        tree["variables"] = json!({"tag": "v1", "a b": "two", "loop": "{{loop}}", "next": "{{tag}}", "Tag": ""});
    }
    let count = count(tree, &Value::is_string);
    let mut left = random.below(count);
    let Some(place) = nth(tree, &mut left, &Value::is_string) else { return "as it is".to_owned() };
    let text = place.as_str().unwrap_or_default().to_owned();
    let reference = *random.pick(&[
        "{{tag}}",
        "{{ tag }}",
        "{{\\ttag}}",
        "{{none}}",
        "{{a b}}",
        "{{loop}}",
        "{{next}}{{tag}}",
        "{{tag}}{{next}}",
        "{{}}",
        "{{{tag}}}",
        "{{Tag}}",
        "{{tag}",
        "{{ta{{tag}}g}}",
        "{{tag\n}}",
        "{{ta\ng}}",
        "$({{tag}})",
    ]);
    *place = json!(match random.below(3) {
        0 => reference.to_owned(),
        1 => format!("{text}{reference}"),
        _ => format!("{reference}{text}"),
    });
    format!("{place} in place of {text:?}")
}
