use jiff::{Timestamp, ToSpan as _};

use dormer_core::account::{Brief, Key, Link, Session, Token, User};
use dormer_core::ports::accounts::{AccountError, Accounts as _};
use dormer_core::principal::Scope;

use crate::records::{LocalStore, open};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn user(name: &str) -> User {
    User {
        name: name.parse().unwrap(),
        display_name: Some("Ann Ünïcode".into()),
        groups: vec!["a".into(), "b".into()],
        admin: true,
        disabled: false,
        created_at: at(7),
    }
}

fn token(id: &str, expires_at: Option<Timestamp>) -> Token {
    Token {
        id: id.into(),
        user: "ann".parse().unwrap(),
        name: "laptop".into(),
        digest: [u8::try_from(id.len()).unwrap(); 32],
        scope: Scope::Workspace("hello".parse().unwrap()),
        created_at: at(8),
        expires_at,
        last_used_at: None,
    }
}

fn session(id: &str, parent: Option<&str>) -> Session {
    let mut digest = [0; 32];
    digest[..id.len()].copy_from_slice(id.as_bytes());
    Session {
        id: id.into(),
        user: "ann".parse().unwrap(),
        digest,
        host: "localhost".into(),
        parent: parent.map(str::to_owned),
        created_at: at(9),
        expires_at: at(900),
        last_used_at: None,
        label: None,
    }
}

async fn with_ann(folder: &tempfile::TempDir) -> LocalStore {
    let store = open(folder.path()).await.unwrap();
    store.add_user(user("ann")).await.unwrap();
    store
}

#[tokio::test]
async fn what_was_added_is_loaded_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ann(&folder).await;
    let key = Key {
        id: "k".into(),
        user: "ann".parse().unwrap(),
        name: "laptop".into(),
        fingerprint: "SHA256:x".into(),
        key: "ssh-ed25519 AAAA".into(),
        created_at: at(10),
        last_used_at: None,
    };
    store.add_token(token("t", Some(at(99)))).await.unwrap();
    store.add_key(key.clone()).await.unwrap();
    store.add_session(session("apex", None)).await.unwrap();
    store.add_session(session("below", Some("apex"))).await.unwrap();
    store.close().await;

    let store = open(folder.path()).await.unwrap();
    let all = store.load().await.unwrap();
    assert_eq!(all.users, [user("ann")]);
    assert_eq!(all.tokens, [token("t", Some(at(99)))]);
    assert_eq!(all.keys, std::slice::from_ref(&key));
    assert_eq!(all.sessions, [session("apex", None), session("below", Some("apex"))]);

    assert!(matches!(store.add_user(user("ann")).await, Err(AccountError::Taken(_))));
    let again = Key { id: "k2".into(), ..key };
    assert!(matches!(store.add_key(again).await, Err(AccountError::Taken(what)) if what.contains("SHA256:x")));
    let nobodys = Token { user: "bob".parse().unwrap(), ..token("tt", None) };
    assert!(matches!(store.add_token(nobodys).await, Err(AccountError::NotFound(what)) if what.contains("bob")));
    assert!(matches!(store.put_user(user("bob")).await, Err(AccountError::NotFound(_))));
    for missing in [
        store.remove_token("no").await,
        store.remove_key("no").await,
        store.remove_session("no").await,
        store.remove_user(&"bob".parse().unwrap()).await,
    ] {
        assert!(matches!(missing, Err(AccountError::NotFound(_))));
    }
}

#[tokio::test]
async fn sessions_end_with_the_one_above_and_everything_with_its_user() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ann(&folder).await;
    for (id, parent) in [("a", None), ("a1", Some("a")), ("a2", Some("a")), ("b", None)] {
        store.add_session(session(id, parent)).await.unwrap();
    }
    assert!(store.add_session(session("c", Some("gone"))).await.is_err());
    store.remove_session("a").await.unwrap();
    let left = store.load().await.unwrap().sessions;
    assert_eq!(left, [session("b", None)]);
    store.add_token(token("t", None)).await.unwrap();
    store.add_link(Link { digest: [1; 32], user: "ann".parse().unwrap(), expires_at: at(100) }).await.unwrap();
    store.remove_user(&"ann".parse().unwrap()).await.unwrap();
    let all = store.load().await.unwrap();
    assert!(all.users.is_empty() && all.tokens.is_empty() && all.sessions.is_empty());
    assert!(store.take_link(&[1; 32], at(1)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_brief_is_kept_once_and_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    let brief = |expires_at| Brief { key: [7; 32], sealed: b"sealed".to_vec(), expires_at };
    for round in 0..20 {
        let kept = (0..16).map(|_| {
            let (store, brief) = (store.clone(), brief(at(100)));
            tokio::spawn(async move { store.keep_brief(brief).await.unwrap() })
        });
        let kept = futures::future::join_all(kept).await.into_iter().filter(|kept| *kept.as_ref().unwrap());
        assert_eq!(kept.count(), 1, "round {round}");
        assert_eq!(store.brief(&[7; 32], at(99)).await.unwrap().as_deref(), Some(&b"sealed"[..]));
        let taken = (0..16).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.take_brief(&[7; 32], at(99)).await.unwrap() })
        });
        let taken: Vec<Vec<u8>> =
            futures::future::join_all(taken).await.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(taken, [b"sealed".to_vec()], "round {round}");
    }
    assert!(store.keep_brief(brief(at(100))).await.unwrap());
    assert_eq!(store.brief(&[7; 32], at(100)).await.unwrap(), None, "expired");
    store.tidy(&[], at(99)).await.unwrap();
    assert!(!store.keep_brief(brief(at(100))).await.unwrap(), "there still");
    store.tidy(&[], at(100)).await.unwrap();
    assert!(store.keep_brief(brief(at(200))).await.unwrap(), "tidied away");
    assert_eq!(store.take_brief(&[7; 32], at(200)).await.unwrap(), None, "expired");
}

#[tokio::test]
async fn a_link_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ann(&folder).await;
    let link = Link { digest: [7; 32], user: "ann".parse().unwrap(), expires_at: at(100) };
    for round in 0..20 {
        store.add_link(link.clone()).await.unwrap();
        let takers = (0..16).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.take_link(&[7; 32], at(99)).await.unwrap() })
        });
        let taken = futures::future::join_all(takers).await;
        let taken: Vec<Link> = taken.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(taken, std::slice::from_ref(&link), "round {round}");
    }
    store.add_link(link.clone()).await.unwrap();
    assert_eq!(store.take_link(&[7; 32], at(100)).await.unwrap(), None, "expired");
    assert_eq!(store.take_link(&[7; 32], at(1)).await.unwrap(), None, "and gone");
}

#[tokio::test]
async fn tidying_removes_what_expired_and_notes_what_was_used() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ann(&folder).await;
    store.add_token(token("old", Some(at(50)))).await.unwrap();
    store.add_token(token("used", None)).await.unwrap();
    let mut news = store.changes();
    news.mark_unchanged();
    store.tidy(&[("used".into(), at(60)), ("unknown".into(), at(60))], at(50)).await.unwrap();
    assert!(news.has_changed().unwrap());
    news.mark_unchanged();
    store.tidy(&[("used".into(), at(59))], at(51)).await.unwrap();
    assert!(!news.has_changed().unwrap(), "nothing changed, nobody has to load again");
    let tokens = store.load().await.unwrap().tokens;
    assert_eq!(tokens, [Token { last_used_at: Some(at(60)), ..token("used", None) }]);
}

#[tokio::test]
async fn a_change_is_told_before_its_write_returns() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ann(&folder).await;
    let mut news = store.changes();
    for round in 0..20 {
        news.mark_unchanged();
        let changed = User { created_at: at(7) + 1.second(), disabled: round % 2 == 0, ..user("ann") };
        store.put_user(changed).await.unwrap();
        assert!(news.has_changed().unwrap());
        let loaded = store.load().await.unwrap().users;
        assert_eq!((loaded[0].disabled, loaded[0].created_at), (round % 2 == 0, at(7)));
    }
}
