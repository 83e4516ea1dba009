//! Bad input: refused with a clear error, and nothing half-made.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::http::Request;
use serde_json::{Value, json};

#[test]
fn bad_input_is_refused_by_field_and_nothing_is_made() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("taken").file("a", "").commit();
    gateway.workspace("taken").from(&repository).set("running", json!(false)).submit();
    let url = repository.url.as_str();
    let source = |url: &str| json!({"source": {"url": url}, "running": false});
    let named = |name: &str| json!({"name": name, "source": {"url": url}, "running": false});
    let at = |reference: &str| json!({"source": {"url": url, "ref": reference}, "running": false});
    let devfile = |text: String| json!({"source": {"url": url}, "devfile": text, "running": false});
    let deep = format!("schemaVersion: 2.3.0\nattributes: {}{}\n", "[".repeat(1000), "]".repeat(1000));
    let huge = format!("schemaVersion: 2.3.0\nmetadata:\n  description: {}\n", "x".repeat(10 << 20));
    let bombs = "schemaVersion: 2.3.0\nattributes:\n  a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_string()
        + &('b'..='j')
            .map(|at| {
                let before = char::from(at as u8 - 1);
                format!("  {at}: &{at} [{}]\n", vec![format!("*{before}"); 10].join(","))
            })
            .collect::<String>();
    let table: Vec<(&str, Value, &[u16], &str)> = vec![
        ("a ref that is an option", at("--upload-pack=touch /tmp/x"), &[422, 400], "/source/ref"),
        ("a ref with a space", at("a b"), &[422, 400], "/source/ref"),
        ("a ref with a control character", at("a\u{7}"), &[422, 400], "/source/ref"),
        ("a URL with a control character", source("http://127.0.0.1/\u{1b}[31m.git"), &[422, 400], "/source/url"),
        ("a URL with a line end", source("http://127.0.0.1/a\nb.git"), &[422, 400], "/source/url"),
        ("a URL that is an option", source("--upload-pack=id"), &[422, 400], "/source/url"),
        ("a scheme that runs programs", source("ext::sh -c id"), &[422, 400], "/source/url"),
        ("an unknown scheme", source("gopher://127.0.0.1/x"), &[422, 400], "/source/url"),
        ("a host that is an option", source("ssh://-oProxyCommand=id/x"), &[422, 400], "/source/url"),
        ("no URL at all", source(""), &[422, 400], "/source/url"),
        ("a name that is taken", named("taken"), &[409], "/name"),
        ("a name that is reserved", named("api"), &[422, 400], "/name"),
        ("a name with two dashes", named("a--b"), &[422, 400], "/name"),
        ("a name in capitals", named("Hello"), &[422, 400], "/name"),
        ("a name of digits", named("3000"), &[422, 400], "/name"),
        ("a name that is a path", named("../../etc"), &[422, 400], "/name"),
        ("a long name", named(&"a".repeat(47)), &[422, 400], "/name"),
        ("a devfile of 1,000 levels", devfile(deep), &[422, 400], "/devfile"),
        ("a devfile of 10 MB", devfile(huge), &[413, 422, 400], ""),
        ("a devfile of aliases of aliases", devfile(bombs), &[422, 400], "/devfile"),
        ("a devfile that is none", devfile("hello".into()), &[422, 400], "/devfile"),
        (
            "a devfile path outside",
            json!({"source": {"url": url}, "devfilePath": "../../etc/passwd", "running": false}),
            &[422, 400],
            "/devfilePath",
        ),
        (
            "a variable that is none",
            json!({"source": {"url": url}, "variables": [{"name": "A=B", "value": ""}], "running": false}),
            &[422, 400],
            "/variables",
        ),
        (
            "a port that is none",
            json!({"source": {"url": url}, "ports": [{"port": 0}], "running": false}),
            &[422, 400],
            "/ports",
        ),
        (
            "an unknown share",
            json!({"source": {"url": url}, "ports": [{"port": 1, "share": "all"}], "running": false}),
            &[422, 400],
            "/ports",
        ),
        (
            "an unknown editor",
            json!({"source": {"url": url}, "editor": "emacs", "running": false}),
            &[422, 400],
            "/editor",
        ),
        ("an unknown field", json!({"source": {"url": url}, "nmae": "x"}), &[422, 400], "nmae"),
        ("another type", json!({"name": 7, "source": {"url": url}}), &[422, 400], ""),
        ("a list", json!([]), &[422, 400], ""),
    ];
    let mut wrong = Vec::new();
    for (what, body, statuses, field) in table {
        let answer = gateway.apex().api("POST", "/workspaces", Some(body));
        let (status, kind) = (answer.status, answer.field("content-type").unwrap_or_default().to_string());
        let text = answer.text();
        let good = statuses.contains(&status) && kind == "application/problem+json" && text.contains(field);
        if !good || text.len() > 10_000 || text.contains('\u{1b}') {
            wrong.push(format!("{what}: {status} {kind} {text:.300}"));
        }
    }
    let list = gateway.apex().api("GET", "/workspaces", None).expect(200).value();
    if list["total"] != 1 {
        wrong.push(format!("something was made: {list:.600}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bodies_that_are_no_json_and_paths_that_are_none_are_told_apart() {
    let gateway = Gateway::start();
    let apex = gateway.apex();
    let post = |body: &str| {
        apex.request("POST", "/api/v1/workspaces").with("content-type", "application/json").body(body).send()
    };
    for body in ["", "{", "nul", "{\"name\": \"a\"", "\u{0}"] {
        let answer = post(body);
        assert!([400, 422].contains(&answer.status), "{body:?}: {}", answer.status);
        assert_eq!(answer.field("content-type"), Some("application/problem+json"), "{body:?}");
    }
    let deep = format!("{{\"name\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!([400, 413, 422].contains(&post(&deep).status));
    // A form of another site needs no permission of the browser to be sent: it must not be understood.
    let form = apex.request("POST", "/api/v1/workspaces").with("content-type", "text/plain").body("{}").send();
    assert!([400, 415, 422].contains(&form.status), "{}", form.status);
    for path in ["/workspaces/none", "/workspaces/%2e%2e", "/workspaces/..%2fusers", "/nothing"] {
        let answer = apex.api("GET", path, None);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.field("content-type"), Some("application/problem+json"), "{path}");
    }
    assert_eq!(apex.api("PUT", "/workspaces", None).status, 405);
}

#[test]
fn a_host_that_is_not_ours_is_nobodys() {
    let gateway = Gateway::start();
    let token = &gateway.owner.token;
    for host in [
        "evil.example",
        "localhost.evil.example",
        "a.b.localhost",
        "login.localhost",
        "0--a.localhost",
        "127.0.0.1",
        "[::1]",
        "",
    ] {
        let answer = Request::new(gateway.http, "GET", host, "/").token(token).navigation().send();
        assert!([400, 404, 421].contains(&answer.status), "{host:?}: {}", answer.status);
        assert_eq!(answer.field("set-cookie"), None, "{host:?}");
        assert_eq!(answer.field("location"), None, "{host:?}");
    }
}

#[test]
fn heads_that_are_too_long_or_ambiguous_are_refused() {
    let gateway = Gateway::start();
    let host = gateway.apex().host;
    let raw = |text: &str| {
        let mut stream = TcpStream::connect(gateway.http).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // It may hang up before all was sent.
        let _ = stream.write_all(text.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).chars().take(60).collect::<String>()
    };
    let megabyte = "a".repeat(1 << 20);
    let many: String = (0..2_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    for (what, text) in [
        ("a 1 MB field", format!("GET / HTTP/1.1\r\nhost: {host}\r\nx: {megabyte}\r\n\r\n")),
        ("a 1 MB path", format!("GET /{megabyte} HTTP/1.1\r\nhost: {host}\r\n\r\n")),
        ("a 1 MB host", format!("GET / HTTP/1.1\r\nhost: {megabyte}.localhost\r\n\r\n")),
        ("2,000 fields", format!("GET / HTTP/1.1\r\nhost: {host}\r\n{many}\r\n")),
        ("two hosts", format!("GET / HTTP/1.1\r\nhost: {host}\r\nhost: evil.example\r\n\r\n")),
        ("no host", "GET / HTTP/1.1\r\n\r\n".to_string()),
        (
            "two lengths",
            format!(
                "POST /api/v1/workspaces HTTP/1.1\r\nhost: {host}\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"
            ),
        ),
        (
            "a length and chunks",
            format!(
                "POST /api/v1/workspaces HTTP/1.1\r\nhost: {host}\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
        ),
        ("a field with a space", format!("GET / HTTP/1.1\r\nhost : {host}\r\n\r\n")),
        ("no HTTP", "\u{16}\u{3}\u{1}hello\r\n\r\n".to_string()),
    ] {
        let answer = raw(&text);
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4");
        assert!(refused, "{what}: {answer:?}");
    }
    gateway.apex().get("/healthz").expect(200);
}

#[test]
fn a_client_that_says_nothing_does_not_stay_for_ever() {
    let gateway = Gateway::start();
    for (what, address, hello) in [("HTTP", gateway.http, &b"GET / HT"[..]), ("SSH", gateway.ssh, &b"SSH-2.0-x"[..])] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(hello).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(
            !matches!(&ended, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock),
            "{what} waits for ever"
        );
    }
}
