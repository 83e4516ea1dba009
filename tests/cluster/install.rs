//! The chart.

use std::process::Command;

use serde_json::json;

use crate::cluster::{Cluster, NAMESPACE, Turn, chart, said, values};
use dormer_tests::wait;

#[test]
fn the_chart_is_installed_and_every_replica_is_ready_and_least_of_everything() {
    let _turn = Turn::shared();
    let cluster = Cluster::get();
    let deployment = cluster.object(&["-n", NAMESPACE, "deployment", "dormer"]).expect("it is installed");
    assert_eq!(deployment["status"]["readyReplicas"], 2, "{deployment:#}");
    let answer = cluster.apex().unknown().get("/healthz");
    assert_eq!(answer.status, 200);
    for kind in ["User", "Project", "Workspace", "WorkspaceClass"] {
        let known = cluster.told(&["api-resources", "--api-group=dormer.dev", "-o", "wide"]);
        assert!(known.lines().any(|line| line.split_whitespace().any(|word| word == kind)), "{kind} in {known}");
    }
}

#[test]
fn the_gateway_may_do_what_it_needs_and_nothing_beside() {
    let _turn = Turn::shared();
    let cluster = Cluster::get();
    let may = |verb: &str, what: &str, namespace: &str| {
        let who = format!("--as=system:serviceaccount:{NAMESPACE}:dormer");
        // Behind a slash it would take a name for what is meant as a part.
        let (what, part) = what.split_once('/').unwrap_or((what, ""));
        let part = format!("--subresource={part}");
        let output = cluster.kubectl(&["auth", "can-i", verb, what, &part, "-n", namespace, &who]);
        String::from_utf8_lossy(&output.stdout).starts_with("yes")
    };
    for (verb, what, namespace) in [
        ("watch", "workspaces.dormer.dev", "default"),
        ("patch", "workspaces.dormer.dev/status", "default"),
        ("create", "secrets", NAMESPACE),
        ("update", "leases.coordination.k8s.io", NAMESPACE),
        ("create", "namespaces", "default"),
    ] {
        assert!(may(verb, what, namespace), "it may not {verb} {what} in {namespace}");
    }
    // With `rbac.scope=project`, what is done in projects is not to be done elsewhere.
    for (verb, what, namespace) in [
        ("delete", "namespaces", "default"),
        ("get", "nodes", "default"),
        ("create", "clusterroles.rbac.authorization.k8s.io", "default"),
        ("create", "clusterrolebindings.rbac.authorization.k8s.io", "default"),
        ("create", "pods/exec", "default"),
        ("impersonate", "users", "default"),
        ("create", "serviceaccounts/token", "default"),
        ("get", "configmaps", "kube-system"),
        ("get", "secrets", "kube-system"),
        ("create", "pods", "kube-system"),
        ("create", "deployments.apps", "kube-system"),
        ("get", "pods/log", "kube-system"),
    ] {
        assert!(!may(verb, what, namespace), "it may {verb} {what} in {namespace}");
    }
}

/// `helm template` with each set of values that the chart comes with, and as it is.
#[test]
fn every_set_of_values_is_rendered_and_accepted_by_the_api_server() {
    let _turn = Turn::shared();
    let cluster = Cluster::get();
    let mut sets = vec![None];
    for entry in std::fs::read_dir(format!("{}/ci", chart())).expect("sets of values") {
        sets.push(Some(entry.expect("a set of values").path().display().to_string()));
    }
    assert!(sets.len() > 4, "{sets:?}");
    for set in sets {
        let values: Vec<&str> = set.as_deref().map_or(vec![], |set| vec!["--values", set]);
        let lint = cluster.plain_helm(&[&["lint", "--strict", &chart()], &values[..]].concat());
        assert!(lint.status.success(), "{set:?}: {}", said(&lint));
        let rendered = cluster.plain_helm(
            &[&["template", "other", &chart(), "--namespace", "default", "--kube-version", "1.34.4"], &values[..]]
                .concat(),
        );
        assert!(rendered.status.success(), "{set:?}: {}", said(&rendered));
        let text = String::from_utf8_lossy(&rendered.stdout).into_owned();
        // What this cluster has no definition of is somebody else's.
        let known: Vec<&str> = text
            .split("\n---\n")
            .filter(|object| {
                !object.contains("monitoring.coreos.com/") && !object.contains("gateway.networking.k8s.io/")
            })
            .collect();
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("objects.yaml");
        std::fs::write(&file, known.join("\n---\n")).expect("a file");
        let tried = cluster.kubectl(&["apply", "--dry-run=server", "-f", &file.display().to_string()]);
        assert!(tried.status.success(), "{set:?}: {}", said(&tried));
        for secret in ["kind: Secret", "privileged: true", "hostPath:", "hostNetwork: true"] {
            assert!(!text.contains(secret), "{set:?} has {secret}");
        }
    }
}

#[test]
fn values_that_mean_nothing_are_refused_by_name() {
    let _turn = Turn::shared();
    let cluster = Cluster::get();
    for (set, want) in [
        ("replicaCount=3", "replicaCount"),
        ("domain=Dev.Example", "domain"),
        ("service.type=External", "service"),
        ("workspaces.projectPrefix=dormer", "projectPrefix"),
        ("rbac.scope=all", "scope"),
        ("httpRoute.enabled=true", "parentRefs"),
    ] {
        let output = cluster.plain_helm(&["template", "x", &chart(), "--kube-version", "1.34.4", "--set", set]);
        assert!(!output.status.success(), "{set} is taken");
        assert!(said(&output).contains(want), "{set}: {}", said(&output));
    }
}

/// What a value is for is in what comes of it.
#[test]
fn each_part_of_the_chart_is_rendered_where_it_is_asked_for() {
    let _turn = Turn::shared();
    let cluster = Cluster::get();
    for (set, have, lack) in [
        ("", "kind: ValidatingAdmissionPolicyBinding", "kind: HorizontalPodAutoscaler"),
        ("", "preStop: {sleep:", "kind: Ingress"),
        ("", "kind: PodDisruptionBudget", "METRICS_LISTEN"),
        ("", "topologyKey: topology.kubernetes.io/zone", "kind: HTTPRoute"),
        ("admission.enabled=false", "kind: Deployment", "ValidatingAdmissionPolicy"),
        ("podDisruptionBudget.enabled=false", "kind: Deployment", "PodDisruptionBudget"),
        ("autoscaling.enabled=true", "kind: HorizontalPodAutoscaler", "replicas:"),
        // A port that is named and that nothing listens on would be worse than none.
        ("metrics.port=9090", "{name: DORMER_HTTP_METRICS_LISTEN, value: \"0.0.0.0:9090\"}", "ServiceMonitor"),
        ("metrics.port=9090,metrics.serviceMonitor.enabled=true", "kind: ServiceMonitor", "kind: Ingress"),
        ("drainSeconds=77", "{name: DORMER_HTTP_DRAIN, value: \"77s\"}", "value: \"60s\""),
        ("drainSeconds=77", "terminationGracePeriodSeconds: 97", "kind: Ingress"),
        ("tls.secretName=own", "secretName: own", "0.0.0.0:8080"),
        ("service.type=LoadBalancer", "type: LoadBalancer", "type: ClusterIP"),
        ("ingress.enabled=true", "kind: Ingress", "kind: HTTPRoute"),
        ("httpRoute.enabled=true,httpRoute.parentRefs[0].name=public", "kind: HTTPRoute", "kind: Ingress"),
        ("ssh.enabled=false", "kind: Deployment", "name: dormer-ssh"),
        ("rbac.scope=project", "DORMER_KUBERNETES_PROJECT_ROLE", "kind: Ingress"),
        ("networkPolicy.enabled=false", "kind: Deployment", "kind: NetworkPolicy"),
    ] {
        let args = ["template", "dormer", &chart(), "--namespace", NAMESPACE, "--kube-version", "1.34.4", "--set", set];
        let output = cluster.plain_helm(&args);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{set}: {}", said(&output));
        assert!(text.contains(have), "{set}: no '{have}'");
        assert!(!text.contains(lack), "{set}: '{lack}'");
    }
}

/// Pod Security's strictest profile, in the gateway's own namespace.
#[test]
fn the_gateways_pods_are_restricted_ones() {
    let _turn = Turn::shared();
    let cluster = Cluster::get();
    let output = cluster.kubectl(&[
        "label",
        "--dry-run=server",
        "--overwrite",
        "namespace",
        NAMESPACE,
        "pod-security.kubernetes.io/enforce=restricted",
    ]);
    assert!(output.status.success() && !said(&output).contains("Warning"), "{}", said(&output));
}

#[test]
fn a_release_is_tried_upgraded_rolled_back_and_uninstalled_and_workspaces_stay() {
    let space = crate::space::Space::alone("upgrade");
    let cluster = space.cluster;
    let workspace = space.workspace("upgraded").create();
    workspace.run("echo kept > \"$HOME/kept\"");
    let uid = workspace.pod().expect("a pod")["metadata"]["uid"].clone();

    let tried = cluster.plain_helm(&["test", "dormer", "--namespace", NAMESPACE, "--timeout", "120s"]);
    assert!(tried.status.success(), "{}", said(&tried));

    let mut changed = values();
    changed["podAnnotations"] = json!({"example.org/changed": "yes"});
    cluster.helm(&["upgrade", "dormer", &chart(), "--namespace", NAMESPACE], &changed);
    cluster.ready();
    let back = cluster.plain_helm(&["rollback", "dormer", "--namespace", NAMESPACE, "--wait", "--timeout", "180s"]);
    assert!(back.status.success(), "{}", said(&back));
    cluster.ready();
    assert_eq!(workspace.run("cat \"$HOME/kept\""), "kept");

    let gone = cluster.plain_helm(&["uninstall", "dormer", "--namespace", NAMESPACE, "--wait"]);
    assert!(gone.status.success(), "{}", said(&gone));
    let pod = workspace.pod().expect("an uninstalled gateway leaves workspaces running");
    assert_eq!(pod["metadata"]["uid"], uid);
    assert!(space.object("workspaces.dormer.dev", "upgraded").is_some());

    cluster.helm(&["upgrade", "--install", "dormer", &chart(), "--namespace", NAMESPACE], &values());
    cluster.ready();
    // Tokens, keys and host keys are records, too: the same login as before works, against the same host key.
    wait::until("the workspace is reached again", wait::LONG, || {
        let output = workspace.login().run("cat \"$HOME/kept\"");
        (output.stdout == b"kept\n").then_some(())
    });
    assert_eq!(workspace.pod().expect("the same pod")["metadata"]["uid"], uid);
}

/// Of an earlier version: without what this one added, and with objects of that time.
#[test]
fn definitions_are_upgraded_under_old_objects() {
    let space = crate::space::Space::alone("old");
    let cluster = space.cluster;
    const NAME: &str = "workspaces.dormer.dev";
    let mut old = cluster.object(&["crd", NAME]).expect("it is defined");
    let metadata = old["metadata"].as_object_mut().expect("metadata");
    metadata.retain(|key, _| key == "name" || key == "resourceVersion");
    old.as_object_mut().expect("an object").remove("status");
    let fields = &mut old["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    for (part, names) in
        [("spec", &["restart", "class", "lifecycle", "archived"][..]), ("status", &["url", "conditions"])]
    {
        let properties = fields[part]["properties"].as_object_mut().expect("properties");
        for name in names {
            assert!(properties.remove(*name).is_some(), "{part}.{name}");
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("old.json");
    std::fs::write(&file, old.to_string()).expect("a file");
    let file = file.display().to_string();
    cluster.told(&["replace", "-f", &file]);
    let object = json!({
        "apiVersion": "dormer.dev/v1alpha1", "kind": "Workspace",
        "metadata": {"name": "old", "namespace": space.namespace()},
        "spec": {"owner": cluster.owner.name, "editor": "none"},
    });
    let made = cluster.apply(&object);
    let crds = format!("{}/crds", chart());
    // As docs/kubernetes.md says.
    let upgraded = cluster.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &crds]);
    assert!(made.status.success() && upgraded.status.success(), "{} {}", said(&made), said(&upgraded));
    let workspace = space.named("old");
    wait::until("it is known", wait::LONG, || {
        (cluster.apex().try_api("GET", "/workspaces/old", None).ok()?.status == 200).then_some(())
    });
    workspace.change(json!({"running": true}));
    workspace.wait_for("Running");
    assert_eq!(workspace.run("echo x"), "x");
    let object = space.object("ws", "old").expect("it is there");
    assert_eq!(object["spec"]["class"], "default", "{object:#}");
    assert!(object["status"]["url"].as_str().is_some_and(|url| url.contains("old.")), "{object:#}");
    workspace.stop();
}

/// What the chart brings along is what the program prints.
#[test]
fn the_charts_definitions_are_the_programs_own() {
    let bin = std::env::var("DORMER_TEST_BIN").expect("DORMER_TEST_BIN");
    let output = Command::new(format!("{bin}/dormer")).arg("crds").output().expect("dormer runs");
    assert!(output.status.success(), "{}", said(&output));
    let mut kept = String::new();
    let mut files: Vec<_> =
        std::fs::read_dir(format!("{}/crds", chart())).expect("crds").flatten().map(|e| e.path()).collect();
    files.sort();
    for file in files {
        kept += &std::fs::read_to_string(file).expect("a definition");
    }
    let kinds = |text: &str| {
        let mut kinds: Vec<String> =
            text.lines().filter(|line| line.starts_with("  name: ")).map(|line| line.trim().to_string()).collect();
        kinds.sort();
        kinds
    };
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(kinds(&printed), kinds(&kept));
    assert_eq!(printed.trim(), kept.trim(), "write them again: scripts/crds.sh");
}
