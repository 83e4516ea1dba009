use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use proptest::prelude::*;

use dormer_core::name::WorkspaceName;
use dormer_core::phase::Phase;
use dormer_core::ports::store::{Change, Event, Store as _, StoreError, modify};
use dormer_core::workspace::{Spec, Status};
use dormer_wire::report::{Activity, ActivityKind};

use crate::records::{LocalStore, OpenError, open};

fn spec() -> Spec {
    Spec::new("ann".parse().unwrap(), "default".parse().unwrap())
}

fn name(text: &str) -> WorkspaceName {
    text.parse().unwrap()
}

fn activity(second: i64, kind: ActivityKind) -> Activity {
    Activity { at: Timestamp::from_second(second).unwrap(), kind }
}

async fn fresh() -> (tempfile::TempDir, LocalStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    (folder, store)
}

#[tokio::test]
async fn a_data_folder_is_ones_own() {
    let (folder, store) = fresh().await;
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(folder.path()), mode(&folder.path().join("dormer.db"))), (0o700, 0o600));
    let error = open(folder.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::InUse { holder: Some(pid), .. } if pid == std::process::id()), "{error}");
    store.close().await;
    assert!(matches!(store.get(&name("a")).await, Err(StoreError::Unavailable(_))));
    open(folder.path()).await.unwrap();
}

#[tokio::test]
async fn writes_and_their_conflicts() {
    let (_folder, store) = fresh().await;
    let a = name("a");
    let first = store.create(&a, spec()).await.unwrap();
    assert_eq!((first.version, first.status.phase, first.uid.len()), (1, Phase::Pending, 32));
    assert!(matches!(store.create(&a, spec()).await, Err(StoreError::Taken(_))));
    let spec = Spec { running: true, ..spec() };
    let second = store.put_spec(&a, 1, spec.clone()).await.unwrap();
    assert!(second.spec.running && second.version == 2);
    assert!(matches!(store.put_spec(&a, 1, spec.clone()).await, Err(StoreError::Conflict(_))));
    assert!(matches!(store.put_status(&a, 1, Status::default()).await, Err(StoreError::Conflict(_))));
    let status = Status { phase: Phase::Running, failures: 2, ..Status::default() };
    let third = store.put_status(&a, 2, status.clone()).await.unwrap();
    assert_eq!((third.version, &third.status, &third.spec), (3, &status, &spec));
    assert_eq!(store.get(&a).await.unwrap(), third);
    assert_eq!(store.list().await.unwrap(), [third]);
    store.mark_deleted(&a).await.unwrap();
    store.mark_deleted(&a).await.unwrap();
    let marked = store.get(&a).await.unwrap();
    assert!(marked.deleted && marked.version == 4);
    store.remove(&a).await.unwrap();
    for gone in [
        store.get(&a).await.map(drop),
        store.put_spec(&a, 4, spec).await.map(drop),
        store.mark_deleted(&a).await,
        store.remove(&a).await,
        store.events(&a).await.map(drop),
    ] {
        assert!(matches!(gone, Err(StoreError::NotFound(_))));
    }
    let again = store.create(&a, super::workspaces::spec()).await.unwrap();
    assert_ne!(again.uid, first.uid);
}

#[tokio::test]
async fn an_older_activity_never_replaces_a_newer_one() {
    let (_folder, store) = fresh().await;
    let a = name("a");
    store.create(&a, spec()).await.unwrap();
    let newer = activity(20, ActivityKind::Terminal);
    store.put_activity(&[(a.clone(), newer.clone()), (name("unknown"), newer.clone())]).await.unwrap();
    let with = store.get(&a).await.unwrap();
    assert_eq!((with.version, with.status.last_activity.as_ref()), (2, Some(&newer)));
    store.put_activity(&[(a.clone(), activity(10, ActivityKind::Ssh))]).await.unwrap();
    assert_eq!(store.get(&a).await.unwrap().version, 2);
    // A status that was read before knows less.
    let written = store.put_status(&a, 2, Status::default()).await.unwrap();
    assert_eq!(written.status.last_activity, Some(newer));
    let newest = activity(30, ActivityKind::Start);
    let status = Status { last_activity: Some(newest.clone()), ..Status::default() };
    let written = store.put_status(&a, 3, status).await.unwrap();
    assert_eq!((written.version, written.status.last_activity), (4, Some(newest)));
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_changes_it() {
    let (_folder, store) = fresh().await;
    let a = name("a");
    store.create(&a, spec()).await.unwrap();
    let wakes = (0..50).map(|_| {
        let (store, a) = (store.clone(), a.clone());
        tokio::spawn(async move {
            modify(&store, &a, |_, spec| !std::mem::replace(&mut spec.running, true)).await.unwrap().1
        })
    });
    let changed = futures::future::join_all(wakes).await.into_iter().filter(|changed| *changed.as_ref().unwrap());
    assert_eq!(changed.count(), 1);
    assert_eq!(store.get(&a).await.unwrap().version, 2);
}

#[tokio::test]
async fn watchers_see_everything_in_order() {
    let (_folder, store) = fresh().await;
    store.create(&name("before"), spec()).await.unwrap();
    let mut changes = store.watch();
    let first = changes.next().await.unwrap();
    assert!(matches!(&first, Change::All(all) if all.len() == 1), "{first:?}");
    let writers = (0..8).map(|index| {
        let (store, name) = (store.clone(), name(&format!("w{index}")));
        tokio::spawn(async move {
            let mut version = store.create(&name, spec()).await.unwrap().version;
            for _ in 0..20 {
                version = store.put_status(&name, version, Status::default()).await.unwrap().version;
            }
            store.remove(&name).await.unwrap();
        })
    });
    let writing = tokio::spawn(futures::future::join_all(writers));
    let mut versions = std::collections::HashMap::new();
    let mut gone = 0;
    while gone < 8 {
        match tokio::time::timeout(Duration::from_secs(20), changes.next()).await.unwrap().unwrap() {
            Change::Put(workspace) => {
                let before = versions.insert(workspace.name.clone(), workspace.version).unwrap_or(0);
                assert_eq!(workspace.version, before + 1, "none missing, none twice");
            }
            Change::Gone(name) => {
                assert_eq!(versions.get(&name), Some(&21));
                gone += 1;
            }
            Change::All(_) => panic!("nobody was too slow"),
        }
    }
    writing.await.unwrap();
    store.close().await;
    assert!(changes.next().await.is_none());
}

#[tokio::test]
async fn a_watcher_that_was_too_slow_gets_everything_anew() {
    let (_folder, store) = fresh().await;
    let a = name("a");
    let mut changes = store.watch();
    assert!(matches!(changes.next().await, Some(Change::All(all)) if all.is_empty()));
    store.create(&a, spec()).await.unwrap();
    for second in 1..1500 {
        let many = [(a.clone(), activity(second, ActivityKind::Api))];
        // Not awaited one by one: they share transactions.
        if second % 100 == 0 {
            store.put_activity(&many).await.unwrap()
        } else {
            drop(tokio::spawn({
                let store = store.clone();
                async move { store.put_activity(&many).await }
            }))
        }
    }
    for second in 2000..3100 {
        store.put_activity(&[(a.clone(), activity(second, ActivityKind::Api))]).await.unwrap();
    }
    let change = changes.next().await.unwrap();
    assert!(matches!(&change, Change::All(all) if all[0].version > 1000), "{change:?}");
}

#[tokio::test]
async fn events_are_bounded_and_go_with_their_workspace() {
    let (_folder, store) = fresh().await;
    let a = name("a");
    store.create(&a, spec()).await.unwrap();
    for number in 0..205 {
        let at = Timestamp::from_second(1_000_000 + number).unwrap();
        let message = format!("{number}{}", "x".repeat(5000));
        store.note(&a, Event { at, reason: "Woken".into(), message, by: Some("ann".into()) }).await.unwrap();
    }
    let events = store.events(&a).await.unwrap();
    assert_eq!((events.len(), events[0].message.len()), (200, 4000));
    assert!(events[0].message.starts_with('5') && events[199].message.starts_with("204"));
    store.remove(&a).await.unwrap();
    store.create(&a, spec()).await.unwrap();
    assert!(store.events(&a).await.unwrap().is_empty(), "another workspace of the same name");
}

#[tokio::test]
async fn a_full_disk_is_said_and_survived() {
    let (_folder, store) = fresh().await;
    let a = name("a");
    store.create(&a, spec()).await.unwrap();
    let limit = |pages: i64| {
        store.inner.writer.write(move |connection, _| {
            let sql = format!("PRAGMA max_page_count = {pages}");
            connection.query_row(&sql, [], |_| Ok(())).map_err(crate::records::failure::Failure::from)
        })
    };
    limit(1).await.unwrap();
    let big = Spec { description: Some("x".repeat(1 << 20)), ..spec() };
    let writes = (0..4).map(|_| store.put_spec(&a, 1, big.clone()));
    for outcome in futures::future::join_all(writes).await {
        let StoreError::Unavailable(source) = outcome.unwrap_err() else { panic!("another error") };
        assert!(source.to_string().contains("full") || source.to_string().contains("given up"), "{source}");
    }
    assert_eq!(store.get(&a).await.unwrap().version, 1);
    limit(1 << 30).await.unwrap();
    store.put_spec(&a, 1, big).await.unwrap();
}

#[tokio::test]
async fn a_damaged_record_harms_no_other() {
    let (_folder, store) = fresh().await;
    for text in ["a", "b"] {
        store.create(&name(text), spec()).await.unwrap();
    }
    let break_it = |connection: &rusqlite::Connection, _: &mut Vec<_>| {
        let sql = "UPDATE workspace SET spec = '{\"owner\": \"hunter2' WHERE name = 'a'";
        connection.execute(sql, []).map_err(crate::records::failure::Failure::from)
    };
    store.inner.writer.write(break_it).await.unwrap();
    let error = store.get(&name("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }) && !error.to_string().contains("hunter2"), "{error}");
    assert_eq!(store.list().await.unwrap().len(), 1);
}

#[derive(Debug, Clone)]
enum Op {
    Create(u8),
    Spec(u8, u64, bool),
    Status(u8, u64),
    Activity(u8, i64),
    Delete(u8),
    Remove(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let who = 0u8..3;
    prop_oneof![
        who.clone().prop_map(Op::Create),
        (who.clone(), 0u64..3, any::<bool>()).prop_map(|(who, behind, running)| Op::Spec(who, behind, running)),
        (who.clone(), 0u64..3).prop_map(|(who, behind)| Op::Status(who, behind)),
        (who.clone(), 0i64..9).prop_map(|(who, at)| Op::Activity(who, at)),
        who.clone().prop_map(Op::Delete),
        who.prop_map(Op::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// Whatever is written: a version rises with each change, a stale write changes nothing, and who follows the
    /// changes knows what the database knows.
    #[test]
    fn followers_know_what_is_written(ops in proptest::collection::vec(op(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, store) = fresh().await;
            let directory = dormer_core::directory::Directory::default();
            let mut changes = store.watch();
            directory.apply(changes.next().await.unwrap());
            for op in ops {
                let label = |who: u8| name(&format!("w{who}"));
                let (Op::Create(who) | Op::Spec(who, ..) | Op::Status(who, ..) | Op::Activity(who, ..) | Op::Delete(who) | Op::Remove(who)) = op;
                let name = label(who);
                let before = store.get(&name).await.ok();
                let version = |behind: u64| before.as_ref().map_or(0, |w| w.version.saturating_sub(behind));
                let outcome = match op {
                    Op::Create(_) => store.create(&name, spec()).await.map(drop),
                    Op::Spec(_, behind, running) => store.put_spec(&name, version(behind), Spec { running, ..spec() }).await.map(drop),
                    Op::Status(_, behind) => store.put_status(&name, version(behind), Status::default()).await.map(drop),
                    Op::Activity(_, at) => store.put_activity(&[(name.clone(), activity(at, ActivityKind::Ssh))]).await,
                    Op::Delete(_) => store.mark_deleted(&name).await,
                    Op::Remove(_) => store.remove(&name).await,
                };
                let after = store.get(&name).await.ok();
                match (&before, &after) {
                    (Some(b), Some(a)) if outcome.is_ok() => assert!(a.version >= b.version && (a == b || a.version == b.version + 1)),
                    (b, a) if outcome.is_err() => assert_eq!(b, a),
                    _ => {}
                }
            }
            store.close().await;
            while let Some(change) = changes.next().await {
                directory.apply(change);
            }
            let store = open(_folder.path()).await.unwrap();
            let mut known: Vec<_> = directory.all().iter().map(|entry| (*entry.record()).clone()).collect();
            known.sort_by(|a, b| a.name.cmp(&b.name));
            assert_eq!(known, store.list().await.unwrap());
        });
    }
}
