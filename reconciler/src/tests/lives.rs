use std::sync::atomic::Ordering;
use std::time::Duration;

use dormer_core::directory::Live;
use dormer_core::phase::Phase;
use dormer_core::ports::runtime::Runtime as _;
use dormer_core::ports::store::{Store as _, modify};
use dormer_core::wake::WakeError;
use dormer_wire::report::{Activity, ActivityKind, StepState};

use super::house::{Fate, House, config};
use crate::config::Config;

const MINUTE: Duration = Duration::from_secs(60);

async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}

#[tokio::test(start_paused = true)]
async fn starts_runs_and_stops() {
    let house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    let record = house.record();
    assert_eq!(house.told(), "Running - on");
    let status = &record.status;
    assert!(status.door.is_some() && status.instance.is_some() && status.failures == 0);
    assert_eq!((status.listening.as_slice(), status.commit.as_deref()), ([3000].as_slice(), Some("abc")));
    assert_eq!((status.progress[0].step.as_str(), status.progress[0].state), ("start", StepState::Done));
    assert_eq!(status.folder.as_deref(), Some("/projects/"));
    assert_eq!(house.entry().live.activity().unwrap().kind, ActivityKind::Start);
    house.want(false).await;
    house.settle().await;
    assert_eq!((house.told().as_str(), house.runtime.count()), ("Stopped Stopped off", 0));
    assert!(house.record().status.door.is_none());
    assert_eq!(house.store.reasons("hello"), ["Starting", "Ready", "Stopping", "Stopped"]);
    assert_eq!(house.starts(), 1);
}

#[tokio::test(start_paused = true)]
async fn fifty_wakes_are_one_start() {
    let house = House::new(&[Fate::Ready]).await;
    let name = "hello".parse().unwrap();
    for round in 1..4 {
        let wakes = (0..50).map(|_| house.waker.wake(&name, "ann", MINUTE, |_| {}));
        let doors = futures::future::join_all(wakes).await;
        let door = house.record().status.door.clone().unwrap();
        assert!(doors.into_iter().all(|answer| answer.unwrap() == door));
        assert_eq!(house.starts(), round);
        house.want(false).await;
        house.settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_start_may_come_to() {
    for (fates, want, starts, words) in [
        (vec![Fate::Fails(false)], "Failed CloneFailed off", 1, "cannot be reached"),
        (vec![Fate::Fails(true)], "Failed CloneFailed off", 3, "cannot be reached"),
        (vec![Fate::Fails(true), Fate::Ready], "Running - on", 2, ""),
        (vec![Fate::Refused(false)], "Failed EditorMissing off", 1, "no editor"),
        (vec![Fate::Refused(true)], "Failed DiskFull off", 3, "full"),
        (vec![Fate::Refused(true), Fate::Dies, Fate::Ready], "Running - on", 3, ""),
        (vec![Fate::Dies], "Failed AgentLost off", 3, "ended while it was starting"),
        (vec![Fate::Slow], "Failed StartTimedOut off", 1, "not up after 600 s"),
    ] {
        let house = House::new(&fates).await;
        house.want(true).await;
        let name = "hello".parse().unwrap();
        let outcome = house.waker.wake(&name, "ann", 20 * MINUTE, |_| {}).await;
        house.settle().await;
        assert_eq!((house.told().as_str(), house.starts()), (want, starts));
        match outcome {
            Ok(_) => assert!(want.starts_with("Running")),
            Err(WakeError::Failed { message, .. }) => assert!(message.contains(words), "{message}"),
            Err(error) => panic!("{want}: {error}"),
        }
        assert_eq!(house.runtime.count(), usize::from(want.starts_with("Running")), "something is left");
        // What failed starts with the next wake, and with nothing else.
        if want.starts_with("Failed") {
            pass(10 * MINUTE).await;
            assert_eq!(house.starts(), starts);
            *house.runtime.fate.lock().unwrap() = vec![Fate::Ready];
            house.waker.wake(&name, "ann", MINUTE, |_| {}).await.unwrap();
            assert_eq!((house.told().as_str(), house.starts()), ("Running - on", starts + 1));
            assert!(house.record().status.log_tail.is_none());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_cannot_be_made_is_said() {
    let house = House::new(&[Fate::Ready]).await;
    house.change(|spec| (spec.devfile, spec.running) = (Some("bad".into()), true)).await;
    house.settle().await;
    assert_eq!((house.told().as_str(), house.starts()), ("Failed PlanImpossible off", 0));
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_announced_and_can_be_stopped() {
    let house = House::with(&[Fate::Fails(true)], Config { retry_after: MINUTE, ..config() }, &["hello"]).await;
    house.want(true).await;
    house.settle().await;
    let status = house.record().status.clone();
    assert_eq!((status.phase, status.failures, status.log_tail.as_deref()), (Phase::Starting, 1, Some("fatal: no")));
    assert!(status.message.unwrap().ends_with("trying again in 60 s (1 of 2)"));
    house.want(false).await;
    house.settle().await;
    assert!(house.told().starts_with("Stopped"), "{}", house.told());
    pass(5 * MINUTE).await;
    assert_eq!(house.starts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_can_be_stopped() {
    let house = House::new(&[Fate::Slow]).await;
    house.want(true).await;
    house.settle().await;
    assert_eq!(house.told(), "Starting - on");
    assert!(house.record().status.door.is_some(), "logs can be read while it starts");
    house.want(false).await;
    house.settle().await;
    assert_eq!((house.told().as_str(), house.runtime.count()), ("Stopped Stopped off", 0));
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_the_records_whoever_reconciles() {
    let mut house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    let ask =
        |instance: Option<String>| move |spec: &mut dormer_core::workspace::Spec| spec.restart.clone_from(&instance);
    let first = house.record().status.instance.clone();
    house.change(ask(first.clone())).await;
    house.settle().await;
    assert_eq!((house.told().as_str(), house.starts(), house.runtime.count()), ("Running - on", 2, 1));
    let second = house.record().status.instance.clone();
    assert_ne!(first, second);
    assert_eq!(house.store.reasons("hello"), ["Starting", "Ready", "Stopping", "Starting", "Ready"]);

    // The gateway ends before it did anything about it, and in the middle of it.
    house.close().await;
    house.change(ask(second.clone())).await;
    house.restart_closed().await;
    assert_eq!((house.told().as_str(), house.starts()), ("Running - on", 3));
    house.close().await;
    house.change(ask(house.record().status.instance.clone())).await;
    house.settle().await;
    let mut record = (*house.record()).clone();
    record.version += 1;
    record.status.phase = Phase::Stopping;
    house.store.put(record);
    house.runtime.stop(&house.record(), MINUTE).await.unwrap();
    house.restart_closed().await;
    assert_eq!((house.told().as_str(), house.starts(), house.runtime.count()), ("Running - on", 4, 1));
}

#[tokio::test(start_paused = true)]
async fn what_sleeps_for_long_is_deleted_where_its_record_says_so() {
    let day = 24 * 60 * MINUTE;
    let house = House::with(&[Fate::Ready], config(), &["hello", "kept", "archived"]).await;
    for name in ["hello", "archived"] {
        modify(&*house.store, &name.parse().unwrap(), |_, spec| {
            spec.lifecycle.delete_after_stopped = Some(86_400);
            spec.archived = name == "archived";
            true
        })
        .await
        .unwrap();
    }
    house.want(true).await;
    house.settle().await;
    house.want(false).await;
    house.settle().await;
    pass(day / 2).await;
    assert_eq!(house.told(), "Stopped Stopped off");
    house.want(true).await;
    house.settle().await;
    house.want(false).await;
    house.settle().await;
    pass(day - MINUTE).await;
    assert_eq!(house.told(), "Stopped Stopped off", "it counts from the last stop");
    pass(2 * MINUTE).await;
    assert!(house.directory.get("hello").is_none());
    assert_eq!(*house.runtime.erased.lock().unwrap(), ["uid-hello"]);
    assert!(house.directory.get("kept").is_some() && house.directory.get("archived").is_some());
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_gone_is_noticed_and_the_next_wake_starts_another() {
    let house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    house.runtime.kill("uid-hello");
    house.settle().await;
    assert_eq!((house.told().as_str(), house.runtime.count()), ("Failed AgentLost off", 0));
    assert_eq!(house.record().status.log_tail.as_deref(), Some("last words"));
    house.waker.wake(&"hello".parse().unwrap(), "ann", MINUTE, |_| {}).await.unwrap();
    assert_eq!(house.starts(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_there_means_sleep() {
    let house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    let entry = house.entry();
    pass(9 * MINUTE).await;
    // An open socket is nothing; typing is.
    let session = Live::session(&entry);
    entry.live.touch(house.now(), ActivityKind::Terminal);
    pass(9 * MINUTE).await;
    assert_eq!(house.told(), "Running - on");
    house.runtime.say("uid-hello", |agent| {
        agent.activity = Some(Activity { at: agent_time(9 * 2 + 5), kind: ActivityKind::Editor });
    });
    pass(9 * MINUTE).await;
    assert_eq!(house.told(), "Running - on", "a time in the future counts as now");
    pass(2 * MINUTE).await;
    assert_eq!(house.told(), "Stopped Idle off");
    assert_eq!(house.record().status.message.as_deref(), Some("nobody used it for 10 min"));
    drop(session);
}

fn agent_time(minute: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_000_000 + 60 * minute).unwrap()
}

#[tokio::test(start_paused = true)]
async fn work_keeps_awake_where_it_counts() {
    for (counts, want) in [(true, "Running - on"), (false, "Stopped Idle off")] {
        let house = House::with(&[Fate::Ready], Config { keep_alive_when_busy: counts, ..config() }, &["hello"]).await;
        house.want(true).await;
        house.settle().await;
        house.runtime.say("uid-hello", |agent| agent.busy = true);
        pass(25 * MINUTE).await;
        assert_eq!(house.told(), want);
        if counts {
            house.runtime.say("uid-hello", |agent| agent.busy = false);
            pass(9 * MINUTE).await;
            assert_eq!(house.told(), want, "its end counts");
            pass(2 * MINUTE).await;
            assert_eq!(house.told(), "Stopped Idle off");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn people_who_may_be_reading_are_warned() {
    let house = House::with(&[Fate::Ready], Config { warn_before: MINUTE, ..config() }, &["hello"]).await;
    house.want(true).await;
    house.settle().await;
    let entry = house.entry();
    let _session = Live::session(&entry);
    pass(9 * MINUTE + MINUTE / 2).await;
    assert_eq!(house.told(), "Running IdleSoon on");
    entry.live.touch(house.now(), ActivityKind::Editor);
    pass(MINUTE).await;
    assert_eq!(house.told(), "Running - on");
    pass(10 * MINUTE).await;
    assert_eq!(house.told(), "Stopped Idle off");
    assert_eq!(house.store.reasons("hello").iter().filter(|reason| *reason == "IdleSoon").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_life_has_an_end() {
    let house = House::new(&[Fate::Ready]).await;
    house.change(|spec| (spec.running, spec.lifecycle.max_lifetime) = (true, Some(300))).await;
    house.settle().await;
    for _ in 0..6 {
        house.entry().live.touch(house.now(), ActivityKind::Ssh);
        pass(MINUTE).await;
    }
    assert_eq!(house.told(), "Stopped Expired off");
}

#[tokio::test(start_paused = true)]
async fn deleted_in_any_phase() {
    for (fate, running) in [(Fate::Ready, false), (Fate::Ready, true), (Fate::Slow, true), (Fate::Fails(true), true)] {
        let house = House::new(&[fate]).await;
        house.want(running).await;
        house.settle().await;
        house.store.mark_deleted(&"hello".parse().unwrap()).await.unwrap();
        house.settle().await;
        assert!(house.directory.get("hello").is_none());
        assert_eq!((house.runtime.count(), house.runtime.erased.lock().unwrap().len()), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_workspace_of_an_old_name_is_another() {
    let house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    let name = "hello".parse().unwrap();
    house.store.mark_deleted(&name).await.unwrap();
    house.settle().await;
    let spec = dormer_core::workspace::fixture("hello", "bob").spec;
    house.store.create(&name, spec).await.unwrap();
    house.settle().await;
    assert_eq!(house.told(), "Stopped - off");
}

#[tokio::test(start_paused = true)]
async fn archived_sleeps_and_comes_back() {
    let house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    house.change(|spec| spec.archived = true).await;
    house.settle().await;
    assert_eq!((house.told().as_str(), house.runtime.count()), ("Archived Archived on", 0));
    house.change(|spec| (spec.archived, spec.running) = (false, false)).await;
    house.settle().await;
    assert_eq!(house.told(), "Stopped - off");
}

#[tokio::test(start_paused = true)]
async fn another_gateway_goes_on() {
    let mut house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    let before = house.record();
    house.restart().await;
    pass(5 * MINUTE).await;
    let after = house.record();
    assert_eq!((house.told().as_str(), house.starts()), ("Running - on", 1));
    assert_eq!((&after.status.instance, after.status.since), (&before.status.instance, before.status.since));
    pass(6 * MINUTE).await;
    assert_eq!(house.told(), "Stopped Idle off", "it counts on");

    house.want(true).await;
    house.settle().await;
    house.close().await;
    house.runtime.kill("uid-hello");
    house.restart_closed().await;
    assert_eq!(house.told(), "Failed AgentLost off", "it ended while nobody looked");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_sleeping_one_is_stopped() {
    let mut house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    house.close().await;
    // By its record it sleeps: written by hand, or restored from a copy.
    let mut record = (*house.record()).clone();
    record.version += 10;
    record.spec.running = false;
    record.status.phase = Phase::Stopped;
    house.store.put(record);
    house.restart_closed().await;
    assert_eq!((house.runtime.count(), house.told().as_str()), (0, "Stopped - off"));
}

#[tokio::test(start_paused = true)]
async fn sleeping_ones_cost_nothing() {
    let names: Vec<String> = (0..300).map(|number| format!("w{number}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("hello");
    let house = House::with(&[Fate::Ready], config(), &names).await;
    let cost = || {
        let looks = house.runtime.looks.load(Ordering::SeqCst);
        (looks, house.store.status_writes(), house.store.activity_writes())
    };
    let before = cost();
    assert_eq!(before, (301, 0, 0), "one look at each for what an earlier gateway left");
    pass(600 * MINUTE).await;
    assert_eq!(cost(), before);
    house.want(true).await;
    house.settle().await;
    assert_eq!(house.starts(), 1);
    assert!(cost().0 - before.0 < 20, "others were looked at");
}

#[tokio::test(start_paused = true)]
async fn activity_is_written_seldom() {
    let house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    for _ in 0..600 {
        house.entry().live.touch(house.now(), ActivityKind::Navigation);
        pass(Duration::from_secs(1)).await;
    }
    let writes = house.store.activity_writes();
    assert!((8..=11).contains(&writes), "{writes}");
    assert_eq!(house.record().status.last_activity.as_ref().unwrap().kind, ActivityKind::Navigation);
}

#[tokio::test(start_paused = true)]
async fn everything_stops_with_the_gateway_when_told_so() {
    let house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    assert!(house.reconciler().stop_all(Duration::from_secs(5)).await);
    assert_eq!((house.told().as_str(), house.runtime.count()), ("Stopped GatewayStopped off", 0));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_tried_again() {
    let house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.store.set_broken(true);
    pass(MINUTE).await;
    assert_eq!((house.told().as_str(), house.starts()), ("Stopped - on", 0));
    house.store.set_broken(false);
    pass(MINUTE).await;
    assert_eq!(house.told(), "Running - on");
}
