use super::*;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use dormer_core::fixture::clock::{clock, pass};
use dormer_core::fixture::people::People;

use crate::vault::Vault;

/// Two replicas, and the hand of their clock.
fn replicas() -> (Devices, Devices, Arc<AtomicI64>) {
    let (accounts, (clock, hand)) = (Arc::new(People::default()), clock());
    let one = || {
        let vault = Arc::new(Vault::new(&[9; 32]).unwrap());
        Devices::new(Briefs::new(accounts.clone(), clock.clone(), vault))
    };
    (one(), one(), hand)
}

fn second(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn ann() -> UserName {
    "ann".parse().unwrap()
}

#[tokio::test]
async fn a_typed_code_is_good_once_and_for_a_while_at_any_replica() {
    let (one, two, hand) = replicas();
    let (device, code) = one.begin("laptop", "10.0.0.1").await.unwrap();
    let device = device.expose();
    assert_eq!((code.len(), code.as_bytes()[4]), (9, b'-'));
    assert_eq!(two.poll(device).await.unwrap(), Outcome::Waiting);
    assert_eq!(two.poll(device).await.unwrap(), Outcome::TooSoon);
    assert_eq!(two.poll("guessed").await.unwrap(), Outcome::Over);
    let typed = code.to_lowercase().replace('-', " ");
    assert_eq!(two.machine(&typed).await.unwrap().as_deref(), Some("laptop"));
    assert!(two.answer(&typed, Some(&ann())).await.unwrap());
    for replica in [&one, &two] {
        assert!(!replica.answer(&code, None).await.unwrap(), "answered already");
    }
    pass(&hand, INTERVAL);
    let (a, b) = tokio::join!(one.poll(device), two.poll(device));
    let mut got = [a.unwrap(), b.unwrap()];
    got.sort_by_key(|outcome| *outcome == Outcome::Over);
    assert_eq!(got, [Outcome::Granted(ann(), "laptop".into()), Outcome::Over], "one of two that ask at once");

    let (device, code) = one.begin("laptop", "10.0.0.1").await.unwrap();
    assert!(two.answer(&code, None).await.unwrap());
    assert_eq!(one.poll(device.expose()).await.unwrap(), Outcome::Denied);
    let (device, code) = one.begin("laptop", "10.0.0.1").await.unwrap();
    pass(&hand, LIFE);
    assert!(!two.answer(&code, Some(&ann())).await.unwrap());
    assert_eq!(one.poll(device.expose()).await.unwrap(), Outcome::Over);
}

#[tokio::test]
async fn codes_cannot_be_guessed_by_trying() {
    let (devices, _, hand) = replicas();
    let (_, code) = devices.begin("laptop", "10.0.0.1").await.unwrap();
    for _ in 0..MAX_MISSES {
        assert_eq!(devices.machine("BBBB-BBBB").await.unwrap(), None);
    }
    assert_eq!(devices.machine(&code).await.unwrap(), None, "too many were wrong");
    pass(&hand, second(60));
    assert!(devices.machine(&code).await.unwrap().is_some());
}

#[tokio::test]
async fn not_endlessly_many() {
    let (devices, _, hand) = replicas();
    for number in 0..MAX_OF_PEER {
        devices.begin("laptop", "10.0.0.1").await.unwrap_or_else(|_| panic!("{number}"));
    }
    pass(&hand, second(599));
    assert!(matches!(devices.begin("laptop", "10.0.0.1").await, Err(SignInError::Busy)));
    for number in MAX_OF_PEER..MAX {
        devices.begin("laptop", &format!("10.0.1.{}", number / MAX_OF_PEER)).await.unwrap();
    }
    assert!(matches!(devices.begin("laptop", "10.0.0.254").await, Err(SignInError::Busy)));
    pass(&hand, second(1));
    assert!(devices.begin("laptop", "10.0.0.1").await.is_ok());
}

#[tokio::test]
async fn a_handed_code_is_worth_nothing_to_who_only_saw_it() {
    let verifier = "v".repeat(43);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    for (verifier, after, want) in [
        (verifier.as_str(), 59, true),
        (&verifier, 60, false),
        (&"w".repeat(43), 1, false),
        (&challenge, 1, false),
        ("", 1, false),
    ] {
        let (one, two, hand) = replicas();
        let code = one.hand(&ann(), "laptop", &challenge).unwrap();
        pass(&hand, second(after));
        assert_eq!(two.take("guessed", verifier).await.unwrap(), None);
        assert_eq!(two.take(code.expose(), verifier).await.unwrap().is_some(), want, "{after}");
        for replica in [&one, &two] {
            assert_eq!(replica.take(code.expose(), verifier).await.unwrap(), None, "once");
        }
    }
    let (one, _, _) = replicas();
    let (device, _) = one.begin("laptop", "10.0.0.1").await.unwrap();
    assert_eq!(
        one.take(device.expose(), &verifier).await.unwrap(),
        None,
        "what is sealed for one thing opens no other"
    );
}
