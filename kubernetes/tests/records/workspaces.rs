//! `Workspace` objects.

use std::time::Duration;

use dormer_core::phase::Phase;
use dormer_core::ports::store::{Change, Event, Store, StoreError, modify};
use dormer_core::workspace::{Source, Status};
use dormer_kubernetes::names::FINALIZER;
use dormer_kubernetes::records::Records;
use dormer_kubernetes::resource::workspace::Workspace;
use dormer_wire::report::{Activity, ActivityKind};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Place, until};

async fn next(changes: &mut BoxStream<'static, Change>, is: impl Fn(&Change) -> bool) -> Change {
    let waited = async {
        loop {
            let change = changes.next().await.unwrap();
            if is(&change) {
                return change;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.expect("no such change came")
}

fn running(since: i64) -> Status {
    Status { phase: Phase::Running, since: Timestamp::from_second(since).ok(), ..Status::default() }
}

pub async fn written_watched_and_read(place: Place) {
    let records = Records::open(place.cluster.clone()).await.unwrap();
    records.say_urls(Box::new(|name| format!("https://{name}.dev.example.org/")));
    let mut changes = records.watch();
    assert!(matches!(changes.next().await, Some(Change::All(_))));
    let name = place.name("hello");
    let mut spec = place.spec("ann", "team");
    spec.devfile = Some("schemaVersion: 2.3.0\n".into());
    // The first of its project: its namespace is made with it.
    let made = records.create(&name, spec.clone()).await.unwrap();
    assert_eq!((&made.spec, made.status.phase), (&spec, Phase::Pending));
    let namespaces: Api<Namespace> = place.cluster.all();
    let namespace = records.namespace(&spec.project);
    let labels = namespaces.get(&namespace).await.unwrap().labels().clone();
    assert_eq!(labels["dormer.dev/project"], "team");
    next(&mut changes, |change| matches!(change, Change::Put(record) if **record == made)).await;
    assert!(matches!(records.create(&name, spec.clone()).await, Err(StoreError::Taken(_))));
    assert!(matches!(records.get(&place.name("other")).await, Err(StoreError::NotFound(_))));

    let (woken, changed) =
        modify(&records, &name, |_, spec| !std::mem::replace(&mut spec.running, true)).await.unwrap();
    assert!(changed && woken.spec.running && woken.version > made.version);
    let up = records.put_status(&name, woken.version, running(100)).await.unwrap();
    assert_eq!(up.status.phase, Phase::Running);
    assert_eq!(records.get(&name).await.unwrap(), up);
    let api: Api<Workspace> = place.cluster.within(&namespace);
    let object = api.get(name.as_str()).await.unwrap();
    assert_eq!(object.finalizers(), [FINALIZER], "held before anything of it is started");
    let status = object.status.clone().unwrap();
    assert_eq!(status.url, Some(format!("https://{name}.dev.example.org/")));
    assert_eq!(status.observed_generation, object.metadata.generation);
    let conditions: Vec<_> = status.conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str())).collect();
    assert_eq!(conditions, [("Accepted", "True"), ("Ready", "True")]);

    records.mark_deleted(&name).await.unwrap();
    next(&mut changes, |change| matches!(change, Change::Put(record) if record.deleted)).await;
    records.remove(&name).await.unwrap();
    next(&mut changes, |change| matches!(change, Change::Gone(gone) if *gone == name)).await;
    assert!(api.get_opt(name.as_str()).await.unwrap().is_none());
    assert!(matches!(records.remove(&name).await, Err(StoreError::NotFound(_))));
    assert!(records.list().await.unwrap().iter().all(|record| record.name != name));
    records.close();
    next_is_none(changes).await;
}

async fn next_is_none(mut changes: BoxStream<'static, Change>) {
    let ended = async { while changes.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("the stream goes on after the records are closed");
}

pub async fn a_lost_race_is_a_conflict(place: Place) {
    let (one, other) =
        (Records::open(place.cluster.clone()).await.unwrap(), Records::open(place.again().await).await.unwrap());
    let (name, spec) = (place.name("hello"), place.spec("ann", "team"));
    let made = one.create(&name, spec.clone()).await.unwrap();
    let mut changed = spec.clone();
    changed.description = Some("one".into());
    let written = one.put_spec(&name, made.version, changed.clone()).await.unwrap();
    changed.description = Some("other".into());
    assert!(matches!(other.put_spec(&name, made.version, changed).await, Err(StoreError::Conflict(_))));
    assert!(matches!(other.put_status(&name, made.version, running(1)).await, Err(StoreError::Conflict(_))));
    // Fifty that decide again and again: none is lost.
    let adds = (0..50).map(|at| {
        let (records, name) = (if at % 2 == 0 { one.clone() } else { other.clone() }, name.clone());
        async move {
            let add = |_: &_, spec: &mut dormer_core::workspace::Spec| {
                spec.ports.push(dormer_core::workspace::Port {
                    port: 1000 + at,
                    name: None,
                    share: Default::default(),
                });
                true
            };
            modify(&records, &name, add).await.unwrap();
        }
    });
    futures::future::join_all(adds).await;
    let now = one.get(&name).await.unwrap();
    assert_eq!(now.spec.ports.len(), 50);
    assert_eq!(now.spec.description, written.spec.description);
    // Two gateways that make one name in two projects at the same time: one of both is told that it is taken.
    let name = place.name("both");
    let (a, b) =
        tokio::join!(one.create(&name, place.spec("ann", "team")), other.create(&name, place.spec("bob", "rivals")),);
    let outcomes = [a.is_ok(), b.is_ok()];
    assert_eq!(outcomes.iter().filter(|made| **made).count(), 1, "{a:?} {b:?}");
    one.close();
    other.close();
}

pub async fn what_people_apply_and_delete(place: Place) {
    let records = Records::open(place.cluster.clone()).await.unwrap();
    let mut changes = records.watch();
    assert!(matches!(changes.next().await, Some(Change::All(_))));
    let name = place.name("applied");
    let namespace = format!("{}-team", place.cluster.namespace);
    place.namespace(&namespace, None).await;
    let object = json!({
        "metadata": { "name": name.as_str() },
        "spec": { "owner": "ann", "source": { "git": { "url": "https://git.example.com/a/b", "ref": "main" } }, "resources": { "cpu": 1 } },
    });
    place.apply(&namespace, object.clone()).await.unwrap();
    let put = next(&mut changes, |change| matches!(change, Change::Put(record) if record.name == name)).await;
    let Change::Put(record) = put else { unreachable!() };
    assert_eq!((record.spec.project.as_str(), record.spec.class.as_str()), ("team", "default"));
    // What the gateway finds out stays when the same file is applied again.
    let (woken, _) = modify(&records, &name, |_, spec| {
        spec.running = true;
        spec.source = spec.source.take().map(|source| Source { commit: Some("0".repeat(40)), ..source });
        true
    })
    .await
    .unwrap();
    let up = records.put_status(&name, woken.version, running(5)).await.unwrap();
    place.apply(&namespace, object).await.unwrap();
    let now = records.get(&name).await.unwrap();
    assert_eq!((&now.spec, &now.status), (&up.spec, &up.status));
    let api: Api<Workspace> = place.cluster.within(&namespace);
    let stop = json!({ "spec": { "running": false } });
    api.patch(name.as_str(), &PatchParams::default(), &Patch::Merge(&stop)).await.unwrap();
    next(&mut changes, |change| matches!(change, Change::Put(record) if record.name == name && !record.spec.running && record.status.phase == Phase::Running)).await;
    api.delete(name.as_str(), &DeleteParams::default()).await.unwrap();
    next(&mut changes, |change| matches!(change, Change::Put(record) if record.name == name && record.deleted)).await;
    records.remove(&name).await.unwrap();
    next(&mut changes, |change| matches!(change, Change::Gone(gone) if *gone == name)).await;
    records.close();
}

pub async fn two_of_one_name(place: Place) {
    let records = Records::open(place.cluster.clone()).await.unwrap();
    let mut changes = records.watch();
    assert!(matches!(changes.next().await, Some(Change::All(_))));
    let stop = CancellationToken::new();
    let telling = tokio::spawn({
        let (records, stop) = (records.clone(), stop.clone());
        async move { records.tell_refused(stop).await }
    });
    let name = place.name("twice");
    let (theirs, ours) = (format!("{}-a", place.cluster.namespace), format!("{}-b", place.cluster.namespace));
    for namespace in [&theirs, &ours] {
        place.namespace(namespace, None).await;
    }
    let object = json!({ "metadata": { "name": name.as_str() }, "spec": { "owner": "ann" } });
    let old = place.apply(&theirs, object.clone()).await.unwrap();
    // Ages are of seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let young = place.apply(&ours, object.clone()).await.unwrap();
    let api: Api<Workspace> = place.cluster.within(&ours);
    until("the younger one says why", || {
        let (api, name) = (api.clone(), name.clone());
        async move {
            let status = api.get(name.as_str()).await.unwrap().status.unwrap_or_default();
            status.reason.as_deref() == Some("NameTaken") && status.message.is_some_and(|why| why.contains("-a'"))
        }
    })
    .await;
    assert_eq!(Some(records.get(&name).await.unwrap().uid), old.uid());
    let foreign = place.name("foreign");
    let object = json!({ "metadata": { "name": foreign.as_str() }, "spec": { "owner": "ann" } });
    let outside = format!("x{}", place.cluster.namespace);
    place.namespace(&outside, None).await;
    place.apply(&outside, object).await.unwrap();
    let elsewhere: Api<Workspace> = place.cluster.within(&outside);
    until("one outside of projects says why", || {
        let (api, name) = (elsewhere.clone(), foreign.clone());
        async move {
            let status = api.get(name.as_str()).await.unwrap().status.unwrap_or_default();
            status.reason.as_deref() == Some("NoProject")
        }
    })
    .await;
    // A label makes its namespace a project's, and it a workspace.
    let namespaces: Api<Namespace> = place.cluster.all();
    let label = json!({ "metadata": { "labels": { "dormer.dev/project": "late" } } });
    namespaces.patch(&outside, &PatchParams::default(), &Patch::Merge(&label)).await.unwrap();
    next(&mut changes, |change| match change {
        Change::All(all) => all.iter().any(|record| record.name == foreign && record.spec.project.as_str() == "late"),
        Change::Put(record) => record.name == foreign,
        Change::Gone(_) => false,
    })
    .await;
    // The older one goes: the younger one follows, and says nothing of it any more.
    let first: Api<Workspace> = place.cluster.within(&theirs);
    first.delete(name.as_str(), &DeleteParams::default()).await.unwrap();
    next(&mut changes, |change| matches!(change, Change::Put(record) if Some(&record.uid) == young.uid().as_ref()))
        .await;
    let now = records.get(&name).await.unwrap();
    assert_eq!((now.status.phase, now.status.reason.clone()), (Phase::Pending, None));
    records.put_status(&name, now.version, Status { phase: Phase::Stopped, ..Status::default() }).await.unwrap();
    let status = api.get(name.as_str()).await.unwrap().status.unwrap();
    assert_eq!((status.reason, status.message), (None, None));
    assert!(status.conditions.iter().any(|condition| condition.type_ == "Accepted" && condition.status == "True"));
    stop.cancel();
    telling.await.unwrap();
    records.close();
}

/// Whether an object is refused, with that among the words.
async fn refused(place: &Place, namespace: &str, name: &str, spec: serde_json::Value, why: &str) {
    let object = json!({ "metadata": { "name": name }, "spec": spec });
    let error = place.apply(namespace, object).await.expect_err(why).to_string();
    assert!(error.contains(why), "{error}\nshould say {why}");
}

pub async fn admission_says_why(place: Place) {
    let namespace = format!("{}-team", place.cluster.namespace);
    place.namespace(&namespace, None).await;
    let ann = json!({ "owner": "ann" });
    refused(&place, &namespace, "login", ann.clone(), "reserved").await;
    refused(&place, &namespace, "a--b", ann.clone(), "'--'").await;
    refused(&place, &namespace, "3000", ann.clone(), "must contain a letter").await;
    refused(&place, &namespace, &"a".repeat(47), ann.clone(), "at most 46").await;
    refused(&place, &namespace, "a.b", ann.clone(), "DNS label").await;
    refused(&place, &namespace, "good", json!({}), "owner").await;
    refused(&place, &namespace, "good", json!({ "owner": "Ann" }), "owner").await;
    refused(&place, &namespace, "good", json!({ "owner": "ann", "editor": "emacs" }), "editor").await;
    refused(&place, &namespace, "good", json!({ "owner": "ann", "ports": [{ "port": 70000 }] }), "port").await;
    refused(
        &place,
        &namespace,
        "good",
        json!({ "owner": "ann", "variables": [{ "name": "A" }] }),
        "either a value or a secretRef",
    )
    .await;
    refused(&place, &namespace, "good", json!({ "owner": "ann", "resources": { "memory": "lots" } }), "memory").await;
    refused(&place, &namespace, "good", json!({ "owner": "ann", "runing": true }), "runing").await;
    let name = place.name("good");
    let spec = json!({ "owner": "ann", "project": "team" });
    place.apply(&namespace, json!({ "metadata": { "name": name.as_str() }, "spec": spec })).await.unwrap();
    refused(
        &place,
        &namespace,
        name.as_str(),
        json!({ "owner": "bob", "project": "team" }),
        "owner of a workspace cannot change",
    )
    .await;
    refused(
        &place,
        &namespace,
        name.as_str(),
        json!({ "owner": "ann", "project": "other" }),
        "project of a workspace cannot change",
    )
    .await;
    // A store that is told nonsense says so, and that it is the caller's.
    let records = Records::open(place.cluster.clone()).await.unwrap();
    let mut spec = place.spec("ann", "team");
    spec.variables = vec![dormer_core::workspace::Variable { name: "a b".into(), value: String::new(), file: false }];
    let outcome = records.create(&place.name("bad"), spec).await;
    assert!(matches!(&outcome, Err(StoreError::Refused(why)) if why.contains("variables")), "{outcome:?}");
    records.close();
}

pub async fn activity_goes_forward_beside_other_writes(place: Place) {
    let records = Records::open(place.cluster.clone()).await.unwrap();
    let name = place.name("busy");
    let made = records.create(&name, place.spec("ann", "team")).await.unwrap();
    let at = |second| Activity { at: Timestamp::from_second(second).unwrap(), kind: ActivityKind::Terminal };
    let seen = || async {
        let record = records.get(&name).await.unwrap();
        record.status.last_activity.map(|activity| activity.at.as_second())
    };
    until("the watch knows it", || async {
        records.put_activity(&[(name.clone(), at(100)), (place.name("nobody"), at(100))]).await.unwrap();
        seen().await == Some(100)
    })
    .await;
    records.put_activity(&[(name.clone(), at(50))]).await.unwrap();
    assert_eq!(seen().await, Some(100), "an older one never replaces a newer one");
    assert!(matches!(records.put_status(&name, made.version, running(1)).await, Err(StoreError::Conflict(_))));
    // Beside twenty that write the status at the same time.
    let statuses = async {
        for since in 0..20 {
            loop {
                let now = records.get(&name).await.unwrap();
                let status = Status { last_activity: None, ..running(since) };
                match records.put_status(&name, now.version, status).await {
                    Ok(_) => break,
                    Err(StoreError::Conflict(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    };
    let activity = async {
        for second in 101..=110 {
            records.put_activity(&[(name.clone(), at(second))]).await.unwrap();
        }
    };
    tokio::join!(statuses, activity);
    records.put_activity(&[(name.clone(), at(200))]).await.unwrap();
    let now = records.get(&name).await.unwrap();
    assert_eq!(now.status.since, Timestamp::from_second(19).ok());
    assert_eq!(seen().await, Some(200), "no status takes it back");
    records.close();
}

pub async fn what_happened(place: Place) {
    let records = Records::open(place.cluster.clone()).await.unwrap();
    let name = place.name("told");
    records.create(&name, place.spec("ann", "team")).await.unwrap();
    for (second, by) in [(2, Some("ann")), (1, None)] {
        let event = Event {
            at: Timestamp::from_millisecond(1_790_000_000_000 + second * 10).unwrap(),
            reason: "Woken".into(),
            message: "long ".repeat(1000),
            by: by.map(Into::into),
        };
        records.note(&name, event).await.unwrap();
    }
    let events = records.events(&name).await.unwrap();
    let by: Vec<_> = events.iter().map(|event| event.by.as_deref()).collect();
    assert_eq!(by, [None, Some("ann")], "oldest first");
    assert_eq!(events[0].message.len(), 1024);
    records.close();
}
