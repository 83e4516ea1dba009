use std::time::Duration;

use crate::house::{APEX, Client, HELLO, House};
use axum::body::{Body, BodyDataStream};
use dormer_core::phase::Phase;
use dormer_core::ports::store::{Event, Store};
use dormer_core::workspace::fixture;
use futures::StreamExt;
use http::StatusCode;
use jiff::Timestamp;

struct Stream {
    body: BodyDataStream,
    text: String,
}

impl Stream {
    async fn open(client: &Client<'_>, host: &str, path: &str) -> Stream {
        let request = client.request("GET", host, path).body(Body::empty()).unwrap();
        let response = client.house.send(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Stream { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event: its kind and data. None at the end.
    async fn next(&mut self) -> Option<(String, serde_json::Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_string()
                };
                let (kind, data) = (field("event:"), field("data:"));
                self.text = rest.to_string();
                if !kind.is_empty() {
                    return Some((kind, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let piece =
                tokio::time::timeout(Duration::from_secs(10), self.body.next()).await.expect("an event in time");
            self.text.push_str(std::str::from_utf8(&piece?.unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn a_workspace_at_once_then_what_happened_then_what_happens() {
    let house = House::new().await;
    let name = "hello".parse().unwrap();
    let note = |reason: &str| Event { at: Timestamp::now(), reason: reason.into(), message: "m".into(), by: None };
    house.records.note(&name, note("First")).await.unwrap();
    let ann = house.program("ann").await;
    let mut stream = Stream::open(&ann, APEX, "/api/v1/workspaces/hello/events").await;
    let (kind, data) = stream.next().await.unwrap();
    assert_eq!((kind.as_str(), &data["phase"]), ("workspace", &"Stopped".into()));
    let (kind, data) = stream.next().await.unwrap();
    assert_eq!((kind.as_str(), &data["reason"]), ("event", &"First".into()));
    house.records.note(&name, note("Second")).await.unwrap();
    house.records.change("hello", |workspace| workspace.status.phase = Phase::Starting);
    let (kind, data) = stream.next().await.unwrap();
    assert_eq!((kind.as_str(), &data["phase"]), ("workspace", &"Starting".into()));
    let (kind, data) = stream.next().await.unwrap();
    assert_eq!((kind.as_str(), &data["reason"]), ("event", &"Second".into()), "each once, in order");
    house.records.forget("hello");
    assert_eq!(stream.next().await.unwrap().0, "gone");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_revoked_token_ends_its_streams() {
    let house = House::new().await;
    let mut ann = house.program("ann").await;
    let mut one = Stream::open(&ann, APEX, "/api/v1/workspaces/hello/events").await;
    let mut all = Stream::open(&ann, APEX, "/api/v1/events").await;
    assert!(one.next().await.is_some() && all.next().await.is_some());
    let id = ann.get(APEX, "/api/v1/tokens").await.json()["items"][0]["id"].as_str().unwrap().to_string();
    assert_eq!(ann.call("DELETE", &format!("/api/v1/tokens/{id}"), None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(one.next().await, None);
    assert_eq!(all.next().await, None);
}

#[tokio::test]
async fn the_dashboards_stream_shows_own_ones_only() {
    let house = House::new().await;
    let bob = house.program("bob").await;
    let mut stream = Stream::open(&bob, APEX, "/api/v1/events").await;
    house.records.put(fixture("theirs", "ann"));
    house.records.put(fixture("mine", "bob"));
    let (kind, data) = stream.next().await.unwrap();
    assert_eq!((kind.as_str(), &data["name"]), ("workspace", &"mine".into()));
    house.records.forget("theirs");
    house.records.forget("mine");
    let (kind, data) = stream.next().await.unwrap();
    assert_eq!((kind.as_str(), &data["name"]), ("gone", &"mine".into()));
    house.shutdown.cancel();
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_host_streams_its_own_workspace() {
    let house = House::new().await;
    let mut ann = house.browser();
    let token = house.token("ann", dormer_core::principal::Scope::All).await;
    ann.jar.clear();
    let request =
        ann.request("GET", HELLO, "/.dormer/events").header("dormer-token", &token).body(Body::empty()).unwrap();
    let response = house.send(request).await;
    let mut stream = Stream { body: response.into_body().into_data_stream(), text: String::new() };
    assert_eq!(stream.next().await.unwrap().1["name"], "hello");
    // Taken away: the stream tells, and ends.
    house.records.change("hello", |workspace| workspace.spec.owner = "bob".parse().unwrap());
    assert_eq!(stream.next().await.unwrap().0, "gone");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn logs_of_what_does_not_run_come_from_the_record() {
    let house = House::new().await;
    house.records.change("hello", |workspace| workspace.status.log_tail = Some("fatal: ü\nno".into()));
    let mut ann = house.program("ann").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let mut stream = Stream::open(&ann, APEX, "/api/v1/workspaces/hello/logs/clone?tail=100").await;
    let (kind, data) = stream.next().await.unwrap();
    assert_eq!((kind.as_str(), data.as_str().unwrap()), ("log", "fatal: ü\nno"));
    assert_eq!(stream.next().await.unwrap().0, "end");
    assert_eq!(stream.next().await, None);
    for bad in ["..", "%2e%2e%2fetc", "a%00b", "-x"] {
        let path = format!("/api/v1/workspaces/hello/logs/{bad}");
        assert_eq!(ann.get(APEX, &path).await.status, StatusCode::NOT_FOUND, "{bad}");
    }
}
