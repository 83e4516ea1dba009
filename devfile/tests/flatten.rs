//! Parents and plugins, through a resolver of the test's own.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use dormer_devfile::diagnostic::Diagnostics;
use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::{Fetched, ResolveError, Resolver};
use dormer_devfile::stage::{Flattened, Raw};
use std::collections::BTreeMap;

/// Documents by address, `id:` for registries and `kubernetes:` for clusters.
#[derive(Default)]
struct Documents(BTreeMap<String, String>);

impl Documents {
    fn with(mut self, name: &str, text: &str) -> Self {
        self.0.insert(name.to_owned(), text.to_owned());
        self
    }

    fn get(&self, name: String) -> Result<Fetched, ResolveError> {
        let bytes = self.0.get(&name).ok_or_else(|| ResolveError::refused(format!("{name} is not there")))?;
        Ok(Fetched { bytes: bytes.clone().into_bytes(), location: name })
    }
}

impl Resolver for Documents {
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        self.get(uri.to_owned())
    }

    fn registry(&self, id: &str, version: Option<&str>, registry: Option<&str>) -> Result<Fetched, ResolveError> {
        self.get(format!("id:{}/{id}/{}", registry.unwrap_or("own"), version.unwrap_or("default")))
    }

    fn kubernetes(&self, name: &str, namespace: Option<&str>) -> Result<Fetched, ResolveError> {
        self.get(format!("kubernetes:{}/{name}", namespace.unwrap_or("own")))
    }
}

fn flatten(main: &str, documents: &Documents) -> Result<Flattened, Diagnostics> {
    let limits = Limits::default();
    Raw::new("devfile.yaml", main.as_bytes()).parse(&limits)?.flatten(documents, &limits)
}

fn refused(main: &str, documents: &Documents) -> String {
    flatten(main, documents).unwrap_err().to_string()
}

const PARENT: &str = "
schemaVersion: 2.1.0
metadata: {name: parent}
variables: {tag: '1'}
components:
- name: tools
  container:
    image: tools:1
    env: [{name: A, value: '1'}, {name: B, value: '2'}]
- name: m2
  volume: {size: 1Gi}
commands:
- id: build
  exec: {component: tools, commandLine: make}
events: {postStart: [build]}
";

#[test]
fn a_parent_comes_first_and_says_where_it_is_from() {
    let main = "
schemaVersion: 2.2.0
metadata: {name: main}
parent:
  uri: base/parent.yaml
  variables: {tag: '2'}
  components:
  - name: tools
    container: {env: [{name: C, value: '3'}, {name: A, value: '0'}]}
components:
- name: extra
  volume: {}
events: {postStart: [build], preStart: []}
";
    let flat = flatten(main, &Documents::default().with("base/parent.yaml", PARENT)).unwrap();
    assert_eq!(
        flat.to_yaml().unwrap(),
        r#"schemaVersion: "2.2.0"
metadata:
  name: main
components:
- name: tools
  container:
    image: tools:1
    env:
    - name: C
      value: "3"
    - name: A
      value: "0"
    - name: B
      value: "2"
  attributes:
    api.devfile.io/imported-from: "uri: base/parent.yaml"
    api.devfile.io/parent-override-from: main devfile
- name: m2
  volume:
    size: 1Gi
  attributes:
    api.devfile.io/imported-from: "uri: base/parent.yaml"
- name: extra
  volume: {}
events:
  postStart:
  - build
commands:
- id: build
  exec:
    component: tools
    commandLine: make
  attributes:
    api.devfile.io/imported-from: "uri: base/parent.yaml"
variables:
  tag: "2"
"#
    );
    assert!(flat.devfile().parent.is_none());
}

#[test]
fn relative_references_are_relative_to_their_own_document() {
    let main = "{schemaVersion: 2.2.0, metadata: {name: m}, parent: {uri: 'https://h/a/b/parent.yaml'}}";
    let parent = "{schemaVersion: 2.2.0, parent: {uri: ../grand.yaml}, components: [{name: p, volume: {}}]}";
    let grand = "{schemaVersion: 2.0.0, components: [{name: g, volume: {}}]}";
    let documents =
        Documents::default().with("https://h/a/b/parent.yaml", parent).with("https://h/a/grand.yaml", grand);
    let flat = flatten(main, &documents).unwrap();
    let names: Vec<&str> = flat.devfile().components.iter().map(|component| component.name.as_str()).collect();
    assert_eq!(names, ["g", "p"]);
}

#[test]
fn registries_and_clusters_are_asked() {
    let main = "{schemaVersion: 2.2.0, parent: {id: go, registryUrl: 'https://r', version: 1.2.0}}";
    let parent = "{schemaVersion: 2.2.0, parent: {kubernetes: {name: t, namespace: n}}}";
    let template = "{kind: DevWorkspaceTemplate, spec: {components: [{name: x, plugin: {id: ed}}]}}";
    let plugin = "{schemaVersion: 2.2.0, components: [{name: ed, container: {image: e}}]}";
    let documents = Documents::default()
        .with("id:https://r/go/1.2.0", parent)
        .with("kubernetes:n/t", template)
        .with("id:own/ed/default", plugin);
    let flat = flatten(main, &documents).unwrap();
    assert_eq!(flat.devfile().components[0].name, "ed");
    let from = &flat.devfile().components[0].attributes["api.devfile.io/imported-from"];
    assert_eq!(from, "id: go, registryURL: https://r");
}

#[test]
fn plugins_come_between_and_take_overrides() {
    let main = "
schemaVersion: 2.0.0
components:
- name: own
  volume: {}
- name: ed
  plugin:
    uri: plugin.yaml
    components: [{name: editor, container: {image: e:2}}]
";
    let plugin = "{schemaVersion: 2.0.0, components: [{name: editor, container: {image: e:1}}]}";
    let flat = flatten(main, &Documents::default().with("plugin.yaml", plugin)).unwrap();
    let images: Vec<_> = flat.devfile().components.iter().map(|c| c.container().map(|c| c.image.as_str())).collect();
    assert_eq!(images, [Some("e:2"), None]);
    assert_eq!(flat.devfile().components[0].attributes["api.devfile.io/plugin-override-from"], "main devfile");
}

#[test]
fn circles_and_depth_are_refused() {
    let main = "{schemaVersion: 2.2.0, parent: {uri: a.yaml}}";
    let documents = Documents::default()
        .with("a.yaml", "{schemaVersion: 2.2.0, parent: {uri: b.yaml}}")
        .with("b.yaml", "{schemaVersion: 2.2.0, parent: {uri: ./a.yaml}}");
    let said = refused(main, &documents);
    assert!(said.contains("devfile.yaml -> a.yaml -> b.yaml -> a.yaml [import-cycle]"), "{said}");
    assert!(said.contains("= in parent uri: b.yaml of a.yaml:1"), "{said}");
    let own = refused("{schemaVersion: 2.2.0, parent: {uri: devfile.yaml}}", &Documents::default());
    assert!(own.contains("[import-cycle]"), "{own}");
    let mut deep = Documents::default();
    for n in 0..100 {
        deep = deep.with(&format!("{n}.yaml"), &format!("{{schemaVersion: 2.2.0, parent: {{uri: {}.yaml}}}}", n + 1));
    }
    let said = refused("{schemaVersion: 2.2.0, parent: {uri: 0.yaml}}", &deep);
    assert!(said.contains("more than 8 levels deep [limit]"), "{said}");
}

#[test]
fn imports_that_do_not_fit_are_refused() {
    let documents = Documents::default()
        .with("new.yaml", "{schemaVersion: 2.2.0}")
        .with("bad.yaml", "{schemaVersion: 2.0.0,\n comands: []}")
        .with("parent.yaml", PARENT);
    let table = [
        (
            "{schemaVersion: 2.1.0, parent: {uri: new.yaml}}",
            "the parent has schemaVersion 2.2.0, later than 2.1.0 here",
        ),
        ("{schemaVersion: 2.1.0, parent: {uri: bad.yaml}}", "bad.yaml:2:2: unknown field 'comands' in a devfile"),
        ("{schemaVersion: 2.1.0, parent: {uri: bad.yaml}}", "= in parent uri: bad.yaml of devfile.yaml:1"),
        ("{schemaVersion: 2.1.0, parent: {uri: none.yaml}}", "can't be had: none.yaml is not there [import-failed]"),
        ("{schemaVersion: 2.1.0, parent: {uri: 'file:///etc/passwd'}}", "'file:' is not fetched"),
        (
            "{schemaVersion: 2.1.0, parent: {uri: parent.yaml, components: [{name: x, volume: {}}]}}",
            "component 'x' overrides nothing: the parent has none of this name [override-unknown]",
        ),
        (
            "{schemaVersion: 2.1.0, parent: {uri: parent.yaml, components: [{name: m2, container: {args: [x]}}]}}",
            "a container needs 'image' [missing-field]",
        ),
        (
            "{schemaVersion: 2.1.0, parent: {uri: parent.yaml}, components: [{name: m2, volume: {}}]}",
            "component 'm2' is already defined by the parent [import-conflict]",
        ),
        (
            "{schemaVersion: 2.1.0, parent: {uri: parent.yaml}, variables: {tag: '3'}}",
            "variable 'tag' is already defined by the parent [import-conflict]",
        ),
    ];
    for (main, expected) in table {
        let said = refused(main, &documents);
        assert!(said.contains(expected), "{main}\n{said}");
    }
}

#[test]
fn flattening_again_changes_nothing() {
    let main = "{schemaVersion: 2.2.0, parent: {uri: parent.yaml}}";
    let documents = Documents::default().with("parent.yaml", PARENT);
    let once = flatten(main, &documents).unwrap().to_yaml().unwrap();
    let twice = flatten(&once, &documents).unwrap().to_yaml().unwrap();
    assert_eq!(once, twice);
}

#[test]
fn manifests_are_brought_in_where_that_is_asked() {
    let main = "{schemaVersion: 2.2.0, parent: {uri: base/p.yaml}, components: [{name: o, openshift: {uri: o.yaml}}]}";
    let parent = "{schemaVersion: 2.2.0, components: [{name: k, kubernetes: {uri: k8s/d.yaml}}]}";
    let documents = Documents::default()
        .with("base/p.yaml", parent)
        .with("base/k8s/d.yaml", "kind: Deployment\n")
        .with("o.yaml", "kind: Route\n");
    let limits = Limits::default();
    let flat = flatten(main, &documents).unwrap().inline_manifests(&documents, &limits).unwrap();
    let yaml = flat.to_yaml().unwrap();
    assert!(yaml.contains("inlined: |\n      kind: Deployment\n"), "{yaml}");
    assert!(yaml.contains("api.devfile.io/k8sLikeComponent-originalURI: k8s/d.yaml"), "{yaml}");
    assert!(!yaml.contains(" uri:"), "{yaml}");
    let missing = "{schemaVersion: 2.2.0, components: [{name: o, kubernetes: {uri: none.yaml}}]}";
    let said = flatten(missing, &documents).unwrap().inline_manifests(&documents, &limits).unwrap_err().to_string();
    assert!(said.starts_with("devfile.yaml:1:65: none.yaml can't be had"), "{said}");
}

#[test]
fn a_relative_reference_from_the_web_has_a_second_place() {
    let flatten = |documents: &Documents| {
        let main = "{schemaVersion: 2.2.0, parent: {uri: ../parent.yaml}}";
        let limits = Limits::default();
        Raw::new("https://h/a/b/devfile.yaml", main.as_bytes()).parse(&limits)?.flatten(documents, &limits)
    };
    let parent =
        |image: &str| format!("{{schemaVersion: 2.2.0, components: [{{name: c, container: {{image: {image}}}}}]}}");
    let image = |flat: Flattened| flat.devfile().components[0].container().unwrap().image.clone();
    // As addresses are joined everywhere.
    let both = Documents::default()
        .with("https://h/a/parent.yaml", &parent("right"))
        .with("https://h/a/b/parent.yaml", &parent("wrong"));
    assert_eq!(image(flatten(&both).unwrap()), "right");
    // As the reference library joins them.
    let below = Documents::default().with("https://h/a/b/parent.yaml", &parent("below"));
    assert_eq!(image(flatten(&below).unwrap()), "below");
    let said = flatten(&Documents::default()).unwrap_err().to_string();
    assert!(said.contains("https://h/a/parent.yaml is not there"), "{said}");
}
