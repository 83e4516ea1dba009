//! How long a wake takes without the workspace's own part, and what many callers at once come to.
//!
//! The workspace's own part is what its agent's log and the server in it tell: from the agent's first line to the last
//! of what was waited for. Starting the agent's process is counted as the gateway's.

use std::path::Path;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

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
    let log = gateway.find("agent.log");
    let (mut whole, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        workspace.stop();
        let asked = now();
        let up: u64 = workspace.port(port).get("/since").expect(200).text().parse().expect("a time");
        let answered = now();
        // From the agent's first word until everything was there that was asked for: its start, and the server's.
        let inside = up.max(last(&log, " ready")).saturating_sub(last(&log, " listening"));
        whole.push(Duration::from_micros(answered - asked));
        ours.push(Duration::from_micros((answered - asked).saturating_sub(inside)));
    }
    tell("a wake from request to first byte, median", format!("{:?}", percentile(&mut whole, 0.5)), "-");
    tell("a wake without what happens inside, median", format!("{:?}", percentile(&mut ours, 0.5)), "-");
    tell("the same, p99 of 100", format!("{:?}", percentile(&mut ours, 0.99)), "<= 50ms");

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

/// Microseconds of Unix time.
fn now() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_micros() as u64)
}

/// When the last line of a log was written in which this is said.
fn last(log: &Path, word: &str) -> u64 {
    let text = std::fs::read_to_string(log).expect("a log");
    let line = text.lines().rev().find(|line| line.contains(word)).unwrap_or_else(|| panic!("no {word} in {text}"));
    let at: jiff::Timestamp = line.split_whitespace().next().and_then(|at| at.parse().ok()).expect("a time");
    at.as_microsecond() as u64
}
