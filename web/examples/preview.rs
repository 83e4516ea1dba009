//! Serves the pages over made-up workspaces, to be looked at: `cargo run -p dormer-web --example preview`, then a
//! browser for which dormer.test and everything below it is this machine at the port that is printed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    dead_code,
    reason = "a tool for development, over the fixtures of the tests"
)]

#[path = "../tests/web/house.rs"]
mod house;

use axum::Router;
use axum::extract::Request;
use dormer_core::phase::Phase;
use dormer_core::workspace::{Source, fixture};
use dormer_wire::report::{Step, StepState};
use jiff::Timestamp;
use tower::ServiceExt;

use crate::house::House;

fn step(step: &str, state: StepState, detail: &str) -> Step {
    Step {
        step: step.into(),
        state,
        since: Timestamp::now(),
        detail: Some(detail.into()).filter(|d: &String| !d.is_empty()),
    }
}

fn fill(house: &House) {
    for name in ["shop", "docs", "parser"] {
        house.records.put(fixture(name, "ann"));
    }
    for (name, url, reference) in [
        ("hello", "https://git.example.org/team/hello.git", Some("main")),
        ("shop", "https://git.example.org/team/shop.git", Some("feature/basket")),
        ("docs", "https://git.example.org/team/docs.git", None),
        ("parser", "https://git.example.org/ann/parser.git", Some("v2")),
    ] {
        house.records.change(name, |workspace| {
            let (url, reference) = (url.into(), reference.map(Into::into));
            workspace.spec.source = Some(Source { url, reference, ..Source::default() });
        });
    }
    house.records.change("hello", |workspace| {
        workspace.spec.running = true;
        workspace.status.phase = Phase::Running;
    });
    house.records.change("shop", |workspace| {
        workspace.spec.running = true;
        workspace.status.phase = Phase::Starting;
        workspace.status.progress = vec![
            step("prepare", StepState::Done, ""),
            step("clone", StepState::Running, "Receiving objects: 45 %"),
            step("commands", StepState::Pending, ""),
            step("editor", StepState::Pending, ""),
        ];
    });
    house.records.change("parser", |workspace| {
        workspace.status.phase = Phase::Failed;
        workspace.status.reason = Some("CloneFailed".into());
        workspace.status.message = Some("The repository could not be cloned: there is no branch 'v2'.".into());
        workspace.status.log_tail =
            Some("Cloning into '/projects/parser'...\nfatal: Remote branch v2 not found in upstream origin".into());
        workspace.status.progress =
            vec![step("prepare", StepState::Done, ""), step("clone", StepState::Failed, "exit status 128")];
    });
}

/// As the proxy does: a workspace's host shows what stands in for the workspace.
async fn stand_in(router: Router, mut request: Request) -> axum::response::Response {
    let host = request.headers()["host"].to_str().unwrap().to_string();
    let path = request.uri().path().to_string();
    if host != house::APEX && !path.starts_with("/.dormer/") {
        let original = request.uri().to_string();
        let page = match (request.headers().contains_key("cookie"), host.contains("--"), host.contains("docs")) {
            (false, ..) => "sign-in",
            (_, true, _) => "unavailable",
            (_, _, true) => "asleep",
            _ => "waiting",
        };
        request.headers_mut().insert("dormer-original-uri", original.parse().unwrap());
        request.headers_mut().insert("dormer-reason", "no-listener".parse().unwrap());
        request.headers_mut().insert("dormer-port", "3000".parse().unwrap());
        *request.uri_mut() = format!("/.dormer/pages/{page}").parse().unwrap();
    }
    router.oneshot(request).await.unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let house = House::new().await;
    fill(&house);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    println!("port {}", listener.local_addr().unwrap().port());
    for next in ["/", "/access", "/new"] {
        println!("http://{}/login?next={next}#{}", house::APEX, house.link("ann").await);
    }
    println!("http://{}/login?next=/empty#{}", house::APEX, house.link("bob").await);
    let router = house.router.clone();
    let app = Router::new().fallback(move |request: Request| stand_in(router.clone(), request));
    axum::serve(listener, app).await.unwrap();
}
