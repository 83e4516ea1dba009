//! What a devfile brings beside the container that people work in.

use std::time::Duration;

use dormer_tests::wait;
use serde_json::json;

use crate::cluster::said;
use crate::space::Space;

/// Everything that makes objects: two containers, one in a pod of its own, one before the others, and manifests.
const DEVFILE: &str = r#"schemaVersion: 2.3.0
metadata: {name: many}
components:
  - name: dev
    container:
      image: dormer.test/workspace-base:dev
      env: [{name: WHERE, value: dev}]
      volumeMounts: [{name: cache, path: /cache}]
  - name: tool
    container:
      image: dormer.test/busybox:dev
      env: [{name: WHERE, value: tool}]
      volumeMounts: [{name: cache, path: /cache}]
  - name: prepare
    container:
      image: dormer.test/busybox:dev
      command: [sh, -c]
      args: ["echo prepared >>/cache/prepared"]
      volumeMounts: [{name: cache, path: /cache}]
  - name: apart
    container:
      image: dormer.test/busybox:dev
      dedicatedPod: true
      mountSources: false
      command: [sh, -c]
      args: ["mkdir -p /tmp/www && echo apart >/tmp/www/index.html && exec httpd -f -p 8099 -h /tmp/www"]
      endpoints: [{name: www, targetPort: 8099, exposure: internal}]
  - name: cache
    volume: {size: 32Mi}
  - name: objects
    kubernetes:
      deployByDefault: true
      inlined: |
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, namespace: kube-system}
        data: {a: b}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: password}
        stringData: {password: x}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 16Mi}}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: dormer.test/busybox:dev
                  imagePullPolicy: IfNotPresent
                  command: [sleep, "1000"]
                  envFrom: [{configMapRef: {name: settings}}]
commands:
  - id: first
    apply: {component: prepare}
  - id: in-tool
    exec: {component: tool, commandLine: 'echo "$WHERE" >/cache/ran'}
events:
  preStart: [first]
  postStart: [in-tool]
"#;

#[test]
fn containers_volumes_and_objects_are_made_owned_and_taken_away() {
    let space = Space::new("many");
    let workspace = space.workspace("many").devfile(DEVFILE).create();
    assert_eq!(workspace.run("cat /cache/prepared"), "prepared", "it ran before the others, to its end");
    wait::until("the command ran in the container that it names", wait::LONG, || {
        (workspace.login().run("cat /cache/ran").stdout == b"tool\n").then_some(())
    });
    // A shell in each container, by what a client says.
    assert_eq!(workspace.run("echo $WHERE"), "dev");
    let tool = workspace.login().option("SetEnv=DORMER_CONTAINER=tool").run("echo $WHERE; ls -l /bin/ls");
    let said = String::from_utf8_lossy(&tool.stdout).into_owned();
    assert!(said.starts_with("tool\n") && said.contains("busybox"), "{tool:?}");
    let none = workspace.login().option("SetEnv=DORMER_CONTAINER=nowhere").run("true");
    assert!(!none.status.success() && String::from_utf8_lossy(&none.stderr).contains("nowhere"), "{none:?}");
    // The one in a pod of its own has its component's name.
    wait::until("the container in a pod of its own answers by its name", wait::LONG, || {
        (workspace.login().run("curl -fsS --max-time 5 http://apart:8099/").stdout == b"apart\n").then_some(())
    });

    // Objects are in the workspace's namespace, whatever they say, and its pod's.
    let pod = space.object("pod", "ws-many").expect("it runs");
    for (kind, name) in [("configmap", "settings"), ("secret", "password"), ("deployment", "web")] {
        let object = space.object(kind, name).unwrap_or_else(|| panic!("no {kind} {name}"));
        assert_eq!(object["metadata"]["ownerReferences"][0]["uid"], pod["metadata"]["uid"], "{object:#}");
        assert_eq!(object["metadata"]["labels"]["dormer.dev/workspace"], "many");
    }
    assert!(space.cluster.object(&["-n", "kube-system", "configmap", "settings"]).is_none());
    wait::until("the deployment's pod runs, as tame as the workspace", wait::LONG, || {
        let deployment = space.object("deployment", "web")?;
        (deployment["status"]["readyReplicas"] == 1).then_some(())
    });

    workspace.change(json!({"running": false}));
    workspace.wait_for("Stopped");
    wait::until("what it brought is gone, but for its data", Duration::from_secs(90), || {
        let gone = [("configmap", "settings"), ("secret", "password"), ("deployment", "web"), ("pod", "ws-many-apart")]
            .into_iter()
            .all(|(kind, name)| space.object(kind, name).is_none());
        (gone && space.object("pvc", "data").is_some()).then_some(())
    });
    workspace.change(json!({"running": true}));
    workspace.wait_for("Running");
    assert_eq!(workspace.run("cat /cache/prepared"), "prepared\nprepared", "the volume was kept");
    assert!(space.object("configmap", "settings").is_some());
    workspace.delete();
    wait::until("nothing of it is left", Duration::from_secs(90), || {
        let left = space.names("pods,pvc,configmaps,secrets,deployments,services,networkpolicies");
        left.iter()
            .all(|name| !name.contains("many") && !name.ends_with("/data") && !name.ends_with("/settings"))
            .then_some(())
    });
}

#[test]
fn objects_that_reach_further_are_refused_with_the_reason() {
    let space = Space::new("reach");
    let devfile = "schemaVersion: 2.3.0\nmetadata: {name: x}\ncomponents:\n  - name: dev\n    container: {image: 'dormer.test/busybox:dev'}\n  - name: more\n    kubernetes:\n      deployByDefault: true\n      inlined: |\n        apiVersion: rbac.authorization.k8s.io/v1\n        kind: ClusterRoleBinding\n        metadata: {name: mine}\n";
    let workspace = space.workspace("reach").devfile(devfile).submit();
    let told = wait::until("it says what is refused", Duration::from_secs(60), || {
        Some(workspace.get()).filter(|told| told["phase"] == "Failed")
    });
    assert_eq!(told["reason"], "ManifestRefused", "{told:#}");
    assert!(told["message"].as_str().is_some_and(|message| message.contains("ClusterRoleBinding")), "{told:#}");
    assert!(space.object("pod", "ws-reach").is_none(), "nothing was made");
}

#[test]
fn one_claim_for_a_project_keeps_each_workspace_to_its_folder() {
    let space = Space::new("common");
    let devfile = "schemaVersion: 2.3.0\nmetadata: {name: x}\ncomponents:\n  - name: dev\n    container: {image: 'dormer.test/workspace-base:dev'}\n";
    let common = json!({"strategy": "common"});
    let one = space.workspace("one").set("storage", common.clone()).devfile(devfile).create();
    let two = space.workspace("two").set("storage", common).devfile(devfile).create();
    one.run("echo of-one >~/mine");
    assert_eq!(two.run("ls -A ~ | grep -c mine || true"), "0");
    let claims = space.names("pvc");
    assert_eq!(claims, ["persistentvolumeclaim/dormer-common"]);
    one.change(json!({"running": false}));
    one.wait_for("Stopped");
    assert_eq!(one.run("cat ~/mine"), "of-one");
    one.delete();
    assert_eq!(space.names("pvc"), ["persistentvolumeclaim/dormer-common"], "the other one's files are in it");
    assert_eq!(two.run("echo still"), "still");
    // None of the first one's is left beside it.
    let looker = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "looker", "namespace": space.namespace()},
        "spec": {
            "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "fsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "looker", "image": "dormer.test/busybox:dev", "imagePullPolicy": "IfNotPresent", "command": ["ls", "/claim"],
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "claim", "mountPath": "/claim"}],
            }],
            "volumes": [{"name": "claim", "persistentVolumeClaim": {"claimName": "dormer-common"}}],
        },
    });
    let applied = space.cluster.apply(&looker);
    assert!(applied.status.success(), "{}", said(&applied));
    wait::until("somebody has looked", wait::LONG, || {
        (space.object("pod", "looker")?["status"]["phase"] == "Succeeded").then_some(())
    });
    let uid = space.object("workspaces.dormer.dev", "two").expect("it is there")["metadata"]["uid"].clone();
    assert_eq!(space.told(&["logs", "looker"]), uid.as_str().expect("a uid"), "one folder: the other's");
}
