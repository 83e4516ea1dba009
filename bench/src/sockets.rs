//! WebSockets: what an idle one costs, and whether one dies right behind its 101.

use std::time::Duration;

use dormer_tests::app;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;

use crate::report::{resident, tell};

/// Memory of the gateway for each idle socket of somebody who is signed in.
pub fn idle() {
    each(&Gateway::start(), "an idle WebSocket", "<= 3 KiB");
    each(&Gateway::secure(), "an idle WebSocket over TLS", "<= 12 KiB");
}

fn each(gateway: &Gateway, what: &str, goal: &str) {
    // The first ones pay for what all share, and for the room in which one is let in.
    const FIRST: usize = 500;
    const COUNT: usize = 2_000;
    let git = GitServer::start();
    let port = app::free_port();
    let repository = git.repository("idle").app(port).commit();
    let workspace = gateway.workspace("idle").from(&repository).create();
    workspace.listening(port);
    let site = workspace.port(port);
    let mut sockets: Vec<_> = (0..FIRST).map(|_| site.socket("/socket").open()).collect();
    let before = resident(gateway.pid());
    sockets.extend((0..COUNT).map(|_| site.socket("/socket").open()));
    let each = resident(gateway.pid()).saturating_sub(before) as f64 / COUNT as f64 / 1024.0;
    tell(what, format!("{each:.1} KiB"), goal);
    // They are all alive.
    for socket in &mut sockets {
        assert_eq!(socket.receive(Duration::from_secs(10)).expect("it is open").as_deref(), Some(&b"hello"[..]));
    }
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
