//! A workspace that nobody uses sleeps, and wakes once when somebody comes.

use std::thread;
use std::time::Duration;

use dormer_tests::app;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::http::Request;
use dormer_tests::workspace::Workspace;
use serde_json::json;

/// A gateway that looks for idle workspaces often, with one that serves the app.
fn served(idle: u64, test: impl FnOnce(&Gateway, &Workspace<'_>, u16)) {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("sleeper").app(port).commit();
    let workspace = gateway.workspace("sleeper").from(&repository).idle_after(idle).create();
    test(&gateway, &workspace, port);
}

#[test]
fn an_idle_workspace_is_stopped_with_no_process_left_though_a_socket_is_open() {
    served(6, |_, workspace, port| {
        workspace.listening(port);
        // What an abandoned tab does: a socket that is open and says something again and again.
        let site = workspace.port(port);
        let mut socket = site.socket("/socket").open();
        let tab = thread::spawn(move || {
            while socket.send(b"still here").is_ok() && matches!(socket.receive(Duration::from_secs(30)), Ok(Some(_))) {
                thread::sleep(Duration::from_millis(200));
            }
        });
        workspace.wait_for("Stopped");
        tab.join().unwrap();
        assert!(workspace.processes().is_empty(), "{:?}", workspace.processes());
        let told = workspace.get();
        assert_eq!(told["running"], false, "{told:#}");
        // It says why.
        assert!(told["reason"].as_str().is_some_and(|reason| reason.contains("Idle")), "{told:#}");

        // What that tab goes on doing, and others like it, wake nothing.
        let starts = workspace.starts();
        for _ in 0..5 {
            let status = site.socket("/socket").refused();
            assert!([409, 410, 502, 503].contains(&status), "{status}");
            for (mode, dest) in [("cors", "empty"), ("no-cors", "image"), ("navigate", "iframe")] {
                let request = site.request("GET", "/poll").with("sec-fetch-mode", mode).with("sec-fetch-dest", dest);
                assert_ne!(request.send().status, 200);
            }
            let prefetch = site.request("GET", "/").navigation().with("sec-purpose", "prefetch");
            assert_ne!(prefetch.send().status, 200);
        }
        assert_eq!(workspace.phase(), "Stopped");
        workspace.started(starts);
    });
}

#[test]
fn a_workspace_in_use_is_not_stopped() {
    served(6, |_, workspace, _| {
        let login = workspace.login();
        let mut shell = login.ssh(&["-tt"], &[]);
        let mut child = shell.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        for _ in 0..14 {
            thread::sleep(Duration::from_secs(1));
            std::io::Write::write_all(&mut input, b"echo typing\n").unwrap();
            assert_eq!(workspace.phase(), "Running");
        }
        drop(input);
        child.kill().unwrap();
        child.wait().unwrap();
        workspace.started(1);
        workspace.wait_for("Stopped");
    });
}

#[test]
fn each_way_in_wakes_it() {
    served(0, |gateway, workspace, port| {
        let ways: [(&str, &dyn Fn()); 6] = [
            ("a page", &|| drop(workspace.site().visit("/"))),
            ("a port's page", &|| drop(workspace.port(port).visit("/"))),
            ("a program at a port", &|| drop(workspace.port(port).get("/held"))),
            ("ssh", &|| assert_eq!(workspace.run("echo in"), "in")),
            ("the command line", &|| assert!(gateway.dormer(&["start", "sleeper"]).status.success())),
            ("the API", &|| drop(workspace.change(json!({"running": true})))),
        ];
        for (count, (_, wake)) in ways.into_iter().enumerate() {
            workspace.stop();
            wake();
            workspace.wait_for("Running");
            workspace.started(count + 2);
        }
    });
}

#[test]
fn somebody_who_comes_sees_that_it_wakes() {
    served(0, |_, workspace, port| {
        workspace.stop();
        let page = workspace.port(port).visit("/deep/page?x=1");
        assert!([200, 503].contains(&page.status), "{}", page.status);
        assert!(page.field("content-type").is_some_and(|kind| kind.starts_with("text/html")));
        assert!(page.field("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
        assert!(page.field("cache-control").is_some_and(|value| value.contains("no-store")));
        assert!(page.text().contains("sleeper"));
        workspace.wait_for("Running");
        workspace.stop();
        // On a terminal at once; a command without one is told only when it takes long.
        let login = workspace.login();
        let output = login.ssh(&["-tt"], &["echo in"]).stdin(std::process::Stdio::null()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "in");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("sleeper is"), "progress is told on stderr: {told:?}");
    });
}

#[test]
fn a_program_that_asks_a_sleeping_port_is_answered_by_it() {
    served(0, |_, workspace, port| {
        for _ in 0..5 {
            workspace.stop();
            // It runs some time before its server listens.
            let head = workspace.port(port).get("/held").expect(200).text();
            assert!(head.starts_with("GET /held "), "{head}");
        }
    });
}

#[test]
fn fifty_at_once_start_it_once() {
    served(0, |_, workspace, port| {
        workspace.stop();
        let site = workspace.port(port);
        let callers: Vec<_> = (0..50)
            .map(|n| {
                let (address, host, token) = (site.address, site.host.clone(), site.token.clone().unwrap());
                thread::spawn(move || {
                    let answer = Request::new(address, "GET", &host, &format!("/caller/{n}")).token(&token).send();
                    (answer.status, answer.text())
                })
            })
            .collect();
        for (n, caller) in callers.into_iter().enumerate() {
            let (status, text) = caller.join().unwrap();
            assert_eq!(status, 200, "{text}");
            assert!(text.starts_with(&format!("GET /caller/{n} ")), "{text}");
        }
        workspace.started(2);
    });
}
