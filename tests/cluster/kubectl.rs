//! kubectl as a way in: a Workspace is an ordinary object.

use dormer_tests::wait;
use serde_json::{Value, json};

use crate::cluster::{STARTED, said};
use crate::space::Space;

fn object(space: &Space, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "dormer.dev/v1alpha1", "kind": "Workspace",
        "metadata": {"name": name, "namespace": space.namespace()},
        "spec": spec,
    })
}

#[test]
fn a_workspace_is_applied_listed_patched_and_deleted_and_leaves_nothing() {
    let space = Space::new("kubectl");
    let owner = &space.cluster.owner.name;
    let spec = json!({"owner": owner, "project": "kubectl", "running": true, "editor": "none"});
    let applied = space.cluster.apply(&object(&space, "applied", spec));
    assert!(applied.status.success(), "{}", said(&applied));
    let workspace = space.named("applied");
    wait::until("the gateway knows it", wait::LONG, || {
        (space.cluster.apex().api("GET", "/workspaces/applied", None).status == 200).then_some(())
    });
    workspace.wait_for("Running");
    let row = space.told(&["get", "ws", "applied"]);
    for column in ["NAME", "PHASE", "OWNER", "URL", "AGE", "Running"] {
        assert!(row.contains(column), "{column} in {row}");
    }
    workspace.run("echo here > \"$HOME/here\"");
    space.told(&["patch", "ws", "applied", "--type", "merge", "-p", r#"{"spec":{"running":false}}"#]);
    workspace.wait_for("Stopped");
    workspace.asleep();
    assert_eq!(workspace.claims().len(), 1);
    space.told(&["delete", "ws", "applied", "--timeout=120s"]);
    assert_eq!(space.cluster.apex().api("GET", "/workspaces/applied", None).status, 404);
    wait::until("nothing of it is left", STARTED, || {
        let left = space.names("pods,persistentvolumeclaims,secrets,configmaps,networkpolicies,services");
        left.iter().all(|name| !name.contains("applied")).then_some(())
    });
}

#[test]
fn what_is_wrong_is_refused_at_admission_with_the_reason() {
    let space = Space::new("admission");
    let owner = space.cluster.owner.name.clone();
    let good = json!({"owner": owner, "project": "admission", "running": false, "editor": "none"});
    let made = space.cluster.apply(&object(&space, "admitted", good.clone()));
    assert!(made.status.success(), "{}", said(&made));

    let with = |change: Value| {
        let mut spec = good.clone();
        for (key, value) in change.as_object().expect("an object") {
            spec[key] = value.clone();
        }
        spec
    };
    for (name, spec, want) in [
        ("two--dashes", good.clone(), "--"),
        ("a-name-that-is-longer-than-any-host-name-of-ours-may-be", good.clone(), "46"),
        ("admitted", with(json!({"owner": "somebody-else"})), "owner"),
        ("admitted", with(json!({"project": "another"})), "project"),
        ("typed", with(json!({"running": "yes"})), "running"),
        ("unknown", with(json!({"runing": true})), "runing"),
    ] {
        let refused = space.cluster.apply(&object(&space, name, spec));
        assert!(!refused.status.success(), "{name} is taken: {}", said(&refused));
        assert!(said(&refused).contains(want), "{name} says no {want}: {}", said(&refused));
    }
}
