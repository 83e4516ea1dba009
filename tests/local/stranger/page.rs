//! What a page that a workspace serves can do with the session of whoever looks at it. In a real browser.

use dormer_tests::app;
use dormer_tests::browser::Browser;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::wait;
use serde_json::json;

#[test]
fn a_workspaces_page_gets_nothing_by_its_visitors_session() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("evil").app(port).commit();
    let workspace = gateway.workspace("evil").from(&repository).create();
    workspace.listening(port);
    let other = git.repository("other").file("a", "").commit();
    let other = gateway.workspace("other").from(&other).set("running", json!(false)).submit();
    let mut browser = Browser::open();
    browser.go(&gateway.sign_in_link());
    browser.see("text=Workspaces");
    browser.go(&format!("{}/page", workspace.port(port).url()));
    browser.see("text=GET /page HTTP/1.1");
    let apex = gateway.apex().url();
    let editor = workspace.site().url();

    // Reading: the API, the dashboard, and what a sibling host has, with and without leave to see the answer.
    for place in
        [format!("{apex}/api/v1/me"), format!("{apex}/"), format!("{editor}/"), format!("{}/", other.site().url())]
    {
        for mode in ["cors", "no-cors"] {
            let read = browser.evaluate(&format!(
                "fetch('{place}', {{credentials: 'include', mode: '{mode}'}}).then((a) => a.text()).catch(() => '')"
            ));
            assert_eq!(read, json!(""), "{mode} {place}");
        }
    }
    // Writing: as a script does, and as a form does, which needs nobody's leave.
    for (path, body) in [
        ("/api/v1/workspaces", r#"{"name": "made-by-a-page", "running": false}"#),
        ("/api/v1/tokens", r#"{"name": "made-by-a-page"}"#),
        ("/api/v1/keys", r#"{"key": "ssh-ed25519 AAAA"}"#),
        ("/logout", ""),
        ("/login/link/none", "{}"),
    ] {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json"] {
            browser.evaluate(&format!(
                "fetch('{apex}{path}', {{method: 'POST', credentials: 'include', mode: 'no-cors', body: {}, \
                 headers: {{'content-type': '{kind}'}}}}).then(() => '').catch(() => '')",
                json!(body)
            ));
        }
    }
    browser.evaluate(&format!(
        "(() => {{ const form = document.createElement('form'); form.method = 'post'; form.enctype = 'text/plain'; \
         form.action = '{apex}/api/v1/workspaces'; const field = document.createElement('input'); \
         field.name = '{{\"name\": \"made-by-a-form\", \"running\": false, \"description\": \"'; field.value = '\"}}'; \
         form.append(field); document.body.append(form); form.submit(); }})()"
    ));
    wait::until("the form was sent", wait::LONG, || browser.url().starts_with(&apex).then_some(()));
    let list = gateway.apex().api("GET", "/workspaces", None).value();
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
    assert!(names.iter().all(|name| name == "evil" || name == "other"), "{names:?}");
    let tokens = gateway.apex().api("GET", "/tokens", None).text();
    assert!(!tokens.contains("made-by-a-page"), "{tokens}");
    browser.go(&format!("{apex}/"));
    browser.see("text=Workspaces");

    // Frames: nothing of ours is shown inside a page of somebody else, so that no click on it is stolen.
    browser.go(&format!("{}/page", workspace.port(port).url()));
    browser.see("text=GET /page HTTP/1.1");
    for place in [format!("{apex}/"), format!("{apex}/access"), format!("{apex}/login/device"), format!("{apex}/new")] {
        browser.evaluate(&format!(
            "new Promise((done) => {{ const frame = document.createElement('iframe'); frame.src = '{place}'; \
             frame.onload = () => done(1); document.body.append(frame); setTimeout(done, 5000); }})"
        ));
    }
    let said = browser.attempt(json!({"do": "log"})).unwrap().to_string();
    assert!(said.matches("frame-ancestors").count() >= 4, "{said}");
    // Whoever it opens is not in its hands: no handle to the window, so nothing of its address.
    let held = browser.evaluate(&format!(
        "new Promise((done) => {{ const opened = window.open('{apex}/new'); setTimeout(() => {{ \
         try {{ done([opened === null || opened.closed, opened && opened.location.href]) }} catch (error) {{ done('no') }} }}, 3000) }})"
    ));
    assert!(held == json!("no") || held[0] == json!(true), "{held}");
    // WebSockets carry cookies wherever they go: to another host of the same person, none is opened.
    for place in [workspace.site().host, other.site().host, format!("{port}--other.{}", gateway.apex().host)] {
        let opened = browser.evaluate(&format!(
            "new Promise((done) => {{ const socket = new WebSocket('ws://{place}/socket'); \
             socket.onopen = () => done('open'); socket.onerror = () => done('refused') }})"
        ));
        assert_eq!(opened, json!("refused"), "{place}");
    }
    assert_eq!(other.phase(), "Stopped", "and nothing was woken by any of it");
}

#[test]
fn a_cookie_that_a_workspace_sets_for_its_siblings_changes_nobody() {
    let (gateway, git) = (Gateway::secure(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("evil").app(port).commit();
    let workspace = gateway.workspace("evil").from(&repository).create();
    workspace.listening(port);
    let mut browser = Browser::open_to_anyone();
    browser.go(&gateway.sign_in_link());
    browser.see("text=Workspaces");
    browser.go(&format!("{}/page", workspace.port(port).url()));
    browser.see("text=GET /page HTTP/1.1");
    for name in
        ["__Host-dormer_session", "__Host-dormer_binding", "__Host-dormer_flow", "dormer_session", "dormer_binding"]
    {
        browser.evaluate(&format!("document.cookie = '{name}=tossed; domain=dev.localhost; path=/; secure'"));
    }
    let tossed = browser.cookies().iter().filter(|cookie| cookie["value"] == "tossed").count();
    assert_eq!(tossed, 2, "the browser takes only those that mean nothing where there is TLS");
    browser.go(&format!("{}/", gateway.apex().url()));
    browser.see("text=Workspaces");
    assert_eq!(
        browser.evaluate("fetch('/api/v1/me').then((a) => a.json()).then((me) => me.user)"),
        json!(gateway.owner.name)
    );
    browser.go(&format!("{}/again", workspace.port(port).url()));
    browser.see("text=GET /again HTTP/1.1");
    let head = browser.text("body").to_ascii_lowercase();
    assert!(!head.contains("dormer_session"), "nothing by our names goes on to the workspace: {head}");
}
