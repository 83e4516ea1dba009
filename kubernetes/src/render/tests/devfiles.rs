//! What a devfile says, in the pod.

use k8s_openapi::api::core::v1::{Container, VolumeMount};

use super::{Scene, snapshot};
use crate::policy::{Accelerator, Egress, Overrides};
use crate::render::settings::Tools;
use crate::render::{Rendered, annotation};

const MAIN: &str = "  - name: dev\n    container:\n      image: debian:12\n";

fn with(more: &str) -> Scene {
    Scene::components(&format!("{MAIN}{more}"))
}

fn container<'a>(rendered: &'a Rendered, name: &str) -> &'a Container {
    let spec = rendered.pod.spec.as_ref().unwrap();
    let mut all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    all.find(|container| container.name == name).unwrap_or_else(|| panic!("no container '{name}'"))
}

fn mount<'a>(container: &'a Container, path: &str) -> &'a VolumeMount {
    container.volume_mounts.iter().flatten().find(|mount| mount.mount_path == path).unwrap()
}

#[test]
fn everything_at_once() {
    let scene = Scene::of(
        r#"
schemaVersion: 2.3.0
attributes:
  pod-overrides: {metadata: {labels: {team: a, dormer.dev/uid: mine}}, spec: {nodeSelector: {disk: ssd}}}
components:
  - name: dev
    attributes:
      container-overrides: {resources: {limits: {nvidia.com/gpu: "1"}}}
    container:
      image: quay.io/devfile/universal-developer-image:ubi8-latest
      memoryLimit: 4Gi
      memoryRequest: 1Gi
      cpuLimit: "2"
      env: [{name: M2, value: $(PROJECTS_ROOT)/.m2}]
      volumeMounts: [{name: m2, path: /home/user/.m2}, {name: cache}]
      endpoints: [{name: http, targetPort: 8080}, {name: same, targetPort: 8080}, {name: dns, targetPort: 53, protocol: udp}]
  - name: db
    container: {image: postgres:17, mountSources: false, env: [{name: POSTGRES_PASSWORD, value: x}], volumeMounts: [{name: data, path: /var/lib/postgresql/data}]}
  - name: tool
    container: {image: alpine:3, sourceMapping: /src}
  - name: prepare
    container: {image: busybox, command: [touch], args: [/projects/x]}
  - name: apart
    container: {image: redis:7, dedicatedPod: true, mountSources: false}
  - name: m2
    volume: {size: 2Gi}
  - name: data
    volume: {size: 12Gi}
  - name: cache
    volume: {size: 1Gi, ephemeral: true}
commands:
  - id: lint
    exec: {component: tool, commandLine: lint}
  - id: first
    apply: {component: prepare}
events:
  preStart: [first]
"#,
    );
    let rendered = scene.render();
    snapshot::compare("everything", &rendered);
    let spec = rendered.pod.spec.as_ref().unwrap();
    let names: Vec<&str> = spec.containers.iter().map(|container| container.name.as_str()).collect();
    assert_eq!(names, ["dev", "db", "tool"]);
    let init: Vec<&str> = spec.init_containers.iter().flatten().map(|container| container.name.as_str()).collect();
    assert_eq!(init, ["dormer-tools", "prepare-first-1"]);
    let claim = rendered.claim.as_ref().unwrap().spec.as_ref().unwrap();
    assert_eq!(claim.resources.as_ref().unwrap().requests.as_ref().unwrap()["storage"].0, "15032385536");
    // The image's own entry point, and an agent beside it.
    let db = container(&rendered, "db");
    assert!(db.command.is_none() && db.args.is_none());
    let hook = db.lifecycle.as_ref().unwrap().post_start.as_ref().unwrap().exec.as_ref().unwrap();
    assert!(hook.command.as_ref().unwrap().contains(&"--detach".to_owned()));
    let password = db.env.iter().flatten().find(|variable| variable.name == "TOKEN").unwrap();
    assert_eq!(password.value_from.as_ref().unwrap().secret_key_ref.as_ref().unwrap().key, "var.TOKEN");
    let labels = rendered.pod.metadata.labels.as_ref().unwrap();
    assert_eq!((labels["team"].as_str(), labels["dormer.dev/uid"].as_str()), ("a", scene.workspace.uid.as_str()));
    assert_eq!(rendered.dedicated.len(), 1);
    assert!(rendered.service.is_some());
}

#[test]
fn each_agent_is_told_its_own_and_nobody_else_s() {
    let rendered = with("  - name: db\n    container: {image: postgres:17, mountSources: false}\n").render();
    let secret = rendered.secret.data.as_ref().unwrap();
    let read = |file: &str| -> dormer_wire::assignment::Assignment { serde_json::from_slice(&secret[file].0).unwrap() };
    let (main, db) = (read("dev.json"), read("db.json"));
    assert!(main.keys.is_some() && db.keys.is_none());
    assert_eq!(main.door.to_string(), "tls:0.0.0.0:7443/6f1c1f0e-5a77-4b8d-9a43-0d8b5a3c1f00.00112233");
    assert_eq!(db.door.to_string(), "unix:/.dormer-run/db.sock");
    assert_eq!(main.siblings.iter().map(|sibling| sibling.container.as_str()).collect::<Vec<_>>(), ["db"]);
    assert!(main.editor.is_some() && db.editor.is_none() && db.siblings.is_empty());
    let spec = rendered.pod.spec.as_ref().unwrap();
    for (name, file) in [("dev", "dev.json"), ("db", "db.json")] {
        let volume = &mount(container(&rendered, name), "/.dormer-task").name;
        let volume = spec.volumes.iter().flatten().find(|each| each.name == *volume).unwrap();
        let items: Vec<&str> =
            volume.secret.as_ref().unwrap().items.iter().flatten().map(|item| item.key.as_str()).collect();
        assert_eq!(items, [file]);
    }
}

#[test]
fn storage_is_kept_as_it_is_said() {
    for (strategy, folder, claim) in [
        ("per-workspace", Some("home"), true),
        ("common", Some("6f1c1f0e-5a77-4b8d-9a43-0d8b5a3c1f00/home"), true),
        ("ephemeral", None, false),
    ] {
        let mut scene = with("");
        scene.workspace.spec.storage.strategy = Some(strategy.into());
        let rendered = scene.render();
        let home = mount(container(&rendered, "dev"), "/home/user");
        assert_eq!((home.sub_path.as_deref(), rendered.claim.is_some()), (folder, claim), "{strategy}");
        if strategy == "common" {
            assert!(rendered.claim.unwrap().metadata.owner_references.is_none(), "it is nobody's");
        }
    }
    let mut scene = with("");
    scene.workspace.spec.storage.size = Some("50Gi".into());
    scene.policy.storage.max_size = Some("20Gi".into());
    assert_eq!(scene.refusal().reason, "StorageInvalid");
}

#[test]
fn who_its_processes_are_is_the_class_s_to_say() {
    let root = "  - name: dev\n    attributes: {dormer.dev/user: root}\n    container: {image: a}\n";
    let mut scene = Scene::components(root);
    assert_eq!(scene.refusal().reason, "RootRefused");
    scene.policy.security.allow_root = true;
    let scene = Scene::components(
        "  - name: dev\n    attributes: {dormer.dev/user: \"1000650000\"}\n    container: {image: a}\n",
    );
    let context = container(&scene.render(), "dev").security_context.clone().unwrap();
    assert_eq!(context.run_as_user, Some(1_000_650_000));
    let scene =
        Scene::components("  - name: dev\n    attributes: {dormer.dev/user: node}\n    container: {image: a}\n");
    let rendered = scene.render();
    assert!(rendered.notes.iter().any(|note| note.contains("'node'")), "{:?}", rendered.notes);
    let mut scene = with("");
    scene.policy.security.read_only_root_filesystem = true;
    mount(container(&scene.render(), "dev"), "/tmp");
}

#[test]
fn overrides_reach_no_further_than_the_class_lets_them() {
    let of = |attribute: &str| {
        Scene::components(&format!("  - name: dev\n    attributes: {{{attribute}}}\n    container: {{image: a}}\n"))
    };
    for patch in [
        "container-overrides: {securityContext: {privileged: true}}",
        "container-overrides: {securityContext: {capabilities: {add: [SYS_ADMIN]}}}",
        "container-overrides: {securityContext: {allowPrivilegeEscalation: true}}",
        "container-overrides: {securityContext: {procMount: Unmasked}}",
        "container-overrides: {securityContext: {seccompProfile: {type: Unconfined}}}",
        "pod-overrides: {spec: {securityContext: {runAsNonRoot: false}}}",
        "pod-overrides: {spec: {securityContext: {supplementalGroups: [6]}}}",
        "pod-overrides: {spec: {securityContext: {$patch: replace}}}",
        "container-overrides: {envFrom: [{secretRef: {name: ws-other}}]}",
        "container-overrides: {lifecycle: {preStop: {exec: {command: [a]}}}}",
        "container-overrides: {$patch: replace}",
        "container-overrides: {$retainKeys: [name]}",
        "pod-overrides: {spec: {hostNetwork: true}}",
        "pod-overrides: {spec: {serviceAccountName: admin}}",
        "pod-overrides: {spec: {automountServiceAccountToken: true}}",
        "pod-overrides: {spec: {securityContext: {runAsUser: 0}}}",
        "pod-overrides: {spec: {imagePullSecrets: [{name: a}]}}",
        "pod-overrides: {spec: {$patch: replace, nodeSelector: {a: b}}}",
        "pod-overrides: {spec: {$deleteFromPrimitiveList/finalizers: [a]}}",
        "pod-overrides: {metadata: {ownerReferences: []}}",
        "pod-overrides: {metadata: {namespace: kube-system}}",
        "pod-overrides: {$patch: delete}",
    ] {
        let refusal = of(patch).refusal();
        assert!(matches!(refusal.reason, "OverrideRefused" | "OverrideInvalid"), "{patch}: {refusal}");
    }
    let rendered = of("container-overrides: {resources: {requests: {cpu: 100m}}, workingDir: /x}").render();
    assert_eq!(container(&rendered, "dev").working_dir.as_deref(), Some("/x"));
    let less = "container-overrides: {securityContext: {runAsUser: 1001, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}}";
    let context = container(&of(less).render(), "dev").security_context.clone().unwrap();
    assert_eq!((context.run_as_user, context.read_only_root_filesystem), (Some(1001), Some(true)));
    assert_eq!(context.allow_privilege_escalation, Some(false), "the rest is as it was");
    let group = of("pod-overrides: {spec: {securityContext: {fsGroup: 2000}}}").render();
    let context = group.pod.spec.unwrap().security_context.unwrap();
    assert_eq!((context.fs_group, context.run_as_non_root), (Some(2000), Some(true)));
    let mut scene = of("container-overrides: {envFrom: [{configMapRef: {name: a}}]}");
    scene.policy.overrides = Overrides { container: Some(vec!["envFrom".into()]), ..Overrides::default() };
    assert!(container(&scene.render(), "dev").env_from.is_some());
}

#[test]
fn resources_are_bounded_and_the_person_s_word_wins() {
    let text = "  - name: dev\n    container: {image: a, memoryLimit: 4Gi, memoryRequest: 2Gi}\n";
    let mut scene = Scene::components(text);
    scene.workspace.spec.resources.memory = Some("1Gi".into());
    let resources = container(&scene.render(), "dev").resources.clone().unwrap();
    assert_eq!(
        (resources.limits.unwrap()["memory"].0.as_str(), resources.requests.unwrap()["memory"].0.as_str()),
        ("1Gi", "1Gi")
    );
    let mut scene = Scene::components(text);
    scene.policy.resources.max_memory = Some("3Gi".into());
    assert_eq!(scene.refusal().reason, "ResourcesInvalid");
    let mut scene = Scene::components(text);
    scene.workspace.spec.resources.gpu = Some("2".into());
    scene.workspace.spec.resources.accelerator = Some("a100".into());
    let refusal = scene.refusal();
    assert_eq!(refusal.reason, "AcceleratorUnknown");
    let accelerator = Accelerator {
        resource: "nvidia.com/gpu".into(),
        node_selector: [("gpu".to_owned(), "a100".to_owned())].into(),
        tolerations: Vec::new(),
    };
    scene.policy.accelerators.insert("a100".into(), accelerator);
    let rendered = scene.render();
    assert_eq!(container(&rendered, "dev").resources.clone().unwrap().limits.unwrap()["nvidia.com/gpu"].0, "2");
    assert_eq!(rendered.pod.spec.unwrap().node_selector.unwrap()["gpu"], "a100");
}

#[test]
fn overrides_do_not_get_around_the_class() {
    let of = |attribute: &str| {
        Scene::components(&format!("  - name: dev\n    attributes: {{{attribute}}}\n    container: {{image: a}}\n"))
    };
    for patch in [
        "container-overrides: {resources: {limits: {memory: 8Gi}}}",
        "container-overrides: {resources: {requests: {cpu: '8'}}}",
        "container-overrides: {resources: {limits: {nvidia.com/gpu: '8'}}}",
        "pod-overrides: {spec: {resources: {limits: {memory: 8Gi}}}}",
    ] {
        let mut scene = of(patch);
        let most = |text: &str| Some(text.to_owned());
        let resources = &mut scene.policy.resources;
        (resources.max_cpu, resources.max_memory, resources.max_gpu) = (most("4"), most("4Gi"), most("2"));
        assert_eq!(scene.refusal().reason, "ResourcesInvalid", "{patch}");
        scene.policy.resources = Default::default();
        scene.render();
        scene.policy.overrides.resources = true;
        assert_eq!(scene.refusal().reason, "OverrideRefused", "{patch}");
    }
    let mut scene = of("pod-overrides: {spec: {nodeSelector: {pool: gpu, disk: ssd}}}");
    scene.policy.scheduling.node_selector.insert("pool".into(), "dev".into());
    let selector = scene.render().pod.spec.unwrap().node_selector.unwrap();
    assert_eq!((selector["pool"].as_str(), selector["disk"].as_str()), ("dev", "ssd"));
}

#[test]
fn a_record_says_of_its_pod_what_a_devfile_may() {
    let text = "schemaVersion: 2.3.0\nattributes: {pod-overrides: {spec: {nodeSelector: {disk: hdd}}}}\ncomponents:\n  - name: dev\n    container: {image: a}\n";
    let mut scene = Scene::of(text);
    scene.set_pod(
        serde_json::json!({ "spec": { "nodeSelector": { "disk": "ssd" } }, "metadata": { "labels": { "a": "b" } } }),
    );
    let pod = scene.render().pod;
    assert_eq!(pod.spec.unwrap().node_selector.unwrap()["disk"], "ssd", "it is the newer word");
    assert_eq!(pod.metadata.labels.unwrap()["a"], "b");
    for patch in [serde_json::json!({ "spec": { "hostNetwork": true } }), serde_json::json!({ "kind": "Node" })] {
        scene.set_pod(patch);
        assert_eq!(scene.refusal().reason, "OverrideRefused");
    }
}

#[test]
fn a_pod_tells_what_it_was_rendered_from() {
    let mark = |scene: &Scene| scene.render().pod.metadata.annotations.unwrap()[annotation::RENDERED].clone();
    let first = mark(&with(""));
    assert_eq!(first, mark(&with("")));
    let mut scene = with("");
    scene.workspace.spec.display_name = Some("another".into());
    scene.workspace.spec.running = true;
    assert_eq!(first, mark(&scene), "what changes nothing in the pod needs no restart");
    scene.workspace.spec.variables[0].value = "changed".into();
    assert_ne!(first, mark(&scene));
    let mut scene = with("");
    scene.policy.security.run_as_user = Some(5);
    assert_ne!(first, mark(&scene));
}

#[test]
fn networks_are_shut_but_for_what_the_class_says() {
    let mut scene = with("");
    let text = |scene: &Scene| serde_json::to_string(&scene.render().network).unwrap();
    let usual = text(&scene);
    for part in ["169.254.0.0/16", "10.0.0.0/8", "fe80::/10", "\"kubernetes.io/metadata.name\":\"dormer\""] {
        assert!(usual.contains(part), "{part}: {usual}");
    }
    scene.policy.network.egress = Egress::None;
    scene.policy.network.allow = vec!["10.1.0.0/16".into()];
    let none = text(&scene);
    assert!(none.contains("10.1.0.0/16") && !none.contains("0.0.0.0/0"), "{none}");
}

#[test]
fn tools_are_mounted_where_the_cluster_can() {
    let mut scene = with("");
    scene.settings.tools = Tools::Mount;
    let rendered = scene.render();
    let spec = rendered.pod.spec.as_ref().unwrap();
    assert!(spec.init_containers.is_none());
    let tools = mount(container(&rendered, "dev"), "/.dormer");
    assert_eq!((tools.sub_path.as_deref(), tools.read_only), (Some("dormer-tools"), Some(true)));
    let volume = spec.volumes.iter().flatten().find(|volume| volume.name == tools.name).unwrap();
    assert_eq!(volume.image.as_ref().unwrap().reference.as_deref(), Some(scene.settings.tools_image.as_str()));
}

#[test]
fn names_of_all_lengths_fit() {
    let long = "a".repeat(63);
    let mut scene = Scene::components(&format!(
        "{MAIN}  - name: {long}\n    container: {{image: a, dedicatedPod: true}}\n  - name: b{}\n    container: {{image: a}}\n",
        "b".repeat(62)
    ));
    scene.workspace.name = "w".repeat(46).parse().unwrap();
    scene.render();
}
