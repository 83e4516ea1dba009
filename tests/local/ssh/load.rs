//! Clients that behave badly, and what the gateway holds for them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use dormer_tests::bytes::{bytes, sum};
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;

use super::clients::clients;

/// What one connection may make the gateway hold: the octets that wait for programs which do not read (64 MiB in all
/// channels of a connection, `inbox::HARD_TOTAL`), and what is on its way.
const BOUND: u64 = 100 << 20;

fn resident(gateway: &Gateway) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn bad_manners_cost_little_and_nobody_else() {
    let settings = [("SSH_CONNECTIONS_PER_ADDRESS", "2000"), ("SSH_UNAUTHENTICATED", "1500")];
    let (gateway, git) = (Gateway::with(&settings), GitServer::start());
    let repository = git.repository("load").file("a", "").commit();
    let workspace = gateway.workspace("load").from(&repository).create();
    let key = gateway.folder().join("home/id_owner").display().to_string();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/hostile.py");
    workspace.run("true");
    for what in [
        "programs that never read",
        "a client that never reads",
        "packets of one octet",
        "ten thousand channels",
        "a thousand who say nothing",
    ] {
        let before = resident(&gateway);
        let mut child = Command::new("timeout")
            .args(["-k", "5", "600"])
            .arg(clients().join("python/bin/python"))
            .arg(&script)
            .args(["127.0.0.1", &gateway.ssh.port().to_string(), "load", &key, what])
            .env("HOME", gateway.folder().join("home"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "alive\n", "{what}: the same connection no longer answers");
        // Another connection is not touched by it.
        assert_eq!(workspace.run("echo here"), "here", "{what}");
        let held = resident(&gateway).saturating_sub(before);
        println!("{what}: {} MB", held >> 20);
        assert!(held < BOUND, "{what}: {} MB", held >> 20);
        drop(child.stdin.take());
        dormer_tests::processes::signal(child.id() as i32, libc::SIGTERM);
        child.wait().unwrap();
    }
    assert_eq!(workspace.run("echo still here"), "still here");
}

#[test]
fn four_hundred_megabytes_both_ways_while_another_channel_answers() {
    const LENGTH: u64 = 400 << 20;
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("both").file("a", "").commit();
    let workspace = gateway.workspace("both").from(&repository).create();
    let control = format!("ControlPath={}", gateway.folder().join("home/mux").display());
    let login = workspace.login().option(control).option("ControlMaster=auto").option("ControlPersist=60");
    assert!(login.run("true").status.success());
    let mut child = login.ssh(&["-T"], &["cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let sender = std::thread::spawn(move || std::io::copy(&mut bytes(1, LENGTH), &mut input).unwrap());
    let receiver = std::thread::spawn(move || sum(output));
    let mut answers = Vec::new();
    while !receiver.is_finished() {
        let asked = Instant::now();
        let output = login.run("echo alive");
        assert_eq!(output.stdout, b"alive\n", "{output:?}");
        answers.push(asked.elapsed());
    }
    assert_eq!(sender.join().unwrap(), LENGTH);
    assert_eq!(receiver.join().unwrap(), sum(bytes(1, LENGTH)));
    assert!(child.wait().unwrap().success());
    answers.sort();
    println!("{} answers meanwhile, the slowest after {:?}", answers.len(), answers.last());
    assert!(answers.len() > 1, "no other channel got a word in");
    login.ssh(&["-O", "exit"], &[]).output().unwrap();
}
