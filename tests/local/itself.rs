//! What the other tests stand on, tried without a gateway: a fixture that lies proves nothing.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use dormer_tests::app;
use dormer_tests::browser::Browser;
use dormer_tests::bytes::{bytes, sum};
use dormer_tests::git::GitServer;
use dormer_tests::http::Request;
use dormer_tests::person::Site;
use dormer_tests::wait;

/// The app by itself, and its site.
fn app(test: impl FnOnce(&Site)) {
    let port = app::free_port();
    let mut child = Command::new(app::program()).arg(port.to_string()).stdout(Stdio::null()).spawn().unwrap();
    let site =
        Site { address: ([127, 0, 0, 1], port).into(), host: format!("localhost:{port}"), tls: None, token: None };
    wait::until("the app listens", wait::LONG, || site.request("GET", "/").try_send().ok());
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(&site)));
    child.kill().unwrap();
    child.wait().unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn bytes_are_the_same_each_time_and_differ_by_seed() {
    assert_eq!(sum(bytes(1, 100_003)), sum(bytes(1, 100_003)));
    assert_ne!(sum(bytes(1, 100_003)), sum(bytes(2, 100_003)));
    assert_ne!(sum(bytes(1, 100_003)), sum(bytes(1, 100_002)));
}

#[test]
fn the_app_does_what_it_says() {
    app(|site| {
        assert!(site.get("/a?b").text().starts_with("GET /a?b HTTP/1.1\r\n"));
        assert_eq!(sum(site.get("/bytes?7-1000000")), sum(bytes(7, 1_000_000)));
        let want = sum(bytes(8, 1_000_000));
        let got = site.request("POST", "/sum").stream(1_000_000, bytes(8, 1_000_000)).send().text();
        assert_eq!(got, format!("{} {}", want.length, want.sha256));
        let mut socket = site.socket("/socket").open();
        for message in [&b"hello"[..], b"and back", &[7; 70_000]] {
            if message != b"hello" {
                socket.send(message).unwrap();
            }
            assert_eq!(socket.receive(Duration::from_secs(5)).unwrap().as_deref(), Some(message));
        }
        let mut events = site.get("/events");
        let mut first = [0; 13];
        events.read_exact(&mut first).unwrap();
        site.get("/go");
        assert_eq!(events.text(), "data: second\n\n");
    });
}

#[test]
fn the_git_server_serves_branches_tags_and_commits() {
    let git = GitServer::start();
    let repository = git.repository("r").file("a/b", "1").commit().tag("v1").branch("x").file("a/b", "2").commit();
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output =
            Command::new("git").args(args).current_dir(folder.path()).env("HOME", folder.path()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    assert!(run(&["clone", "-q", &repository.url, "one"]).0);
    assert_eq!(run(&["-C", "one", "rev-parse", "origin/x"]).1, repository.head());
    assert!(run(&["-C", "one", "rev-parse", "v1"]).0);
    assert!(run(&["clone", "-q", "--depth", "1", "--branch", "x", &repository.url, "two"]).0);
    assert!(!run(&["clone", "-q", &git.missing(), "three"]).0);
    assert!(Request::new(([127, 0, 0, 1], 1).into(), "GET", "x", "/").try_send().is_err());
}

#[test]
fn the_browser_goes_looks_and_types() {
    app(|site| {
        let mut browser = Browser::open();
        assert_eq!(browser.go(&format!("http://{}/page?x=1", site.host)), Some(200));
        browser.see("text=GET /page?x=1 HTTP/1.1");
        browser.evaluate("document.body.innerHTML = '<input id=a><button>Go</button>'");
        browser.click("#a");
        browser.write("typed");
        assert_eq!(browser.evaluate("document.querySelector('#a').value"), "typed");
        assert_eq!(browser.count("button"), 1);
        assert_eq!(browser.foreign(), Vec::<String>::new());
        assert!(browser.attempt(serde_json::json!({"do": "wait", "selector": "#none", "seconds": 1})).is_err());
    });
}
