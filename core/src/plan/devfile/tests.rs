use super::*;
use crate::plan::Role;
use crate::plan::settings::StorageKind;
use crate::workspace::{Source, fixture};

const HELLO: &str = r#"
schemaVersion: 2.3.0
metadata: {name: hello}
variables: {greeting: hi}
components:
  - name: init
    container: {image: busybox}
  - name: db
    container: {image: postgres, dedicatedPod: true, endpoints: [{name: sql, targetPort: 5432, exposure: internal, protocol: tcp}]}
  - name: tools
    container:
      image: debian
      env: [{name: GREETING, value: "{{greeting}}"}]
      endpoints: [{name: web, targetPort: 3000}]
      volumeMounts: [{name: cache, path: /cache}]
  - name: cache
    volume: {size: 1Gi}
commands:
  - id: prepare
    apply: {component: init}
  - id: serve
    exec: {component: tools, commandLine: ./serve, workingDir: "${PROJECT_SOURCE}/web", group: {kind: run, isDefault: true}}
  - id: all
    composite: {commands: [serve], parallel: true}
events:
  preStart: [prepare]
  postStart: [serve]
projects:
  - name: lib
    clonePath: libs/lib
    git: {remotes: {origin: "https://example.org/lib.git"}, checkoutFrom: {revision: v1}}
"#;

fn hello() -> Workspace {
    let mut workspace = fixture("hello", "ann");
    workspace.spec.devfile = Some(HELLO.to_string());
    workspace
}

#[test]
fn a_devfile_becomes_a_plan() {
    let plan = plan(&hello()).unwrap();
    assert_eq!(plan.main, "tools", "init containers and pods of their own are no place to work in");
    assert!(plan.containers[0].init && !plan.containers[2].init);
    assert_eq!(plan.containers[2].env, [EnvVar { name: "GREETING".into(), value: "hi".into() }]);
    assert_eq!(plan.ports.iter().map(|port| port.port).collect::<Vec<_>>(), [5432, 3000]);
    assert_eq!(plan.events.post_start, ["serve"]);
    assert_eq!(plan.working_dir, "libs/lib");
    assert_eq!(plan.volumes[0].name, "cache");
    assert_eq!(plan.commands.len(), 3);
    assert_eq!(plan.commands[1].group, Some(("run".into(), true)));
}

#[test]
fn the_source_comes_first() {
    let mut workspace = hello();
    let source = |url: &str| {
        Some(Source { url: url.into(), reference: Some("main".into()), commit: Some("c0".into()), ..Source::default() })
    };
    workspace.spec.source = source("https://example.org/some/App.git/");
    let other = plan(&workspace).unwrap();
    assert_eq!(other.projects.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["App", "libs/lib"]);
    assert_eq!(other.working_dir, "App");
    assert_eq!(other.projects[0].commit.as_deref(), Some("c0"));
    workspace.spec.source = source("https://example.org/lib");
    let same = plan(&workspace).unwrap();
    assert_eq!(same.projects.len(), 1, "the same repository is not cloned twice");
    assert_eq!((same.projects[0].path.as_str(), same.projects[0].revision.as_deref()), ("libs/lib", Some("main")));
}

#[test]
fn what_cannot_be_planned_says_why() {
    let mut workspace = hello();
    for (text, want) in [
        (HELLO.replace("libs/lib", "../lib"), "must stay inside"),
        (HELLO.replace("libs/lib", "/etc"), "must stay inside"),
        ("schemaVersion: 2.3.0\nmetadata: {name: x}\n".to_string(), "no container component"),
        (HELLO.replace("image: debian", "imagee: debian"), "devfile.yaml:"),
    ] {
        workspace.spec.devfile = Some(text);
        let error = plan(&workspace).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
    workspace.spec.devfile = None;
    assert_eq!(plan(&workspace).unwrap().main, "workspace");
}

#[test]
fn the_editor_goes_where_it_is_told() {
    let mut workspace = hello();
    let text = HELLO.replace("  - name: db\n", "  - name: db\n    attributes: {gl/inject-editor: true}\n");
    workspace.spec.devfile = Some(text);
    assert_eq!(plan(&workspace).unwrap().main, "db");
    workspace.spec.editor = EditorKind::None;
    assert!(!plan(&workspace).unwrap().editor);
}

fn planned(text: &str) -> Plan {
    try_plan(text).unwrap()
}

fn try_plan(text: &str) -> Result<Plan, PlanError> {
    of(&read("devfile.yaml", text, &NoResolver).unwrap())
}

#[test]
fn init_containers_are_steps_in_the_order_of_the_event() {
    let plan = planned(
        r#"
schemaVersion: 2.2.0
components:
  - {name: a, container: {image: x}}
  - {name: b, container: {image: x}}
  - {name: late, container: {image: x}}
  - {name: tools, container: {image: x}}
  - {name: both, container: {image: x}}
  - {name: deploy, kubernetes: {inlined: "kind: X"}}
commands:
  - {id: apply-a, apply: {component: a}}
  - {id: apply-b, apply: {component: b}}
  - {id: apply-both, apply: {component: both}}
  - {id: apply-late, apply: {component: late}}
  - {id: apply-deploy, apply: {component: deploy}}
  - {id: run, exec: {component: both, commandLine: x}}
  - {id: all, composite: {commands: [apply-b, APPLY-A]}}
events: {preStart: [all, apply-a, apply-both, apply-deploy], postStop: [apply-late]}
"#,
    );
    let init: Vec<(&str, &str)> = plan.init.iter().map(|i| (i.name.as_str(), i.container.as_str())).collect();
    let expected = [("b-apply-b-1", "b"), ("a-apply-a-2", "a"), ("a-apply-a-3", "a"), ("both-apply-both-4", "both")];
    assert_eq!(init, expected);
    let roles: Vec<(&str, Role)> = plan.containers.iter().map(|c| (c.name.as_str(), c.role)).collect();
    // What commands run in stays as long as the workspace.
    let expected =
        [("a", Role::Init), ("b", Role::Init), ("late", Role::AfterStop), ("tools", Role::Main), ("both", Role::Main)];
    assert_eq!(roles, expected);
    assert!(plan.containers.iter().all(|c| c.init == (c.role == Role::Init)));
    assert_eq!(plan.main, "tools");
    assert!(plan.manifests[0].at_start, "a preStart command applies it");
}

#[test]
fn overrides_are_kept_in_their_order_and_what_they_may_not_touch_is_refused() {
    let text = r#"
schemaVersion: 2.2.0
attributes:
  pod-overrides: {spec: {schedulerName: stork}}
components:
  - name: tools
    attributes:
      container-overrides: {resources: {limits: {nvidia.com/gpu: "1"}}}
      pod-overrides: {spec: {runtimeClassName: kata}}
    container: {image: x}
"#;
    let plan = planned(text);
    assert_eq!(plan.containers[0].overrides.as_ref().unwrap()["resources"]["limits"]["nvidia.com/gpu"], "1");
    let order: Vec<Option<&str>> = plan.pod_overrides.iter().map(|o| o.component.as_deref()).collect();
    assert_eq!(order, [Some("tools"), None]);
    for (from, to, place, what) in [
        ("resources:", "image: y, resources:", "8:29", "can't set 'image'"),
        ("resources:", "ports: [], resources:", "8:29", "say it as 'endpoints' of the component"),
        ("runtimeClassName", "containers: [], runtimeClassName", "9:30", "can't set 'containers'"),
        ("schedulerName", "volumes: [], schedulerName", "4:26", "add a volume component"),
        ("{spec: {schedulerName: stork}}", "x", "4:18", "must be a mapping"),
    ] {
        let error = try_plan(&text.replace(from, to)).unwrap_err();
        assert_eq!(error.reason(), "DevfileInvalid");
        let said = error.to_string();
        assert!(said.contains(&format!("devfile.yaml:{place}: ")) && said.contains(what), "{said}");
    }
    let warned = planned(&text.replace("runtimeClassName", "runtimeClasName")).warnings;
    assert!(warned.iter().any(|w| w.contains("Kubernetes has no 'runtimeClasName' in a pod")), "{warned:?}");
}

#[test]
fn attributes_of_others_mean_what_they_mean_there() {
    let plan = planned(
        r#"
schemaVersion: 2.2.0
attributes:
  controller.devfile.io/storage-type: per-user
  controller.devfile.io/runtime-class: kata
  controller.devfile.io/project-clone: disable
  controller.devfile.io/use-starter-project: hello
  workspaceEnv: [{name: A, value: "1"}]
  dormer.dev/idle-timeout: 60
  dormer.dev/idletimeout: 60
  dormer.dev/gpu: 1
components:
  - name: tools
    attributes: {workspaceEnv: [{name: A, value: "1"}, {name: B, value: "2"}], dormer.dev/gpu: 2, dormer.dev/user: "1000"}
    container:
      image: x
      annotation: {deployment: {d: "1"}, service: {s: "2"}}
      endpoints: [{name: web, targetPort: 80, secure: true, annotation: {a: b}, attributes: {dormer.dev/share: public}}]
commands:
  - {id: once, attributes: {dormer.dev/once: true}, exec: {component: tools, commandLine: x}}
starterProjects:
  - {name: hello, subDir: app, git: {remotes: {origin: "https://example.org/x"}}}
"#,
    );
    assert_eq!((plan.storage, plan.runtime_class.as_deref()), (Some(StorageKind::Common), Some("kata")));
    assert!(plan.skip_clone);
    assert_eq!((plan.projects[0].path.as_str(), plan.projects[0].sub_dir.as_deref()), ("hello", Some("app")));
    assert_eq!(plan.env.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(plan.settings.idle_timeout, Some(60));
    let tools = &plan.containers[0];
    assert_eq!((tools.gpu.as_deref(), tools.user.as_deref()), (Some("2"), Some("1000")));
    assert_eq!((tools.annotations.deployment["d"].as_str(), tools.annotations.service["s"].as_str()), ("1", "2"));
    let web = &plan.ports[0];
    assert!(web.secure && web.share == Some(crate::workspace::Share::Public) && web.annotations["a"] == "b");
    assert!(plan.commands[0].once);
    let expected = [
        "attribute 'dormer.dev/idletimeout' of the devfile is not known; did you mean 'dormer.dev/idle-timeout'?",
        "attribute 'dormer.dev/gpu' of the devfile means nothing there; it is of a container component",
    ];
    assert_eq!(plan.warnings, expected);

    let two = "schemaVersion: 2.2.0\nattributes: {workspaceEnv: [{name: A, value: '1'}, {name: A, value: '2'}]}\ncomponents: [{name: a, container: {image: x}}]\n";
    assert!(try_plan(two).unwrap_err().to_string().contains("gives 'A' another value"));
    let none = two.replace(
        "workspaceEnv: [{name: A, value: '1'}, {name: A, value: '2'}]",
        "controller.devfile.io/use-starter-project: x",
    );
    assert!(try_plan(&none).unwrap_err().to_string().contains("names the starter project 'x'"));
}

#[test]
fn contributions_are_merged_into_the_first_container() {
    let text = r#"
schemaVersion: 2.2.0
components:
  - name: editor
    attributes: {controller.devfile.io/container-contribution: true, app: code}
    container:
      image: placeholder
      memoryLimit: 512Mi
      env: [{name: A, value: editor}]
      volumeMounts: [{name: code, path: /code}]
      endpoints: [{name: code, targetPort: 3100}]
  - name: tools
    container: {image: mine, memoryLimit: 1Gi, env: [{name: A, value: own}, {name: B, value: own}]}
  - {name: other, container: {image: x}}
  - {name: code, volume: {}}
commands:
  - {id: start, exec: {component: editor, commandLine: /code/start}}
"#;
    let plan = planned(text);
    assert_eq!(plan.containers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["tools", "other"]);
    let tools = &plan.containers[0];
    assert_eq!((tools.image.as_str(), tools.memory_limit.as_deref()), ("mine", Some("1610612736")));
    let env: Vec<(&str, &str)> = tools.env.iter().map(|v| (v.name.as_str(), v.value.as_str())).collect();
    assert_eq!(env, [("A", "editor"), ("B", "own")]);
    assert_eq!((tools.mounts.len(), plan.ports[0].container.as_str()), (1, "tools"));
    assert!(matches!(&plan.commands[0].run, Run::Exec { component, .. } if component == "tools"));
    let other = text.replace(
        "name: other, container",
        "name: other, attributes: {controller.devfile.io/merge-contribution: true}, container",
    );
    assert_eq!(planned(&other).containers[1].mounts.len(), 1);
    let refused = text.replace("exec: {component: editor, commandLine: /code/start}", "apply: {component: editor}");
    assert!(try_plan(&refused).unwrap_err().to_string().contains("applies 'editor'"));
    let alone = "schemaVersion: 2.2.0\ncomponents: [{name: e, attributes: {controller.devfile.io/container-contribution: true}, container: {image: x}}]\n";
    assert_eq!(planned(alone).main, "e");
}

#[test]
fn what_is_applied_or_built_is_kept() {
    use crate::plan::apply::{Content, Dockerfile};
    let plan = planned(
        r#"
schemaVersion: 2.2.0
components:
  - {name: tools, container: {image: "app:dev"}}
  - {name: one, kubernetes: {inlined: "kind: Service", deployByDefault: true}}
  - {name: two, openshift: {uri: deploy.yaml}}
  - {name: app, image: {imageName: "app:dev", autoBuild: true, dockerfile: {uri: Dockerfile, buildContext: ., args: [A=1], rootRequired: true}}}
  - {name: sub, image: {imageName: "b", dockerfile: {git: {remotes: {origin: "https://h/r"}, checkoutFrom: {revision: v1}, fileLocation: docker/Dockerfile}}}}
"#,
    );
    assert_eq!(plan.manifests[0].content, Content::Inlined("kind: Service".into()));
    assert!(plan.manifests[0].at_start && !plan.manifests[0].openshift);
    assert_eq!(plan.manifests[1].content, Content::Uri("deploy.yaml".into()));
    assert!(!plan.manifests[1].at_start && plan.manifests[1].openshift);
    let app = &plan.images[0];
    assert_eq!((app.image.as_str(), &app.dockerfile), ("app:dev", &Dockerfile::Uri("Dockerfile".into())));
    assert!(app.at_start && app.root_required && app.args == ["A=1"] && app.context.as_deref() == Some("."));
    let Dockerfile::Git { path, revision, .. } = &plan.images[1].dockerfile else { panic!() };
    assert_eq!((path.as_deref(), revision.as_deref()), (Some("docker/Dockerfile"), Some("v1")));
    assert_eq!(plan.containers[0].built_by.as_deref(), Some("app"));
}

#[test]
fn other_files_make_the_same_plan() {
    let mut workspace = fixture("w", "ann");
    workspace.spec.devfile = Some("name: w\non_startup: make\nttl_seconds: 30\nresources: {gpu: 1}\n".into());
    workspace.spec.devfile_path = Some("workspace.yaml".into());
    let from_workspace = plan(&workspace).unwrap();
    assert_eq!(from_workspace.containers[0].image, DEFAULT_IMAGE);
    assert_eq!(
        (from_workspace.settings.idle_timeout, from_workspace.containers[0].gpu.as_deref()),
        (Some(30), Some("1"))
    );
    assert_eq!(from_workspace.events.post_start, ["on-startup"]);
    workspace.spec.devfile = Some(
        r#"{"image": "x", "forwardPorts": [80], "postCreateCommand": "a", "remoteUser": "node",
        "customizations": {"vscode": {"extensions": ["a.b"]}}}"#
            .into(),
    );
    workspace.spec.devfile_path = Some(".devcontainer/devcontainer.json".into());
    let from_container = plan(&workspace).unwrap();
    assert_eq!((from_container.ports[0].port, from_container.containers[0].user.as_deref()), (80, Some("node")));
    assert!(from_container.commands[0].once);
    assert_eq!(from_container.settings.extensions, ["a.b"]);
    assert_eq!(from_container.warnings, Vec::<String>::new());
}
