//! Replicas are replaced one after another while people work.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dormer_tests::wait;

use crate::cluster::NAMESPACE;
use crate::replica::Session;
use crate::space::Space;
use crate::visit::repository;

/// Requests of one person at the same time.
const AT_ONCE: usize = 4;

#[test]
fn no_request_fails_while_the_gateway_is_rolled_and_open_connections_end_with_their_replica_alone() {
    let space = Space::alone("rolled");
    let (_git, repository) = repository("rolled", 3000);
    let workspace = space.workspace("rolled").from(&repository).create();
    workspace.listening(3000);
    let site = workspace.port(3000);
    let mut session = Session::open(workspace.login().ssh(&["-T"], &["cat"]));
    assert!(session.echo("before"));
    let mut socket = site.socket("/socket").open();
    let answers = |socket: &mut dormer_tests::websocket::WebSocket| {
        socket.send(b"still here")?;
        loop {
            match socket.receive(Duration::from_secs(20))? {
                Some(message) if message == b"still here" => return Ok::<bool, std::io::Error>(true),
                Some(_) => {}
                None => return Ok(false),
            }
        }
    };
    assert!(answers(&mut socket).is_ok_and(|alive| alive));

    let (over, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failed = std::thread::scope(|scope| {
        let load = || {
            let mut failed = Vec::new();
            while !over.load(Ordering::Relaxed) {
                for (what, host, path) in [("port", &site, "/a"), ("apex", &space.cluster.apex(), "/api/v1/me")] {
                    match host.request("GET", path).try_send() {
                        Ok(answer) if answer.status == 200 => {}
                        Ok(answer) => failed.push(format!("{what}: {}", answer.status)),
                        Err(error) => failed.push(format!("{what}: {error}")),
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            failed
        };
        let loads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(load)).collect();
        space.cluster.told(&["-n", NAMESPACE, "rollout", "restart", "deploy/dormer"]);
        // Through the drain, whose deadline is five seconds here: what is open goes on until then.
        let rolled = space.cluster.kubectl(&["-n", NAMESPACE, "rollout", "status", "deploy/dormer", "--timeout=180s"]);
        let gone = wait::poll(wait::LONG, || {
            let pods = space.cluster.told(&[
                "-n",
                NAMESPACE,
                "get",
                "pods",
                "-l",
                "app.kubernetes.io/name=dormer",
                "-o",
                "name",
            ]);
            (pods.lines().count() == 2).then_some(())
        });
        over.store(true, Ordering::Relaxed);
        assert!(rolled.status.success() && gone.is_some(), "{rolled:?}");
        loads.into_iter().flat_map(|load| load.join().expect("a load")).collect::<Vec<_>>()
    });
    let count = count.into_inner();
    eprintln!("{count} requests, {} failed", failed.len());
    assert!(count > 100 && failed.is_empty(), "{} of {count} failed: {failed:?}", failed.len());
    // Their replicas are gone, and so are they; the next ones are there at once.
    assert!(!answers(&mut socket).unwrap_or(false), "its replica ended a while ago");
    let mut again = site.socket("/socket").open();
    assert!(answers(&mut again).is_ok_and(|alive| alive));
    assert_eq!(workspace.run("echo on"), "on");
}
