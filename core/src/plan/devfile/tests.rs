use super::*;
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
