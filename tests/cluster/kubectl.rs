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
fn whoever_writes_a_workspace_is_its_owner_or_may_act_as_that_user() {
    let space = Space::new("owners");
    let namespace = space.namespace();
    let owner = space.cluster.owner.name.clone();
    let eve = space.cluster.certified("eve");
    let rules = json!({
        "apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
             "metadata": {"name": "writers", "namespace": namespace},
             "rules": [{"apiGroups": ["dormer.dev"], "resources": ["workspaces"], "verbs": ["*"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
             "metadata": {"name": "writers", "namespace": namespace},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "writers"},
             "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "eve"}]},
        ],
    });
    assert!(space.cluster.apply(&rules).status.success());
    let of = |who: &str, name: &str| object(&space, name, json!({"owner": who, "running": false, "editor": "none"}));

    let refused = space.cluster.applied(&[&eve], &of(&owner, "stolen"));
    assert!(!refused.status.success(), "{}", said(&refused));
    assert!(said(&refused).contains(&format!("'{owner}'")) && said(&refused).contains("eve"), "{}", said(&refused));
    let own = space.cluster.applied(&[&eve], &of("eve", "eves"));
    assert!(own.status.success(), "{}", said(&own));
    let changed =
        ["-n", &namespace, &eve, "patch", "ws", "eves", "--type", "merge", "-p", r#"{"spec":{"description":"d"}}"#];
    assert!(space.cluster.kubectl(&changed).status.success());

    // Somebody else's is not hers to change either: what it runs, it runs as its owner. Its labels are nobody's.
    assert!(space.cluster.apply(&of(&owner, "theirs")).status.success());
    let patch = |change: &str| {
        space.cluster.kubectl(&["-n", &namespace, &eve, "patch", "ws", "theirs", "--type", "merge", "-p", change])
    };
    let refused = patch(r#"{"spec":{"members":[{"user":"eve","role":"manager"}]}}"#);
    assert!(!refused.status.success(), "{}", said(&refused));
    let labelled = patch(r#"{"metadata":{"labels":{"example.org/team":"a"}}}"#);
    assert!(labelled.status.success(), "{}", said(&labelled));

    // Where no project of this gateway is, another's may be.
    let namespaced = |namespace: &str, labels: Value| {
        let metadata = json!({"name": namespace, "labels": labels});
        assert!(
            space
                .cluster
                .apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
                .status
                .success()
        );
        let mut object = of("somebody", "elsewhere");
        object["metadata"]["namespace"] = namespace.into();
        let made = space.cluster.applied(&["--dry-run=server", "--as=eve", "--as-group=system:masters"], &object);
        space.cluster.kubectl(&["delete", "namespace", namespace, "--wait=false"]);
        made
    };
    let made = namespaced("plain", json!({}));
    assert!(made.status.success(), "{}", said(&made));
    let made = namespaced("adopted", json!({"dormer.dev/project": "adopted"}));
    assert!(made.status.success(), "whoever may do everything may do this: {}", said(&made));

    // With the right to act as that user, and no other.
    let rules = json!({
        "apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
             "metadata": {"name": "as-owner", "namespace": crate::cluster::NAMESPACE},
             "rules": [{"apiGroups": ["dormer.dev"], "resources": ["users"], "resourceNames": [owner], "verbs": ["impersonate"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
             "metadata": {"name": "as-owner", "namespace": crate::cluster::NAMESPACE},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "as-owner"},
             "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "eve"}]},
        ],
    });
    assert!(space.cluster.apply(&rules).status.success());
    let allowed =
        wait::poll(wait::LONG, || space.cluster.applied(&[&eve], &of(&owner, "given")).status.success().then_some(()));
    let other = space.cluster.applied(&[&eve], &of("somebody", "others"));
    space.cluster.kubectl(&["-n", crate::cluster::NAMESPACE, "delete", "role,rolebinding", "as-owner"]);
    assert!(allowed.is_some(), "the right is enough");
    assert!(!other.status.success(), "{}", said(&other));
}

#[test]
fn a_field_that_somebody_else_manages_is_theirs_until_it_is_changed_here() {
    let space = Space::new("managed");
    let owner = space.cluster.owner.name.clone();
    let flags = ["--server-side", "--field-manager=gitops"];
    let mut wanted = object(
        &space,
        "managed",
        json!({"owner": owner, "displayName": "From git", "editor": "none", "lifecycle": {"idleTimeout": 3600}}),
    );
    let made = space.cluster.applied(&flags, &wanted);
    assert!(made.status.success(), "{}", said(&made));
    let workspace = space.named("managed");
    assert_eq!(workspace.get()["displayName"], "From git");
    // What the other does not say is ours: a wake is no conflict.
    workspace.change(json!({"running": true}));
    workspace.wait_for("Running");
    let again = space.cluster.applied(&flags, &wanted);
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(workspace.get()["running"], true);
    // What both say is a conflict that names who changed it, and neither of them is lost.
    workspace.change(json!({"displayName": "From a person"}));
    wanted["spec"]["lifecycle"]["idleTimeout"] = 7200.into();
    let refused = space.cluster.applied(&flags, &wanted);
    assert!(!refused.status.success() && said(&refused).contains("displayName"), "{}", said(&refused));
    assert!(said(&refused).contains("dormer"), "{}", said(&refused));
    assert_eq!(workspace.get()["displayName"], "From a person");
    let forced = space.cluster.applied(&[&flags[..], &["--force-conflicts"]].concat(), &wanted);
    assert!(forced.status.success(), "{}", said(&forced));
    wait::until("it is theirs again", wait::LONG, || {
        let told = workspace.get();
        (told["displayName"] == "From git" && told["lifecycle"]["idleTimeout"] == 7200).then_some(())
    });
    assert_eq!(workspace.run("echo on"), "on");
    workspace.stop();
}

#[test]
fn of_two_workspaces_of_one_name_the_older_keeps_the_host_and_the_younger_says_so() {
    let (space, other) = (Space::new("first"), Space::new("second"));
    let owner = space.cluster.owner.name.clone();
    let spec = json!({"owner": owner, "running": false, "editor": "none", "displayName": "older"});
    assert!(space.cluster.apply(&object(&space, "wanted", spec.clone())).status.success());
    wait::until("it is accepted", wait::LONG, || {
        let object = space.object("ws", "wanted")?;
        (object["status"]["phase"] == "Stopped").then_some(())
    });
    let mut younger = spec;
    younger["displayName"] = "younger".into();
    younger["running"] = true.into();
    assert!(other.cluster.apply(&object(&other, "wanted", younger)).status.success());
    let told = wait::until("the younger says so", wait::LONG, || {
        let object = other.object("ws", "wanted")?;
        (object["status"]["reason"] == "NameTaken").then_some(object)
    });
    assert!(told["status"]["message"].as_str().is_some_and(|text| text.contains(&space.namespace())), "{told:#}");
    assert_eq!(space.named("wanted").get()["displayName"], "older");
    assert!(other.named("wanted").owned("pods").is_empty(), "nothing of it runs");
    // When the older goes, the name is the younger's.
    space.told(&["delete", "ws", "wanted", "--timeout=60s"]);
    wait::until("the younger takes the host", crate::cluster::STARTED, || {
        let answer = other.cluster.apex().try_api("GET", "/workspaces/wanted", None).ok()?;
        (answer.status == 200 && answer.value()["phase"] == "Running").then_some(())
    });
    assert_eq!(other.named("wanted").run("echo x"), "x");
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
