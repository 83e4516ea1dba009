use crate::house::{APEX, House};
use http::StatusCode;
use serde_json::json;

const CLASSES: &str = "/api/v1/classes";

#[tokio::test]
async fn administrators_make_change_and_remove_classes() {
    let house = House::new().await;
    let mut ann = house.program("ann").await;
    let first = ann.get(APEX, CLASSES).await.json();
    assert_eq!((&first["items"][0]["name"], &first["items"][0]["default"]), (&json!("default"), &json!(true)));

    let small = json!({
        "name": "small", "description": "for trying things",
        "defaults": { "resources": { "memory": "1Gi" }, "lifecycle": { "idleTimeout": 600 } },
        "limits": { "memory": "2Gi" }, "fixed": ["storage.class"], "pod": { "nodeSelector": { "pool": "dev" } },
    });
    let made = ann.call("POST", CLASSES, Some(small.clone())).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let made = made.json();
    assert_eq!((&made["limits"]["memory"], &made["pod"]["nodeSelector"]["pool"]), (&json!("2Gi"), &json!("dev")));
    assert_eq!(made["defaults"]["lifecycle"]["idleTimeout"], 600);
    assert!(made["createdAt"].is_string());
    assert_eq!(ann.call("POST", CLASSES, Some(small)).await.status, StatusCode::CONFLICT);

    let mut bob = house.program("bob").await;
    let shown = bob.get(APEX, &format!("{CLASSES}/small")).await.json();
    assert_eq!(shown, json!({ "name": "small", "default": false, "description": "for trying things" }));
    for (method, path) in [("POST", CLASSES), ("PUT", "/api/v1/classes/small"), ("DELETE", "/api/v1/classes/small")] {
        let body = (method != "DELETE").then(|| json!({ "name": "mine" }));
        assert_eq!(bob.call(method, path, body).await.status, StatusCode::FORBIDDEN, "{method}");
    }

    let put = ann.call("PUT", "/api/v1/classes/small", Some(json!({ "limits": { "memory": "3Gi" } }))).await;
    assert_eq!((put.status, &put.json()["limits"]["memory"]), (StatusCode::OK, &json!("3Gi")));
    assert!(put.json().get("description").is_none(), "it says all anew");
    assert_eq!(ann.call("PUT", "/api/v1/classes/none", Some(json!({}))).await.status, StatusCode::NOT_FOUND);
    let change = json!({ "class": "small" });
    assert_eq!(ann.call("PATCH", "/api/v1/workspaces/hello", Some(change)).await.status, StatusCode::OK);
    let refused = ann.call("DELETE", "/api/v1/classes/small", None).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    ann.call("PATCH", "/api/v1/workspaces/hello", Some(json!({ "class": "default" }))).await;
    assert_eq!(ann.call("DELETE", "/api/v1/classes/small", None).await.status, StatusCode::NO_CONTENT);
    let audit = ann.get(APEX, "/api/v1/audit").await.text;
    for action in ["class.create", "class.change", "class.remove"] {
        assert!(audit.contains(action), "{audit}");
    }
    let description = ann.get(APEX, "/api/v1/openapi.json").await.json();
    assert!(description["paths"]["/api/v1/classes/{name}"]["put"].is_object());
}

#[tokio::test]
async fn what_is_no_class_and_what_a_class_does_not_allow() {
    let house = House::new().await;
    let mut ann = house.program("ann").await;
    for (body, field) in [
        (json!({}), "/name"),
        (json!({ "name": "No" }), "/name"),
        (json!({ "name": "x", "limts": {} }), "/limts"),
        (json!({ "name": "x", "fixed": ["resources.disk"] }), "/fixed/0"),
        (json!({ "name": "x", "defaults": { "resources": { "memory": "much" } } }), "/defaults/resources/memory"),
        (json!({ "name": "x", "devfile": "bad" }), "/devfile"),
    ] {
        let answer = ann.call("POST", CLASSES, Some(body.clone())).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{}", answer.text);
    }
    let small =
        json!({ "name": "small", "limits": { "memory": "2Gi", "idleTimeout": 3600 }, "fixed": ["storage.size"] });
    assert_eq!(ann.call("POST", CLASSES, Some(small)).await.status, StatusCode::CREATED);
    for (body, field) in [
        (json!({ "name": "x", "class": "smal" }), "/class"),
        (json!({ "name": "x", "class": "small", "resources": { "memory": "3Gi" } }), "/resources/memory"),
        (json!({ "name": "x", "class": "small", "storage": { "size": "1Gi" } }), "/storage/size"),
        (json!({ "name": "x", "pod": { "containers": [] } }), "/pod"),
        (json!({ "name": "x", "class": "small", "lifecycle": { "idleTimeout": 0 } }), "/lifecycle/idleTimeout"),
    ] {
        let answer = ann.call("POST", "/api/v1/workspaces", Some(body.clone())).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{}", answer.text);
        if field == "/class" {
            assert!(answer.text.contains("did you mean 'small'?"), "{}", answer.text);
        }
    }
    let hello = "/api/v1/workspaces/hello";
    let large = json!({ "resources": { "memory": "8Gi" } });
    assert_eq!(ann.call("PATCH", hello, Some(large)).await.status, StatusCode::OK, "its class has no limit");
    let answer = ann.call("PATCH", hello, Some(json!({ "class": "small" }))).await;
    assert_eq!(answer.json()["errors"][0]["field"], "/resources/memory", "{}", answer.text);
    // What is wrong already does not keep anybody from changing something else.
    house.records.change("hello", |workspace| workspace.spec.class = "gone".into());
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(ann.call("PATCH", hello, Some(json!({ "displayName": "Hi" }))).await.status, StatusCode::OK);
}
