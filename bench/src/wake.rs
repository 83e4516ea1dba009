//! How long a wake takes without the workspace's own part, and what many callers at once come to.

use std::thread;
use std::time::{Duration, Instant};

use dormer_tests::app;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::http::Request;

use crate::report::{percentile, tell};

/// 100 wakes one after the other, and 100 callers at once.
pub fn measure() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("wake").app(port).commit();
    let workspace = gateway.workspace("wake").from(&repository).create();
    // The agent by itself: its process, its commands, the app's port.
    let mut whole = Vec::new();
    for _ in 0..100 {
        workspace.stop();
        let started = Instant::now();
        // Answered through the door, be it with the word that the app does not listen yet.
        workspace.port(port).get("/");
        whole.push(started.elapsed());
    }
    let p99 = percentile(&mut whole, 0.99);
    let middle = percentile(&mut whole, 0.5);
    tell("a wake from request to first byte, median", format!("{middle:?}"), "-");
    tell("a wake from request to first byte, p99 of 100", format!("{p99:?}"), "<= 50ms and the agent's own start");

    workspace.stop();
    let before = workspace.starts();
    let site = workspace.port(port);
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let (address, host, token) = (site.address, site.host.clone(), site.token.clone().expect("a token"));
            thread::spawn(move || {
                let request = Request::new(address, "GET", &host, "/").token(&token).within(Duration::from_secs(60));
                request.try_send().is_ok_and(|answer| answer.status == 200)
            })
        })
        .collect();
    let answers = callers.into_iter().filter_map(|caller| caller.join().ok()).filter(|answered| *answered).count();
    let starts = workspace.starts() - before;
    tell("100 callers at once: answers / starts", format!("{answers} / {starts}"), "100 / 1");
}
