//! Signing in: by two providers at once in a real browser, from a terminal, and out again when somebody says so.

mod command_line;
mod rights;

use std::time::Duration;

use dormer_tests::browser::Browser;
use dormer_tests::gateway::Gateway;
use dormer_tests::gitea::{Account, Gitea};
use dormer_tests::provider::Provider;
use dormer_tests::wait;
use serde_json::json;

/// Gitea with ann, who is in `acme`, and bob, who is not; another provider with its own ann; a gateway that knows both.
struct Town {
    gitea: Gitea,
    provider: Provider,
    gateway: Gateway,
}

fn town(recheck: &str) -> Town {
    let gitea = Gitea::start();
    gitea.user("ann");
    gitea.user("bob");
    gitea.organisation("acme", "ann");
    let mut provider = None;
    let gateway = Gateway::configured(|url| {
        let app = gitea.application("dormer", &[&format!("{url}/login/callback/gitea")], true);
        let mut other = Provider::start(&format!("{url}/login/callback/acme"));
        other.person("ann", &["staff", "admins"]);
        other.person("eve", &["guests"]);
        let text = format!(
            r#"
            [auth]
            recheck = "{recheck}"
            [auth.providers.gitea]
            kind = "gitea"
            url = "{}"
            client_id = "{}"
            client_secret = "{}"
            allow_groups = ["acme"]
            exchange_tokens = true
            [auth.providers.acme]
            label = "Acme"
            url = "{}"
            client_id = "dormer"
            client_secret = "a-secret"
            allow_groups = ["staff"]
            admin_groups = ["admins"]
            "#,
            gitea.issuer(),
            app.client_id,
            app.client_secret,
            other.issuer
        );
        provider = Some(other);
        text
    });
    Town { gitea, provider: provider.expect("made above"), gateway }
}

impl Town {
    fn by_gitea(&self, browser: &mut Browser, name: &str) {
        browser.go(&format!("{}/login?next=/access", self.gateway.url));
        browser.click("text=Sign in with Gitea");
        self.gitea.authorize(browser, name);
    }

    fn by_acme(&self, browser: &mut Browser, name: &str) {
        browser.go(&format!("{}/login?next=/access", self.gateway.url));
        browser.click("text=Sign in with Acme");
        browser.see("input[name=login]");
        browser.click("input[name=login]");
        browser.write(name);
        browser.click("input[name=password]");
        browser.write("x");
        browser.press("Enter");
        browser.see("text=Continue");
        browser.click("text=Continue");
    }

    fn account(&self, name: &str) -> Account {
        Account { name: name.into(), password: format!("{name}-password"), token: String::new() }
    }

    fn users(&self) -> Vec<String> {
        let list = self.gateway.apex().api("GET", "/users", None).expect(200).value();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|user| user["name"].as_str().unwrap_or_default().to_string()).collect()
    }
}

fn me(browser: &mut Browser) -> serde_json::Value {
    browser.evaluate("fetch('/api/v1/me').then(async (a) => a.ok ? a.json() : {status: a.status})")
}

#[test]
fn two_providers_at_once_and_nothing_of_it_stays_in_an_address_or_a_log() {
    let mut town = town("15m");
    let mut browser = Browser::open();
    town.by_gitea(&mut browser, "ann");
    browser.see("text=SSH keys");
    assert!(browser.url().ends_with("/access"), "where one wanted to be: {}", browser.url());
    let ann = me(&mut browser);
    assert_eq!((ann["user"].as_str(), ann["admin"].as_bool()), (Some("ann"), Some(false)), "{ann}");
    assert!(ann["groups"].as_array().is_some_and(|groups| groups.contains(&json!("gitea/acme"))), "{ann}");
    assert_eq!(browser.evaluate("document.referrer"), "", "no page is told where one came from");
    // Neither a code nor a state is in what goes back and forth.
    browser.evaluate("history.back()");
    std::thread::sleep(Duration::from_secs(2));
    assert!(!browser.url().contains("code=") && !browser.url().contains("/callback"), "{}", browser.url());
    let session = browser.cookies().iter().find(|cookie| cookie["name"] == "dormer_session").cloned();
    let session = session.expect("a session");
    assert_eq!((session["httpOnly"].clone(), session["sameSite"].clone()), (json!(true), json!("Lax")));
    assert!(!browser.cookies().iter().any(|cookie| cookie["name"] == "dormer_flow"), "the sign-in is over");

    // Another provider's ann is somebody else, and its groups are its own.
    let mut second = Browser::open();
    town.by_acme(&mut second, "ann");
    second.see("text=SSH keys");
    let other = me(&mut second);
    assert_eq!((other["user"].as_str(), other["admin"].as_bool()), (Some("ann-2"), Some(true)), "{other}");
    assert_eq!(other["groups"], json!(["acme/admins", "acme/staff"]));

    // Who is known there, and not among those who may come in, is not made.
    let mut third = Browser::open();
    town.by_acme(&mut third, "eve");
    third.see("text=not among those who may sign in");
    let mut fourth = Browser::open();
    town.by_gitea(&mut fourth, "bob");
    fourth.see("text=not among those who may sign in");
    assert!(!town.users().iter().any(|name| name == "eve" || name == "bob"), "{:?}", town.users());

    // The first ann adds the account of the other provider, which is taken; then one that is free.
    town.provider.person("second", &["staff"]);
    town.provider.rotate();
    browser.go(&format!("{}/access", town.gateway.url));
    let url = browser.evaluate(
        "fetch('/login/link/acme', {method: 'POST', headers: {'content-type': 'application/json'}, body: '{}'})\
         .then((a) => a.json()).then((a) => a.url)",
    );
    browser.go(url.as_str().expect("where to go"));
    browser.see("input[name=login]");
    browser.click("input[name=login]");
    browser.write("second");
    browser.click("input[name=password]");
    browser.write("x");
    browser.press("Enter");
    browser.see("text=Continue");
    browser.click("text=Continue");
    browser.see("text=SSH keys");
    let identities = browser.evaluate("fetch('/api/v1/identities').then((a) => a.json())");
    assert_eq!(identities["total"], 2, "{identities}");
    assert_eq!(me(&mut browser)["user"], "ann");

    let said = town.gateway.said();
    for secret in ["code=", "state=", "a-secret", session["value"].as_str().unwrap_or("-")] {
        assert!(!said.contains(secret), "{secret} is in the log");
    }
    let database = std::fs::read(town.gateway.data().join("dormer.db")).expect("the records");
    let wal = std::fs::read(town.gateway.data().join("dormer.db-wal")).unwrap_or_default();
    for needle in [&b"refresh_token"[..], &b"access_token"[..], &b"\"access\":"[..]] {
        let there = |octets: &[u8]| octets.windows(needle.len()).any(|part| part == needle);
        assert!(!there(&database) && !there(&wal), "what acts for people is sealed");
    }
}

#[test]
fn who_is_blocked_at_the_forge_is_out_and_so_is_who_is_disabled_here() {
    let town = town("2s");
    let mut browser = Browser::open();
    town.by_gitea(&mut browser, "ann");
    browser.see("text=SSH keys");
    let token = town.gateway.apex().api("POST", "/tokens", Some(json!({"name": "t", "user": "ann"})));
    let token = token.expect(201).value()["token"].as_str().expect("a token").to_string();
    let as_ann = || {
        let mut site = town.gateway.apex();
        site.token = Some(token.clone());
        site.api("GET", "/me", None).status
    };
    assert_eq!(as_ann(), 200);
    // Several rounds of asking change nothing for who is welcome.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!((as_ann(), me(&mut browser)["user"].as_str()), (200, Some("ann")));
    town.gitea.block("ann");
    wait::until("who is blocked there is out here", Duration::from_secs(30), || (as_ann() == 401).then_some(()));
    assert_eq!(me(&mut browser)["status"], 401);
}

#[test]
fn a_personal_token_of_the_forge_is_exchanged_where_that_is_allowed() {
    let town = town("2s");
    let (ann, bob) = (town.account("ann"), town.account("bob"));
    let (anns, bobs) = (town.gitea.token(&ann, "ci"), town.gitea.token(&bob, "ci"));
    let apex = town.gateway.apex().unknown();
    let ask = |provider: &str, token: &str, scope: &str| {
        let body = json!({"provider": provider, "token": token, "scope": scope, "expiresIn": 600});
        apex.api("POST", "/login/exchange", Some(body))
    };
    assert_eq!(ask("gitea", &anns, "read").status, 403, "a token alone makes nobody");
    let mut browser = Browser::open();
    town.by_gitea(&mut browser, "ann");
    browser.see("text=SSH keys");
    let made = ask("gitea", &anns, "read").expect(201).value();
    let token = made["token"].as_str().expect("a token").to_string();
    let as_ann = |method: &str, path: &str| {
        let site = dormer_tests::person::Site { token: Some(token.clone()), ..apex.clone() };
        site.api(method, path, (method == "POST").then(|| json!({"name": "x"}))).status
    };
    assert_eq!((as_ann("GET", "/me"), as_ann("POST", "/tokens")), (200, 403), "with its scope and no more");
    for (provider, token) in [("gitea", bobs.as_str()), ("gitea", "guessed"), ("acme", &anns), ("none", &anns)] {
        let refused = ask(provider, token, "all");
        assert_eq!(refused.status, 403, "{provider}");
        assert!(!refused.text().contains(token), "{provider}");
    }
    assert!(!town.gateway.said().contains(&anns), "no token is in the log");
    town.gitea.revoke(&ann, "ci");
    assert_eq!(ask("gitea", &anns, "read").status, 403, "revoked there");
    // Who is blocked there is out here, with what was exchanged, within the time in which that is asked about.
    let again = town.gitea.token(&ann, "ci-2");
    town.gitea.block("ann");
    wait::until("it is worth nothing", Duration::from_secs(30), || (as_ann("GET", "/me") == 401).then_some(()));
    assert_eq!(ask("gitea", &again, "read").status, 403);
}
