use dormer_core::phase::Phase;
use dormer_core::workspace::{EditorKind, Member, Port, Role, SecretRef, Share, Source, Variable, fixture};
use dormer_wire::report::{Activity, ActivityKind, Step, StepState};
use jiff::Timestamp;
use serde_json::json;

use super::*;

/// A record in which every field says something.
fn full() -> core::Workspace {
    let mut workspace = fixture("hello", "ann");
    let spec = &mut workspace.spec;
    spec.project = "team".parse().unwrap();
    spec.display_name = Some("Hello".into());
    spec.description = Some("For a try".into());
    spec.running = true;
    spec.archived = true;
    spec.source = Some(Source {
        url: "https://git.example.com/a/b.git".into(),
        reference: Some("main".into()),
        merge_request: Some(7),
        fetch: Some("refs/pull/7/head".into()),
        commit: Some("0123456789012345678901234567890123456789".into()),
        branch: Some("fix".into()),
        fork: Some("https://git.example.com/c/b.git".into()),
        page: Some("https://git.example.com/a/b/pulls/7".into()),
        title: Some("Fix it".into()),
        ended: Some("merged".into()),
        document: true,
        cloning: dormer_core::workspace::Cloning {
            depth: Some(1),
            partial: true,
            sparse: vec!["docs".into()],
            without_submodules: true,
        },
    });
    spec.devfile = Some("schemaVersion: 2.3.0\n".into());
    spec.devfile_path = Some(".devfile.yaml".into());
    spec.class = "big".into();
    spec.editor = EditorKind::None;
    spec.variables = vec![
        Variable { name: "A".into(), value: "1".into(), file: false },
        Variable { name: "B".into(), value: String::new(), file: true },
    ];
    spec.secrets = vec![SecretRef { secret: "npm".into(), name: "NPM_TOKEN".into(), file: false }];
    spec.resources.cpu = Some("500m".into());
    spec.resources.memory = Some("2Gi".into());
    spec.resources.gpu = Some("1".into());
    spec.resources.accelerator = Some("t4".into());
    spec.storage.size = Some("10Gi".into());
    spec.storage.class = Some("fast".into());
    spec.storage.strategy = Some("per-workspace".into());
    spec.lifecycle.idle_timeout = Some(900);
    spec.lifecycle.max_lifetime = Some(0);
    spec.lifecycle.delete_after_stopped = Some(86400);
    spec.lifecycle.keep_alive_when_busy = Some(false);
    spec.ports = vec![Port { port: 3000, name: Some("web".into()), share: Share::SignedIn }];
    spec.pod = Some(serde_json::json!({ "spec": { "nodeSelector": { "a": "b" } } }));
    spec.members = vec![
        Member { user: Some("bob".parse().unwrap()), group: None, role: Role::User },
        Member { user: None, group: Some("acme/dev".into()), role: Role::Viewer },
    ];
    let at: Timestamp = "2026-11-27T18:00:00.123456Z".parse().unwrap();
    let status = &mut workspace.status;
    status.phase = Phase::Running;
    status.reason = Some("Ready".into());
    status.message = Some("it is up".into());
    status.since = Some(at);
    status.instance = Some("abc".into());
    status.door = Some("unix:/d".parse().unwrap());
    status.last_activity = Some(Activity { at, kind: ActivityKind::Ssh });
    status.progress =
        vec![Step { step: "clone".into(), state: StepState::Done, since: at, detail: Some("90 %".into()) }];
    status.log_tail = Some("bye".into());
    status.commit = Some("0123".into());
    status.listening = vec![3000, 8080];
    status.endpoints = vec![Port { port: 8080, name: None, share: Share::Owner }];
    status.folder = Some("/projects/b".into());
    status.failures = 2;
    status.notes.insert("a".into(), "b".into());
    workspace
}

/// The object that the API server would make of a record.
fn object(workspace: &core::Workspace) -> kube::Workspace {
    let mut object = kube::Workspace::new(workspace.name.as_str(), spec_of(&workspace.spec).unwrap());
    object.metadata.uid = Some(workspace.uid.clone());
    object.metadata.resource_version = Some(workspace.version.to_string());
    object.metadata.creation_timestamp = Some(workspace.created_at.into());
    object.status = Some(status_of(&workspace.status).unwrap());
    object
}

#[test]
fn there_and_back() {
    let mut plain = fixture("plain", "ann");
    plain.spec.project = "team".parse().unwrap();
    for workspace in [full(), plain] {
        // As it travels.
        let text = serde_json::to_string(&object(&workspace)).unwrap();
        let read: kube::Workspace = serde_json::from_str(&text).unwrap();
        assert_eq!(record(&read, &workspace.spec.project).unwrap(), workspace);
    }
}

#[test]
fn what_people_apply_is_a_whole_record() {
    let object = json!({
        "apiVersion": "dormer.dev/v1alpha1", "kind": "Workspace",
        "metadata": { "name": "hello", "namespace": "dormer-team", "uid": "u", "resourceVersion": "9" },
        "spec": { "owner": "ann", "source": { "git": { "url": "https://git.example.com/a/b" } }, "resources": { "cpu": 2 } },
    });
    let object: kube::Workspace = serde_json::from_value(object).unwrap();
    let workspace = record(&object, &"team".parse().unwrap()).unwrap();
    assert_eq!(
        (workspace.spec.project.as_str(), workspace.spec.class.as_str(), workspace.version),
        ("team", "default", 9)
    );
    assert_eq!(workspace.spec.resources.cpu.as_deref(), Some("2"));
    assert!(workspace.spec.source.is_some_and(|source| source.commit.is_none()));
    assert_eq!(workspace.status.phase, Phase::Pending);
}

#[test]
fn what_cannot_be_understood_names_the_field() {
    let team: ProjectName = "team".parse().unwrap();
    let good = object(&full());
    let say = |change: fn(&mut kube::Workspace)| {
        let mut object = good.clone();
        change(&mut object);
        record(&object, &team).unwrap_err().to_string()
    };
    assert!(say(|object| object.spec.project = Some("other".into())).starts_with("spec.project"));
    assert!(say(|object| object.spec.owner = "Ann Lee".into()).starts_with("spec.owner"));
    assert!(say(|object| object.metadata.name = Some("a--b".into())).starts_with("metadata.name"));
    assert!(say(|object| object.metadata.resource_version = Some("x".into())).starts_with("metadata.resourceVersion"));
    let door = say(|object| object.status.get_or_insert_default().door = Some("nowhere".into()));
    assert!(door.starts_with("status") && door.contains("nowhere"), "{door}");
}
