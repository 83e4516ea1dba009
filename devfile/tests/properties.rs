//! What holds for every devfile, tried on made-up ones.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use dormer_devfile::limits::Limits;
use dormer_devfile::quantity::Quantity;
use dormer_devfile::resolve::{Fetched, NoResolver, ResolveError, Resolver};
use dormer_devfile::stage::{Parsed, Raw};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z{}\\n\\t #:'\"\\\\|>&*!%@`,\\[\\]-]{0,20}",
        "\\PC{0,8}",
        Just("yes".to_owned()),
        Just("~".to_owned()),
        Just("0x1F".to_owned()),
        Just("1e3".to_owned()),
        Just("line\nline\n\n".to_owned()),
        Just("  indented\n\ttab\n".to_owned()),
    ]
}

fn free() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[ -~]{0,6}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

prop_compose! {
    /// Containers with unique names, and commands on them.
    fn devfile()(
        images in btree_map("[a-z][a-z0-9]{0,6}", (text(), vec(("[A-Z]{1,4}", text()), 0..4), vec(text(), 0..3)), 0..5),
        variables in btree_map("[a-z]{1,4}", text(), 0..3),
        attributes in btree_map("[a-z./]{1,8}", free(), 0..3),
        description in text(),
    ) -> Value {
        let components: Vec<Value> = images.iter().map(|(name, (image, env, args))| {
            let env: Vec<Value> = env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            json!({"name": name, "attributes": attributes, "container": {"image": image, "env": env, "args": args}})
        }).collect();
        let commands: Vec<Value> = images.keys().map(|name| {
            json!({"id": format!("run-{name}"), "exec": {"component": name, "commandLine": description}})
        }).collect();
        json!({
            "schemaVersion": "2.2.0", "metadata": {"description": description}, "variables": variables,
            "attributes": attributes, "components": components, "commands": commands,
        })
    }
}

fn parse(text: &str) -> Parsed {
    Raw::new("devfile.yaml", text.as_bytes()).parse(&Limits::default()).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// One document under every name.
struct One(String);

impl Resolver for One {
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        Ok(Fetched { location: uri.to_owned(), bytes: self.0.clone().into_bytes() })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_what_was_written_gives_the_same(devfile in devfile()) {
        let read = parse(&devfile.to_string());
        let yaml = read.to_yaml().unwrap();
        prop_assert!(parse(&yaml).tree() == read.tree(), "{yaml}");
        let json = read.to_json().unwrap();
        prop_assert!(parse(&json).tree() == read.tree(), "{json}");
        let again = parse(&yaml);
        prop_assert_eq!(again.devfile(), read.devfile());
    }

    #[test]
    fn flattening_is_idempotent_and_an_empty_child_adds_nothing(parent in devfile()) {
        let limits = Limits::default();
        let child = parse("{schemaVersion: 2.2.0, parent: {uri: p.yaml}}");
        let once = child.flatten(&One(parent.to_string()), &limits).unwrap();
        let twice = parse(&once.to_yaml().unwrap()).flatten(&NoResolver, &limits).unwrap();
        prop_assert!(once.tree() == twice.tree());
        let names = |devfile: &dormer_devfile::model::Devfile| -> Vec<String> {
            devfile.components.iter().map(|component| component.name.clone()).collect()
        };
        let parent = parse(&parent.to_string());
        prop_assert_eq!(names(once.devfile()), names(parent.devfile()));
    }

    #[test]
    fn overriding_with_itself_keeps_every_value(parent in devfile()) {
        let child = json!({
            "schemaVersion": "2.2.0",
            "parent": {"uri": "p.yaml", "components": parent["components"], "commands": parent["commands"]},
        });
        let flat = parse(&child.to_string()).flatten(&One(parent.to_string()), &Limits::default()).unwrap();
        let before = parse(&parent.to_string());
        for (flat, before) in flat.devfile().components.iter().zip(&before.devfile().components) {
            let (flat, before) = (flat.container().unwrap(), before.container().unwrap());
            prop_assert_eq!(&flat.image, &before.image);
            prop_assert_eq!(&flat.args, &before.args);
            prop_assert_eq!(flat.env.len(), before.env.len());
        }
    }

    #[test]
    fn overriding_elements_stand_in_their_own_order_and_the_others_in_theirs(
        order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle(), count in 0..8_usize,
    ) {
        let name = |n: &usize| format!("c{n}");
        let container = |n: &usize, image: &str| json!({"name": name(n), "container": {"image": image}});
        let all: Vec<usize> = (0..8).collect();
        let parent = json!({
            "schemaVersion": "2.2.0", "components": all.iter().map(|n| container(n, "old")).collect::<Vec<_>>(),
        });
        let chosen: Vec<usize> = order.into_iter().take(count).collect();
        let overrides: Vec<Value> = chosen.iter().map(|n| container(n, "new")).collect();
        let child = json!({"schemaVersion": "2.2.0", "parent": {"uri": "p.yaml", "components": overrides}});
        let flat = parse(&child.to_string()).flatten(&One(parent.to_string()), &Limits::default()).unwrap();
        let of = |image: &str| -> Vec<String> {
            let components = flat.devfile().components.iter();
            components.filter(|c| c.container().unwrap().image == image).map(|c| c.name.clone()).collect()
        };
        prop_assert_eq!(of("new"), chosen.iter().map(name).collect::<Vec<_>>());
        prop_assert_eq!(of("old"), all.iter().filter(|n| !chosen.contains(n)).map(name).collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_lead_to_a_panic(bytes in vec(any::<u8>(), 0..200), text in "[a-z:\\-{}\\[\\], \\n&*!|>'\"#]{0,200}") {
        let _ = dormer_devfile::load("devfile.yaml", &bytes, &NoResolver, &Limits::default());
        let _ = dormer_devfile::load("devfile.yaml", text.as_bytes(), &NoResolver, &Limits::default());
        let devfile = format!("schemaVersion: 2.2.0\n{text}");
        let _ = dormer_devfile::load("devfile.yaml", devfile.as_bytes(), &NoResolver, &Limits::default());
    }

    #[test]
    fn quantities_print_as_what_they_are(text in "[+-]?[0-9]{0,25}(\\.[0-9]{0,12})?(n|u|m|k|M|Ki|Mi|Gi|Ei|E|e-?[0-9]{1,3})?") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            prop_assert_eq!(quantity.to_string().parse::<Quantity>().unwrap(), quantity, "{}", text);
        }
    }
}
