//! What an administrator decides for pods.

use std::time::Duration;

use dormer_tests::wait;
use serde_json::{Value, json};

use crate::cluster::{Cluster, said};
use crate::space::{Space, Workspace};

/// A class that is there while a test is.
struct Class(&'static Cluster, &'static str);

impl Class {
    fn new(cluster: &'static Cluster, name: &'static str, mut says: Value) -> Self {
        // What a run that was killed has left.
        let _ = cluster.apex().try_api("DELETE", &format!("/classes/{name}"), None);
        says["name"] = name.into();
        cluster.apex().api("POST", "/classes", Some(says)).expect(201);
        Class(cluster, name)
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        let gone = self.0.apex().try_api("DELETE", &format!("/classes/{}", self.1), None);
        // A class that stays changes what other tests see.
        if !std::thread::panicking() {
            gone.expect("the API answers").expect(204);
        }
    }
}

const DEVFILE: &str = "schemaVersion: 2.3.0\nmetadata: {name: x}\ncomponents:\n  - name: dev\n    container: {image: 'dormer.test/workspace-base:dev', mountSources: true}\n";

fn pod(workspace: &Workspace<'_>) -> Value {
    workspace.pod().expect("it runs")
}

#[test]
fn a_class_is_an_object_and_says_where_pods_go_and_what_they_may_use() {
    let space = Space::new("classes");
    let says = json!({
        "description": "small ones",
        "defaults": { "resources": { "memory": "256Mi" }, "storage": { "size": "128Mi" } },
        "limits": { "memory": "512Mi", "storage": "256Mi" },
        "fixed": ["resources.cpu"],
        "pod": {
            "nodeSelector": { "kubernetes.io/os": "linux" }, "labels": { "team": "a" }, "annotations": { "note": "b" },
            "tolerations": [{ "key": "dev", "operator": "Exists" }],
        },
        "allowedKinds": ["ConfigMap"],
    });
    let class = Class::new(space.cluster, "small", says);
    let object = space.cluster.object(&["workspaceclass", "small"]).expect("an object");
    assert_eq!(object["spec"]["limits"]["memory"], "512Mi", "{object:#}");
    let refused = space.workspace("none").set("class", "smal".into()).ask().expect(422).text();
    assert!(refused.contains("did you mean 'small'?"), "{refused}");
    let much = json!({ "memory": "1Gi" });
    let refused = space.workspace("much").set("class", "small".into()).set("resources", much).ask().expect(422).text();
    assert!(refused.contains("/resources/memory"), "{refused}");

    let workspace = space.workspace("small").set("class", "small".into()).devfile(DEVFILE).create();
    let spec = pod(&workspace);
    assert_eq!(spec["metadata"]["labels"]["team"], "a");
    assert_eq!(spec["metadata"]["annotations"]["note"], "b");
    let (spec, container) = (&spec["spec"], &spec["spec"]["containers"][0]);
    assert_eq!(spec["nodeSelector"]["kubernetes.io/os"], "linux");
    assert_eq!(container["resources"]["limits"], json!({ "memory": "256Mi" }), "{container:#}");
    assert_eq!(workspace.claims()[0]["spec"]["resources"]["requests"]["storage"], "128Mi");
    assert_eq!(
        workspace.run("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true"),
        "268435456"
    );

    // What a devfile says is not more than what the class allows; that is said, and not tried.
    let greedy = DEVFILE.replace("mountSources: true", "mountSources: true, memoryLimit: 2Gi");
    let told = space.workspace("greedy").set("class", "small".into()).devfile(&greedy).submit();
    let told = wait::until("it says what is too much", Duration::from_secs(60), || {
        Some(told.get()).filter(|told| told["phase"] == "Failed")
    });
    assert_eq!(told["reason"], "LimitExceeded", "{told:#}");

    // By hand, it is an object as any other, and what is wrong is refused at admission.
    let output = space.cluster.kubectl(&[
        "patch",
        "workspaceclass",
        "small",
        "--type=merge",
        "-p",
        r#"{"spec":{"fixed":["resources.disk"]}}"#,
    ]);
    assert!(!output.status.success() && said(&output).contains("resources.disk"), "{}", said(&output));
    space.cluster.told(&[
        "patch",
        "workspaceclass",
        "small",
        "--type=merge",
        "-p",
        r#"{"spec":{"description":"by hand"}}"#,
    ]);
    wait::until("the API tells what was said by hand", wait::LONG, || {
        let told = space.cluster.apex().api("GET", "/classes/small", None).value();
        (told["description"] == "by hand").then_some(())
    });
    workspace.delete();
    space.named("greedy").delete();
    drop(class);
}

#[test]
fn sudo_installs_a_package_in_a_workspace_that_is_nobody_on_its_node() {
    // Such a class is seen in all projects' namespaces.
    let space = Space::alone("sudo");
    let says = json!({ "security": { "userNamespace": true, "allowPrivilegeEscalation": true } });
    let class = Class::new(space.cluster, "sudo", says);
    wait::until("the project's namespace lets that in", wait::LONG, || {
        let namespace = space.cluster.object(&["namespace", &space.namespace()])?;
        let level = namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"].clone();
        (level == "baseline" || level == "privileged").then_some(())
    });
    let workspace = space.workspace("sudo").set("class", "sudo".into()).devfile(DEVFILE).create();
    assert_eq!(pod(&workspace)["spec"]["hostUsers"], false);
    let map = workspace.run("cat /proc/self/uid_map");
    let numbers: Vec<u64> = map.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    assert!(numbers.len() >= 3 && numbers[0] == 0 && numbers[1] >= 65_536, "root inside is nobody outside: {map}");
    assert_eq!(workspace.run("id -u; sudo -n id -u"), "1000\n0");
    // There is no network of packages here: one is made, and installed as any other.
    let made = workspace.run(
        "set -e; cd /tmp; mkdir -p hello/DEBIAN hello/usr/bin\n\
         printf 'Package: dormer-hello\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@b>\\nDescription: x\\n' >hello/DEBIAN/control\n\
         printf '#!/bin/sh\\necho installed\\n' >hello/usr/bin/dormer-hello; chmod 755 hello/usr/bin/dormer-hello\n\
         dpkg-deb --root-owner-group --build hello hello.deb >/dev/null\n\
         sudo -n apt-get install -y ./hello.deb >install.log 2>&1 || { cat install.log; exit 1; }\n\
         dormer-hello; stat -c %U /usr/bin/dormer-hello",
    );
    assert_eq!(made, "installed\nroot");
    // What is written stays the person's, on the claim too.
    assert_eq!(workspace.run("touch ~/mine && stat -c %u ~/mine"), "1000");
    workspace.stop();
    assert_eq!(workspace.run("stat -c %u ~/mine"), "1000");

    // Without such a class there is no way to be root.
    let plain = space.workspace("plain").devfile(DEVFILE).create();
    let output = plain.login().run("sudo -n id -u");
    assert!(!output.status.success(), "{output:?}");
    workspace.delete();
    // And what the class needed is no longer let in.
    drop(class);
    wait::until("the project's namespace is strict again", wait::LONG, || {
        let namespace = space.cluster.object(&["namespace", &space.namespace()])?;
        (namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted").then_some(())
    });
}
