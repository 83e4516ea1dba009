//! Keys that somebody has elsewhere: at a forge, and in a small device.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use dormer_tests::browser::Browser;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::gitea::Gitea;
use dormer_tests::ssh::{Key, Login};
use dormer_tests::wait;
use serde_json::json;

use super::clients::clients;

#[test]
fn the_keys_of_an_account_at_gitea_let_in_until_they_are_gone_there() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let gateway = Gateway::configured(|url| {
        let app = gitea.application("dormer", &[&format!("{url}/login/callback/gitea")], true);
        format!(
            "[auth]\nrecheck = \"1s\"\n[auth.providers.gitea]\nkind = \"gitea\"\nurl = \"{}\"\nclient_id = \"{}\"\n\
             client_secret = \"{}\"\nallow_users = [\"ann\"]\nssh_keys = true\n",
            gitea.issuer(),
            app.client_id,
            app.client_secret
        )
    });
    let key = Key::generate(gateway.folder(), "ann");
    let body = json!({"title": "laptop", "key": key.public()});
    let made = gitea.api(&ann, "POST", "/user/keys", Some(body)).expect(201).value();
    let login = || Login::new(&gateway, "ann").key(&key);
    assert_eq!(login().run("true").status.code(), Some(255), "nobody here has signed in by that account");

    let mut browser = Browser::open();
    browser.go(&format!("{}/login?next=/access", gateway.url));
    browser.click("text=Sign in with Gitea");
    browser.see("#user_name");
    browser.click("#user_name");
    browser.write("ann");
    browser.click("#password");
    browser.write("ann-password");
    browser.press("Enter");
    browser.see("#authorize-app");
    browser.click("#authorize-app");
    browser.see("text=SSH keys");
    let output = login().run("true");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("hello ann"), "{output:?}");

    // One that is there later is known a moment later; one that is gone ends what it has opened.
    let later = Key::generate(gateway.folder(), "later");
    let body = json!({"title": "desktop", "key": later.public()});
    gitea.api(&ann, "POST", "/user/keys", Some(body)).expect(201);
    wait::until("the new key lets in", wait::LONG, || {
        (Login::new(&gateway, "ann").key(&later).run("true").status.code() == Some(1)).then_some(())
    });
    let mut open = login().ssh(&["-N"], &[]).stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait::until("it is in", wait::LONG, || (gateway.log().matches("event=\"ssh.lobby\"").count() >= 3).then_some(()));
    let id = made["id"].as_u64().unwrap();
    gitea.api(&ann, "DELETE", &format!("/user/keys/{id}"), None).expect(204);
    wait::until("what is open ends", wait::LONG, || open.try_wait().unwrap());
    assert_eq!(login().run("true").status.code(), Some(255));
    assert_eq!(Login::new(&gateway, "ann").key(&later).run("true").status.code(), Some(1), "the other stays");
}

#[test]
fn security_keys_of_both_kinds_sign_in() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("sk").file("a", "").commit();
    gateway.workspace("sk").from(&repository).create();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/sk_client.py");
    for (kind, damage, want) in [
        ("ed25519", "none", "in\n"),
        ("ecdsa", "none", "in\n"),
        ("ed25519", "another counter", "refused\n"),
        ("ecdsa", "another counter", "refused\n"),
    ] {
        let mut child = Command::new("timeout")
            .args(["-k", "5", "60"])
            .arg(clients().join("python/bin/python"))
            .arg(&script)
            .args(["127.0.0.1", &gateway.ssh.port().to_string(), "sk", kind, damage])
            .env("HOME", gateway.folder().join("home"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut public = String::new();
        output.read_line(&mut public).unwrap();
        let body = json!({"key": public.trim(), "name": kind});
        let made = gateway.apex().api("POST", "/keys", Some(body)).expect(201).value();
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        let mut said = String::new();
        output.read_to_string(&mut said).unwrap();
        child.wait().unwrap();
        assert_eq!(said, want, "{kind}, {damage}");
        let fingerprint = made["fingerprint"].as_str().unwrap().to_string();
        assert!(gateway.log().contains(&fingerprint), "{kind}: it is written down which key it was");
    }
}
