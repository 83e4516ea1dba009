//! Signing in by a provider and by a command line: what a page of somebody else, or a link of theirs, can do about it.

use http::{StatusCode, header};
use serde_json::json;

use crate::house::{APEX, HELLO, House};

fn query(location: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(location).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn leaving_for_a_provider() {
    let house = House::new().await;
    let mut browser = house.browser();
    let page = browser.get(APEX, "/login?next=//evil.test").await;
    assert!(page.text.contains("Sign in with GitHub") && !page.text.contains("evil.test"), "{}", page.text);
    let left = browser.get(APEX, "/login/with/hub?next=/new").await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    let to = left.location();
    assert!(to.starts_with("https://github.com/login/oauth/authorize?"), "{to}");
    assert_eq!(query(to, "redirect_uri").unwrap(), format!("http://{APEX}/login/callback/hub"), "whatever Host says");
    assert_eq!(query(to, "code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(left.header("referrer-policy"), "no-referrer");
    let cookie = left.header("set-cookie").to_string();
    assert!(cookie.starts_with("dormer_flow=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
    assert!(!cookie.contains(&query(to, "state").unwrap()), "sealed");
    let other = house.browser().get("dormer.test:9999", "/login/with/hub").await;
    assert_eq!(query(other.location(), "redirect_uri").unwrap(), format!("http://{APEX}/login/callback/hub"));
    assert_eq!(house.browser().get(APEX, "/login/with/none").await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.browser().get(APEX, "/login/with/away").await.status, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn nobody_comes_back_with_what_another_browser_began() {
    let house = House::new().await;
    let (mut attacker, mut victim) = (house.browser(), house.browser());
    let left = attacker.get(APEX, "/login/with/hub").await;
    let state = query(left.location(), "state").unwrap();
    let callback = format!("/login/callback/hub?code=c&state={state}");
    for mut browser in [&mut victim, &mut house.browser()].into_iter() {
        let back = browser.get(APEX, &callback).await;
        assert_eq!(back.status, StatusCode::FORBIDDEN, "{}", back.text);
        assert!(!back.text.contains(&state) && !back.header("set-cookie").contains("dormer_session"));
        let _ = &mut browser;
    }
    // With a cookie tossed beside one's own, nothing can be told apart: nothing is done.
    victim.get(APEX, "/login/with/hub").await;
    let own = victim.jar[APEX]["dormer_flow"].clone();
    let tossed = attacker.jar[APEX]["dormer_flow"].clone();
    let request = victim
        .request("GET", APEX, &callback)
        .header(header::COOKIE, format!("dormer_flow={tossed}"))
        .body(axum::body::Body::empty())
        .unwrap();
    assert_eq!(victim.send(APEX, request).await.status, StatusCode::FORBIDDEN, "{own:.10}");
    // The same parameter twice is no answer of a provider's.
    let back = attacker.get(APEX, &format!("{callback}&state={state}")).await;
    assert_eq!(back.status, StatusCode::FORBIDDEN);
    for path in ["/login/callback/hub", "/login/callback/away?code=c&state=x", "/login/callback/none?code=c"] {
        let back = house.browser().get(APEX, path).await;
        assert!(back.status.is_client_error(), "{path}: {}", back.status);
        assert_eq!((back.header("referrer-policy"), back.header("cache-control")), ("no-referrer", "no-store"));
    }
}

#[tokio::test]
async fn other_peoples_pages_link_nothing_and_answer_for_nobody() {
    let house = House::new().await;
    let mut ann = house.signed_in("ann").await;
    for (path, body) in [
        ("/login/link/hub", json!({})),
        ("/login/answer", json!({"code": "BBBB-BBBB", "yes": true})),
        ("/api/v1/users", json!({"name": "eve"})),
        ("/api/v1/secrets", json!({"name": "x", "value": "y"})),
    ] {
        for origin in [format!("http://{HELLO}"), "http://evil.test".into(), "null".into()] {
            let answer = ann.by_page_of(&origin, "POST", APEX, path, Some(body.clone())).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} by {origin}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        }
    }
    let linked = ann.own("POST", APEX, "/login/link/hub", Some(json!({}))).await;
    assert_eq!(linked.status, StatusCode::OK, "{}", linked.text);
    assert!(linked.json()["url"].as_str().unwrap().starts_with("https://github.com/"));
    // A token is no browser: what asks for a person's yes is answered by a session only.
    let begun = house.browser().call("POST", "/api/v1/login/device", Some(json!({"machine": "x"}))).await.json();
    let mut program = house.program("ann").await;
    let yes = json!({"code": begun["userCode"], "yes": true});
    assert_eq!(program.call("POST", "/login/answer", Some(yes.clone())).await.status, StatusCode::FORBIDDEN);
    // And the API tells a workspace's page nothing, session or not: it is another site's read.
    let read = ann.request("GET", APEX, "/api/v1/me").header(header::ORIGIN, format!("http://{HELLO}"));
    let read = ann.send(APEX, read.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(read.header("access-control-allow-origin"), "");
    assert_eq!(read.header("cross-origin-resource-policy"), "same-origin");
    assert!(read.header("content-security-policy").contains("frame-ancestors 'none'"));
}

#[tokio::test]
async fn a_command_line_is_signed_in_by_a_code() {
    let house = House::new().await;
    let mut terminal = house.browser();
    let begun = terminal.call("POST", "/api/v1/login/device", Some(json!({"machine": "ann@<b>laptop"}))).await.json();
    let ask = json!({"deviceCode": begun["deviceCode"]});
    let waiting = terminal.call("POST", "/api/v1/login/token", Some(ask.clone())).await;
    assert_eq!(
        (waiting.status, waiting.json()["type"].as_str()),
        (StatusCode::BAD_REQUEST, Some("/problems/authorization-pending"))
    );
    let mut ann = house.signed_in("ann").await;
    let code = begun["userCode"].as_str().unwrap();
    let look = ann.own("POST", APEX, "/login/answer", Some(json!({ "code": code }))).await;
    assert_eq!(look.json()["machine"], "ann@blaptop", "nothing that could be markup");
    let yes = ann.own("POST", APEX, "/login/answer", Some(json!({"code": code, "yes": true}))).await;
    assert_eq!(yes.status, StatusCode::OK);
    let mut got = terminal.call("POST", "/api/v1/login/token", Some(ask.clone())).await;
    if got.json()["type"] == "/problems/slow-down" {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        got = terminal.call("POST", "/api/v1/login/token", Some(ask.clone())).await;
    }
    assert_eq!(got.status, StatusCode::CREATED, "{}", got.text);
    terminal.token = Some(got.json()["token"].as_str().unwrap().to_string());
    assert_eq!(terminal.call("GET", "/api/v1/me", None).await.json()["user"], "ann");
    terminal.token = None;
    let mut again = terminal.call("POST", "/api/v1/login/token", Some(ask.clone())).await;
    while again.json()["type"] == "/problems/slow-down" {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        again = terminal.call("POST", "/api/v1/login/token", Some(ask.clone())).await;
    }
    assert_eq!(again.json()["type"], "/problems/expired", "once");
    // The page has the code filled in by nobody: a link that somebody sent shows an empty field.
    let page = ann.get(APEX, &format!("/login/device?code={code}&user_code={code}")).await;
    assert!(!page.text.contains(code));
}

#[tokio::test]
async fn a_command_line_on_this_machine_is_answered_there_and_nowhere_else() {
    let house = House::new().await;
    let (challenge, state) = ("c".repeat(43), "s".repeat(43));
    let path = |port: &str, challenge: &str, state: &str| {
        format!("/login/cli?port={port}&challenge={challenge}&state={state}&machine=x")
    };
    let mut ann = house.signed_in("ann").await;
    assert_eq!(ann.get(APEX, &path("4000", &challenge, &state)).await.status, StatusCode::OK);
    let away = house.browser().get(APEX, &path("4000", &challenge, &state)).await;
    assert!(away.location().starts_with("/login?next=%2Flogin%2Fcli"), "{}", away.location());
    for (port, challenge, state) in [
        ("80", challenge.as_str(), state.as_str()),
        ("70000", &challenge, &state),
        ("4000@evil.test", &challenge, &state),
        ("4000", "short", &state),
        ("4000", &challenge, "short"),
        ("4000", &challenge, "x%26code=y%26aaaaaaaaaaaaaaaaaaaaa"),
        ("4000", &"%2F".repeat(43), &state),
    ] {
        assert_eq!(
            ann.get(APEX, &path(port, challenge, state)).await.status,
            StatusCode::NOT_FOUND,
            "{port} {challenge}"
        );
    }
    let asked = json!({"port": 4000, "challenge": challenge, "state": state, "machine": "x", "yes": true});
    let to = ann.own("POST", APEX, "/login/answer", Some(asked)).await.json()["to"].as_str().unwrap().to_string();
    assert!(to.starts_with("http://127.0.0.1:4000/callback?code="), "{to}");
    let code = query(&to, "code").unwrap();
    let wrong = json!({"code": code, "verifier": "v".repeat(43)});
    let refused = house.browser().call("POST", "/api/v1/login/token", Some(wrong)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "who only saw the code has nothing");
}

#[tokio::test]
async fn sessions_are_seen_and_ended() {
    let house = House::new().await;
    let (mut here, mut there) = (house.signed_in("ann").await, house.signed_in("ann").await);
    let list = here.get(APEX, "/api/v1/sessions").await.json();
    assert_eq!(list["total"], 2);
    let current: Vec<bool> =
        list["items"].as_array().unwrap().iter().map(|s| s["current"].as_bool().unwrap()).collect();
    assert_eq!(current.iter().filter(|current| **current).count(), 1);
    let mut bob = house.signed_in("bob").await;
    let of_ann = list["items"][0]["id"].as_str().unwrap();
    let foreign = bob.own("DELETE", APEX, &format!("/api/v1/sessions/{of_ann}"), None).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(here.own("DELETE", APEX, "/api/v1/sessions", None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(there.get(APEX, "/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(here.get(APEX, "/api/v1/me").await.status, StatusCode::OK);
}
