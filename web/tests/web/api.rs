use crate::house::{APEX, HELLO, House};
use dormer_core::phase::Phase;
use dormer_core::ports::store::Store;
use dormer_core::principal::Scope;
use dormer_core::workspace::{Member, Role, fixture};
use http::StatusCode;
use serde_json::{Value, json};

const WORKSPACES: &str = "/api/v1/workspaces";

#[tokio::test]
async fn create_read_change_delete() {
    let house = House::new().await;
    let mut ann = house.program("ann").await;
    let body = json!({ "source": { "url": "https://git.test/team/Shop.git", "ref": "feature/x" }, "variables": [{ "name": "A", "value": "secret-1" }] });
    let made = ann.call("POST", WORKSPACES, Some(body)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.location(), "/api/v1/workspaces/shop-feature-x");
    let made = made.json();
    assert_eq!(made["url"], "http://shop-feature-x.dormer.test:7080/");
    assert_eq!(made["ssh"], "ssh -p 7022 shop-feature-x@dormer.test");
    assert_eq!((&made["running"], &made["source"]["commit"]), (&json!(true), &json!("c0ffee")));
    assert_eq!(made["devfilePath"], "devfile.yaml");

    let read = ann.get(APEX, "/api/v1/workspaces/shop-feature-x").await;
    assert_eq!((read.status, &read.json()["name"]), (StatusCode::OK, &made["name"]));
    assert!(!read.text.contains("secret-1"), "values of variables are not shown");

    let path = "/api/v1/workspaces/hello";
    let changed = ann
        .call("PATCH", path, Some(json!({ "displayName": "Hi", "running": true, "lifecycle": { "idleTimeout": 60 } })))
        .await;
    let changed = changed.json();
    assert_eq!((&changed["displayName"], &changed["running"]), (&json!("Hi"), &json!(true)));
    assert_eq!(changed["lifecycle"]["idleTimeout"], 60);
    let stopped = ann.call("PATCH", path, Some(json!({ "running": false }))).await.json();
    assert_eq!((&stopped["running"], &stopped["displayName"]), (&json!(false), &json!("Hi")));
    let archived = ann.call("PATCH", path, Some(json!({ "archived": true }))).await.json();
    assert_eq!(archived["archived"], true);
    let refused = ann.call("PATCH", path, Some(json!({ "running": true }))).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("unarchive"), "{}", refused.text);

    let deleted = ann.call("DELETE", path, None).await;
    assert_eq!((deleted.status, &deleted.json()["phase"]), (StatusCode::ACCEPTED, &json!("Deleting")));
    let refused = ann.call("PATCH", path, Some(json!({ "running": true }))).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    house.records.forget("hello");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(ann.get(APEX, path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_cannot_be_created() {
    let house = House::new().await;
    let mut ann = house.program("ann").await;
    let source = |url: &str| json!({ "url": url });
    for (body, status, field) in [
        (json!({ "name": "hello" }), 409, "/name"),
        (json!({ "name": "login" }), 422, "/name"),
        (json!({ "name": "a--b" }), 422, "/name"),
        (json!({}), 422, "/name"),
        (json!({ "nam": "x" }), 422, "/nam"),
        (json!({ "name": "x", "project": "No" }), 422, "/project"),
        (json!({ "source": source("https://git.test/missing") }), 422, "/source/url"),
        (json!({ "source": source("a\u{7}b") }), 422, "/source/url"),
        (json!({ "source": { "url": "https://git.test/a", "ref": "nowhere" } }), 422, "/source/ref"),
        (json!({ "source": { "url": "https://git.test/a", "ref": "--upload-pack=x" } }), 422, "/source/ref"),
        (json!({ "source": source("https://git.test/bad") }), 422, "/devfilePath"),
        (json!({ "source": source("https://git.test/bare"), "devfilePath": "other.yaml" }), 422, "/devfilePath"),
        (json!({ "name": "x", "devfile": "bad" }), 422, "/devfile"),
        (json!({ "name": "x", "variables": [{ "name": "1" }] }), 422, "/variables/0/name"),
        (json!({ "name": "x", "ports": [{ "port": 3000, "share": "all" }] }), 422, "/ports/0/share"),
        (json!({ "name": "x", "editor": "vim" }), 422, "/editor"),
        (json!({ "name": "x", "resources": { "memory": "lots" } }), 422, "/resources/memory"),
        (json!({ "name": "x", "description": "x".repeat(3000) }), 422, "/description"),
        (json!({ "name": "x", "lifecycle": { "idleTimeout": u64::MAX } }), 422, "/lifecycle/idleTimeout"),
    ] {
        let answer = ann.call("POST", WORKSPACES, Some(body.clone())).await;
        assert_eq!(answer.status.as_u16(), status, "{body:.200} {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        assert!(problem["status"] == status && !problem["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(house.records.list().await.unwrap().len(), 1, "nothing half-made");
    let long = ann.call("POST", WORKSPACES, Some(json!({ "name": "x", "devfile": "x".repeat(2 << 20) }))).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut bob = house.program("bob").await;
    let folder = json!({ "source": source("/srv/project") });
    assert_eq!(bob.call("POST", WORKSPACES, Some(folder.clone())).await.status.as_u16(), 422);
    assert_eq!(ann.call("POST", WORKSPACES, Some(folder)).await.status.as_u16(), 201, "ann owns this machine");
}

#[tokio::test]
async fn two_from_one_source_get_two_names() {
    let house = House::new().await;
    let mut ann = house.program("ann").await;
    let body = json!({ "source": { "url": "https://git.test/hello" }, "running": false });
    for want in ["hello-2", "hello-3"] {
        let made = ann.call("POST", WORKSPACES, Some(body.clone())).await.json();
        assert_eq!((&made["name"], &made["running"]), (&json!(want), &json!(false)));
    }
}

#[tokio::test]
async fn lists_page_filter_and_sort() {
    let house = House::new().await;
    for (name, owner) in [("alpha", "ann"), ("beta", "ann"), ("gamma", "bob")] {
        house.records.put(fixture(name, owner));
    }
    house.records.change("beta", |workspace| workspace.status.phase = Phase::Running);
    let mut ann = house.program("ann").await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    for (query, want, next) in [
        ("", &["alpha", "beta", "hello"][..], Value::Null),
        ("?sort=-name", &["hello", "beta", "alpha"], Value::Null),
        ("?per_page=2", &["alpha", "beta"], json!(2)),
        ("?per_page=2&page=2", &["hello"], Value::Null),
        ("?per_page=2&page=99999999999", &[], Value::Null),
        ("?phase=running", &["beta"], Value::Null),
        ("?q=ALPH", &["alpha"], Value::Null),
        ("?owner=bob", &[], Value::Null),
        ("?project=other", &[], Value::Null),
    ] {
        let list = ann.get(APEX, &format!("{WORKSPACES}{query}")).await.json();
        let names: Vec<&str> = list["items"].as_array().unwrap().iter().map(|w| w["name"].as_str().unwrap()).collect();
        assert_eq!(names, want, "{query}");
        assert_eq!(list["next"], next, "{query}");
    }
    for bad in ["?sort=color", "?page=0", "?per_page=0", "?per_page=501", "?page=x", "?what=1"] {
        assert_eq!(ann.get(APEX, &format!("{WORKSPACES}{bad}")).await.status.as_u16(), 422, "{bad}");
    }
}

#[tokio::test]
async fn a_second_user_sees_nothing() {
    let house = House::new().await;
    let mut bob = house.program("bob").await;
    assert_eq!(bob.get(APEX, WORKSPACES).await.json()["total"], 0);
    let patch = Some(json!({ "running": true }));
    for (method, rest, body) in [
        ("GET", "", None),
        ("GET", "/events", None),
        ("GET", "/logs/clone", None),
        ("PATCH", "", patch.clone()),
        ("PATCH", "", Some(json!({ "archived": true }))),
        ("DELETE", "", None),
    ] {
        let theirs = bob.call(method, &format!("{WORKSPACES}/hello{rest}"), body.clone()).await;
        let nothing = bob.call(method, &format!("{WORKSPACES}/nothing{rest}"), body).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{method} {rest}");
        assert_eq!(theirs.text, nothing.text, "{method} {rest}");
        assert_eq!(theirs.headers, nothing.headers);
    }
    // One who may look may not touch.
    house.records.change("hello", |workspace| {
        let user = Some("bob".parse().unwrap());
        workspace.spec.members = vec![Member { user, group: None, role: Role::Viewer }];
    });
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(bob.get(APEX, &format!("{WORKSPACES}/hello")).await.status, StatusCode::OK);
    for (method, body) in [("PATCH", patch), ("DELETE", None)] {
        let refused = bob.call(method, &format!("{WORKSPACES}/hello"), body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn scopes_hold() {
    let house = House::new().await;
    let create = || Some(json!({ "name": "x" }));
    let token = || Some(json!({ "name": "x" }));
    for (scope, list, patch, make, mint) in [
        (Scope::All, 200, 200, 201, 201),
        (Scope::Read, 200, 403, 403, 403),
        (Scope::Ssh, 200, 200, 403, 403),
        (Scope::Workspace("hello".parse().unwrap()), 200, 200, 403, 403),
        (Scope::Workspace("other".parse().unwrap()), 200, 404, 403, 403),
    ] {
        let mut program = house.scoped("ann", scope.clone()).await;
        let mut got = vec![program.get(APEX, WORKSPACES).await];
        got.push(program.call("PATCH", "/api/v1/workspaces/hello", Some(json!({ "running": false }))).await);
        got.push(program.call("POST", WORKSPACES, create()).await);
        got.push(program.call("POST", "/api/v1/tokens", token()).await);
        let got: Vec<u16> = got.iter().map(|answer| answer.status.as_u16()).collect();
        assert_eq!(got, [list, patch, make, mint], "{scope}");
    }
}

#[tokio::test]
async fn nobody_and_wrong_credentials() {
    let house = House::new().await;
    let mut nobody = house.browser();
    for path in
        [WORKSPACES, "/api/v1/me", "/api/v1/tokens", "/api/v1/users", "/api/v1/workspaces/hello", "/api/v1/events"]
    {
        let refused = nobody.get(APEX, path).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
    }
    // A wrong token is not passed over for a good cookie.
    let mut ann = house.signed_in("ann").await;
    assert_eq!(ann.get(APEX, "/api/v1/me").await.status, StatusCode::OK);
    ann.token = Some("dormer_wrong".into());
    assert_eq!(ann.get(APEX, "/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    // On a workspace's host a bearer token is the workspace's own affair.
    let mut program = house.program("ann").await;
    assert_eq!(program.get(HELLO, "/.dormer/events").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn writes_by_cookie_come_from_own_pages_only() {
    let house = House::new().await;
    let mut ann = house.signed_in("ann").await;
    let path = "/api/v1/workspaces/hello";
    let body = || Some(json!({ "displayName": "x" }));
    for (origin, want) in [
        ("http://dormer.test:7080", 200),
        ("http://hello.dormer.test:7080", 403),
        ("http://dormer.test", 403),
        ("https://dormer.test:7080", 403),
        ("http://evil.test", 403),
        ("null", 403),
        ("http://dormer.test:7080.evil.test", 403),
    ] {
        let answer = ann.by_page_of(origin, "PATCH", APEX, path, body()).await;
        assert_eq!(answer.status.as_u16(), want, "{origin}");
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    }
    assert_eq!(ann.call("PATCH", path, body()).await.status.as_u16(), 403, "no origin at all");
    assert_eq!(ann.call("DELETE", path, None).await.status.as_u16(), 403);
    let form = ann
        .request("POST", APEX, WORKSPACES)
        .header("origin", "http://dormer.test:7080")
        .header("content-type", "text/plain")
        .body(r#"{"name":"x"}"#.into())
        .unwrap();
    assert_eq!(ann.send(APEX, form).await.status.as_u16(), 415);
    let cross = ann
        .request("DELETE", APEX, path)
        .header("origin", "http://dormer.test:7080")
        .header("sec-fetch-site", "same-site")
        .body("".into())
        .unwrap();
    assert_eq!(ann.send(APEX, cross).await.status.as_u16(), 403);
    let preflight = ann.call("OPTIONS", path, None).await;
    assert_eq!(preflight.status.as_u16(), 405);
}

#[tokio::test]
async fn tokens_keys_users_and_me() {
    let house = House::new().await;
    let (mut ann, mut bob) = (house.program("ann").await, house.program("bob").await);
    let made =
        bob.call("POST", "/api/v1/tokens", Some(json!({ "name": "ci", "scope": "read", "expiresIn": 60 }))).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let (made, id) = (made.json(), made.json()["id"].as_str().unwrap().to_string());
    let text = made["token"].as_str().unwrap().to_string();
    let list = bob.get(APEX, "/api/v1/tokens").await;
    assert_eq!(list.json()["total"], 2);
    assert!(!list.text.contains(&text) && !list.text.contains("\"token\""));
    assert_eq!(ann.call("DELETE", &format!("/api/v1/tokens/{id}"), None).await.status, StatusCode::NOT_FOUND);
    let mut ci = house.browser();
    ci.token = Some(text);
    assert_eq!(ci.get(APEX, "/api/v1/me").await.json()["scope"], "read");
    assert_eq!(ci.call("DELETE", &format!("/api/v1/tokens/{id}"), None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(ci.get(APEX, "/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    for bad in [json!({ "name": "" }), json!({ "name": "x", "scope": "root" }), json!({ "name": "x", "expiresIn": 0 })]
    {
        assert_eq!(bob.call("POST", "/api/v1/tokens", Some(bad)).await.status.as_u16(), 422);
    }
    let other = Some(json!({ "name": "x", "user": "ann" }));
    assert_eq!(bob.call("POST", "/api/v1/tokens", other).await.status, StatusCode::FORBIDDEN);

    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKKTg2qHYIeX3boj7QOyLKbikf4XXoz1yr2okgcZu/0G laptop";
    let added = ann.call("POST", "/api/v1/keys", Some(json!({ "key": key }))).await;
    assert_eq!((added.status, &added.json()["name"]), (StatusCode::CREATED, &json!("laptop")));
    assert_eq!(bob.call("POST", "/api/v1/keys", Some(json!({ "key": key }))).await.status, StatusCode::CONFLICT);
    assert_eq!(bob.call("POST", "/api/v1/keys", Some(json!({ "key": "x" }))).await.status.as_u16(), 422);
    let id = added.json()["id"].as_str().unwrap().to_string();
    assert_eq!(bob.call("DELETE", &format!("/api/v1/keys/{id}"), None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ann.call("DELETE", &format!("/api/v1/keys/{id}"), None).await.status, StatusCode::NO_CONTENT);

    for (method, path) in [("GET", "/api/v1/users"), ("DELETE", "/api/v1/users/ann")] {
        assert_eq!(bob.call(method, path, None).await.status, StatusCode::FORBIDDEN);
    }
    let new = json!({ "name": "cleo" });
    assert_eq!(bob.call("POST", "/api/v1/users", Some(new.clone())).await.status, StatusCode::FORBIDDEN);
    let added = ann.call("POST", "/api/v1/users", Some(new.clone())).await;
    let link = added.json()["signInLink"].as_str().unwrap().to_string();
    let secret = link.strip_prefix("http://dormer.test:7080/login#").unwrap().to_string();
    assert_eq!(ann.call("POST", "/api/v1/users", Some(new)).await.status, StatusCode::CONFLICT);
    let mut cleo = house.browser();
    let signed = cleo.own("POST", APEX, "/login", Some(json!({ "secret": secret }))).await;
    assert_eq!(signed.status, StatusCode::OK);
    assert_eq!(cleo.get(APEX, "/api/v1/me").await.json()["user"], "cleo");
    assert_eq!(ann.call("DELETE", "/api/v1/users/ann", None).await.status, StatusCode::CONFLICT);
    assert_eq!(ann.call("DELETE", "/api/v1/users/cleo", None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(cleo.get(APEX, "/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_description_and_the_probes() {
    let house = House::new().await;
    let mut nobody = house.browser();
    let description = nobody.get(APEX, "/api/v1/openapi.json").await.json();
    for path in [WORKSPACES, "/api/v1/workspaces/{name}", "/api/v1/tokens/{id}", "/api/v1/me", "/api/v1/users/{name}"] {
        assert!(description["paths"][path].is_object(), "{path}");
    }
    assert!(description["components"]["schemas"]["Workspace"]["properties"]["lastActivity"].is_object());
    for host in [APEX, "10.0.0.7:7080", "[::1]"] {
        assert_eq!(nobody.get(host, "/healthz").await.status, StatusCode::OK);
        assert_eq!(nobody.get(host, "/readyz").await.status, StatusCode::OK);
    }
    assert_eq!(nobody.get("evil.test", "/api/v1/openapi.json").await.status, StatusCode::NOT_FOUND);
    assert_eq!(nobody.get(HELLO, "/api/v1/openapi.json").await.status, StatusCode::NOT_FOUND, "the apex only");
    assert_eq!(nobody.get(APEX, "/.dormer/ticket").await.status, StatusCode::NOT_FOUND, "workspace hosts only");
    house.shutdown.cancel();
    assert_eq!(nobody.get(APEX, "/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_restart_is_one_change_of_the_record() {
    let house = House::new().await;
    house.records.change("hello", |workspace| {
        workspace.spec.running = true;
        workspace.status.phase = Phase::Running;
        workspace.status.instance = Some("first".into());
    });
    let mut ann = house.program("ann").await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let path = "/api/v1/workspaces/hello";
    let spec = async || house.records.get(&"hello".parse().unwrap()).await.unwrap().spec;
    let answer = ann.call("PATCH", path, Some(json!({ "restart": true }))).await;
    assert_eq!((answer.status, &answer.json()["running"]), (StatusCode::OK, &json!(true)));
    // Nothing is left to be done by the gateway that was asked: the record says it all.
    assert_eq!((spec().await.running, spec().await.restart.as_deref()), (true, Some("first")));

    // What sleeps is started.
    house.records.change("hello", |workspace| {
        workspace.spec.running = false;
        workspace.status.phase = Phase::Stopped;
        workspace.status.instance = None;
    });
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    ann.call("PATCH", path, Some(json!({ "restart": true }))).await;
    assert_eq!((spec().await.running, spec().await.restart), (true, None));
    let both = json!({ "restart": true, "running": false });
    assert_eq!(ann.call("PATCH", path, Some(both)).await.status.as_u16(), 422);
}
