use std::net::IpAddr;

use crate::house::{APEX, House};
use http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_terminal_is_let_in_by_a_click_and_by_nothing_else() {
    let house = House::new().await;
    let mut ann = house.signed_in("ann").await;
    let address: IpAddr = "192.0.2.7".parse().unwrap();
    let mut asked = house.approvals.ask(address, "hello<script>", "SSH-2.0-OpenSSH_9.2").unwrap();
    let path = format!("/ssh/{}", asked.code);

    // Nobody in particular is sent to sign in, and back.
    let stranger = house.browser().get(APEX, &path).await;
    assert_eq!(stranger.location(), format!("/login?next={path}"));
    assert_eq!(house.browser().own("POST", APEX, &path, Some(json!({"approve": true}))).await.status, 401);

    // The page shows who asks, from where, and the code; being opened it does nothing.
    for (from, warned) in [("192.0.2.7", false), ("198.51.100.1", true)] {
        let request = ann.request("GET", APEX, &path).header("x-forwarded-for", from);
        let page = ann.send(APEX, request.body("".into()).unwrap()).await;
        assert_eq!(page.status, StatusCode::OK);
        for part in [asked.code.as_str(), "192.0.2.7", "hello&#60;script&#62;", "OpenSSH_9.2", "<strong>ann</strong>"] {
            assert!(page.text.contains(part), "{part}: {}", page.text);
        }
        assert_eq!(page.text.contains("do not approve it"), warned, "{from}");
    }
    assert_eq!(
        ann.by_page_of("http://evil.test", "POST", APEX, &path, Some(json!({"approve": true}))).await.status,
        403
    );
    assert_eq!(ann.call("POST", &path, Some(json!({"approve": true}))).await.status, 403, "a write with no origin");
    assert!(house.approvals.look(&asked.code).await.is_some(), "nothing of all that was an answer");

    let answer = ann.own("POST", APEX, &path, Some(json!({"approve": true}))).await;
    assert_eq!(answer.json(), json!({"approved": true}));
    assert_eq!(asked.answer().await.unwrap().unwrap().principal.user.as_str(), "ann");
    assert_eq!(ann.own("POST", APEX, &path, Some(json!({"approve": true}))).await.status, 404, "once");
    assert_eq!(ann.get(APEX, &path).await.status, 404);

    let mut asked = house.approvals.ask(address, "hello", "").unwrap();
    let path = format!("/ssh/{}", asked.code);
    assert_eq!(ann.own("POST", APEX, &path, Some(json!({"approve": false}))).await.json(), json!({"approved": false}));
    assert!(asked.answer().await.unwrap().is_none());
    assert_eq!(ann.get(APEX, "/ssh/..%2F..%2Fx").await.status, 404);
}
