//! WebSockets: what an idle one costs, and whether one dies right behind its 101.

use std::time::Duration;

use dormer_tests::app;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;

use crate::report::{resident, tell};

/// Memory of the gateway for each idle socket.
pub fn idle() {
    const COUNT: usize = 400;
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("idle").app(port).commit();
    let workspace = gateway.workspace("idle").from(&repository).create();
    workspace.listening(port);
    let site = workspace.port(port);
    // The first ones pay for what all share.
    let mut sockets: Vec<_> = (0..100).map(|_| site.socket("/socket").open()).collect();
    let before = resident(gateway.pid());
    sockets.extend((0..COUNT).map(|_| site.socket("/socket").open()));
    let each = (resident(gateway.pid()).saturating_sub(before)) as f64 / COUNT as f64 / 1024.0;
    tell("an idle WebSocket", format!("{each:.1} KiB"), "<= 3 KiB");
}

/// 10,000 upgrades of an upstream that says something in the same write as its 101.
pub fn upgrades() {
    const COUNT: usize = 10_000;
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("early").app(port).commit();
    let workspace = gateway.workspace("early").from(&repository).create();
    workspace.listening(port);
    let site = workspace.port(port);
    let mut died = 0;
    for _ in 0..COUNT {
        let mut socket = site.socket("/socket").open();
        let hello = socket.receive(Duration::from_secs(10));
        let echo = socket.send(b"x").and_then(|()| socket.receive(Duration::from_secs(10)));
        if !matches!(hello.as_ref().map(Option::as_deref), Ok(Some(b"hello"))) || !matches!(echo, Ok(Some(_))) {
            died += 1;
        }
    }
    tell("of 10,000 upgrades that answer at once, died", died.to_string(), "0");
}
