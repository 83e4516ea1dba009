use serde_json::{Value, json};

use super::*;
use crate::resource::workspace::Workspace as Object;

/// An object of a namespace, made in that second.
fn object(namespace: &str, uid: &str, second: i64, more: Value) -> Object {
    let mut object = json!({
        "apiVersion": "dormer.dev/v1alpha1", "kind": "Workspace",
        "metadata": {
            "name": "hello", "namespace": namespace, "uid": uid, "resourceVersion": "1",
            "creationTimestamp": jiff::Timestamp::from_second(second).unwrap(),
        },
        "spec": { "owner": "ann" },
    });
    if let Value::Object(more) = more {
        for (key, value) in more {
            object["metadata"][key] = value;
        }
    }
    serde_json::from_value(object).unwrap()
}

fn put(index: &mut Index, object: Object) -> Option<Change> {
    let project = index.project(object.metadata.namespace.as_deref().unwrap());
    index.put(Kept::new(object, project.as_ref()))
}

fn told(change: Option<Change>) -> String {
    match change {
        None => "nothing".into(),
        Some(Change::Put(record)) => format!("put {}", record.uid),
        Some(Change::Gone(name)) => format!("gone {name}"),
        Some(Change::All(all)) => format!("all {}", all.len()),
    }
}

fn refused(index: &Index) -> Vec<(String, Refusal)> {
    let mut all: Vec<_> = index.refused().into_iter().map(|(kept, why)| (kept.uid.clone(), why)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn of_two_with_one_name_the_older_has_the_host() {
    let mut index = Index::new(Prefix::new("dormer-"));
    assert_eq!(told(put(&mut index, object("dormer-b", "young", 20, json!({})))), "put young");
    assert_eq!(told(put(&mut index, object("dormer-a", "old", 10, json!({})))), "put old");
    let taken = Refusal::NameTaken { namespace: "dormer-a".into() };
    assert_eq!(refused(&index), [("young".to_string(), taken)]);
    let again = object("dormer-b", "young", 20, json!({ "resourceVersion": "2" }));
    assert_eq!(told(put(&mut index, again)), "nothing", "what the younger one does is nobody's business");
    assert_eq!(told(index.remove("dormer-a", "hello")), "put young", "the younger one follows");
    assert_eq!(refused(&index), []);
    assert_eq!(told(index.remove("dormer-b", "hello")), "gone hello");
    assert!(index.holders().is_empty());
}

#[test]
fn of_two_of_one_second_the_one_that_was_accepted_has_the_host() {
    for accepted in ["a", "b"] {
        let mut index = Index::new(Prefix::new("dormer-"));
        for uid in ["a", "b"] {
            let finalizers = if uid == accepted { json!(["dormer.dev/workspace"]) } else { json!([]) };
            put(&mut index, object(&format!("dormer-{uid}"), uid, 10, json!({ "finalizers": finalizers })));
        }
        assert_eq!(index.holder("hello").unwrap().uid, accepted);
    }
}

#[test]
fn what_was_said_of_one_without_its_name_is_forgotten_once_it_has_it() {
    let why = Refusal::NameTaken { namespace: "dormer-a".into() };
    let mut young = object("dormer-b", "young", 20, json!({}));
    young.status = Some(crate::records::refusal::status(&why, "hello", 1, &[], jiff::Timestamp::UNIX_EPOCH));
    let kept = Kept::new(young, Some(&"b".parse().unwrap()));
    assert_eq!(kept.said, Some(why));
    let status = &kept.record().unwrap().status;
    assert_eq!((status.phase, status.reason.as_ref()), (dormer_core::phase::Phase::Pending, None));
}

#[test]
fn what_cannot_be_a_workspace_holds_no_name() {
    let mut index = Index::new(Prefix::new("dormer-"));
    assert_eq!(told(put(&mut index, object("kube-system", "foreign", 1, json!({})))), "nothing");
    let mut wrong = object("dormer-a", "wrong", 2, json!({}));
    wrong.spec.project = Some("b".into());
    assert_eq!(told(put(&mut index, wrong)), "nothing");
    assert_eq!(told(put(&mut index, object("dormer-c", "good", 3, json!({})))), "put good");
    let refused = refused(&index);
    assert_eq!(refused[0], ("foreign".to_string(), Refusal::NoProject));
    assert!(matches!(&refused[1].1, Refusal::Invalid { message } if message.starts_with("spec.project")));
    assert_eq!(refused.len(), 2);
}

#[test]
fn what_leaves_holds_its_name_until_nothing_is_left() {
    let mut index = Index::new(Prefix::new("dormer-"));
    let going = |finalizers: Value, version: &str| {
        let meta = json!({
            "deletionTimestamp": "2026-11-27T18:00:00Z", "finalizers": finalizers, "resourceVersion": version
        });
        object("dormer-a", "old", 10, meta)
    };
    assert_eq!(told(put(&mut index, going(json!(["dormer.dev/workspace", "other/one"]), "1"))), "put old");
    assert!(index.holder("hello").unwrap().record().unwrap().deleted);
    assert_eq!(told(put(&mut index, going(json!(["other/one"]), "2"))), "gone hello", "others may take their time");
    assert_eq!(told(put(&mut index, object("dormer-b", "new", 20, json!({})))), "put new");
    assert_eq!(refused(&index), []);
}

#[test]
fn namespaces_are_projects_by_name_or_by_label() {
    let mut index = Index::new(Prefix::new("dormer-"));
    let team: ProjectName = "team".parse().unwrap();
    assert_eq!(index.namespace(&team), "dormer-team");
    let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, ProjectName> {
        pairs.iter().map(|(namespace, project)| (namespace.to_string(), project.parse().unwrap())).collect()
    };
    let none = BTreeSet::new;
    assert!(!index.label((of(&[("dormer-team", "team")]), none())), "its name said so");
    assert!(index.label((of(&[("dormer-team", "team"), ("theirs", "team")]), none())));
    assert_eq!(index.namespace(&team), "theirs", "a namespace that somebody chose goes first");
    assert_eq!(index.project("theirs"), Some(team.clone()));
    assert_eq!(index.project("dormer-team"), Some(team));
    assert!(index.label((BTreeMap::new(), none())), "the label is gone");
    assert_eq!(index.project("theirs"), None);
}

#[test]
fn of_what_another_gateway_keeps_nothing_is_said() {
    let mut index = Index::new(Prefix::new("dormer-"));
    put(&mut index, object("test-team", "theirs", 1, json!({})));
    assert_eq!(refused(&index).len(), 1);
    let made = ["test-team".to_string(), "dormer-team".to_string()].into();
    index.label((BTreeMap::new(), made));
    assert_eq!(refused(&index), []);
    // In those that are ours by their names we do.
    let mut wrong = object("dormer-team", "ours", 2, json!({}));
    wrong.spec.project = Some("b".into());
    put(&mut index, wrong);
    assert_eq!(refused(&index).len(), 1);
}
