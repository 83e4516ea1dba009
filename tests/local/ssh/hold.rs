//! How it holds: rights that are taken away, what is written down, what a restart does, and memory.

use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::ssh::{Key, Login};
use dormer_tests::wait;
use serde_json::json;

/// A session that has begun and goes on.
fn session(login: &Login) -> Child {
    let mut command = login.ssh(&["-T"], &["echo in; cat"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut begun = [0; 3];
    child.stdout.as_mut().unwrap().read_exact(&mut begun).expect("it begins");
    child
}

#[test]
fn what_is_taken_away_ends_sessions_at_once() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("gone").file("a", "").commit();
    gateway.workspace("gone").from(&repository).create();
    let apex = gateway.apex();
    let id = |value: serde_json::Value| value["id"].as_str().unwrap().to_string();
    let delete = |path: String| {
        let status = gateway.apex().api("DELETE", &path, None).status;
        assert!((200..300).contains(&status), "{path}: {status}");
    };
    let with = |key: &Key| Login::new(&gateway, "gone").key(key);
    // A right and a user: `proxy/tests/ssh.rs`, until workspaces can be shared by the API.
    for what in ["a key", "a token"] {
        let (login, take): (Login, Box<dyn Fn()>) = match what {
            "a key" => {
                let key = Key::generate(gateway.folder(), "spare");
                let body = json!({"key": key.public(), "name": "spare"});
                let id = id(apex.api("POST", "/keys", Some(body)).expect(201).value());
                (with(&key), Box::new(move || delete(format!("/keys/{id}"))))
            }
            _ => {
                let made =
                    apex.api("POST", "/tokens", Some(json!({"name": "spare", "scope": "ssh"}))).expect(201).value();
                let login = Login::new(&gateway, "gone").password(made["token"].as_str().unwrap());
                let id = id(made);
                (login, Box::new(move || delete(format!("/tokens/{id}"))))
            }
        };
        let mut child = session(&login);
        // Kept open: an input that ends would end the command by itself.
        let stdin = child.stdin.take();
        let taken = Instant::now();
        take();
        let output = child.wait_with_output().unwrap();
        let took = taken.elapsed();
        drop(stdin);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("your access to this workspace has ended"), "{what}: {output:?}");
        println!("{what}: {took:?}");
        assert!(!login.run("true").status.success(), "{what}: and no new one");
    }
}

#[test]
fn who_came_and_what_for_is_written_down_and_nothing_that_was_said() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("audit").file("a", "").commit();
    let workspace = gateway.workspace("audit").from(&repository).create();
    let secret = "swordfish-in-a-command";
    let login = workspace.login();
    let mut child =
        login.ssh(&["-T"], &[&format!("cat >/dev/null; echo {secret}")]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
    child.wait().unwrap();
    let stranger = Key::generate(gateway.folder(), "stranger");
    workspace.login().key(&stranger).run("true");
    Login::new(&gateway, "nothing").run("true");
    for flags in [&["-W", "localhost:1"][..], &["-W", "192.0.2.1:80"]] {
        login.ssh(flags, &[]).stdin(Stdio::null()).output().unwrap();
    }
    login.ssh(&["-R", "0:localhost:1"], &["true"]).stdin(Stdio::null()).output().unwrap();
    workspace.stop();
    workspace.run("true");
    let fingerprint = |key: &Key| {
        let file = gateway.folder().join("fingerprint.pub");
        std::fs::write(&file, key.public()).unwrap();
        let output = std::process::Command::new("ssh-keygen").arg("-lf").arg(&file).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_string()
    };
    let (owner, stranger) = (fingerprint(&gateway.key), fingerprint(&stranger));
    let user = format!("user={}", gateway.owner.name);
    for parts in [
        &["event=\"ssh.login\"", "127.0.0.1", "audit", &user, &owner][..],
        &["event=\"ssh.refused\"", "127.0.0.1", "audit", &stranger],
        &["event=\"ssh.lobby\"", "nothing", &user, &owner],
        &["event=\"ssh.channel\"", "exec", &user],
        &["event=\"ssh.channel\"", "port 1"],
        &["event=\"ssh.channel\"", "listen on port 0"],
        &["event=\"ssh.forward-refused\"", "192.0.2.1"],
        &["event=\"ssh.wake\"", "audit", &user],
    ] {
        wait::until(&format!("{parts:?} in the log"), Duration::from_secs(5), || {
            gateway.log().lines().any(|line| parts.iter().all(|part| line.contains(part))).then_some(())
        });
    }
    assert!(!gateway.log().contains(secret), "content in the log");
}

#[test]
fn a_restart_lets_what_goes_on_go_on_and_takes_new_sessions() {
    let (mut gateway, git) = (Gateway::with(&[("SSH_DRAIN", "60s")]), GitServer::start());
    let repository = git.repository("drain").file("a", "").commit();
    gateway.workspace("drain").from(&repository).create();
    let login = Login::new(&gateway, "drain");
    let mut old = session(&login);
    let before = gateway.ask_to_end();
    wait::until("its records are free", wait::LONG, || {
        gateway.log().contains("another gateway may take over").then_some(())
    });
    gateway.serve();
    // A new session goes to the new gateway, while the old one still carries the old.
    assert!(Login::new(&gateway, "drain").run("true").status.success());
    let mut stdin = old.stdin.take().unwrap();
    stdin.write_all(b"still here\n").unwrap();
    let mut line = [0; 11];
    old.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"still here\n");
    drop(stdin);
    assert!(old.wait().unwrap().success(), "it ends as it would have");
    before.wait();
}
