//! People.

use std::time::{Duration, Instant};

use dormer_core::account::{
    Audited, Brief, Holder, Identity, Key, Link, Project, ProjectMember, SecretKind, Session, StoredSecret, Token, User,
};
use dormer_core::ports::accounts::{AccountError, Accounts as _, Everybody};
use dormer_core::principal::Scope;
use dormer_core::workspace::Role;
use dormer_kubernetes::accounts::Accounts;
use dormer_kubernetes::resource::people;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, ListParams};

use crate::fixture::{Place, until};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn user(name: &str) -> User {
    User {
        name: name.parse().unwrap(),
        display_name: Some("Ann Lee".into()),
        groups: vec!["dev".into()],
        admin: false,
        disabled: false,
        created_at: at(0),
    }
}

fn token(id: &str, user: &str) -> Token {
    Token {
        id: id.into(),
        user: user.parse().unwrap(),
        name: "laptop".into(),
        digest: [7; 32],
        scope: Scope::Ssh,
        created_at: at(1),
        expires_at: Some(at(4_000_000_000)),
        last_used_at: None,
    }
}

fn key(id: &str, user: &str) -> Key {
    Key {
        id: id.into(),
        user: user.parse().unwrap(),
        name: "laptop".into(),
        fingerprint: "SHA256:abc".into(),
        key: "ssh-ed25519 AAAA".into(),
        created_at: at(1),
        last_used_at: None,
    }
}

fn session(id: &str, user: &str, parent: Option<&str>) -> Session {
    Session {
        id: id.into(),
        user: user.parse().unwrap(),
        digest: [9; 32],
        host: "dev.example.org".into(),
        parent: parent.map(Into::into),
        created_at: at(1),
        expires_at: at(4_000_000_000),
        last_used_at: None,
        label: Some("Chromium on Linux".into()),
    }
}

fn identity(user: &str) -> Identity {
    Identity {
        provider: "acme".into(),
        subject: "17".into(),
        user: user.parse().unwrap(),
        login: "ann".into(),
        name: None,
        mail: None,
        groups: vec!["acme/dev".into()],
        admin: false,
        blocked: false,
        created_at: at(1),
        checked_at: at(1),
    }
}

fn secret(id: &str, holder: Holder) -> StoredSecret {
    StoredSecret {
        id: id.into(),
        holder,
        name: "npm".into(),
        kind: SecretKind::ForgeToken { host: "git.example.com".into(), username: "ann".into() },
        sealed: vec![1, 2, 3],
        created_at: at(1),
    }
}

fn ids(everybody: &Everybody) -> Vec<String> {
    let tokens = everybody.tokens.iter().map(|token| format!("token {}", token.id));
    let keys = everybody.keys.iter().map(|key| format!("key {}", key.id));
    let sessions = everybody.sessions.iter().map(|session| format!("session {}", session.id));
    let identities = everybody.identities.iter().map(|identity| format!("identity {}", identity.user));
    let secrets = everybody.secrets.iter().map(|secret| format!("secret {}", secret.id));
    tokens.chain(keys).chain(sessions).chain(identities).chain(secrets).collect()
}

pub async fn people_and_their_credentials(place: Place) {
    let accounts = Accounts::open(place.cluster.clone()).await.unwrap();
    accounts.add_user(user("ann")).await.unwrap();
    accounts.add_user(user("bob")).await.unwrap();
    assert!(matches!(accounts.add_user(user("ann")).await, Err(AccountError::Taken(_))));
    accounts.put_user(User { admin: true, ..user("ann") }).await.unwrap();
    accounts.add_token(token("t1", "ann")).await.unwrap();
    assert!(matches!(accounts.add_token(token("t2", "carol")).await, Err(AccountError::NotFound(_))));
    accounts.add_key(key("k1", "ann")).await.unwrap();
    assert!(matches!(accounts.add_key(key("k2", "bob")).await, Err(AccountError::Taken(_))), "a key is one person's");
    accounts.add_session(session("s1", "ann", None)).await.unwrap();
    accounts.add_session(session("s2", "ann", Some("s1"))).await.unwrap();
    accounts.add_session(session("s3", "ann", None)).await.unwrap();
    accounts.put_identity(identity("ann")).await.unwrap();
    accounts.put_identity(Identity { login: "lee".into(), checked_at: at(9), ..identity("ann") }).await.unwrap();
    assert!(matches!(accounts.put_identity(identity("bob")).await, Err(AccountError::Taken(_))));
    let project = Project {
        name: "team".parse().unwrap(),
        display_name: None,
        members: vec![ProjectMember { user: Some("ann".parse().unwrap()), group: None, role: Role::Admin }],
        created_at: at(1),
    };
    accounts.add_project(project.clone()).await.unwrap();
    accounts.add_secret(secret("x1", Holder::Project("team".parse().unwrap()))).await.unwrap();
    accounts.add_secret(secret("x2", Holder::User("ann".parse().unwrap()))).await.unwrap();
    let again = accounts.add_secret(secret("x3", Holder::User("ann".parse().unwrap()))).await;
    assert!(matches!(again, Err(AccountError::Taken(_))));

    let all = accounts.load().await.unwrap();
    assert_eq!(
        all.users.iter().map(|user| (user.name.as_str(), user.admin)).collect::<Vec<_>>(),
        [("ann", true), ("bob", false)]
    );
    assert_eq!(all.tokens, [token("t1", "ann")]);
    assert_eq!(all.keys, [key("k1", "ann")]);
    assert_eq!(all.sessions.len(), 3);
    assert_eq!(all.identities, [Identity { login: "lee".into(), checked_at: at(9), ..identity("ann") }]);
    assert_eq!(all.projects[0].members, project.members);
    assert_eq!(all.secrets.len(), 2);
    let of_ann = all.secrets.iter().find(|secret| secret.id == "x2").unwrap();
    assert!(*of_ann == secret("x2", Holder::User("ann".parse().unwrap())));

    accounts.put_grant("acme", "17", Some(vec![4, 5])).await.unwrap();
    assert_eq!(accounts.grant("acme", "17").await.unwrap(), Some(vec![4, 5]));
    accounts.put_grant("acme", "17", None).await.unwrap();
    assert_eq!(accounts.grant("acme", "17").await.unwrap(), None);
    accounts.put_grant("acme", "nobody", Some(vec![1])).await.unwrap();
    assert_eq!(accounts.grant("acme", "nobody").await.unwrap(), None);

    accounts.tidy(&[("t1".into(), at(500)), ("s3".into(), at(600))], at(700)).await.unwrap();
    let all = accounts.load().await.unwrap();
    assert_eq!(all.tokens[0].last_used_at, Some(at(500)));
    accounts.remove_session("s1").await.unwrap();
    assert!(!ids(&accounts.load().await.unwrap()).iter().any(|id| id == "session s1" || id == "session s2"));
    accounts.remove_sessions(&"ann".parse().unwrap(), None).await.unwrap();
    accounts.remove_token("t1").await.unwrap();
    assert!(matches!(accounts.remove_token("t1").await, Err(AccountError::NotFound(_))));
    accounts.remove_key("k1").await.unwrap();
    accounts.add_key(key("k2", "bob")).await.unwrap();
    accounts.remove_identity("acme", "17").await.unwrap();
    accounts.remove_secret("x1").await.unwrap();
    assert_eq!(ids(&accounts.load().await.unwrap()), ["key k2", "secret x2"]);
    accounts.add_token(Token { expires_at: Some(at(100)), ..token("old", "ann") }).await.unwrap();
    accounts.tidy(&[], at(700)).await.unwrap();
    assert_eq!(ids(&accounts.load().await.unwrap()), ["key k2", "secret x2"], "what expired is removed");
    accounts.close();
}

pub async fn nothing_of_a_removed_user_counts(place: Place) {
    let accounts = Accounts::open(place.cluster.clone()).await.unwrap();
    accounts.add_user(user("ann")).await.unwrap();
    accounts.add_token(token("t1", "ann")).await.unwrap();
    accounts.add_key(key("k1", "ann")).await.unwrap();
    accounts.put_identity(identity("ann")).await.unwrap();
    accounts.put_grant("acme", "17", Some(vec![1])).await.unwrap();
    accounts
        .add_link(Link { digest: [3; 32], user: "ann".parse().unwrap(), expires_at: at(4_000_000_000) })
        .await
        .unwrap();
    // By hand, at an API server that collects nothing: what is left counts for nothing.
    let users: Api<people::User> = place.cluster.own();
    users.delete("ann", &DeleteParams::default()).await.unwrap();
    until("she is gone", || async { accounts.load().await.unwrap().users.is_empty() }).await;
    assert_eq!(ids(&accounts.load().await.unwrap()), [""; 0]);
    // Nor for another of that name, who may have all of it anew.
    accounts.add_user(user("ann")).await.unwrap();
    assert_eq!(ids(&accounts.load().await.unwrap()), [""; 0]);
    assert_eq!(accounts.grant("acme", "17").await.unwrap(), None);
    assert_eq!(accounts.take_link(&[3; 32], at(5)).await.unwrap(), None);
    accounts.add_key(key("k2", "ann")).await.unwrap();
    accounts.put_identity(identity("ann")).await.unwrap();
    assert_eq!(ids(&accounts.load().await.unwrap()), ["key k2", "identity ann"]);
    accounts.remove_user(&"ann".parse().unwrap()).await.unwrap();
    assert!(accounts.load().await.unwrap().users.is_empty());
    let secrets: Api<Secret> = place.cluster.own();
    let left = secrets.list_metadata(&ListParams::default().labels("dormer.dev/record=key")).await.unwrap();
    assert!(left.items.is_empty(), "{left:?}");
    accounts.close();
}

pub async fn a_link_is_taken_once(place: Place) {
    let accounts = Accounts::open(place.cluster.clone()).await.unwrap();
    let other = Accounts::open(place.again().await).await.unwrap();
    accounts.add_user(user("ann")).await.unwrap();
    let link = Link { digest: [5; 32], user: "ann".parse().unwrap(), expires_at: at(4_000_000_000) };
    accounts.add_link(link.clone()).await.unwrap();
    let takes = (0..20).map(|at_| {
        let accounts = if at_ % 2 == 0 { accounts.clone() } else { other.clone() };
        async move { accounts.take_link(&[5; 32], at(5)).await.unwrap() }
    });
    let taken: Vec<Link> = futures::future::join_all(takes).await.into_iter().flatten().collect();
    assert_eq!(taken, std::slice::from_ref(&link));
    let late = Link { digest: [6; 32], expires_at: at(10), ..link };
    accounts.add_link(late).await.unwrap();
    assert_eq!(accounts.take_link(&[6; 32], at(11)).await.unwrap(), None);
    // What was used is used up at every replica, and what one says another one hears.
    let brief = |key| Brief { key: [key; 32], sealed: b"sealed".to_vec(), expires_at: at(100) };
    let keeps = (0..20).map(|at_| {
        let accounts = if at_ % 2 == 0 { accounts.clone() } else { other.clone() };
        async move { accounts.keep_brief(brief(1)).await.unwrap() }
    });
    assert_eq!(futures::future::join_all(keeps).await.into_iter().filter(|first| *first).count(), 1);
    assert_eq!(other.brief(&[1; 32], at(99)).await.unwrap().as_deref(), Some(&b"sealed"[..]));
    assert_eq!(other.brief(&[1; 32], at(100)).await.unwrap(), None);
    let takes = (0..20).map(|at_| {
        let accounts = if at_ % 2 == 0 { accounts.clone() } else { other.clone() };
        async move { accounts.take_brief(&[1; 32], at(99)).await.unwrap() }
    });
    assert_eq!(futures::future::join_all(takes).await.into_iter().flatten().count(), 1);
    accounts.keep_brief(brief(2)).await.unwrap();
    other.tidy(&[], at(100)).await.unwrap();
    assert!(accounts.keep_brief(brief(2)).await.unwrap(), "tidied away");
    accounts.close();
    other.close();
}

pub async fn another_replica_follows_within_a_second(place: Place) {
    let one = Accounts::open(place.cluster.clone()).await.unwrap();
    let other = Accounts::open(place.again().await).await.unwrap();
    let mut changes = other.changes();
    one.add_user(user("ann")).await.unwrap();
    one.add_token(token("t1", "ann")).await.unwrap();
    until("the other knows her", || async { ids(&other.load().await.unwrap()) == ["token t1"] }).await;
    changes.mark_unchanged();
    let revoked = Instant::now();
    one.remove_token("t1").await.unwrap();
    tokio::time::timeout(Duration::from_secs(1), changes.changed()).await.expect("no word of it").unwrap();
    assert_eq!(ids(&other.load().await.unwrap()), [""; 0]);
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    changes.mark_unchanged();
    one.put_user(User { disabled: true, ..user("ann") }).await.unwrap();
    tokio::time::timeout(Duration::from_secs(1), changes.changed()).await.expect("no word of it").unwrap();
    assert!(other.load().await.unwrap().users[0].disabled);
    one.close();
    other.close();
}

pub async fn what_was_done(place: Place) {
    let one = Accounts::open(place.cluster.clone()).await.unwrap();
    let other = Accounts::open(place.again().await).await.unwrap();
    let line = |second: i64| Audited {
        at: at(1_790_000_000 + second),
        user: "ann".into(),
        via: "token t1".into(),
        action: "workspace.delete".into(),
        target: format!("hello-{second}"),
        // Several Secrets of lines.
        detail: "x".repeat(10_000),
    };
    for second in 0..12 {
        let accounts = if second % 3 == 0 { &other } else { &one };
        accounts.audit(line(second)).await.unwrap();
    }
    let seconds =
        |lines: Vec<Audited>| -> Vec<i64> { lines.iter().map(|line| line.at.as_second() - 1_790_000_000).collect() };
    assert_eq!(seconds(one.audited(None, 100).await.unwrap()), (0..12).rev().collect::<Vec<_>>());
    assert_eq!(seconds(other.audited(Some(at(1_790_000_000 + 8)), 3).await.unwrap()), [7, 6, 5]);
    assert_eq!(one.audited(None, 1).await.unwrap(), [line(11)]);
    one.close();
    other.close();
}
