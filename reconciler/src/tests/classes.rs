use std::time::Duration;

use dormer_core::class::{Class, ClassSpec, Limits};
use dormer_core::ports::classes::Classes as _;

use super::house::{Fate, House};

fn class(name: &str, spec: ClassSpec) -> Class {
    Class { name: name.into(), created_at: None, spec }
}

#[tokio::test(start_paused = true)]
async fn a_class_says_when_its_workspaces_sleep() {
    let house = House::new(&[Fate::Ready]).await;
    let mut short = class("short", ClassSpec::default());
    short.spec.defaults.lifecycle.idle_timeout = Some(60);
    house.classes.add(short.clone()).await.unwrap();
    house.change(|spec| (spec.class, spec.running) = ("short".into(), true)).await;
    house.settle().await;
    assert_eq!(house.told(), "Running - on");
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(house.told(), "Running - on");
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(house.told(), "Stopped Idle off", "after a minute, although the house says ten");

    // Its own word counts, within what the class allows.
    house.change(|spec| (spec.lifecycle.idle_timeout, spec.running) = (Some(0), true)).await;
    house.settle().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(house.told(), "Running - on", "it says never");
    let limits = Limits { idle_timeout: Some(120), ..Limits::default() };
    house.classes.put(class("short", ClassSpec { limits, ..ClassSpec::default() })).await.unwrap();
    house.want(false).await;
    house.settle().await;
    house.want(true).await;
    house.settle().await;
    tokio::time::sleep(Duration::from_secs(130)).await;
    assert_eq!(house.told(), "Stopped Idle off", "never is more than its class allows");
}

#[tokio::test(start_paused = true)]
async fn a_class_that_is_not_there_is_said_with_the_one_that_was_meant() {
    let house = House::new(&[Fate::Ready]).await;
    house.classes.add(class("large", ClassSpec::default())).await.unwrap();
    house.change(|spec| (spec.class, spec.running) = ("larg".into(), true)).await;
    house.settle().await;
    assert_eq!(house.told(), "Failed ClassMissing off");
    let message = house.record().status.message.clone().unwrap();
    assert_eq!(message, "there is no class 'larg'; did you mean 'large'?");
    house.change(|spec| (spec.class, spec.running) = ("large".into(), true)).await;
    house.settle().await;
    assert_eq!(house.told(), "Running - on");
}
