use super::*;
use crate::token::Tokens;
use dormer_core::account::ProjectMember;
use dormer_core::fixture::clock::{clock, pass};
use dormer_core::fixture::people::{People, user};
use dormer_core::principal::Scope;

async fn with_token() -> (Arc<People>, Arc<Authenticator>, Arc<std::sync::atomic::AtomicI64>, String) {
    let accounts = Arc::new(People::default());
    let (clock, hand) = clock();
    accounts.add_user(user("ann")).await.unwrap();
    let authenticator = Authenticator::open(accounts.clone(), clock.clone()).await.unwrap();
    let tokens = Tokens::new(accounts.clone(), authenticator.clone(), clock);
    let life = Duration::from_secs(7200);
    let (text, _) = tokens.mint(&"ann".parse().unwrap(), "t", Scope::All, Some(life)).await.unwrap();
    (accounts, authenticator, hand, text.expose().clone())
}

#[tokio::test]
async fn what_takes_a_right_away_fires_the_signal() {
    for (change, fired) in [
        (User { groups: vec!["blue".into(), "red".into()], ..user("ann") }, false),
        (User { display_name: Some("Ann".into()), ..user("ann") }, false),
        (User { admin: true, ..user("ann") }, false),
        (User { groups: Vec::new(), ..user("ann") }, true),
        (User { disabled: true, ..user("ann") }, true),
    ] {
        let (accounts, authenticator, _, token) = with_token().await;
        let known = authenticator.token(&token).unwrap();
        accounts.put_user(change.clone()).await.unwrap();
        authenticator.refresh().await.unwrap();
        assert_eq!(known.revoked.is_cancelled(), fired, "{change:?}");
        let after = authenticator.token(&token);
        assert_eq!(after.is_none(), change.disabled, "{change:?}");
        if let Some(after) = after {
            assert_eq!(after.principal.groups, change.groups);
            assert_eq!(after.principal.admin, change.admin);
            assert!(!after.revoked.is_cancelled());
        }
        // What holds the old answer is told of a later loss as well.
        accounts.remove_user(&"ann".parse().unwrap()).await.unwrap();
        authenticator.refresh().await.unwrap();
        assert!(known.revoked.is_cancelled());
    }
}

#[tokio::test]
async fn a_role_that_is_taken_away_fires_the_signal_and_a_project_that_is_gone_does_not() {
    let ann: UserName = "ann".parse().unwrap();
    let member = |role| ProjectMember { user: Some("ann".parse().unwrap()), group: None, role };
    let project = |members| Project {
        name: "p".parse().unwrap(),
        display_name: None,
        members,
        created_at: Timestamp::UNIX_EPOCH,
    };
    for (after, fired) in [
        (Some(vec![member(Role::Admin)]), false),
        (Some(vec![member(Role::Viewer)]), true),
        (Some(Vec::new()), true),
        (None, false),
    ] {
        let (accounts, authenticator, _, token) = with_token().await;
        accounts.add_project(project(vec![member(Role::Editor)])).await.unwrap();
        authenticator.refresh().await.unwrap();
        let known = authenticator.token(&token).unwrap();
        assert_eq!(known.principal.role_in("p"), Some(Role::Editor));
        match after.clone() {
            Some(members) => accounts.put_project(project(members)).await.unwrap(),
            None => accounts.remove_project(&"p".parse().unwrap()).await.unwrap(),
        }
        authenticator.refresh().await.unwrap();
        assert_eq!(known.revoked.is_cancelled(), fired, "{after:?}");
        accounts.remove_user(&ann).await.unwrap();
        authenticator.refresh().await.unwrap();
        assert!(known.revoked.is_cancelled());
    }
}

#[tokio::test]
async fn another_process_change_is_followed_and_uses_are_written() {
    let (accounts, authenticator, _, token) = with_token().await;
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(authenticator.clone().follow(shutdown.clone()));
    let known = authenticator.token(&token).unwrap();
    let id = accounts.load().await.unwrap().tokens[0].id.clone();
    accounts.remove_token(&id).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), known.revoked.cancelled()).await.unwrap();
    assert!(authenticator.token(&token).is_none());
    shutdown.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn expiry_fires_without_anybody_asking() {
    let (_accounts, authenticator, hand, token) = with_token().await;
    let known = authenticator.token(&token).unwrap();
    pass(&hand, Duration::from_secs(7200));
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(authenticator.follow(shutdown.clone()));
    tokio::time::timeout(Duration::from_secs(5), known.revoked.cancelled()).await.unwrap();
    shutdown.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn last_use_is_written_once_an_hour() {
    let (accounts, authenticator, hand, token) = with_token().await;
    for _ in 0..3 {
        authenticator.token(&token).unwrap();
        authenticator.tidy().await;
    }
    assert_eq!(accounts.used().len(), 1);
    pass(&hand, Duration::from_secs(3600));
    authenticator.token(&token).unwrap();
    authenticator.refresh().await.unwrap();
    authenticator.tidy().await;
    assert_eq!(accounts.used().len(), 2, "a new snapshot forgets no use");
}
