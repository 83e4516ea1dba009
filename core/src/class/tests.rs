use serde_json::json;

use super::*;
use crate::plan::devfile;
use crate::workspace::{Workspace, fixture};

fn class(spec: Value) -> Class {
    Class { name: "small".into(), created_at: None, spec: serde_json::from_value(spec).unwrap() }
}

fn workspace(devfile: Option<&str>, record: impl FnOnce(&mut Workspace)) -> Workspace {
    let mut workspace = fixture("hello", "ann");
    workspace.spec.devfile = devfile.map(str::to_owned);
    record(&mut workspace);
    workspace
}

const SAYS: &str = "schemaVersion: 2.3.0\ncomponents:\n  - name: tools\n    container: {image: debian, memoryLimit: 3Gi, cpuLimit: '2'}\n  - name: db\n    container: {image: postgres, memoryRequest: 2Gi}\n";
const SILENT: &str = "schemaVersion: 2.3.0\ncomponents:\n  - name: tools\n    container: {image: debian}\n";

#[test]
fn whose_word_counts_for_memory() {
    let defaults = json!({ "resources": { "memory": "1Gi" } });
    let both = json!({ "defaults": defaults, "limits": { "memory": "4Gi" } });
    let fixed = json!({ "defaults": defaults, "fixed": ["resources.memory"] });
    // The devfile, what the record says, the class; the main container's limit and its record's, or why not.
    for (name, text, own, says, want) in [
        ("nobody says", SILENT, None, json!({}), Ok((None, None))),
        ("the class", SILENT, None, both.clone(), Ok((Some("1Gi"), None))),
        ("the devfile", SAYS, None, both.clone(), Ok((Some("3Gi"), None))),
        ("the record", SAYS, Some("2Gi"), both.clone(), Ok((Some("3Gi"), Some("2Gi")))),
        ("the record, too much", SILENT, Some("5Gi"), both, Err("5Gi is more than the 4Gi")),
        (
            "the devfile, too much",
            SAYS,
            None,
            json!({ "limits": { "memory": "2Gi" } }),
            Err("3Gi is more than the 2Gi"),
        ),
        ("nobody, within a limit", SILENT, None, json!({ "limits": { "memory": "2Gi" } }), Ok((Some("2Gi"), None))),
        ("only the class", SAYS, Some("2Gi"), fixed, Ok((None, Some("1Gi")))),
        (
            "only the class, which says nothing",
            SAYS,
            Some("2Gi"),
            json!({ "fixed": ["resources.memory"] }),
            Ok((None, None)),
        ),
    ] {
        let record = workspace(Some(text), |record| record.spec.resources.memory = own.map(str::to_owned));
        let got = apply(&record, &class(says), devfile::plan);
        match (got, want) {
            (Ok((record, plan)), Ok(want)) => {
                let main = plan.containers.iter().find(|container| container.name == plan.main).unwrap();
                let got = (main.memory_limit.as_deref(), record.spec.resources.memory.as_deref());
                assert_eq!(got, want, "{name}");
            }
            (Err(error), Err(want)) => {
                assert!(error.to_string().contains(want), "{name}: {error}");
                assert!(error.to_string().contains("'small'"), "{name}: {error}");
                assert_eq!(error.reason(), "LimitExceeded");
            }
            (got, want) => panic!("{name}: {got:?} instead of {want:?}"),
        }
    }
}

#[test]
fn other_containers_get_what_the_class_gives() {
    let says = class(json!({ "defaults": { "resources": { "memory": "1Gi", "cpu": "500m" } } }));
    let (_, plan) = apply(&workspace(Some(SAYS), |_| ()), &says, devfile::plan).unwrap();
    let db = plan.containers.iter().find(|container| container.name == "db").unwrap();
    assert_eq!(db.cpu_limit.as_deref(), Some("500m"));
    assert_eq!(db.memory_limit.as_deref(), Some("2Gi"), "as much as it wants to be sure of");
    let fixed = class(json!({ "defaults": { "resources": { "memory": "1Gi" } }, "fixed": ["resources.memory"] }));
    let (_, plan) = apply(&workspace(Some(SAYS), |_| ()), &fixed, devfile::plan).unwrap();
    let db = plan.containers.iter().find(|container| container.name == "db").unwrap();
    assert_eq!((db.memory_limit.as_deref(), db.memory_request.as_deref()), (Some("1Gi"), None));
}

#[test]
fn a_repository_without_a_devfile_gets_the_classs() {
    let text = "schemaVersion: 2.3.0\ncomponents:\n  - name: own\n    container: {image: ghcr.io/dormer/workspace-base:latest}\n";
    let says = class(json!({ "devfile": text, "image": "registry.corp/base:1" }));
    for (name, own, fixed, main, image) in [
        ("it has none", None, false, "own", "registry.corp/base:1"),
        ("it has one", Some(SILENT), false, "tools", "debian"),
        ("it has one that does not count", Some(SILENT), true, "own", "registry.corp/base:1"),
    ] {
        let mut says = says.clone();
        says.spec.fixed = if fixed { vec![Fixed::Devfile] } else { Vec::new() };
        let (record, plan) = apply(&workspace(own, |_| ()), &says, devfile::plan).unwrap();
        assert_eq!((plan.main.as_str(), plan.containers[0].image.as_str()), (main, image), "{name}");
        // Whoever makes a plan of the record anew makes the same one.
        assert_eq!(devfile::plan(&record).unwrap().main, main, "{name}");
    }
    let (_, plan) = apply(&workspace(None, |_| ()), &Class::built_in(), devfile::plan).unwrap();
    assert_eq!(plan, devfile::plan(&workspace(None, |_| ())).unwrap(), "the built-in class changes nothing");
}

#[test]
fn storage_accelerators_and_sleep() {
    let says = class(json!({
        "defaults": {
            "resources": { "gpu": "1", "accelerator": "a100" },
            "storage": { "class": "fast", "strategy": "ephemeral" },
            "lifecycle": { "idleTimeout": 600, "keepAliveWhenBusy": false },
        },
        "limits": { "gpu": "2", "storage": "20Gi" },
    }));
    let (record, _) = apply(&workspace(Some(SILENT), |_| ()), &says, devfile::plan).unwrap();
    let spec = &record.spec;
    assert_eq!((spec.resources.gpu.as_deref(), spec.resources.accelerator.as_deref()), (Some("1"), Some("a100")));
    assert_eq!((spec.storage.class.as_deref(), spec.storage.strategy.as_deref()), (Some("fast"), Some("ephemeral")));
    assert_eq!((spec.lifecycle.idle_timeout, spec.lifecycle.keep_alive_when_busy), (Some(600), Some(false)));

    let own = workspace(Some(SILENT), |record| {
        record.spec.resources.gpu = Some("2".into());
        record.spec.storage.strategy = Some("common".into());
        record.spec.lifecycle.idle_timeout = Some(0);
    });
    let (record, _) = apply(&own, &says, devfile::plan).unwrap();
    assert_eq!(record.spec.resources.gpu.as_deref(), Some("2"));
    assert_eq!(
        (record.spec.storage.strategy.as_deref(), record.spec.lifecycle.idle_timeout),
        (Some("common"), Some(0))
    );
    let mut fixed = says.clone();
    fixed.spec.fixed = vec![Fixed::Gpu, Fixed::StorageStrategy, Fixed::IdleTimeout];
    let (record, _) = apply(&own, &fixed, devfile::plan).unwrap();
    assert_eq!(record.spec.resources.gpu.as_deref(), Some("1"));
    assert_eq!(
        (record.spec.storage.strategy.as_deref(), record.spec.lifecycle.idle_timeout),
        (Some("ephemeral"), Some(600))
    );
    for (name, change) in [("gpu", ("3", None)), ("storage", ("1", Some("21Gi")))] {
        let own = workspace(Some(SILENT), |record| {
            record.spec.resources.gpu = Some(change.0.into());
            record.spec.storage.size = change.1.map(str::to_owned);
        });
        let error = apply(&own, &says, devfile::plan).unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
    }
    // What a repository asks for is not more than what a person may.
    let text = SILENT.replace("image: debian}", "image: debian}\n    attributes: {dormer.dev/gpu: '8'}");
    assert!(apply(&workspace(Some(&text), |_| ()), &says, devfile::plan).is_err());
}

#[test]
fn what_is_no_class() {
    for (spec, field) in [
        (json!({}), None),
        (json!({ "pod": { "nodeSelector": { "pool": "dev" } }, "allowedKinds": ["ConfigMap"] }), None),
        (json!({ "defalts": {} }), Some("/defalts")),
        (json!({ "defaults": { "resources": { "memory": "much" } } }), Some("/defaults/resources/memory")),
        (json!({ "limits": { "storage": "big" } }), Some("/limits/storage")),
        (
            json!({ "defaults": { "resources": { "cpu": "3" } }, "limits": { "cpu": "2" } }),
            Some("/defaults/resources/cpu"),
        ),
        (json!({ "defaults": { "storage": { "strategy": "all" } } }), Some("/defaults/storage/strategy")),
        (json!({ "limits": { "idleTimeout": 0 } }), Some("/limits/idleTimeout")),
        (json!({ "limits": { "maxLifetime": u64::MAX } }), Some("/limits/maxLifetime")),
        (json!({ "image": "a b" }), Some("/image")),
        (json!({ "description": "x".repeat(1001) }), Some("/description")),
    ] {
        let wrong = class(spec.clone()).spec.check();
        assert_eq!(wrong.first().map(|(field, _)| field.as_str()), field, "{spec:.100}");
    }
    let words: Vec<&str> = Fixed::ALL.map(Fixed::name).into();
    for word in &words {
        let read: Fixed = serde_json::from_value(json!(word)).unwrap();
        assert_eq!(read.name(), *word);
    }
}

#[test]
fn what_a_class_refuses_of_a_record() {
    let says = class(json!({
        "defaults": { "storage": { "size": "5Gi" }, "resources": { "cpu": "1" } },
        "limits": { "memory": "4Gi", "idleTimeout": 3600 },
        "fixed": ["storage.size", "resources.cpu"],
    }));
    let refused = |record: &dyn Fn(&mut Workspace)| -> Vec<String> {
        let workspace = workspace(None, record);
        says.refusals(&workspace.spec).into_iter().map(|(field, _)| field).collect()
    };
    assert!(refused(&|_| ()).is_empty());
    assert!(refused(&|record| record.spec.resources.memory = Some("4Gi".into())).is_empty());
    assert!(refused(&|record| record.spec.storage.size = Some("5Gi".into())).is_empty(), "it says the same");
    assert_eq!(refused(&|record| record.spec.resources.memory = Some("5Gi".into())), ["/resources/memory"]);
    assert_eq!(refused(&|record| record.spec.storage.size = Some("6Gi".into())), ["/storage/size"]);
    assert_eq!(refused(&|record| record.spec.resources.cpu = Some("2".into())), ["/resources/cpu"]);
    assert_eq!(refused(&|record| record.spec.lifecycle.idle_timeout = Some(0)), ["/lifecycle/idleTimeout"]);
    assert_eq!(refused(&|record| record.spec.lifecycle.idle_timeout = Some(7200)), ["/lifecycle/idleTimeout"]);
}

#[test]
fn a_name_that_is_nearly_one() {
    assert_eq!(unknown("smal", ["default", "small"]), "there is no class 'smal'; did you mean 'small'?");
    assert_eq!(unknown("gpu", ["small", "default"]), "there is no class 'gpu'; there is: default, small");
}
