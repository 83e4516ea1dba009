use super::*;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use serde_json::json;

use dormer_core::fixture::clock::{clock, pass};
use dormer_core::fixture::people::{People, user};
use dormer_core::ports::forge::ForgeCredentials as _;

use super::stand::{Instead, Stand};
use crate::provider::config::{Config, Kind};
use crate::provider::fetch::Fetch;
use crate::session::Sessions;

struct House {
    accounts: Arc<People>,
    authenticator: Arc<Authenticator>,
    logins: Logins,
    /// Another replica.
    second: (Logins, Arc<Authenticator>),
    sessions: Sessions,
    one: Stand,
    two: Stand,
    hand: Arc<AtomicI64>,
}

async fn house() -> House {
    house_with(|_| {}).await
}

/// Two providers, `one` and `two`; a member of `acme` at either may come in, and one of `owners` administrates.
async fn house_with(change: impl Fn(&mut Config)) -> House {
    drop(rustls_ring());
    let accounts = Arc::new(People::default());
    let (clock, hand) = clock();
    let authenticator = Authenticator::open(accounts.clone(), clock.clone()).await.unwrap();
    let (one, two) = (Stand::open().await, Stand::open().await);
    let fetch = Fetch::within(Duration::from_millis(500)).unwrap();
    let provider = |name: &str, stand: &Stand| {
        let mut config = Config {
            kind: Kind::Oidc,
            url: stand.issuer.clone(),
            client_id: "us".into(),
            allow_groups: vec!["acme".into()],
            admin_groups: vec!["owners".into()],
            ..Config::default()
        };
        change(&mut config);
        let secret = Some(Secret::from("secret".to_string()));
        Provider::new(name, config, secret, format!("http://us/login/callback/{name}"), fetch.clone())
    };
    let vault = Arc::new(Vault::new(&[3; 32]).unwrap());
    let replica = |authenticator: &Arc<Authenticator>| {
        let providers = vec![provider("one", &one), provider("two", &two)];
        Logins::new(accounts.clone(), authenticator.clone(), clock.clone(), vault.clone(), providers)
    };
    let second = Authenticator::open(accounts.clone(), clock.clone()).await.unwrap();
    let (logins, second) = (replica(&authenticator), (replica(&second), second));
    let sessions = Sessions::new(accounts.clone(), authenticator.clone(), clock.clone(), vault.clone());
    House { accounts, authenticator, logins, second, sessions, one, two, hand }
}

/// The one TLS provider, as the program's main installs it.
fn rustls_ring() -> Result<(), Arc<rustls::crypto::CryptoProvider>> {
    rustls::crypto::ring::default_provider().install_default()
}

impl House {
    /// Leaves for `one`: the cookie, and the answer with which it sends the browser back.
    async fn left(&self) -> (String, Answer) {
        self.left_as(None).await
    }

    async fn left_as(&self, who: Option<&Known>) -> (String, Answer) {
        let begun = self.logins.begin("one", "/new", who).await.unwrap();
        let query = self.one.visited(&begun.url);
        assert_eq!(query["redirect_uri"], "http://us/login/callback/one", "exactly");
        assert_eq!((query["code_challenge_method"].as_str(), query["response_type"].as_str()), ("S256", "code"));
        assert!(!begun.url.contains("secret"));
        let answer = Answer { code: Some("code".into()), state: query["state"].clone(), ..Answer::default() };
        (begun.cookie.expose().clone(), answer)
    }

    async fn sign_in(&self) -> Result<Done, LoginError> {
        let (cookie, answer) = self.left().await;
        self.logins.finish("one", answer, Some(&cookie), None).await
    }

    async fn session(&self, user: &UserName) -> Known {
        let signed = self.sessions.sign_in(user, "us", None).await.unwrap();
        self.authenticator.session(signed.cookie.expose(), "us").unwrap()
    }

    async fn nobody(&self) -> bool {
        self.accounts.load().await.unwrap().users.is_empty()
    }
}

fn is_foreign(result: &Result<Done, LoginError>) -> bool {
    matches!(result, Err(LoginError::Provider(ProviderError::Foreign)))
}

fn is_wrong(result: &Result<Done, LoginError>) -> bool {
    matches!(result, Err(LoginError::Provider(ProviderError::Wrong { .. })))
}

#[tokio::test]
async fn the_same_account_is_the_same_person_and_another_never_is() {
    let house = house().await;
    let first = house.sign_in().await.unwrap();
    assert_eq!((first.user.as_str(), first.linked, first.next.as_str()), ("ann", false, "/new"));
    assert_eq!(house.sign_in().await.unwrap().user.as_str(), "ann");
    let ann = house.authenticator.user(&first.user).unwrap();
    assert_eq!((ann.groups.as_slice(), ann.admin), (&["one/acme".to_string()][..], false));
    // The name, the case or a look-alike of it, and the address, are not who somebody is.
    for (subject, login, want) in
        [("8", "ann", "ann-2"), ("9", "Ann", "ann-3"), ("10", "\u{430}nn", "nn"), ("11", "ANN", "ann-4")]
    {
        let claims = json!({"sub": subject, "preferred_username": login, "groups": ["acme"], "email": "ann@acme.org",
            "email_verified": true});
        house.one.set(|state| state.claims = claims);
        assert_eq!(house.sign_in().await.unwrap().user.as_str(), want, "{login}");
    }
    house
        .one
        .set(|state| state.claims = json!({"sub": "7", "preferred_username": "new", "groups": ["acme", "owners"]}));
    assert_eq!(house.sign_in().await.unwrap().user.as_str(), "ann", "renamed there");
    assert!(house.authenticator.user(&first.user).unwrap().admin);
    // The same subject at another provider is somebody else.
    let begun = house.logins.begin("two", "/", None).await.unwrap();
    let state = house.two.visited(&begun.url)["state"].clone();
    let answer = Answer { code: Some("code".into()), state, ..Answer::default() };
    let other = house.logins.finish("two", answer, Some(begun.cookie.expose()), None).await.unwrap();
    assert_eq!(other.user.as_str(), "ann-5");
}

#[tokio::test]
async fn who_is_not_let_in_is_not_made() {
    let house = house().await;
    house.one.set(|state| state.claims = json!({"sub": "7", "preferred_username": "ann", "groups": ["other"]}));
    assert!(matches!(house.sign_in().await, Err(LoginError::Provider(ProviderError::NotAllowed { .. }))));
    assert!(house.nobody().await);
    house.one.set(|state| state.claims = json!({"sub": "7", "preferred_username": "ann", "groups": ["acme"]}));
    let ann = house.sign_in().await.unwrap().user;
    house.accounts.put_user(User { disabled: true, ..user("ann") }).await.unwrap();
    assert!(matches!(house.sign_in().await, Err(LoginError::Disabled)), "{ann}");
}

#[tokio::test]
async fn an_answer_counts_in_the_browser_that_asked_for_it_and_once() {
    let house = house().await;
    // Login CSRF: a link with the attacker's code and state, in the victim's browser.
    let (cookie, answer) = house.left().await;
    let (others, _) = house.left().await;
    for cookie in [None, Some(others.as_str()), Some("")] {
        assert!(is_foreign(&house.logins.finish("one", answer.clone(), cookie, None).await));
    }
    let forged = Answer { state: "x".repeat(30), ..answer.clone() };
    assert!(is_foreign(&house.logins.finish("one", forged, Some(&cookie), None).await));
    assert_eq!(house.one.redeemed(), 0, "no code is given to anybody for that");

    let (cookie, answer) = house.left().await;
    house.logins.finish("one", answer.clone(), Some(&cookie), None).await.unwrap();
    assert!(is_foreign(&house.logins.finish("one", answer.clone(), Some(&cookie), None).await), "replayed");
    assert_eq!(house.one.redeemed(), 1);
    assert!(
        is_foreign(&house.second.0.finish("one", answer, Some(&cookie), None).await),
        "replayed at another replica"
    );

    let (cookie, answer) = house.left().await;
    pass(&house.hand, flow::LIFE);
    assert!(is_foreign(&house.logins.finish("one", answer, Some(&cookie), None).await), "too late");
}

#[tokio::test]
async fn a_stolen_code_is_worth_nothing() {
    let house = house().await;
    // The victim's code, put into the attacker's own sign-in: the verifier is another one.
    let (_, victims) = house.left().await;
    let challenge = house.one.state.lock().unwrap().challenge.clone();
    let (cookie, own) = house.left().await;
    house.one.set(|state| state.challenge = challenge);
    let injected = Answer { code: victims.code, ..own };
    assert!(is_foreign(&house.logins.finish("one", injected, Some(&cookie), None).await));
    for code in [None, Some(String::new()), Some("guessed".into()), Some("x".repeat(5000))] {
        let (cookie, answer) = house.left().await;
        let answer = Answer { code, ..answer };
        assert!(is_foreign(&house.logins.finish("one", answer, Some(&cookie), None).await));
    }
    assert!(house.nobody().await);
}

#[tokio::test]
async fn one_provider_cannot_play_another() {
    let house = house().await;
    // What was begun with `one` comes back to the address of `two`: no code goes there.
    let (cookie, answer) = house.left().await;
    assert!(is_foreign(&house.logins.finish("two", answer, Some(&cookie), None).await));
    assert_eq!((house.one.redeemed(), house.two.redeemed()), (0, 0));
    // RFC 9207: an answer that names its sender must name the one that was asked.
    let (cookie, answer) = house.left().await;
    let named = Answer { iss: Some(house.two.issuer.clone()), ..answer };
    assert!(is_foreign(&house.logins.finish("one", named, Some(&cookie), None).await));
    let (cookie, answer) = house.left().await;
    let named = Answer { iss: Some(house.one.issuer.clone()), ..answer };
    assert!(house.logins.finish("one", named, Some(&cookie), None).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_names_itself_does_so_each_time() {
    let house = house().await;
    house.one.set(|state| state.names_itself = true);
    assert!(is_foreign(&house.sign_in().await));
    assert_eq!(house.one.redeemed(), 0);
}

#[tokio::test]
async fn id_tokens_are_looked_at() {
    let now = Timestamp::now().as_second();
    for (lie, foreign) in [
        (json!({"nonce": "another"}), true),
        (json!({"nonce": null}), true),
        (json!({"aud": "them"}), false),
        (json!({"iss": "http://127.0.0.1:1"}), false),
        (json!({"exp": now - 3600}), false),
        (json!({"sub": "8"}), false),
        (json!({"sub": 7}), false),
        (json!({"exp": "soon"}), false),
    ] {
        let house = house().await;
        house.one.set(|state| state.token_claims = lie.clone());
        let result = house.sign_in().await;
        assert!(if foreign { is_foreign(&result) } else { is_wrong(&result) }, "{lie}: {result:?}");
        assert!(house.nobody().await, "{lie}");
    }
    for alg in ["none", "HS256"] {
        let house = house().await;
        house.one.set(|state| state.alg = alg);
        let result = house.sign_in().await;
        assert!(is_wrong(&result), "{alg}: {result:?}");
    }
}

#[tokio::test]
async fn keys_may_rotate_and_made_up_ones_cost_little() {
    let house = house().await;
    house.sign_in().await.unwrap();
    house.one.rotate();
    // Within seconds of the last look it is not asked again: so tokens of made-up keys cannot make us ask each time.
    assert!(is_wrong(&house.sign_in().await));
    let before = house.one.key_requests.load(std::sync::atomic::Ordering::SeqCst);
    for _ in 0..5 {
        assert!(is_wrong(&house.sign_in().await));
    }
    assert_eq!(house.one.key_requests.load(std::sync::atomic::Ordering::SeqCst), before);
    let provider = house.logins.provider("one").unwrap();
    provider.forget_age().await;
    house.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_hostile_provider_takes_nothing_down() {
    let elsewhere = Stand::open().await;
    let configuration = "/.well-known/openid-configuration";
    for path in [configuration, "/keys", "/token", "/claims"] {
        for (what, instead, away) in [
            ("endless", Instead::Endless, false),
            ("silent", Instead::Silent, true),
            ("text", Instead::Text("<html>hello</html>"), false),
            ("list", Instead::Text("[]"), false),
            ("null", Instead::Text("null"), false),
            ("types", Instead::Text(r#"{"issuer": 7, "keys": {}, "access_token": [], "sub": {"a": 1}}"#), false),
            ("deep", Instead::Text(deep()), false),
            ("redirect", Instead::Redirect(format!("{}{path}", elsewhere.issuer)), false),
            ("500", Instead::Status(500), true),
        ] {
            let house = house().await;
            house.one.set(|state| drop(state.instead.insert(path, instead)));
            let began = std::time::Instant::now();
            let result = match house.logins.begin("one", "/", None).await {
                Ok(begun) => {
                    let state = house.one.visited(&begun.url)["state"].clone();
                    let answer = Answer { code: Some("code".into()), state, ..Answer::default() };
                    house.logins.finish("one", answer, Some(begun.cookie.expose()), None).await
                }
                Err(error) => Err(error),
            };
            let known = matches!(
                &result,
                Err(LoginError::Provider(
                    ProviderError::Away { .. } | ProviderError::Wrong { .. } | ProviderError::Gone { .. }
                ))
            );
            assert!(known, "{path} {what}: {result:?}");
            assert!(!away || !is_foreign(&result), "{path} {what}");
            let text = result.unwrap_err().to_string();
            assert!(
                text.len() < 500 && !text.contains("secret") && !text.contains("access\""),
                "{path} {what}: {text}"
            );
            assert!(house.nobody().await && elsewhere.redeemed() == 0, "{path} {what}");
            assert!(began.elapsed() < Duration::from_secs(20), "{path} {what}");
        }
    }
}

fn deep() -> &'static str {
    Box::leak("[".repeat(100_000).into_boxed_str())
}

#[tokio::test]
async fn accounts_are_linked_only_by_somebody_who_is_signed_in() {
    let house = house().await;
    for name in ["bob", "eve"] {
        house.accounts.add_user(user(name)).await.unwrap();
    }
    house.authenticator.refresh().await.unwrap();
    let (bob, eve): (UserName, UserName) = ("bob".parse().unwrap(), "eve".parse().unwrap());
    let (bobs, eves) = (house.session(&bob).await, house.session(&eve).await);
    // Begun by bob, and come back in a browser in which nobody, somebody else, or bob anew is signed in.
    let again = house.session(&bob).await;
    for who in [None, Some(&eves), Some(&again)] {
        let (cookie, answer) = house.left_as(Some(&bobs)).await;
        assert!(is_foreign(&house.logins.finish("one", answer, Some(&cookie), who).await));
    }
    assert!(house.authenticator.identities(&bob).is_empty());
    let (cookie, answer) = house.left_as(Some(&bobs)).await;
    let done = house.logins.finish("one", answer, Some(&cookie), Some(&bobs)).await.unwrap();
    assert!(done.linked && done.user == bob);
    assert_eq!(house.sign_in().await.unwrap().user, bob);
    let (cookie, answer) = house.left_as(Some(&eves)).await;
    let taken = house.logins.finish("one", answer, Some(&cookie), Some(&eves)).await;
    assert!(matches!(taken, Err(LoginError::Taken)));
    assert!(house.logins.unlink(&eve, "one", "7").await.is_err(), "somebody else's");
    assert!(matches!(house.logins.unlink(&bob, "one", "7").await, Err(LoginError::Last)));
    let other = Identity { provider: "two".into(), ..house.authenticator.identities(&bob).pop().unwrap() };
    house.accounts.put_identity(other).await.unwrap();
    house.authenticator.refresh().await.unwrap();
    house.logins.unlink(&bob, "one", "7").await.unwrap();
    assert_eq!(house.sign_in().await.unwrap().user.as_str(), "ann");
}

#[tokio::test]
async fn what_acts_for_people_is_sealed_and_renewed_once() {
    let house = house().await;
    house.one.set(|state| state.life = 600);
    let ann = house.sign_in().await.unwrap().user;
    let sealed = house.accounts.grant("one", "7").await.unwrap().unwrap();
    assert!(!sealed.windows(6).any(|part| part == b"access" || part == b"refres"));
    let identity = house.authenticator.identities(&ann).pop().unwrap();
    let grants = house.logins.grants();
    let before = house.one.redeemed();
    grants.access(&identity).await.unwrap().unwrap();
    assert_eq!(house.one.redeemed(), before, "good for a while yet");
    pass(&house.hand, Duration::from_secs(550));
    let asking = (0..20).map(|number| {
        // At two replicas.
        let grants = if number % 2 == 0 { grants } else { house.second.0.grants() };
        let (grants, identity) = (grants.clone(), identity.clone());
        tokio::spawn(async move { grants.access(&identity).await.unwrap().unwrap() })
    });
    for asked in asking.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap().refresh.as_deref(), Some("refresh-2"));
    }
    assert_eq!(house.one.redeemed(), before + 1, "once, however many ask");
}

#[tokio::test]
async fn who_is_gone_there_is_out_here() {
    for (what, gone) in [("blocked", true), ("left", true), ("revoked", true), ("away", false)] {
        let house = house().await;
        house.one.set(|state| state.life = 60);
        let ann = house.sign_in().await.unwrap().user;
        let known = house.session(&ann).await;
        let identity = house.authenticator.identities(&ann).pop().unwrap();
        house.one.set(|state| match what {
            "blocked" => drop(state.instead.insert("/claims", Instead::Status(401))),
            "left" => state.claims = json!({"sub": "7", "preferred_username": "ann", "groups": []}),
            "revoked" => state.refused = true,
            _ => drop(state.instead.insert("/claims", Instead::Status(503))),
        });
        pass(&house.hand, Duration::from_secs(30));
        house.logins.grants().recheck(identity).await;
        assert_eq!(known.revoked.is_cancelled(), gone, "{what}");
        assert_eq!(house.authenticator.user(&ann).is_none(), gone, "{what}");
        if !gone {
            continue;
        }
        assert!(house.accounts.grant("one", "7").await.unwrap().is_none(), "{what}: nothing acts for them any more");
        house.one.set(|state| {
            state.instead.clear();
            state.refused = false;
            state.claims = json!({"sub": "7", "preferred_username": "ann", "groups": ["acme"]});
        });
        assert_eq!(house.sign_in().await.unwrap().user, ann, "{what}: let in again there");
        assert!(house.authenticator.user(&ann).is_some());
    }
}

#[tokio::test]
async fn an_address_that_only_the_id_token_vouches_for_outlives_a_recheck() {
    let house = house_with(|config| {
        config.allow_groups.clear();
        config.allow_domains = vec!["acme.org".into()];
    })
    .await;
    // As Gitea does it: whether an address is verified stands in ID tokens only.
    house.one.set(|state| {
        state.claims = json!({"sub": "7", "preferred_username": "ann", "email": "ann@acme.org"});
        state.token_claims = json!({"email_verified": true});
    });
    let ann = house.sign_in().await.unwrap().user;
    let now = || house.authenticator.identities(&ann).pop().unwrap();
    house.logins.grants().recheck(now()).await;
    assert_eq!((now().blocked, now().mail.as_deref()), (false, Some("ann@acme.org")));
    // Another one, for which nobody has vouched.
    house.one.set(|state| state.claims["email"] = json!("boss@acme.org"));
    house.logins.grants().recheck(now()).await;
    assert!(now().blocked);
}

#[tokio::test]
async fn commits_bear_what_the_sources_host_knows_of_their_author() {
    let house = house_with(|config| config.kind = Kind::Gitea).await;
    let claims = |subject: &str, name: &str, mail: &str| {
        json!({"sub": subject, "preferred_username": "ann", "name": name, "groups": ["acme"], "email": mail,
            "email_verified": true})
    };
    house.one.set(|state| state.claims = claims("7", "Ann", "ann@one.org"));
    house.two.set(|state| state.claims = claims("8", "A. at Two", "ann@two.org"));
    let ann = house.sign_in().await.unwrap().user;
    let known = house.session(&ann).await;
    let link = async || {
        let begun = house.logins.begin("two", "/", Some(&known)).await.unwrap();
        let state = house.two.visited(&begun.url)["state"].clone();
        let answer = Answer { code: Some("code".into()), state, ..Answer::default() };
        house.logins.finish("two", answer, Some(begun.cookie.expose()), Some(&known)).await.unwrap();
    };
    link().await;
    let (accounts, authenticator) = (house.accounts.clone(), house.authenticator.clone());
    let vault = Arc::new(Vault::new(&[3; 32]).unwrap());
    let secrets = crate::secrets::Secrets::new(accounts, authenticator.clone(), clock().0, vault);
    let credentials = crate::credentials::Credentials::new(authenticator, secrets, house.logins.grants().clone());
    let identity = async |host: &str| {
        let identity = credentials.identity(&ann, Some(host)).await.unwrap();
        format!("{} <{}>", identity.name, identity.email)
    };
    let host = |stand: &Stand| stand.issuer.trim_start_matches("http://").to_string();
    assert_eq!(identity(&host(&house.one)).await, "Ann <ann@one.org>");
    assert_eq!(identity(&host(&house.two)).await, "A. at Two <ann@two.org>");
    assert_eq!(identity("elsewhere.test").await, "Ann <ann@one.org>");
    // That host vouches for no address: one that another vouches for.
    house.two.set(|state| state.claims["email_verified"] = json!(false));
    link().await;
    assert_eq!(identity(&host(&house.two)).await, "A. at Two <ann@one.org>");
}

#[tokio::test]
async fn a_forges_personal_token_is_worth_what_its_owner_has_here() {
    let personal = |id: serde_json::Value| Some(("t0ken".to_string(), json!({"id": id, "login": "ann"})));
    let ask = async |house: &House, provider: &str, token: &str| {
        let asked = house.logins.exchange(provider, &Secret::from(token.to_string())).await;
        asked.map(|identity| identity.user.to_string()).map_err(|error| matches!(error, LoginError::NoExchange))
    };
    // Only where an administrator said so.
    let house = house_with(|config| config.kind = Kind::Gitea).await;
    house.one.set(|state| state.personal = personal(json!(7)));
    house.sign_in().await.unwrap();
    assert_eq!(ask(&house, "one", "t0ken").await, Err(true));

    let house = house_with(|config| (config.kind, config.exchange_tokens) = (Kind::Gitea, true)).await;
    house.one.set(|state| state.personal = personal(json!(7)));
    assert_eq!(ask(&house, "one", "t0ken").await, Err(true), "who never came is nobody");
    assert!(house.nobody().await);
    house.sign_in().await.unwrap();
    assert_eq!(ask(&house, "one", "t0ken").await, Ok("ann".into()));
    for (provider, token) in [
        ("one", "guessed"),
        ("one", ""),
        ("one", "t0ken\r\nx: y"),
        ("one", &"x".repeat(2000)),
        ("two", "t0ken"),
        ("none", "t0ken"),
    ] {
        assert_eq!(ask(&house, provider, token).await, Err(true), "{provider} {token:.20}");
    }
    for owner in [json!(8), json!("7"), json!(null), json!(-7)] {
        house.one.set(|state| state.personal = personal(owner.clone()));
        assert_eq!(ask(&house, "one", "t0ken").await, Err(true), "{owner}");
    }
    house.one.set(|state| state.personal = Some(("t0ken".into(), json!({"id": 7, "state": "blocked"}))));
    assert_eq!(ask(&house, "one", "t0ken").await, Err(true), "blocked there");
    house.one.set(|state| state.personal = personal(json!(7)));
    let ann: UserName = "ann".parse().unwrap();
    house.accounts.put_user(User { disabled: true, ..user("ann") }).await.unwrap();
    house.authenticator.refresh().await.unwrap();
    assert_eq!(ask(&house, "one", "t0ken").await, Err(true), "shut out here");
    house.accounts.put_user(user("ann")).await.unwrap();
    house.authenticator.refresh().await.unwrap();
    let identity = house.authenticator.identities(&ann).pop().unwrap();
    house.logins.grants().block(identity).await.unwrap();
    assert_eq!(ask(&house, "one", "t0ken").await, Err(true), "the provider said no");
}

#[tokio::test]
async fn keys_of_an_account_let_in_for_as_long_as_they_are_there() {
    const KEYS: &str = "/api/v1/user/keys?limit=50";
    const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const LIST: &str = r#"[{"key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti a"}, {"key": "x"}]"#;
    let house = house_with(|config| (config.kind, config.ssh_keys) = (Kind::Gitea, true)).await;
    let there = |instead: Instead| house.one.set(|state| drop(state.instead.insert(KEYS, instead)));
    let identity = || house.authenticator.all_identities().pop().unwrap();
    let recheck = || async { house.logins.grants().recheck(identity()).await };
    there(Instead::Text(LIST));
    house.sign_in().await.unwrap();
    let known = house.authenticator.key(ONE).unwrap();
    assert_eq!(known.principal.user.as_str(), "ann");
    // What cannot be asked for stays as it was; an answer that says nothing is no answer.
    for instead in [Instead::Status(403), Instead::Status(500), Instead::Text("{}"), Instead::Silent] {
        there(instead);
        recheck().await;
        assert!(house.authenticator.key(ONE).is_some() && !identity().blocked);
    }
    there(Instead::Text("[]"));
    recheck().await;
    assert!(house.authenticator.key(ONE).is_none() && known.revoked.is_cancelled(), "gone there, gone here");
    // A key that is somebody's here already stays theirs, and is not taken away by what a forge says.
    house.accounts.add_user(user("bob")).await.unwrap();
    house.authenticator.refresh().await.unwrap();
    there(Instead::Text(LIST));
    let own = "bob".parse().unwrap();
    let keys = crate::key::Keys::new(house.accounts.clone(), house.authenticator.clone(), clock().0);
    keys.add(&own, ONE, None).await.unwrap();
    recheck().await;
    there(Instead::Text("[]"));
    recheck().await;
    assert_eq!(house.authenticator.key(ONE).unwrap().principal.user, own);
    keys.remove(&own, &keys.list(&own).await.unwrap()[0].id).await.unwrap();
    // Whoever is put out at the forge is out by its keys, too.
    there(Instead::Text(LIST));
    recheck().await;
    assert!(house.authenticator.key(ONE).is_some());
    house.one.set(|state| state.claims = json!({"sub": "7", "preferred_username": "ann", "groups": []}));
    recheck().await;
    assert!(house.authenticator.key(ONE).is_none() && house.accounts.load().await.unwrap().keys.is_empty());
}
