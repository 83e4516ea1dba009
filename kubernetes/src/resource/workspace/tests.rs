use dormer_core::name::WorkspaceName;
use kube::CustomResourceExt as _;
use serde_json::json;

use super::*;

fn workspace(name: &str) -> Workspace {
    let spec = json!({ "owner": "ann", "variables": [{ "name": "A", "value": "1" }] });
    Workspace::new(name, serde_json::from_value(spec).unwrap())
}

#[test]
fn admission_and_the_domain_say_the_same_of_names() {
    let long = "a".repeat(47);
    let longest = "a".repeat(46);
    let names = ["a", "hello", "a-b", "3d", "x1", &longest, "-a", "a-", "a--b", "a.b", "3000", &long, "A", "a_b"];
    for name in names.iter().chain(WorkspaceName::reserved()) {
        let refused = workspace(name).validate_cel();
        assert_eq!(refused.is_ok(), name.parse::<WorkspaceName>().is_ok(), "{name}: {refused:?}");
    }
    let why = format!("{:?}", workspace("login").validate_cel().unwrap_err());
    assert!(why.contains("reserved"), "{why}");
}

#[test]
fn what_may_not_change() {
    let old = workspace("hello");
    let change = |change: fn(&mut WorkspaceSpec)| {
        let mut new = old.clone();
        change(&mut new.spec);
        new.validate_cel_update(&old)
    };
    assert!(change(|spec| spec.running = true).is_ok());
    assert!(change(|spec| spec.project = Some("team".into())).is_ok(), "what was not said may be said");
    assert!(change(|spec| spec.owner = "bob".into()).is_err());
    let mut of_team = old.clone();
    of_team.spec.project = Some("team".into());
    for project in [None, Some("other".to_string())] {
        let mut moved = of_team.clone();
        moved.spec.project = project;
        assert!(moved.validate_cel_update(&of_team).is_err());
    }
}

#[test]
fn either_or() {
    let check = |spec: serde_json::Value| {
        let mut workspace = workspace("hello");
        workspace.spec = serde_json::from_value(spec).unwrap();
        workspace.validate_cel().is_ok()
    };
    assert!(check(json!({ "owner": "ann", "variables": [{ "name": "A", "secretRef": { "name": "a" } }] })));
    assert!(!check(json!({ "owner": "ann", "variables": [{ "name": "A" }] })));
    assert!(!check(
        json!({ "owner": "ann", "variables": [{ "name": "A", "value": "", "secretRef": { "name": "a" } }] })
    ));
    assert!(check(json!({ "owner": "ann", "members": [{ "group": "g", "role": "user" }] })));
    assert!(!check(json!({ "owner": "ann", "members": [{ "role": "user" }] })));
    assert!(!check(json!({ "owner": "ann", "source": { "git": { "url": "--upload-pack=x" } } })));
}

#[test]
fn the_schema_has_defaults_enums_and_columns() {
    let crd = serde_json::to_value(Workspace::crd()).unwrap();
    let version = &crd["spec"]["versions"][0];
    let spec = &version["schema"]["openAPIV3Schema"]["properties"]["spec"];
    assert_eq!(spec["properties"]["class"]["default"], "default");
    assert_eq!(spec["properties"]["running"]["default"], false);
    assert_eq!(spec["properties"]["editor"]["enum"], json!(["vscode", "none"]));
    assert_eq!(spec["properties"]["variables"]["x-kubernetes-list-map-keys"], json!(["name"]));
    assert_eq!(spec["properties"]["devfile"]["maxLength"], 400_000);
    assert_eq!(spec["required"], json!(["owner"]));
    assert!(version["subresources"]["status"].is_object());
    let columns: Vec<&str> = version["additionalPrinterColumns"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|column| column["priority"].as_i64().unwrap_or_default() == 0)
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(columns, ["Phase", "Owner", "Idle", "URL", "Age"], "after NAME, which kubectl puts first");
    assert_eq!(crd["spec"]["names"]["shortNames"], json!(["ws"]));
}
