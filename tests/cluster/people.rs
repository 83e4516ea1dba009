//! Several people, several projects.

use serde_json::json;

use crate::space::Space;

#[test]
fn a_workspace_is_its_owners_alone_until_they_say_otherwise() {
    let space = Space::new("people");
    let workspace = space.workspace("mine").create();
    let bob = space.cluster.person("bob");
    let site = workspace.site().seen_by(&bob);
    assert_ne!(site.visit("/").status, 200);
    assert_eq!(space.cluster.apex().seen_by(&bob).api("GET", "/workspaces/mine", None).status, 404, "there is no such thing for him");
    let login = space.cluster.login_of(&bob, "mine");
    let output = login.run("echo in");
    assert_ne!(output.stdout, b"in\n", "{output:?}");
    let listed = space.cluster.apex().seen_by(&bob).api("GET", "/workspaces", None).expect(200).text();
    assert!(!listed.contains("\"mine\""), "{listed}");
    workspace.change(json!({"members": [{"user": "bob", "role": "user"}]}));
    let output = dormer_tests::wait::poll(dormer_tests::wait::LONG, || {
        let output = login.run("echo in");
        (output.stdout == b"in\n").then_some(output)
    });
    assert!(output.is_some(), "he was let in");
}

/// What a pod holds is not another's to read: no token of the cluster, and no secret of ours in its environment.
#[test]
fn a_pod_has_no_rights_in_the_cluster_and_passes_the_strictest_profile() {
    let space = Space::new("restricted");
    space.cluster.told(&[
        "label", "--overwrite", "namespace", &space.namespace(), "pod-security.kubernetes.io/enforce=restricted",
    ]);
    let workspace = space.workspace("strict").create();
    assert_eq!(workspace.run("ls /var/run/secrets/kubernetes.io 2>/dev/null | wc -l"), "0");
    assert_eq!(workspace.run("grep -c ^CapEff:.0000000000000000$ /proc/self/status"), "1");
    assert_eq!(workspace.run("grep -c ^NoNewPrivs:.1$ /proc/self/status"), "1");
    let environment = workspace.run("env");
    assert!(!environment.contains("DORMER_SERVICE_HOST") && !environment.contains("dormer_"), "{environment}");
    // A file that the agent was given with its keys is not the workspace's to read: whoever may run a command has the
    // agent's user, so this is about groups and others.
    let mode = workspace.run("stat -Lc %a /.dormer-task/*.json 2>/dev/null | sort -u");
    assert!(mode.is_empty() || mode.lines().all(|mode| mode.ends_with('0')), "{mode}");
}

#[test]
fn each_project_keeps_others_out_by_policy() {
    let space = Space::new("walled");
    let workspace = space.workspace("walled").create();
    let policies = workspace.owned("networkpolicies");
    assert_eq!(policies.len(), 1, "{policies:?}");
    let text = policies[0].to_string();
    assert!(text.contains("\"Ingress\""), "{text}");
    assert!(text.contains("dormer"), "only the gateway's namespace is let in: {text}");
}
