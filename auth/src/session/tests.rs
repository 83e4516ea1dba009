use super::*;
use crate::link::Links;
use dormer_core::fixture::clock::{clock, pass};
use dormer_core::fixture::people::{People, user};
use std::sync::atomic::AtomicI64;

const APEX: &str = "dormer.test";
const HELLO: &str = "hello.dormer.test";

struct House {
    accounts: Arc<People>,
    authenticator: Arc<Authenticator>,
    sessions: Sessions,
    links: Links,
    hand: Arc<AtomicI64>,
}

async fn house() -> House {
    let accounts = Arc::new(People::default());
    let (clock, hand) = clock();
    accounts.add_user(user("ann")).await.unwrap();
    let authenticator = Authenticator::open(accounts.clone(), clock.clone()).await.unwrap();
    let vault = Arc::new(Vault::new(&[5; 32]).unwrap());
    let sessions = Sessions::new(accounts.clone(), authenticator.clone(), clock.clone(), vault);
    let links = Links::new(accounts.clone(), clock);
    House { accounts, authenticator, sessions, links, hand }
}

impl House {
    async fn link(&self) -> Secret {
        self.links.mint(&"ann".parse().unwrap(), Duration::from_secs(60)).await.unwrap()
    }

    fn who(&self, session: &SignedIn, host: &str) -> Option<Known> {
        self.authenticator.session(session.cookie.expose(), host)
    }

    /// Signs in on the apex, and from there on the workspace's host.
    async fn signed_in(&self) -> (SignedIn, SignedIn) {
        let apex = self.sessions.sign_in_with_link(self.link().await.expose(), APEX, None).await.unwrap();
        let known = self.who(&apex, APEX).unwrap();
        let ticket = self.sessions.ticket(&known, HELLO, digest("binding")).unwrap().unwrap();
        let host = self.sessions.exchange(ticket.expose(), HELLO, "binding").await.unwrap();
        (apex, host)
    }
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let house = house().await;
    let link = house.link().await;
    let session = house.sessions.sign_in_with_link(link.expose(), APEX, None).await.unwrap();
    assert_eq!(house.who(&session, APEX).unwrap().principal.user.as_str(), "ann");
    let again = house.sessions.sign_in_with_link(link.expose(), APEX, None).await;
    assert!(matches!(again, Err(SignInError::Invalid)));

    let late = house.link().await;
    pass(&house.hand, Duration::from_secs(60));
    for bad in [late.expose().as_str(), "", "guessed", &"x".repeat(1 << 20)] {
        let refused = house.sessions.sign_in_with_link(bad, APEX, None).await;
        assert!(matches!(refused, Err(SignInError::Invalid)), "{bad:.60}");
    }
    house.accounts.put_user(dormer_core::account::User { disabled: true, ..user("ann") }).await.unwrap();
    house.authenticator.refresh().await.unwrap();
    let shut_out = house.sessions.sign_in_with_link(house.link().await.expose(), APEX, None).await;
    assert!(matches!(shut_out, Err(SignInError::Disabled)));
}

#[tokio::test]
async fn a_session_works_on_its_host_only_and_ends() {
    let house = house().await;
    let (apex, host) = house.signed_in().await;
    assert!(house.who(&apex, APEX).is_some() && house.who(&host, HELLO).is_some());
    for other in [APEX, "bye.dormer.test", "3000--hello.dormer.test", "HELLO.dormer.test", ""] {
        assert!(house.who(&host, other).is_none(), "{other}");
    }
    assert!(house.who(&apex, HELLO).is_none());
    for bad in ["", "guessed", &"x".repeat(1 << 20)] {
        assert!(house.authenticator.session(bad, APEX).is_none());
    }
    let (one, two) = (house.who(&apex, APEX).unwrap(), house.who(&host, HELLO).unwrap());
    pass(&house.hand, LIFE - Duration::from_secs(1));
    assert!(house.who(&apex, APEX).is_some());
    pass(&house.hand, Duration::from_secs(1));
    assert!(house.who(&apex, APEX).is_none() && house.who(&host, HELLO).is_none());
    house.authenticator.refresh().await.unwrap();
    assert!(one.revoked.is_cancelled() && two.revoked.is_cancelled());
}

#[tokio::test]
async fn sign_out_ends_the_hosts_sessions_too() {
    let house = house().await;
    let (apex, host) = house.signed_in().await;
    let other = house.sessions.sign_in_with_link(house.link().await.expose(), APEX, None).await.unwrap();
    let (one, two) = (house.who(&apex, APEX).unwrap(), house.who(&host, HELLO).unwrap());
    house.sessions.sign_out(&one).await.unwrap();
    assert!(house.who(&apex, APEX).is_none() && house.who(&host, HELLO).is_none());
    assert!(one.revoked.is_cancelled() && two.revoked.is_cancelled());
    assert!(house.who(&other, APEX).is_some(), "another browser stays signed in");
}

#[tokio::test]
async fn a_ticket_of_a_session_that_ended_meanwhile_is_worth_nothing() {
    let house = house().await;
    let (apex, _) = house.signed_in().await;
    let known = house.who(&apex, APEX).unwrap();
    let ticket = house.sessions.ticket(&known, HELLO, digest("binding")).unwrap().unwrap();
    house.sessions.sign_out(&known).await.unwrap();
    let refused = house.sessions.exchange(ticket.expose(), HELLO, "binding").await;
    assert!(matches!(refused, Err(SignInError::Invalid)));
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_and_use_on_a_workspaces_host_keeps_it() {
    let house = house().await;
    house.authenticator.end_idle_sessions(Some(Duration::from_secs(7 * 24 * 3600)));
    let (apex, host) = house.signed_in().await;
    for _ in 0..3 {
        pass(&house.hand, Duration::from_secs(6 * 24 * 3600));
        assert!(house.who(&host, HELLO).is_some());
    }
    let known = house.who(&apex, APEX).unwrap();
    pass(&house.hand, Duration::from_secs(7 * 24 * 3600 + 3600));
    assert!(house.who(&apex, APEX).is_none() && house.who(&host, HELLO).is_none());
    house.authenticator.refresh().await.unwrap();
    assert!(known.revoked.is_cancelled());
}

#[tokio::test]
async fn everywhere_else_and_one_of_many() {
    let house = house().await;
    let (apex, _) = house.signed_in().await;
    let (second, host) = house.signed_in().await;
    let (third, _) = house.signed_in().await;
    let ann: UserName = "ann".parse().unwrap();
    let known = house.who(&apex, APEX).unwrap();
    let Via::Session(mine) = &known.principal.via else { panic!() };
    let all = house.sessions.list(&ann).await.unwrap();
    assert_eq!(all.len(), 3, "those below are not told apart");
    let other = all.iter().find(|session| session.digest == digest(second.cookie.expose())).unwrap();
    assert!(house.sessions.end(&"bob".parse().unwrap(), &other.id).await.is_err(), "somebody else's");
    house.sessions.end(&ann, &other.id).await.unwrap();
    assert!(house.who(&second, APEX).is_none() && house.who(&host, HELLO).is_none());
    house.sessions.end_all(&ann, Some(mine)).await.unwrap();
    assert!(house.who(&third, APEX).is_none() && house.who(&apex, APEX).is_some());
    house.sessions.end_all(&ann, None).await.unwrap();
    assert!(known.revoked.is_cancelled());
}
