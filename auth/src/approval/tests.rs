use super::*;
use dormer_core::fixture::clock::{clock, pass};
use dormer_core::ports::accounts::Accounts as _;
use dormer_core::principal::{Principal, Scope, Via};
use tokio_util::sync::CancellationToken;

fn ann() -> Known {
    let principal = Principal {
        user: "ann".parse().unwrap(),
        groups: vec![],
        projects: vec![],
        admin: false,
        scope: Scope::All,
        via: Via::Session("s".into()),
    };
    Known { principal: Arc::new(principal), revoked: CancellationToken::new() }
}

#[tokio::test]
async fn answered_once_by_whoever_looks() {
    let (clock, hand) = clock();
    let approvals = Approvals::new(clock);
    let here: IpAddr = "10.0.0.1".parse().unwrap();
    let mut asked = approvals.ask(here, "hello\x1b[2J", "OpenSSH").unwrap();
    let code = asked.code.clone();
    assert_eq!((code.len(), tidy(&code).as_deref()), (9, Some(code.as_str())));
    assert_eq!(approvals.look(&code.to_lowercase().replace('-', " ")).await.unwrap().target, "hello[2J");
    for bad in ["BBBB-BBBB", "", "ü"] {
        assert!(approvals.look(bad).await.is_none());
    }
    approvals.answer(&code, Some(ann())).await.unwrap();
    assert_eq!(asked.answer().await.unwrap().unwrap().principal.user.as_str(), "ann");
    assert_eq!(approvals.answer(&code, Some(ann())).await, Err(Gone));

    let mut asked = approvals.ask(here, "hello", "").unwrap();
    approvals.answer(&asked.code, None).await.unwrap();
    assert!(asked.answer().await.unwrap().is_none());

    let mut asked = approvals.ask(here, "hello", "").unwrap();
    pass(&hand, LIFE);
    assert!(approvals.look(&asked.code).await.is_none());
    assert_eq!(approvals.answer(&asked.code, Some(ann())).await, Err(Gone));
    assert!(asked.answer().await.is_err(), "it expired");

    let asked = approvals.ask(here, "hello", "").unwrap();
    let code = asked.code.clone();
    drop(asked);
    assert_eq!(approvals.answer(&code, Some(ann())).await, Err(Gone), "whoever asked has left");
}

#[test]
fn few_at_a_time() {
    let approvals = Approvals::new(clock().0);
    let ask = |n: u32| approvals.ask(IpAddr::from(n.to_be_bytes()), "x", "");
    let all: Vec<_> = (0..MOST_OF_ADDRESS).map(|_| ask(1).unwrap()).collect();
    assert!(matches!(ask(1), Err(AskError::Busy)));
    assert!(ask(2).is_ok());
    drop(all);
    assert!(ask(1).is_ok());
}

/// Two replicas over the same records, each with a snapshot of its own; ann's session.
async fn replicas() -> ([Approvals; 2], [Arc<Authenticator>; 2], crate::session::Sessions, Known) {
    let accounts = Arc::new(dormer_core::fixture::people::People::default());
    let clock = clock().0;
    let vault = Arc::new(crate::vault::Vault::new(&[4; 32]).unwrap());
    accounts.add_user(dormer_core::fixture::people::user("ann")).await.unwrap();
    let open = || Authenticator::open(accounts.clone(), clock.clone());
    let authenticators = [open().await.unwrap(), open().await.unwrap()];
    let approvals = authenticators.clone().map(|authenticator| {
        let briefs = Briefs::new(accounts.clone(), clock.clone(), vault.clone());
        Approvals::new(clock.clone()).shared(briefs, authenticator)
    });
    let sessions = crate::session::Sessions::new(accounts.clone(), authenticators[1].clone(), clock.clone(), vault);
    let signed = sessions.sign_in(&"ann".parse().unwrap(), "apex", None).await.unwrap();
    let known = authenticators[1].session(signed.cookie.expose(), "apex").unwrap();
    (approvals, authenticators, sessions, known)
}

/// What another replica is told comes a moment later.
async fn seen(approvals: &Approvals, code: &str, there: bool) -> Option<Request> {
    for _ in 0..1000 {
        let request = approvals.look(code).await;
        if request.is_some() == there {
            return request;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{code}: {there} was never seen");
}

#[tokio::test]
async fn the_browser_may_have_come_to_another_replica() {
    let ([one, two], _, sessions, known) = replicas().await;
    let here: IpAddr = "10.0.0.1".parse().unwrap();
    let mut asked = one.ask(here, "hello", "OpenSSH").unwrap();
    let request = seen(&two, &asked.code, true).await.unwrap();
    assert_eq!((request.address, request.target.as_str()), (here, "hello"));
    two.answer(&asked.code, Some(known.clone())).await.unwrap();
    assert_eq!(two.answer(&asked.code, Some(known.clone())).await, Err(Gone), "once");
    let let_in = asked.answer().await.unwrap().unwrap();
    assert_eq!(let_in.principal, known.principal);
    // What was let in by a session ends with it, at the replica that it is connected to.
    sessions.sign_out(&known).await.unwrap();
    one.elsewhere.as_ref().unwrap().authenticator().refresh().await.unwrap();
    assert!(let_in.revoked.is_cancelled());

    let mut asked = one.ask(here, "hello", "").unwrap();
    seen(&two, &asked.code, true).await;
    two.answer(&asked.code, None).await.unwrap();
    assert!(asked.answer().await.unwrap().is_none(), "no");
    let mut asked = one.ask(here, "hello", "").unwrap();
    seen(&two, &asked.code, true).await;
    two.answer(&asked.code, Some(known)).await.unwrap();
    assert!(asked.answer().await.unwrap().is_none(), "the session that said yes has ended");

    let asked = one.ask(here, "hello", "").unwrap();
    seen(&two, &asked.code, true).await;
    let code = asked.code.clone();
    drop(asked);
    seen(&two, &code, false).await;
}
