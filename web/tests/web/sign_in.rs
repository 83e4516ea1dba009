use crate::house::{APEX, Answer, Client, HELLO, House};
use http::StatusCode;
use serde_json::json;

/// The value of an attribute in a page, unescaped.
fn attribute(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("{name}=\"")).unwrap();
    rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
}

fn path(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]))
}

/// From a workspace's host to the page that carries the ticket there: (ticket, next).
async fn ticket(browser: &mut Client<'_>, host: &str, original: &str) -> (String, String) {
    let request = browser
        .request("GET", host, "/.dormer/pages/sign-in")
        .header("dormer-original-uri", original)
        .body("".into())
        .unwrap();
    let begun = browser.send(host, request).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER);
    assert!(begun.location().starts_with("http://dormer.test:7080/login/workspace?"), "{}", begun.location());
    let page = browser.get(APEX, path(begun.location())).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let to = attribute(&page.text, "data-to");
    let fragment = to.strip_prefix(&format!("http://{host}/.dormer/ticket#")).unwrap_or_else(|| panic!("{to}"));
    let (ticket, next) = fragment.split_once('.').unwrap();
    (ticket.to_string(), next.replace("%2F", "/").replace("%3F", "?").replace("%3D", "="))
}

async fn trade(browser: &mut Client<'_>, host: &str, ticket: &str, next: &str) -> Answer {
    browser.own("POST", host, "/.dormer/ticket", Some(json!({ "ticket": ticket, "next": next }))).await
}

#[tokio::test]
async fn from_a_link_to_a_workspace() {
    let house = House::new().await;
    let mut ann = house.signed_in("ann").await;
    let (one, next) = ticket(&mut ann, HELLO, "/?folder=/x").await;
    assert_eq!(next, "/?folder=/x");
    let traded = trade(&mut ann, HELLO, &one, &next).await;
    assert_eq!((traded.status, &traded.json()["next"]), (StatusCode::OK, &json!("/?folder=/x")));
    assert_eq!(ann.get(HELLO, "/.dormer/pages/waiting").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(trade(&mut ann, HELLO, &one, "/").await.status, StatusCode::FORBIDDEN, "once");

    // The host's cookie is no good on the apex or on another host, nor the apex's on a host.
    let cookie = ann.jar[HELLO]["dormer_session"].clone();
    let apex_cookie = ann.jar[APEX]["dormer_session"].clone();
    for (host, path, cookie) in [
        (APEX, "/api/v1/me", &cookie),
        ("3000--hello.dormer.test:7080", "/.dormer/events", &cookie),
        ("bye.dormer.test:7080", "/.dormer/events", &cookie),
        (HELLO, "/.dormer/events", &apex_cookie),
    ] {
        let mut thief = house.browser();
        thief.jar.entry(host.into()).or_default().insert("dormer_session".into(), cookie.clone());
        assert_eq!(thief.get(host, path).await.status, StatusCode::UNAUTHORIZED, "{host}");
    }

    // Signing out ends both.
    assert_eq!(ann.by_page_of("http://evil.test", "POST", APEX, "/logout", None).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ann.own("POST", APEX, "/logout", None).await.status, StatusCode::NO_CONTENT);
    let mut before = house.browser();
    before.jar.entry(APEX.into()).or_default().insert("dormer_session".into(), apex_cookie);
    before.jar.entry(HELLO.into()).or_default().insert("dormer_session".into(), cookie);
    assert_eq!(before.get(APEX, "/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(before.get(HELLO, "/.dormer/events").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_ticket_is_bound_to_browser_and_host() {
    let house = House::new().await;
    let mut ann = house.signed_in("ann").await;
    let mut thief = house.signed_in("bob").await;
    // The thief has a binding cookie too, and the ticket, but not the cookie that fits it.
    ticket(&mut thief, HELLO, "/").await;
    let (stolen, _) = ticket(&mut ann, HELLO, "/").await;
    assert_eq!(trade(&mut thief, HELLO, &stolen, "/").await.status, StatusCode::FORBIDDEN);
    let (elsewhere, _) = ticket(&mut ann, HELLO, "/").await;
    let other = "3000--hello.dormer.test:7080";
    let binding = ann.jar[HELLO]["dormer_binding"].clone();
    ann.jar.entry(other.into()).or_default().insert("dormer_binding".into(), binding);
    assert_eq!(trade(&mut ann, other, &elsewhere, "/").await.status, StatusCode::FORBIDDEN);
    let (good, _) = ticket(&mut ann, HELLO, "/").await;
    let body = json!({ "ticket": good });
    let foreign = ann.by_page_of("http://dormer.test:7080", "POST", HELLO, "/.dormer/ticket", Some(body)).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN, "from another origin's page");
    assert_eq!(trade(&mut ann, HELLO, &good, "/").await.status, StatusCode::OK, "and was not used up by it");
    // Two tabs at the same time share the browser's binding.
    let (first, _) = ticket(&mut ann, HELLO, "/").await;
    let (second, _) = ticket(&mut ann, HELLO, "/").await;
    assert_eq!(trade(&mut ann, HELLO, &first, "/").await.status, StatusCode::OK);
    assert_eq!(trade(&mut ann, HELLO, &second, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn tickets_only_for_hosts_of_ours_and_sessions() {
    let house = House::new().await;
    let mut ann = house.signed_in("ann").await;
    let binding = "00".repeat(32);
    for query in [
        format!("host=evil.test&binding={binding}"),
        format!("host=dormer.test&binding={binding}"),
        format!("host=hello.dormer.test.evil.test&binding={binding}"),
        format!("host=hello.dormer.test%40evil.test&binding={binding}"),
        "host=hello.dormer.test&binding=00".to_string(),
        "host=hello.dormer.test".to_string(),
        String::new(),
    ] {
        let refused = ann.get(APEX, &format!("/login/workspace?{query}")).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{query}");
        assert!(!refused.text.contains("evil"));
    }
    let query = format!("/login/workspace?host=hello.dormer.test&next=/a&binding={binding}");
    let mut program = house.program("ann").await;
    assert_eq!(program.get(APEX, &query).await.status, StatusCode::FORBIDDEN, "a token is no browser");
    let nobody = house.browser().get(APEX, &query).await;
    assert_eq!(nobody.status, StatusCode::SEE_OTHER);
    assert!(nobody.location().starts_with("/login?next=%2Flogin%2Fworkspace%3Fhost%3Dhello"), "{}", nobody.location());
}

#[tokio::test]
async fn signing_in_leads_nowhere_else() {
    let house = House::new().await;
    for (next, want) in
        [("/access", "/access"), ("//evil.test", "/"), ("/\\evil.test", "/"), ("https://evil.test", "/")]
    {
        let mut browser = house.browser();
        let secret = house.link("ann").await;
        let signed = browser.own("POST", APEX, "/login", Some(json!({ "secret": secret, "next": next }))).await;
        assert_eq!(signed.json()["next"], want);
        let page = house.browser().get(APEX, &format!("/login?next={next}")).await;
        assert_eq!(attribute(&page.text, "data-next"), want);
    }
    // Another site cannot sign a visitor in as somebody else, and does not use the link up by trying.
    let secret = house.link("bob").await;
    let body = json!({ "secret": secret });
    let mut victim = house.browser();
    let planted = victim.by_page_of("http://evil.test", "POST", APEX, "/login", Some(body.clone())).await;
    assert_eq!(planted.status, StatusCode::FORBIDDEN);
    assert!(victim.jar.is_empty());
    assert_eq!(victim.own("POST", APEX, "/login", Some(body.clone())).await.status, StatusCode::OK);
    assert_eq!(victim.own("POST", APEX, "/login", Some(body)).await.status, StatusCode::FORBIDDEN, "once");
}

#[tokio::test]
async fn a_tossed_session_is_not_taken() {
    let house = House::new().await;
    let ann = house.signed_in("ann").await;
    let evil = house.signed_in("bob").await;
    let (mine, theirs) = (&ann.jar[APEX]["dormer_session"], &evil.jar[APEX]["dormer_session"]);
    for (cookies, want) in [
        (format!("dormer_session={theirs}; dormer_session={mine}"), StatusCode::UNAUTHORIZED),
        (format!("dormer_session=nonsense; dormer_session={mine}"), StatusCode::OK),
    ] {
        let mut browser = house.browser();
        let request = browser.request("GET", APEX, "/api/v1/me").header("cookie", cookies).body("".into()).unwrap();
        assert_eq!(browser.send(APEX, request).await.status, want);
    }
}

#[tokio::test]
async fn a_session_that_somebody_planted_is_not_the_one_that_is_signed_in() {
    let house = House::new().await;
    // What an attacker knows: made up, their own before they signed out, and their own that still lives.
    let mut evil = house.signed_in("bob").await;
    let living = evil.jar[APEX]["dormer_session"].clone();
    let mut over = house.signed_in("bob").await;
    let ended = over.jar[APEX]["dormer_session"].clone();
    assert_eq!(over.own("POST", APEX, "/logout", None).await.status, StatusCode::NO_CONTENT);
    for planted in ["chosen-by-somebody", &ended, &living] {
        let mut victim = house.browser();
        victim.jar.entry(APEX.into()).or_default().insert("dormer_session".into(), planted.to_string());
        let secret = house.link("ann").await;
        let signed = victim.own("POST", APEX, "/login", Some(json!({ "secret": secret }))).await;
        assert_eq!(signed.status, StatusCode::OK, "{}", signed.text);
        assert_ne!(victim.jar[APEX]["dormer_session"], planted, "a new one, always");
        assert_eq!(victim.get(APEX, "/api/v1/me").await.json()["user"], "ann");
        let mut attacker = house.browser();
        attacker.jar.entry(APEX.into()).or_default().insert("dormer_session".into(), planted.to_string());
        let answer = attacker.get(APEX, "/api/v1/me").await;
        let who = if answer.status == StatusCode::OK { answer.json()["user"].clone() } else { json!(null) };
        assert_ne!(who, "ann", "{planted}");
    }
    assert_eq!(evil.get(APEX, "/api/v1/me").await.json()["user"], "bob");
}
