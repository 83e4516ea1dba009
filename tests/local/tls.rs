//! The same ways in over TLS: cookies that only this host can set, HTTP/2, a certificate that is renewed.

use std::io::{self, Read, Write};
use std::time::Duration;

use dormer_tests::app;
use dormer_tests::browser::Browser;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::link::Link;
use dormer_tests::person::Site;
use dormer_tests::wait;
use serde_json::json;

#[test]
fn a_person_signs_in_over_tls_and_talks_to_a_port() {
    let (gateway, git) = (Gateway::secure(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("sealed").app(port).commit();
    let workspace = gateway.workspace("sealed").from(&repository).create();
    workspace.listening(port);
    let mut browser = Browser::open_to_anyone();
    browser.go(&gateway.sign_in_link());
    browser.see("text=sealed");
    let site = workspace.port(port);
    browser.go(&format!("{}/page", site.url()));
    browser.see("text=GET /page HTTP/1.1");
    let protocol = browser.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol");
    assert_eq!(protocol, json!("h2"));
    // A WebSocket of a page that came by HTTP/2 comes by a connection of its own.
    let said = browser.evaluate(
        "new Promise((done, fail) => { const socket = new WebSocket(`wss://${location.host}/socket`); \
         socket.onmessage = async message => done(await new Response(message.data).text()); socket.onerror = () => fail('refused') })",
    );
    assert_eq!(said, json!("hello"));
    let cookies = browser.cookies();
    assert!(cookies.len() >= 2, "one of the apex, one of the workspace: {cookies:?}");
    for cookie in cookies {
        assert!(cookie["name"].as_str().unwrap().starts_with("__Host-"), "no other host can set it: {cookie}");
        assert_eq!((&cookie["secure"], &cookie["httpOnly"]), (&json!(true), &json!(true)), "{cookie}");
    }
    // Who speaks plainly to it learns nothing.
    let plain = Site { tls: None, ..site };
    assert!(plain.request("GET", "/").try_send().is_err());
}

#[test]
fn a_renewed_certificate_is_shown_and_open_connections_stay() {
    let gateway = Gateway::secure();
    let apex = gateway.apex();
    let certificate = || -> io::Result<Vec<u8>> {
        let mut link = Link::connect(apex.address, apex.tls.as_ref(), &apex.host)?;
        let Link::Tls(tls) = &mut link else { panic!("it is TLS") };
        tls.conn.complete_io(&mut tls.sock)?;
        Ok(tls.conn.peer_certificates().expect("shown")[0].to_vec())
    };
    let before = certificate().unwrap();
    let mut events = apex.request("GET", "/api/v1/events").connection("keep-alive").send().expect(200);
    // Half of a pair is no reason to stop serving.
    let (path, _) = gateway.authority().sign("dev.localhost");
    let renewed = std::fs::read(&path).unwrap();
    std::fs::write(&path, "no certificate").unwrap();
    wait::until("it says that it cannot use that", wait::LONG, || {
        gateway.log().contains("a new certificate cannot be used").then_some(())
    });
    assert_eq!(certificate().unwrap(), before);
    std::fs::write(&path, renewed).unwrap();
    wait::until("the new one is shown", wait::LONG, || certificate().ok().filter(|shown| *shown != before));
    // The stream that was open all the time still tells.
    let git = GitServer::start();
    let repository = git.repository("later").file("a", "").commit();
    gateway.workspace("later").from(&repository).set("running", json!(false)).submit();
    let mut told = String::new();
    while !told.contains("later") {
        let mut some = [0; 4096];
        let n = events.read(&mut some).expect("it is open");
        assert!(n > 0, "it ended: {told}");
        told.push_str(&String::from_utf8_lossy(&some[..n]));
    }
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// Fields, each a literal without indexing and a new name (RFC 7541, section 6.2.2).
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0);
        for text in [name, value] {
            assert!(text.len() < 127);
            out.push(text.len() as u8);
            out.extend(text.as_bytes());
        }
    }
    out
}

/// The next frame: kind, flags, stream, payload.
fn read_frame(link: &mut Link) -> io::Result<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    link.read_exact(&mut head)?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    link.read_exact(&mut payload)?;
    Ok((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
}

#[test]
fn an_upgrade_inside_http2_is_refused_and_the_connection_lives() {
    const SETTINGS: u8 = 4;
    const RESET: u8 = 3;
    const HEADERS: u8 = 1;
    let gateway = Gateway::secure();
    let apex = gateway.apex();
    let terms = gateway.authority().terms(&["h2"]);
    let mut link = Link::connect(apex.address, Some(&terms), &apex.host).unwrap();
    link.silence(Some(Duration::from_secs(60))).unwrap();
    link.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    link.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    let (kind, _, _, settings) = read_frame(&mut link).unwrap();
    assert_eq!(kind, SETTINGS);
    // SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441, section 3) is not offered.
    assert!(settings.chunks(6).all(|setting| setting[..2] != [0, 8]), "{settings:?}");
    link.write_all(&frame(SETTINGS, 1, 0, &[])).unwrap();
    let connect = fields(&[
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":path", "/"),
        (":authority", &apex.host),
    ]);
    link.write_all(&frame(HEADERS, 4, 1, &connect)).unwrap();
    loop {
        let (kind, _, stream, payload) = read_frame(&mut link).unwrap();
        match kind {
            RESET if stream == 1 => break,
            // Any status will do that is no 2xx: 200 is index 8 of the static table, 204 and 206 the next two.
            HEADERS if stream == 1 => {
                assert!(![0x88, 0x89, 0x8a].contains(&payload[0]), "it was let in");
                break;
            }
            7 => panic!("the connection was ended: {payload:?}"),
            _ => {}
        }
    }
    let get = fields(&[(":method", "GET"), (":scheme", "https"), (":path", "/healthz"), (":authority", &apex.host)]);
    link.write_all(&frame(HEADERS, 5, 3, &get)).unwrap();
    loop {
        let (kind, _, stream, payload) = read_frame(&mut link).unwrap();
        assert_ne!(kind, 7, "the connection was ended: {payload:?}");
        if kind == HEADERS && stream == 3 {
            assert_eq!(payload[0], 0x88, "200");
            break;
        }
    }
}
