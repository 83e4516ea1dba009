use crate::house::{APEX, HELLO, House};
use dormer_core::phase::Phase;
use dormer_core::principal::Scope;
use http::{Request, StatusCode};

#[tokio::test]
async fn every_page_is_strict_and_complete() {
    let house = House::new().await;
    let mut ann = house.signed_in("ann").await;
    let token = house.token("ann", Scope::All).await;
    for (host, path, status) in [
        (APEX, "/", 200),
        (APEX, "/access", 200),
        (APEX, "/new", 200),
        (APEX, "/login", 200),
        (APEX, "/nothing", 404),
        (HELLO, "/.dormer/ticket", 200),
        (HELLO, "/.dormer/pages/waiting", 503),
        (HELLO, "/.dormer/pages/asleep", 503),
        (HELLO, "/.dormer/pages/not-found", 404),
        (HELLO, "/.dormer/pages/forbidden", 403),
        (HELLO, "/.dormer/pages/unavailable", 502),
    ] {
        let request = ann
            .request("GET", host, path)
            .header("accept", "text/html")
            .header("dormer-reason", "no-listener")
            .header("dormer-port", "3000");
        let request = if host == HELLO { request.header("dormer-token", &token) } else { request };
        let page = ann.send(host, request.body("".into()).unwrap()).await;
        assert_eq!(page.status.as_u16(), status, "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{path}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert!(page.text.starts_with("<!doctype html>") && page.text.ends_with("</html>"), "{path}");
        for bad in ["<style", " style=", " onclick", "<script>", "javascript:"] {
            assert!(!page.text.contains(bad), "{path} has {bad}");
        }
        // Every script and style that a page names is served where it names it.
        for part in page.text.split(['"']).filter(|part| part.contains("/static/") && !part.contains(' ')) {
            let asset = ann.get(host, part).await;
            assert_eq!(asset.status, StatusCode::OK, "{part}");
        }
    }
}

#[tokio::test]
async fn strangers_are_shown_the_way() {
    let house = House::new().await;
    let mut nobody = house.browser();
    for (path, to) in [("/", "/login"), ("/access", "/login?next=/access")] {
        let sent = nobody.get(APEX, path).await;
        assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, to));
    }
    let login = nobody.get(APEX, "/login").await;
    assert!(login.text.contains("dormer login-link"));
    let new = nobody.get(APEX, "/new").await;
    assert!(new.text.contains("Sign in first") && !new.text.contains("<form"));
}

#[tokio::test]
async fn who_may_not_see_it_gets_the_page_of_what_is_not_there() {
    let house = House::new().await;
    let bob = house.token("bob", Scope::All).await;
    let nothing = "nothing.dormer.test:7080";
    let mut pages = Vec::new();
    for (host, path) in [
        (HELLO, "/.dormer/pages/not-found"),
        (nothing, "/.dormer/pages/not-found"),
        (HELLO, "/.dormer/pages/waiting"),
        (nothing, "/.dormer/pages/waiting"),
    ] {
        let mut browser = house.browser();
        let request = browser.request("GET", host, path).header("dormer-token", &bob).body("".into()).unwrap();
        let page = browser.send(host, request).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        pages.push(page.text);
    }
    assert!(pages.iter().all(|page| *page == pages[0]));
}

#[tokio::test]
async fn the_waiting_page_tells_why_it_failed_and_escapes_it() {
    let house = House::new().await;
    house.records.change("hello", |workspace| {
        workspace.status.phase = Phase::Failed;
        workspace.status.message = Some("clone <b>failed</b>".into());
        workspace.status.log_tail = Some("fatal: </pre><script>alert(1)</script>".into());
    });
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let token = house.token("ann", Scope::All).await;
    let mut ann = house.browser();
    let request = |path: &str| {
        let request = Request::builder().uri(path).header("host", HELLO).header("dormer-token", &token);
        request.body("".into()).unwrap()
    };
    let page = ann.send(HELLO, request("/.dormer/pages/waiting")).await;
    assert!(page.text.contains("hello did not start") && page.text.contains("fatal: "));
    assert!(!page.text.contains("<script>alert") && !page.text.contains("<b>failed"));
    assert_eq!(page.header("retry-after"), "2");
    house.records.change("hello", |workspace| workspace.status.phase = Phase::Stopped);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let page = ann.send(HELLO, request("/.dormer/pages/asleep")).await;
    assert!(page.text.contains("hello is asleep") && page.text.contains("data-may-run=\"true\""));
}

#[tokio::test]
async fn the_wake_button_needs_its_own_page() {
    let house = House::new().await;
    let token = house.token("ann", Scope::All).await;
    let mut ann = house.browser();
    let wake = |csrf: bool| {
        let request = Request::builder().method("POST").uri("/.dormer/wake").header("host", HELLO);
        let request = request.header("dormer-token", &token);
        if csrf { request.header("dormer-csrf", "1") } else { request }.body("".into()).unwrap()
    };
    assert_eq!(ann.send(HELLO, wake(false)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ann.send(HELLO, wake(true)).await.status, StatusCode::ACCEPTED);
    let mut program = house.program("ann").await;
    assert_eq!(program.get(APEX, "/api/v1/workspaces/hello").await.json()["running"], true);
}

#[tokio::test]
async fn assets_are_not_sent_twice() {
    let house = House::new().await;
    let mut browser = house.browser();
    let first = browser.get(APEX, "/static/dormer.css").await;
    assert_eq!(first.header("content-type"), "text/css; charset=utf-8");
    let request = browser
        .request("GET", HELLO, "/.dormer/static/dormer.css")
        .header("if-none-match", first.header("etag"))
        .body("".into())
        .unwrap();
    let again = browser.send(HELLO, request).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let tab = browser.get(HELLO, "/.dormer/tab.js").await;
    assert!(tab.status == StatusCode::OK && !tab.text.contains("innerHTML"), "trusted types forbid it");
    for path in ["/static/../Cargo.toml", "/static/%2e%2e%2fCargo.toml", "/static/none.js"] {
        assert_eq!(browser.get(APEX, path).await.status, StatusCode::NOT_FOUND);
    }
}
