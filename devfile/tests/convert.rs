//! `workspace.yaml` and `devcontainer.json`: what they become, and what is said of them.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use dormer_devfile::kind::FileKind;
use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::NoResolver;
use dormer_devfile::stage::Valid;

fn read(name: &str, text: &str) -> Result<Valid, String> {
    dormer_devfile::load_any(name, text.as_bytes(), &NoResolver, &Limits::default()).map_err(|e| e.to_string())
}

#[track_caller]
fn becomes(name: &str, text: &str, expected: &str, warned: &str) {
    let valid = read(name, text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(valid.to_yaml().unwrap().trim(), expected.trim());
    assert_eq!(valid.warnings().to_string().trim(), warned.trim());
}

#[test]
fn a_workspace_file() {
    let text = r#"
name: my-workspace
description: Test workspace config
project: flytesnacks
domain: development
container_image: public.ecr.aws/unionai/workspace-base:py3.11-latest
resources:
  cpu: 2
  mem: "4Gi"
  gpu: null
accelerator: null
on_startup: null
ttl_seconds: 600
secrets:
  - key: openai_key
  - {key: aws, env_var: AWS_KEY}
  - {key: cert, mount_file: /etc/secrets/cert.pem}
"#;
    let expected = r#"
schemaVersion: "2.3.0"
metadata:
  name: my-workspace
  description: Test workspace config
attributes:
  dormer.dev/project: flytesnacks
  dormer.dev/domain: development
  dormer.dev/idle-timeout: 600
  dormer.dev/secrets:
  - key: openai_key
    env: OPENAI_KEY
  - key: aws
    env: AWS_KEY
  - key: cert
    file: /etc/secrets/cert.pem
components:
- name: dev
  container:
    image: public.ecr.aws/unionai/workspace-base:py3.11-latest
    memoryLimit: 4Gi
    memoryRequest: 4Gi
    cpuLimit: "2"
    cpuRequest: "2"
"#;
    becomes("workspace.yaml", text, expected, "");
}

#[test]
fn what_runs_at_the_start_of_a_workspace_file() {
    for (written, lines) in [
        ("make serve && echo up", vec!["make serve && echo up"]),
        ("[make deps, make serve]", vec!["make deps", "make serve", "on-startup-1 on-startup-2"]),
        (
            "scripts/up.sh",
            vec![
                "if [ -f scripts/up.sh ] && [ ! -x scripts/up.sh ]; then exec sh scripts/up.sh; fi; exec scripts/up.sh",
            ],
        ),
        ("up.sh", vec!["if [ -f ./up.sh ] && [ ! -x ./up.sh ]; then exec sh ./up.sh; fi; exec ./up.sh"]),
    ] {
        let valid = read("w.yaml", &format!("container_image: a\non_startup: {written}\n")).unwrap();
        let devfile = valid.devfile();
        let said: Vec<String> = devfile
            .commands
            .iter()
            .map(|command| match &command.kind {
                dormer_devfile::model::command::CommandKind::Exec(exec) => exec.command_line.clone(),
                dormer_devfile::model::command::CommandKind::Composite(all) => all.commands.join(" "),
                _ => String::new(),
            })
            .collect();
        assert_eq!(said, lines, "{written}");
        let events = devfile.events.as_ref().unwrap();
        assert_eq!(events.post_start, [devfile.commands.last().unwrap().id.clone()]);
        // Union's default.
        assert_eq!(devfile.attributes.get("dormer.dev/idle-timeout").unwrap(), 1200);
    }
}

#[test]
fn an_image_of_packages() {
    let text = "container_image:\n  name: mine\n  builder: union\n  packages: [scikit-learn]\nresources: {gpu: 1}\n";
    let valid = read("workspace.yaml", text).unwrap();
    let component = valid.devfile().component("dev").unwrap();
    assert_eq!(component.container().unwrap().image, "mine");
    assert_eq!(component.attributes.get("dormer.dev/gpu").unwrap(), "1");
    assert_eq!(component.attributes.get("dormer.dev/image").unwrap()["packages"][0], "scikit-learn");
    assert!(valid.warnings().to_string().contains("workspace.yaml:2:3: warning: the image is built"));
}

#[test]
fn what_is_wrong_with_a_workspace_file() {
    let text = "\
name: 5
container_imge: x
on_startup: 7
ttl_seconds: -1
resources: {cpus: 1, mem: 4GB}
secrets: [{env_var: A}]
";
    let expected = "\
workspace.yaml:1:7: 'name' must be a text, not a number [type]
1 | name: 5
  |       ^
  = put it in quotes: '5'
workspace.yaml:2:1: unknown field 'container_imge' in a workspace.yaml [unknown-field]
2 | container_imge: x
  | ^^^^^^^^^^^^^^
  = did you mean 'container_image'?
workspace.yaml:3:13: 'on_startup' must be a command, a list of them, or a script's path, not a number [type]
3 | on_startup: 7
  |             ^
workspace.yaml:4:14: 'ttl_seconds' must be a whole number, not a number [type]
4 | ttl_seconds: -1
  |              ^^
workspace.yaml:5:13: unknown field 'cpus' in resources [unknown-field]
5 | resources: {cpus: 1, mem: 4GB}
  |             ^^^^
  = did you mean 'cpu'?
workspace.yaml:6:12: a secret needs 'key' [missing-field]
6 | secrets: [{env_var: A}]
  |            ^^^^^^^";
    assert_eq!(read("workspace.yaml", text).unwrap_err(), expected);
    let said = read("workspace.yaml", "container_image: x\nresources: {mem: 4GB}\n").unwrap_err();
    assert!(said.starts_with("workspace.yaml:2:18: memory"), "{said}");
}

const DEVCONTAINER: &str = r#"// For format details, see https://aka.ms/devcontainer.json.
{
	"name": "Node.js",
	"image": "mcr.microsoft.com/devcontainers/javascript-node:1-22-bookworm",
	"forwardPorts": [3000, "localhost:5432", "db:6379"],
	"portsAttributes": {"3000": {"label": "Web", "protocol": "https"}},
	"containerEnv": {"A": "1", "HERE": "${containerWorkspaceFolder}/bin"},
	"remoteEnv": {"A": "2", "PATH": "${containerEnv:PATH}:/opt", "HOST": "${localEnv:HOME}"},
	"remoteUser": "node", /* not root */
	"mounts": [
		"source=cache-${devcontainerId},target=/cache,type=volume",
		{"type": "tmpfs", "target": "/scratch"},
		"source=/home/me/.ssh,target=/root/.ssh,type=bind",
	],
	"postCreateCommand": "npm install",
	"postStartCommand": ["echo", "it's up", "${containerWorkspaceFolder}/x"],
	"postAttachCommand": {"server": "npm start", "Watch it": ["npm", "run", "watch"]},
	"customizations": {"vscode": {"extensions": ["dbaeumer.vscode-eslint", "-x.y"], "settings": {"editor.tabSize": 2}}},
	"hostRequirements": {"cpus": 2, "memory": "8gb", "gpu": true},
	"capAdd": ["SYS_PTRACE"],
	"initializeCommand": "date",
	"features": {},
}
"#;

#[test]
fn a_devcontainer_file() {
    let expected = r#"
schemaVersion: "2.3.0"
metadata:
  name: Node.js
attributes:
  dormer.dev/vscode-extensions:
  - dbaeumer.vscode-eslint
  dormer.dev/vscode-settings:
    editor.tabSize: 2
components:
- name: dev
  attributes:
    dormer.dev/user: node
    dormer.dev/gpu: "1"
    container-overrides:
      securityContext:
        capabilities:
          add:
          - SYS_PTRACE
  container:
    image: mcr.microsoft.com/devcontainers/javascript-node:1-22-bookworm
    env:
    - name: A
      value: "2"
    - name: HERE
      value: $(PROJECT_SOURCE)/bin
    - name: PATH
      value: $(PATH):/opt
    - name: HOST
      value: ""
    volumeMounts:
    - name: cache
      path: /cache
    - name: scratch
      path: /scratch
    memoryRequest: 8Gi
    cpuRequest: "2"
    endpoints:
    - name: port-3000
      targetPort: 3000
      protocol: https
    - name: port-5432
      targetPort: 5432
- name: cache
  volume: {}
- name: scratch
  volume:
    ephemeral: true
commands:
- id: post-create
  attributes:
    dormer.dev/once: true
  exec:
    component: dev
    commandLine: npm install
    workingDir: ${PROJECT_SOURCE}
- id: post-start
  exec:
    component: dev
    commandLine: echo 'it'\''s up' "${PROJECT_SOURCE}"/x
    workingDir: ${PROJECT_SOURCE}
- id: post-attach-server
  exec:
    component: dev
    commandLine: npm start
    workingDir: ${PROJECT_SOURCE}
- id: post-attach-watch-it
  exec:
    component: dev
    commandLine: npm run watch
    workingDir: ${PROJECT_SOURCE}
- id: post-attach
  composite:
    commands:
    - post-attach-server
    - post-attach-watch-it
    parallel: true
events:
  postStart:
  - post-create
  - post-start
  - post-attach
"#;
    let valid = read(".devcontainer/devcontainer.json", DEVCONTAINER).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(valid.to_yaml().unwrap().trim(), expected.trim());
    let said: Vec<String> = valid
        .warnings()
        .iter()
        .map(|warning| format!("{}:{}", warning.place.as_ref().unwrap().line, warning.message))
        .collect();
    let expected = [
        "5:'db:6379' is a port of another machine, and is left out",
        "8:'${localEnv:HOME}' is empty: it is of the machine of whoever opens the workspace",
        "13:'/home/me/.ssh' is a folder of another machine; the mount is left out",
        "21:'initializeCommand' is left out: it is meant for the machine of whoever opens the workspace, and there is none here",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_devcontainer_that_is_built() {
    let text = r#"{"build": {"dockerfile": "Dockerfile", "context": "..", "args": {"V": "1"}, "target": "dev", "cacheFrom": "x"}}"#;
    let expected = r#"
schemaVersion: "2.3.0"
components:
- name: dev
  container:
    image: devcontainer
- name: image
  image:
    imageName: devcontainer
    autoBuild: true
    dockerfile:
      uri: Dockerfile
      buildContext: ".."
      args:
      - --build-arg=V=1
      - --target=dev
      - --cache-from=x
"#;
    becomes("devcontainer.json", text, expected, "");
}

#[test]
fn what_is_wrong_with_a_devcontainer_file() {
    let text = r#"{
  "imge": "x",
  "features": {"ghcr.io/devcontainers/features/go:1": {}},
  "forwardPorts": ["web"],
  "postCreateCommand": 5,
  "postCreateCommand": "x",
}"#;
    let expected = "\
devcontainer.json:2:3: warning: unknown field 'imge' in a devcontainer.json [unknown-field]
2 |   \"imge\": \"x\",
  |   ^^^^^^
  = did you mean 'image'?
devcontainer.json:3:3: features are not installed here: ghcr.io/devcontainers/features/go:1 [unsupported]
3 |   \"features\": {\"ghcr.io/devcontainers/features/go:1\": {}},
  |   ^^^^^^^^^^
  = put what they bring into the image, or into a Dockerfile named by 'build'
devcontainer.json:4:20: an item of 'forwardPorts' must be a port number from 1 to 65535, or 'localhost:3000' [type]
4 |   \"forwardPorts\": [\"web\"],
  |                    ^^^^^
devcontainer.json:5:24: 'postCreateCommand' must be a command as a text, a list or a mapping, not a number [type]
5 |   \"postCreateCommand\": 5,
  |                        ^
devcontainer.json:6:3: 'postCreateCommand' stands twice in one mapping [duplicate-field]
6 |   \"postCreateCommand\": \"x\",
  |   ^^^^^^^^^^^^^^^^^^^
  = devcontainer.json:5:3: it stands here already
5 |   \"postCreateCommand\": 5,
  |   ^^^^^^^^^^^^^^^^^^^";
    let said = read("devcontainer.json", text).unwrap_err();
    // That there is no image is told at the beginning of the file.
    let (first, rest) = said.split_once("devcontainer.json:2:3").unwrap();
    assert!(first.starts_with("devcontainer.json:1:1: a devcontainer.json needs 'image'"), "{first}");
    assert_eq!(format!("devcontainer.json:2:3{rest}"), expected);
}

#[test]
fn json_that_is_none_says_where() {
    for (text, place, what) in [
        (r#"{"a" 1}"#, "1:6", "':' is missing"),
        ("{\"a\": 1\n \"b\": 2}", "2:2", "',' is missing before this"),
        (r#"{"a": [1, 2}"#, "1:12", "']' is missing before this"),
        (r#"{"a": yes}"#, "1:7", "a value is missing here"),
        (r#"{'a': 1}"#, "1:2", "a field's name in double quotes is missing"),
        ("{\"a\": \"x\n\"}", "1:7", "a text is not ended on its line"),
        (r#"{"a": "\q"}"#, "1:8", "'\\' stands before"),
        (r#"{"a": "\u12"}"#, "1:8", "four hexadecimal digits"),
        ("{\"a\": 1 /* x", "1:9", "a comment is not ended"),
        (r#"{"a": 1"#, "1:8", "ends too early"),
        (r#"{} {}"#, "1:4", "more text after the end"),
        ("// only a comment", "1:1", "the document is empty"),
        ("", "1:1", "the document is empty"),
        ("[]", "1:1", "the document must be a mapping"),
    ] {
        let said = read("devcontainer.json", text).unwrap_err();
        assert!(said.starts_with(&format!("devcontainer.json:{place}: ")) && said.contains(what), "{text}: {said}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read("devcontainer.json", &deep).unwrap_err().contains("nested deeper than 64"));
    let valid = read("devcontainer.json", "\u{feff}{\"image\": \"a\\u00e9\\ud83d\\ude00\\/\\t\"}").unwrap();
    assert_eq!(valid.devfile().component("dev").unwrap().container().unwrap().image, "aé😀/\t");
}

#[test]
fn a_file_tells_what_it_is() {
    use FileKind::{Devcontainer, Devfile, Workspace};
    for (name, text, kind) in [
        ("devfile.yaml", "schemaVersion: 2.2.0\nattributes:\n  resources: 1\n", Devfile),
        ("devfile.yaml", "container_image: x", Workspace),
        ("workspace.yaml", "name: x", Workspace),
        ("workspace.yaml", "schemaVersion: 2.2.0", Devfile),
        ("x/.devcontainer.json", "", Devcontainer),
        ("https://h/devcontainer.json?ref=1", "{}", Devcontainer),
        ("-", "{\"image\": \"x\"}", Devcontainer),
        ("-", "// c\n{}", Devcontainer),
        ("-", "{\"schemaVersion\": \"2.0.0\"}", Devfile),
        ("-", "", Devfile),
    ] {
        assert_eq!(FileKind::of(name, text.as_bytes()), kind, "{name} {text}");
    }
}
