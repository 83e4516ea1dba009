//! Each rule with the smallest devfile that breaks it, and what is said about it.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use dormer_devfile::diagnostic::rule::Rule;
use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::NoResolver;
use std::collections::BTreeSet;

/// Rule, rest of the devfile, and a part of what is said.
const CASES: &[(&str, &str, &str)] = &[
    ("yaml-syntax", "a: [", "not YAML"),
    ("yaml-syntax", "a:\n\t- b", "not YAML"),
    ("duplicate-field", "commands: []\ncommands: []", "d.yaml:2:1: it stands here already"),
    ("yaml-feature", "attributes: !foo {}", "!foo"),
    ("yaml-feature", "? [a]\n: b", "a key must be a word"),
    ("unknown-field", "comands: []", "did you mean 'commands'?"),
    ("unknown-field", "components: [{name: a, volume: {sizes: 1Gi}}]", "did you mean 'size'?"),
    ("unknown-field", "dependentProjects: []", "schemaVersion 2.2.0 has no 'dependentProjects' in a devfile"),
    ("unknown-field", "dependentProjects: []", "it came with schemaVersion 2.2.2"),
    ("unknown-field", "components: [{name: a, plugin: {id: x}}]", "it went after schemaVersion 2.0.0"),
    ("missing-field", "components: [{name: a, container: {}}]", "a container needs 'image'"),
    ("missing-field", "components: [{name: a, container: {image: null}}]", "d.yaml:2:36: a container needs 'image'"),
    ("type", "components: {}", "'components' must be a list, not a mapping"),
    (
        "type",
        "components: [{name: a, container: {image: x, env: [{name: A, value: 5858}]}}]",
        "put it in quotes: '5858'",
    ),
    ("type", "components: [{name: a, container: {image: x, mountSources: yes}}]", "write true"),
    ("type", "components: [{name: a, container: {image: x, endpoints: [{name: a, targetPort: 70000}]}}]", "1 to 65535"),
    ("type", "components: [{name: a, container: {image: x, endpoints: [{name: a, targetPort: '80'}]}}]", "write 80"),
    ("type", "components: [{name: a, container: {image: x, endpoints: [{name: a, targetPort: 0808}]}}]", "write 808"),
    ("type", "components: [{name: a, container: {image: x, dedicatedPod: 'no'}}]", "write false, without quotes"),
    ("type", "components: [{name: a, container: {image: x, command: sleep inf}}]", "write a list: ['sleep', 'inf']"),
    ("unknown-field", "components: [{name: a, container: , endpoints: []}]", "indent it further: it is of 'container'"),
    ("format", "components: [{name: A_b, volume: {}}]", "did you mean 'a-b'?"),
    (
        "choice",
        "components: [{name: a, container: {image: x, endpoints: [{name: a, targetPort: 1, exposure: publik}]}}]",
        "did you mean 'public'?",
    ),
    ("format", "components: [{name: A_b, volume: {}}]", "'A_b' is not a name"),
    (
        "format",
        "components: [{name: a, container: {image: x, endpoints: [{name: sixteen-letters1, targetPort: 1}]}}]",
        "at most 15",
    ),
    (
        "one-of",
        "components: [{name: a}]",
        "a component needs one of 'container', 'kubernetes', 'openshift', 'volume', 'image'",
    ),
    ("one-of", "components: [{name: a, volume: {}, container: {image: x}}]", "'container' or 'volume', not both"),
    ("duplicate-item", "metadata: {architectures: [amd64, amd64]}", "amd64 stands twice"),
    ("import-failed", "parent: {uri: x.yaml}", "fetching x.yaml is not allowed here"),
    ("import-failed", "parent: {id: go}", "there is no registry here to ask for 'go'"),
    ("import-failed", "parent: {kubernetes: {name: t}}", "there is no cluster here"),
    ("duplicate-name", "components: [{name: a, volume: {}}, {name: a, volume: {}}]", "two components are named 'a'"),
    (
        "duplicate-name",
        "components: [{name: c, container: {image: x}}]\ncommands: [{id: a, apply: {component: c}}, {id: a, apply: {component: c}}]",
        "two commands",
    ),
    (
        "reserved-env",
        "components: [{name: a, container: {image: x, env: [{name: PROJECT_SOURCE, value: x}]}}]",
        "PROJECT_SOURCE is set by",
    ),
    ("quantity", "components: [{name: a, volume: {size: 1GB}}]", "did you mean '1G'?"),
    ("quantity", "components: [{name: a, container: {image: x, cpuLimit: much}}]", "cpuLimit 'much' is not a quantity"),
    (
        "request-above-limit",
        "components: [{name: a, container: {image: x, memoryRequest: 2Gi, memoryLimit: 1Gi}}]",
        "memoryRequest is above memoryLimit in 'a'",
    ),
    (
        "annotation-conflict",
        "components: [{name: a, container: {image: x, annotation: {service: {k: '1'}}}}, {name: b, container: {image: x, annotation: {service: {k: '2'}}}}]",
        "'k' has two values",
    ),
    (
        "endpoint-name",
        "components: [{name: a, container: {image: x, endpoints: [{name: e, targetPort: 1}, {name: e, targetPort: 2}]}}]",
        "two endpoints are named 'e'",
    ),
    (
        "endpoint-port",
        "components: [{name: a, container: {image: x, endpoints: [{name: e, targetPort: 1}]}}, {name: b, container: {image: x, endpoints: [{name: f, targetPort: 1}]}}]",
        "port 1",
    ),
    (
        "volume-mount",
        "components: [{name: a, container: {image: x, volumeMounts: [{name: dat}]}}, {name: data, volume: {}}]",
        "did you mean 'data'?",
    ),
    ("uri", "components: [{name: a, kubernetes: {uri: 'a%zz'}}]", "hexadecimal"),
    (
        "command-component",
        "commands: [{id: a, exec: {component: b, commandLine: x}}]",
        "there is no component 'b' for 'a' to run on",
    ),
    (
        "command-component",
        "components: [{name: b, volume: {}}]\ncommands: [{id: a, exec: {component: b, commandLine: x}}]",
        "'b' is of kind volume; exec needs a container",
    ),
    ("composite-unknown", "commands: [{id: a, composite: {commands: [b]}}]", "there is no command 'b' for 'a' to run"),
    (
        "composite-cycle",
        "commands: [{id: a, composite: {commands: [b]}}, {id: b, composite: {commands: [A]}}]",
        "a -> b -> A",
    ),
    ("composite-cycle", "commands: [{id: a, composite: {commands: [a]}}]", "contains itself: a -> a"),
    (
        "group-default",
        "components: [{name: c, container: {image: x}}]\ncommands: [{id: a, apply: {component: c, group: {kind: run}}}, {id: b, apply: {component: c, group: {kind: run}}}]",
        "isDefault: true",
    ),
    (
        "group-default",
        "components: [{name: c, container: {image: x}}]\ncommands: [{id: a, apply: {component: c, group: {kind: run, isDefault: true}}}, {id: b, apply: {component: c, group: {kind: run, isDefault: true}}}]",
        "second default command: 'b'",
    ),
    ("event-unknown", "events: {preStart: [a]}", "there is no command 'a' for preStart"),
    (
        "event-kind",
        "components: [{name: c, container: {image: x}}]\ncommands: [{id: a, exec: {component: c, commandLine: x}}]\nevents: {preStart: [a]}",
        "preStart runs apply commands",
    ),
    (
        "event-kind",
        "components: [{name: c, container: {image: x}}]\ncommands: [{id: a, apply: {component: c}}, {id: b, composite: {commands: [a]}}]\nevents: {postStart: [b]}",
        "'a' is another kind",
    ),
    ("project-remotes", "projects: [{name: p, git: {remotes: {}}}]", "project 'p' has no remote"),
    (
        "project-remotes",
        "starterProjects: [{name: p, git: {remotes: {a: x, b: y}}}]",
        "starter project 'p' has 2 remotes",
    ),
    ("project-checkout", "projects: [{name: p, git: {remotes: {a: x, b: y}}}]", "add checkoutFrom: {remote: a}"),
    (
        "project-checkout",
        "projects: [{name: p, git: {remotes: {origin: x}, checkoutFrom: {remote: orign}}}]",
        "did you mean 'origin'?",
    ),
    (
        "container-overrides",
        "components: [{name: a, attributes: {container-overrides: {ports: []}}, container: {image: x}}]",
        "say it as 'endpoints' of the component",
    ),
    (
        "container-overrides",
        "components: [{name: a, attributes: {container-overrides: 1}, container: {image: x}}]",
        "must be a mapping",
    ),
    ("pod-overrides", "attributes: {pod-overrides: {spec: {volumes: []}}}", "add a volume component"),
    (
        "pod-overrides",
        "components: [{name: a, attributes: {pod-overrides: {spec: {initContainers: []}}}, volume: {}}]",
        "which the components make",
    ),
];

/// The same rules kept: the nearest devfile that nothing is said about.
const KEPT: &[(&str, &str)] = &[
    ("yaml-syntax", "commands: [\n]"),
    ("duplicate-field", "commands: []\nevents: {}"),
    ("yaml-feature", "attributes: !!map {a: !!str 1}"),
    ("unknown-field", "components: [{name: a, volume: {size: 1Gi}}]"),
    ("unknown-field", "attributes: {pod-overrides: {spec: {runtimeClassName: x}}}"),
    ("missing-field", "components: [{name: a, container: {image: x}}]"),
    ("type", "components: [{name: a, container: {image: x, mountSources: true, env: [{name: A, value: '5858'}]}}]"),
    ("type", "components: [{name: a, container: {image: x, endpoints: [{name: a, targetPort: 65535}]}}]"),
    (
        "choice",
        "components: [{name: a, container: {image: x, endpoints: [{name: a, targetPort: 1, exposure: internal}]}}]",
    ),
    ("format", "components: [{name: a-b, container: {image: x, endpoints: [{name: fifteen-letters, targetPort: 1}]}}]"),
    ("one-of", "components: [{name: a, volume: {}}]"),
    ("duplicate-item", "metadata: {architectures: [amd64, arm64]}"),
    ("duplicate-name", "components: [{name: a, volume: {}}, {name: b, volume: {}}]"),
    ("reserved-env", "components: [{name: a, container: {image: x, env: [{name: PROJECT_SOURCES, value: x}]}}]"),
    (
        "reserved-env",
        "components: [{name: a, container: {image: x, mountSources: false, env: [{name: A, value: $(PROJECT_SOURCE)}]}}]",
    ),
    ("quantity", "components: [{name: a, volume: {size: '1.5e3'}}, {name: b, container: {image: x, cpuLimit: 250m}}]"),
    ("request-above-limit", "components: [{name: a, container: {image: x, memoryRequest: 1024Mi, memoryLimit: 1Gi}}]"),
    (
        "annotation-conflict",
        "components: [{name: a, container: {image: x, annotation: {service: {k: '1'}}}}, {name: b, container: {image: x, annotation: {service: {k: '1'}}}}]",
    ),
    (
        "endpoint-name",
        "components: [{name: a, container: {image: x, endpoints: [{name: e, targetPort: 1}, {name: f, targetPort: 2}]}}]",
    ),
    (
        "endpoint-port",
        "components: [{name: a, container: {image: x, endpoints: [{name: e, targetPort: 1}, {name: f, targetPort: 1}]}}]",
    ),
    (
        "volume-mount",
        "components: [{name: a, container: {image: x, volumeMounts: [{name: data}]}}, {name: data, volume: {}}]",
    ),
    ("uri", "components: [{name: a, kubernetes: {uri: deploy/all.yaml}}]"),
    (
        "command-component",
        "components: [{name: b, container: {image: x}}]\ncommands: [{id: a, exec: {component: b, commandLine: x}}]",
    ),
    (
        "composite-unknown",
        "components: [{name: c, container: {image: x}}]\ncommands: [{id: b, exec: {component: c, commandLine: x}}, {id: a, composite: {commands: [B]}}]",
    ),
    (
        "composite-cycle",
        "components: [{name: c, container: {image: x}}]\ncommands: [{id: c, exec: {component: c, commandLine: x}}, {id: b, composite: {commands: [c, c]}}, {id: a, composite: {commands: [b, b, c]}}]",
    ),
    (
        "group-default",
        "components: [{name: c, container: {image: x}}]\ncommands: [{id: a, apply: {component: c, group: {kind: run, isDefault: true}}}, {id: b, apply: {component: c, group: {kind: run}}}]",
    ),
    (
        "event-unknown",
        "components: [{name: c, container: {image: x}}]\ncommands: [{id: a, apply: {component: c}}]\nevents: {preStart: [a]}",
    ),
    (
        "event-kind",
        "components: [{name: c, container: {image: x}}]\ncommands: [{id: a, exec: {component: c, commandLine: x}}]\nevents: {postStart: [a], preStop: [a]}",
    ),
    ("project-remotes", "starterProjects: [{name: p, git: {remotes: {a: x}}}]"),
    ("project-checkout", "projects: [{name: p, git: {remotes: {a: x, b: y}, checkoutFrom: {remote: b}}}]"),
    (
        "container-overrides",
        "components: [{name: a, attributes: {container-overrides: {tty: true, $patch: merge}}, container: {image: x}}]",
    ),
    ("pod-overrides", "attributes: {pod-overrides: {metadata: {labels: {a: b}}, spec: {volumes: null}}}"),
];

/// Rules whose cases are in other files: imports, limits, what is not a devfile at all.
const ELSEWHERE: &[&str] = &[
    "limit",
    "encoding",
    "schema-version",
    "import-cycle",
    "import-version",
    "override-unknown",
    "import-conflict",
    "unknown-variable",
    "command-kind",
    "json-syntax",
    "unsupported",
];

/// Rules that nothing can keep without something to fetch.
const FETCHING: &[&str] = &["import-failed"];

fn said(text: &str) -> String {
    match dormer_devfile::load("d.yaml", text.as_bytes(), &NoResolver, &Limits::default()) {
        Ok(valid) => valid.warnings().to_string(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn each_rule_says_what_is_wrong() {
    for (rule, rest, part) in CASES {
        let said = said(&format!("schemaVersion: 2.2.0\n{rest}\n"));
        assert!(said.contains(&format!("[{rule}]")), "{rule}: {rest}\n{said}");
        assert!(said.contains(part), "{rule}: {rest}\n{said}");
        let rules: BTreeSet<&str> =
            Rule::ALL.iter().map(|r| r.id()).filter(|id| said.contains(&format!("[{id}]"))).collect();
        assert_eq!(rules.len(), 1, "one rule is broken, these are named: {rules:?}\n{rest}\n{said}");
    }
}

#[test]
fn each_rule_can_be_kept() {
    for (rule, rest) in KEPT {
        let said = said(&format!("schemaVersion: 2.2.0\n{rest}\n"));
        assert_eq!(said, "", "{rule}: {rest}");
    }
    let kept: BTreeSet<&str> = KEPT.iter().map(|(rule, _)| *rule).chain(FETCHING.iter().copied()).collect();
    let broken: BTreeSet<&str> = CASES.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(kept, broken);
}

#[test]
fn no_rule_is_without_a_case() {
    let tested: BTreeSet<&str> = CASES.iter().map(|(rule, ..)| *rule).chain(ELSEWHERE.iter().copied()).collect();
    let all: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(tested, all);
}

#[test]
fn versions() {
    let table = [
        ("schemaVersion: 2.2.0-latest", ""),
        ("schemaVersion: 2.3.0", ""),
        ("schemaVersion: 2.4.0", "d.yaml:1:16: schemaVersion '2.4.0' is not a published version; there are 2.0.0,"),
        ("schemaVersion: 1.0.0", "[schema-version]"),
        ("schemaVersion: 2.2", "'schemaVersion' must be a text, not a number"),
        ("schemaVersion: 2.2", "write 2.2.0"),
        ("apiVersion: 1.0.0", "this is a devfile of version 1.0.0"),
        ("kind: DevWorkspace", "an object of Kubernetes that holds a devfile"),
        ("metadata: {name: x}", "a devfile needs 'schemaVersion' [missing-field]"),
        ("- a", "a devfile is a mapping of fields, not a list"),
        (
            "{schemaVersion: 2.0.0, commands: [{id: a, vscodeTask: {inlined: x}}]}",
            "nothing can run 'a': it is a vscodeTask command [command-kind]",
        ),
        (
            "{schemaVersion: 2.1.0, components: [{name: c, container: {image: '{{img}}'}}], variables: {image: x}}",
            "d.yaml:1:67: warning: there is no variable 'img' [unknown-variable]",
        ),
        ("{schemaVersion: 2.0.0, components: [{name: c, container: {image: '{{img}}'}}]}", ""),
    ];
    for (text, part) in table {
        let said = said(text);
        assert!(said.contains(part) && (!part.is_empty() || said.is_empty()), "{text}\n{said}");
    }
}

#[test]
fn all_problems_are_told_at_once_in_their_order() {
    let text = "schemaVersion: 2.2.0
components:
- name: tools
  container:
    image: x
    memoryLimt: 1Gi
    volumeMounts: [{name: data}]
- name: Bad
  volume: {size: 1GB}
commands:
- id: build
  exec: {component: tool, commandLine: make}
";
    assert_eq!(
        said(text),
        "d.yaml:6:5: unknown field 'memoryLimt' in a container [unknown-field]
6 |     memoryLimt: 1Gi
  |     ^^^^^^^^^^
  = did you mean 'memoryLimit'?
d.yaml:7:27: there is no volume component 'data' to mount in 'tools' [volume-mount]
7 |     volumeMounts: [{name: data}]
  |                           ^^^^
d.yaml:8:9: 'name': 'Bad' is not a name: lower-case letters, digits and '-', a letter or digit at both ends [format]
8 | - name: Bad
  |         ^^^
  = did you mean 'bad'?
d.yaml:9:18: size '1GB' is not a quantity: its unit is none of n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or an exponent [quantity]
9 |   volume: {size: 1GB}
  |                  ^^^
  = did you mean '1G'?
d.yaml:12:21: there is no component 'tool' for 'build' to run on [command-component]
12 |   exec: {component: tool, commandLine: make}
   |                     ^^^^
   = did you mean 'tools'?"
    );
}

#[test]
fn machines_get_rule_place_and_fix() {
    let text = "schemaVersion: 2.2.0\ncomands: []\n";
    let problems = dormer_devfile::load("d.yaml", text.as_bytes(), &NoResolver, &Limits::default()).unwrap_err();
    let json = serde_json::to_value(&problems).unwrap();
    let item = &json["items"][0];
    assert_eq!(item["rule"], "unknown-field");
    assert_eq!(item["severity"], "error");
    assert_eq!((&item["place"]["line"], &item["place"]["column"]), (&2.into(), &1.into()));
    assert_eq!((&item["place"]["start"], &item["place"]["end"]), (&21.into(), &28.into()));
    assert_eq!(item["fix"], "did you mean 'commands'?");
}
