//! What a runtime knows better than an agent.

use std::sync::atomic::Ordering;
use std::time::Duration;

use dormer_core::ports::runtime::Outlook;

use super::house::{Fate, House};

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_said_and_waited_for() {
    let house = House::new(&[Fate::Ready]).await;
    house.runtime.tell(None, true);
    house.want(true).await;
    house.settle().await;
    assert_eq!(house.told(), "Starting - on");
    house.runtime.tell(Some(("Unschedulable", Outlook::MayPass)), true);
    house.settle().await;
    assert_eq!(house.told(), "Starting Unschedulable on");
    assert_eq!(house.record().status.message.as_deref(), Some("so it is"));
    house.runtime.tell(None, false);
    house.settle().await;
    assert_eq!((house.told().as_str(), house.starts()), ("Running - on", 1));
    assert_eq!(house.store.reasons("hello"), ["Starting", "Unschedulable", "Ready"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_former_leader_began_goes_where_the_record_is_of_another_start() {
    let house = House::new(&[Fate::Ready, Fate::Ready]).await;
    house.runtime.tell(None, true);
    house.want(true).await;
    house.settle().await;
    assert_eq!((house.told().as_str(), house.starts()), ("Starting - on", 1));
    // Another leader wrote down a start of its own, and was none any more before it had made it.
    house.store.change("hello", |workspace| workspace.status.instance = Some("another".into()));
    house.settle().await;
    assert_eq!((house.told().as_str(), house.starts()), ("Starting - on", 2));
    house.runtime.tell(None, false);
    house.settle().await;
    assert_eq!((house.told().as_str(), house.starts()), ("Running - on", 2));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_tells_of_is_asked_for() {
    let house = House::new(&[Fate::Ready]).await;
    house.runtime.tell(None, true);
    house.want(true).await;
    house.settle().await;
    // An event: nothing of the pod changes with it.
    *house.runtime.trouble.lock().unwrap() = Some(dormer_core::ports::runtime::Trouble {
        reason: "SecretMissing".into(),
        message: "the secret 'a' does not exist".into(),
        outlook: Outlook::Final,
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((house.told().as_str(), house.runtime.count()), ("Failed SecretMissing off", 0));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_ends_the_start_and_may_be_tried_again() {
    for (outlook, starts) in [(Outlook::Final, 1), (Outlook::Retry, 3)] {
        let house = House::new(&[Fate::Ready]).await;
        house.runtime.tell(Some(("ImageNotFound", outlook)), true);
        house.want(true).await;
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!((house.told().as_str(), house.starts()), ("Failed ImageNotFound off", starts), "{outlook:?}");
        assert_eq!(house.runtime.count(), 0);
        assert_eq!(house.record().status.log_tail.as_deref(), Some("last words"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_is_noticed_although_nobody_hung_up() {
    let house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    assert_eq!(house.told(), "Running - on");
    house.runtime.lose(&house.record().uid);
    house.runtime.tell(Some(("OutOfMemory", Outlook::Final)), false);
    house.settle().await;
    assert_eq!(house.told(), "Failed OutOfMemory off");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_needs_a_restart_says_so() {
    let house = House::new(&[Fate::Ready]).await;
    house.want(true).await;
    house.settle().await;
    let pending = || house.record().status.notes.contains_key("restart");
    assert!(!pending());
    house.runtime.outdated.store(true, Ordering::SeqCst);
    house.change(|spec| spec.resources.memory = Some("2Gi".into())).await;
    house.settle().await;
    assert!(pending() && house.told() == "Running - on", "{}", house.told());
    house.runtime.outdated.store(false, Ordering::SeqCst);
    house.change(|spec| spec.resources.memory = None).await;
    house.settle().await;
    assert!(!pending());
    assert_eq!(house.starts(), 1);
}
