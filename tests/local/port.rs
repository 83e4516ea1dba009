//! A server on a workspace's own loopback, seen through the gateway.

use std::io::{BufRead, BufReader, Read, Write};
use std::time::Duration;

use dormer_tests::app;
use dormer_tests::bytes::{bytes, sum};
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::http::Request;
use dormer_tests::workspace::Workspace;

const HUNDRED_MIB: u64 = 100 << 20;

/// A gateway with a workspace that serves the app.
fn served(test: impl FnOnce(&Gateway, &Workspace<'_>, u16)) {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("app").app(port).commit();
    let workspace = gateway.workspace("app").from(&repository).create();
    workspace.listening(port);
    test(&gateway, &workspace, port);
}

#[test]
fn a_server_on_loopback_answers_by_its_number_and_by_its_name() {
    served(|_, workspace, port| {
        for site in [workspace.port(port), workspace.port(app::ENDPOINT)] {
            let head = site.get("/some/page?x=1").expect(200).text();
            assert!(head.starts_with("GET /some/page?x=1 HTTP/1.1\r\n"), "{head}");
        }
        // Any case, a trailing dot, and with the port or without it.
        let site = workspace.port(port);
        let (name, at) = site.host.split_once(':').unwrap();
        for host in [site.host.to_uppercase(), format!("{name}.:{at}"), name.to_string()] {
            Request::new(site.address, "GET", &host, "/").token(site.token.as_ref().unwrap()).send().expect(200);
        }
        // Nothing listens there; that is neither the gateway's fault nor a reason to hang.
        let status = workspace.port(app::free_port()).get("/").status;
        assert!([502, 503, 504].contains(&status), "{status}");
        let told = workspace.get();
        let told = told["ports"].as_array().unwrap().iter().find(|at| at["port"] == port).unwrap().clone();
        assert_eq!(told["name"], app::ENDPOINT);
        assert_eq!(told["share"], "owner");
    });
}

#[test]
fn a_websocket_says_hello_at_once_and_sends_back_what_it_gets() {
    served(|_, workspace, port| {
        let site = workspace.port(port);
        for length in [0usize, 1, 125, 126, 65_535, 65_536, 1 << 20] {
            let mut socket = site.socket("/socket").open();
            // It came in one write with the head.
            assert_eq!(socket.receive(Duration::from_secs(10)).unwrap().as_deref(), Some(&b"hello"[..]));
            let mut data = Vec::new();
            bytes(4, length as u64).read_to_end(&mut data).unwrap();
            socket.send(&data).unwrap();
            assert_eq!(socket.receive(Duration::from_secs(30)).unwrap(), Some(data), "{length}");
        }
        let mut sockets: Vec<_> = (0..50).map(|_| site.socket("/socket").open()).collect();
        for socket in &mut sockets {
            socket.send(b"all at once").unwrap();
        }
        for socket in &mut sockets {
            assert_eq!(socket.receive(Duration::from_secs(10)).unwrap().as_deref(), Some(&b"hello"[..]));
            assert_eq!(socket.receive(Duration::from_secs(10)).unwrap().as_deref(), Some(&b"all at once"[..]));
        }
    });
}

#[test]
fn the_first_event_is_here_before_the_second_is_sent() {
    served(|_, workspace, port| {
        let site = workspace.port(port);
        let mut events = site.request("GET", "/events").within(Duration::from_secs(20)).send().expect(200);
        assert_eq!(events.field("content-type"), Some("text/event-stream"));
        let mut first = [0; 13];
        events.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"data: first\n\n");
        site.get("/go").expect(200);
        assert_eq!(events.text(), "data: second\n\n");
    });
}

#[test]
fn a_hundred_megabytes_come_down_byte_for_byte() {
    served(|_, workspace, port| {
        let answer = workspace.port(port).get(&format!("/bytes?5-{HUNDRED_MIB}")).expect(200);
        assert_eq!(answer.field("content-length"), Some(HUNDRED_MIB.to_string().as_str()));
        assert_eq!(sum(answer), sum(bytes(5, HUNDRED_MIB)));
    });
}

#[test]
fn a_hundred_megabytes_go_up_byte_for_byte() {
    served(|_, workspace, port| {
        let request = workspace.port(port).request("POST", "/sum");
        let answer = request.stream(HUNDRED_MIB, bytes(6, HUNDRED_MIB)).send().expect(200).text();
        let want = sum(bytes(6, HUNDRED_MIB));
        assert_eq!(answer, format!("{} {}", want.length, want.sha256));
    });
}

#[test]
fn the_server_sees_no_credential_of_ours_and_the_truth_about_who_asks() {
    served(|gateway, workspace, port| {
        let site = workspace.port(port);
        let request = site
            .request("GET", "/x")
            .with("authorization", "Bearer of-the-app")
            .with(
                "cookie",
                "app=1; dormer_session=stolen; __Host-dormer_session=stolen; dormer_binding=stolen; other=2",
            )
            .with("x-forwarded-for", "6.6.6.6")
            .with("x-forwarded-host", "evil.example")
            .with("x-forwarded-proto", "https")
            .with("forwarded", "for=6.6.6.6")
            .with("x-real-ip", "6.6.6.6")
            .with("te", "trailers")
            .with("keep-alive", "timeout=5")
            .with("proxy-authorization", "Basic c2VjcmV0");
        let head = request.send().expect(200).text().to_ascii_lowercase();
        assert!(!head.contains(&gateway.owner.token.to_ascii_lowercase()), "{head}");
        for gone in ["dormer-token", "6.6.6.6", "evil.example", "stolen", "keep-alive: timeout", "proxy-authorization"]
        {
            assert!(!head.contains(gone), "{gone} reached the app:\n{head}");
        }
        for kept in [
            "authorization: bearer of-the-app\r\n",
            "app=1",
            "other=2",
            &format!("host: {}\r\n", site.host),
            &format!("x-forwarded-host: {}\r\n", site.host),
            "x-forwarded-proto: http\r\n",
            "x-forwarded-for: 127.0.0.1\r\n",
        ] {
            assert!(head.contains(kept), "{kept:?} is missing:\n{head}");
        }
    });
}

#[test]
fn a_path_passes_as_it_is() {
    served(|_, workspace, port| {
        for path in [
            "/%2B%25%2F..%2f",
            "/a//b/./c",
            "/?q=%zz&a=b+c",
            "/caf%C3%A9",
            "/metrics",
            "/healthz",
            "/readyz",
            "/login",
            "/logout",
            "/api/v1/workspaces",
            "/.well-known/x",
            "/favicon.ico",
            "/robots.txt",
        ] {
            let head = workspace.port(port).get(path).expect(200).text();
            assert!(head.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{path}: {head}");
        }
        // This one is the gateway's own and no app sees it.
        let answer = workspace.port(port).get("/.dormer/nothing");
        assert_ne!(answer.status, 200);
    });
}

#[test]
fn a_port_is_its_owners_until_it_is_shared() {
    served(|gateway, workspace, port| {
        let bob = gateway.person("bob");
        let site = workspace.port(port);
        let share = |share: &str| {
            workspace.change(serde_json::json!({"ports": [{"port": port, "name": "web", "share": share}]}));
        };
        assert_ne!(site.seen_by(&bob).get("/").status, 200);
        assert_ne!(site.unknown().get("/").status, 200);
        share("signed-in");
        site.seen_by(&bob).get("/").expect(200);
        assert_ne!(site.unknown().get("/").status, 200);
        share("public");
        site.unknown().get("/").expect(200);
        site.unknown().socket("/socket").open();
        // The editor beside it is still nobody's but the owner's.
        assert_ne!(workspace.site().unknown().get("/").status, 200);
        share("owner");
        dormer_tests::wait::until("the right is gone", Duration::from_secs(2), || {
            (site.unknown().get("/").status != 200).then_some(())
        });
    });
}

#[test]
fn a_head_has_no_body_and_a_continue_is_waited_for() {
    served(|_, workspace, port| {
        let site = workspace.port(port);
        let token = site.token.clone().unwrap();
        let stream = std::net::TcpStream::connect(site.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        // One connection for all of it: an octet too many or too few, and the next answer is none.
        let mut ask = |head: &str| {
            let head = format!("{head}host: {}\r\ndormer-token: {token}\r\n\r\n", site.host);
            (&stream).write_all(head.as_bytes()).unwrap();
            let mut lines: Vec<String> = Vec::new();
            while lines.last().is_none_or(|line| !line.is_empty()) {
                let mut line = String::new();
                assert!(reader.read_line(&mut line).unwrap() > 0, "it ended after {lines:?}");
                lines.push(line.trim_end().to_ascii_lowercase());
            }
            lines
        };
        let answer = ask("HEAD /bytes?1-100000 HTTP/1.1\r\n");
        assert_eq!(answer[0], "http/1.1 200 ok");
        assert!(answer.contains(&"content-length: 100000".to_string()), "{answer:?}");
        let answer = ask("POST /sum HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 5\r\n");
        assert_eq!(answer[0], "http/1.1 100 continue");
        (&stream).write_all(b"hello").unwrap();
        // What follows is the answer to the body that was not sent before it was asked for.
        let mut line = String::new();
        while !line.starts_with("5 ") {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0, "no answer");
            if line.starts_with("HTTP/1.1") {
                assert!(line.contains(" 200 "), "{line}");
            }
            let left = reader.buffer();
            if left.starts_with(b"5 ") {
                let left = left.to_vec();
                line = String::from_utf8_lossy(&left).into_owned();
            }
        }
        let sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(line.trim_end(), format!("5 {sum}"));
    });
}

#[test]
fn a_server_that_closes_idle_connections_costs_nobody_an_answer() {
    served(|_, workspace, port| {
        let site = workspace.port(port);
        for _ in 0..50 {
            // The gateway may keep this connection, and finds it closed only when it is used again.
            site.get("/once").expect(200);
            site.get("/then").expect(200);
        }
    });
}
