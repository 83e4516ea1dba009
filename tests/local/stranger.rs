//! Somebody else: a second user, a page of another origin, a cookie of another host.

mod page;

use std::time::Duration;

use dormer_tests::app;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::ssh::{Key, Login};
use dormer_tests::{wait, websocket};
use serde_json::json;

#[test]
fn a_second_user_is_refused_at_every_door_as_if_nothing_were_there() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("mine").app(port).commit();
    let workspace = gateway.workspace("mine").from(&repository).create();
    workspace.listening(port);
    let bob = gateway.person("bob");
    let apex = gateway.apex().seen_by(&bob);

    // Two names, of which one exists: every answer to both is the same.
    let doors: [(&str, Door<'_>); 8] = [
        ("page", &|name| plain(gateway.site(name).seen_by(&bob).visit("/"), name)),
        ("program", &|name| plain(gateway.site(name).seen_by(&bob).get("/"), name)),
        ("port", &|name| plain(gateway.site(&format!("{port}--{name}")).seen_by(&bob).get("/"), name)),
        ("socket", &|name| {
            (gateway.site(&format!("{port}--{name}")).seen_by(&bob).socket("/socket").refused(), String::new())
        }),
        ("API, reading", &|name| plain(apex.api("GET", &format!("/workspaces/{name}"), None), name)),
        ("API, starting", &|name| {
            plain(apex.api("PATCH", &format!("/workspaces/{name}"), Some(json!({"running": false}))), name)
        }),
        ("API, deleting", &|name| plain(apex.api("DELETE", &format!("/workspaces/{name}"), None), name)),
        ("API, logs", &|name| plain(apex.api("GET", &format!("/workspaces/{name}/logs/app"), None), name)),
    ];
    for (door, ask) in doors {
        let (mine, none) = (ask("mine"), ask("none"));
        assert!(mine.0 >= 300, "{door}: {mine:?}");
        assert_eq!(mine, none, "{door}");
    }
    let list = apex.api("GET", "/workspaces", None).expect(200).value();
    assert_eq!(list["items"], json!([]));
    assert_eq!(list["total"], 0);

    let key = Key::generate(gateway.folder(), "bob");
    apex.api("POST", "/keys", Some(json!({"key": key.public()}))).expect(201);
    let ssh = |name: &str| {
        let output = Login::new(&gateway, name).key(&key).run("true");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).replace(&format!("'{name}'"), "'NAME'"))
    };
    assert_ne!(ssh("mine").0, Some(0));
    assert_eq!(ssh("mine"), ssh("none"));
    assert!(!Login::new(&gateway, "mine").password(&bob.token).run("true").status.success());

    assert_eq!(workspace.phase(), "Running", "nothing of this did anything to it");
}

/// Knocks at a door of the workspace of that name: the status and what was said.
type Door<'a> = &'a dyn Fn(&str) -> (u16, String);

fn plain(answer: dormer_tests::http::Response, name: &str) -> (u16, String) {
    (answer.status, answer.text().replace(name, "NAME"))
}

#[test]
fn nobody_known_is_sent_to_sign_in_and_told_nothing() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("mine").app(port).commit();
    let workspace = gateway.workspace("mine").from(&repository).create();
    workspace.listening(port);
    let nobody = |label: &str| gateway.site(label).unknown();
    for label in ["mine".to_string(), "none".to_string(), format!("{port}--mine"), format!("{port}--none")] {
        let page = nobody(&label).visit("/");
        assert!([302, 303, 307].contains(&page.status), "{label}: {}", page.status);
        let place = page.field("location").unwrap_or_default().to_string();
        assert!(place.starts_with(&format!("{}/", gateway.url)), "{label}: {place}");
        assert!([401, 403, 404].contains(&nobody(&label).get("/x.js").status), "{label}");
        assert!([401, 403, 404].contains(&nobody(&label).socket("/socket").refused()), "{label}");
    }
    let answer = gateway.apex().unknown().api("GET", "/workspaces", None);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.field("content-type"), Some("application/problem+json"));
    for token in ["", "dormer_", "dormer_0000000000000000000000000000000000000000", "x", &"a".repeat(10_000)] {
        let status = gateway.apex().unknown().request("GET", "/api/v1/workspaces").token(token).send().status;
        assert_eq!(status, 401, "{token:.40}");
    }
}

#[test]
fn a_websocket_from_a_page_of_another_origin_is_refused() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("mine").app(port).commit();
    let workspace = gateway.workspace("mine").from(&repository).create();
    workspace.listening(port);
    let site = workspace.port(port);
    site.socket("/socket").open();
    // A program says no origin at all.
    websocket::upgrade(site.request("GET", "/socket")).open();
    for origin in [
        "http://evil.example",
        "null",
        &format!("http://other.{}", gateway.apex().host),
        &format!("http://{}", gateway.apex().host),
        &format!("https://{}", site.host),
        "http://localhost",
    ] {
        let status = websocket::upgrade(site.request("GET", "/socket").with("origin", origin)).refused();
        assert_eq!(status, 403, "{origin}");
    }
    // Nor may such a page write to the API.
    let request = gateway.apex().request("POST", "/api/v1/workspaces").with("origin", "http://evil.example");
    let status = request.json(&json!({"name": "csrf", "running": false})).send().status;
    assert!([201, 403, 422].contains(&status), "{status}");
}

#[test]
fn a_right_that_is_taken_away_is_gone_within_a_second_open_sockets_included() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("mine").app(port).commit();
    let workspace = gateway.workspace("mine").from(&repository).create();
    workspace.listening(port);
    let made = gateway.apex().api("POST", "/tokens", Some(json!({"name": "short"}))).expect(201).value();
    let token = made["token"].as_str().unwrap();
    let site = dormer_tests::person::Site { token: Some(token.into()), ..workspace.port(port) };
    let mut socket = site.socket("/socket").open();
    assert_eq!(socket.receive(Duration::from_secs(10)).unwrap().as_deref(), Some(&b"hello"[..]));
    let id = made["id"].as_str().unwrap();
    assert!((200..300).contains(&gateway.apex().api("DELETE", &format!("/tokens/{id}"), None).status));
    wait::until("requests are refused", Duration::from_secs(2), || (site.get("/x").status == 401).then_some(()));
    assert!(matches!(socket.receive(Duration::from_secs(3)), Ok(None) | Err(_)), "the open socket was closed");
}
