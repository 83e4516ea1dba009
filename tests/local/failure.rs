//! When something breaks, it is noticed, told and mended.

use std::time::{Duration, Instant};

use dormer_tests::app;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::processes;
use dormer_tests::wait;
use dormer_tests::workspace::Workspace;
use serde_json::json;

#[test]
fn a_failing_clone_tells_its_reason_within_seconds() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("vanishing").file("a", "").commit();
    let workspace = gateway.workspace("broken").from(&repository).set("running", json!(false)).submit();
    repository.vanish();
    let started = Instant::now();
    workspace.change(json!({"running": true}));
    let told = workspace.wait_for("Failed");
    assert!(started.elapsed() < Duration::from_secs(30), "it took {:?}", started.elapsed());
    let message = told["message"].as_str().unwrap_or_default();
    assert!(message.contains("not found") || message.contains("vanishing"), "{told:#}");
    assert!(told["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{told:#}");
    // Where the person looks: the page, ssh and the command line.
    let page = workspace.site().visit("/").text();
    assert!(page.contains("vanishing") || page.contains("not found"), "{page}");
    let output = workspace.login().run("true");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && (text.contains("vanishing") || text.contains("not found")), "{text}");
    let output = gateway.dormer(&["start", "broken"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("vanishing") || text.contains("not found"), "{text}");
}

#[test]
fn a_repository_that_is_not_there_is_told_at_once_and_nothing_is_made() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let answer = gateway.workspace("nowhere").from_url(&git.missing()).ask();
    assert!([404, 422, 502].contains(&answer.status), "{}", answer.status);
    let text = answer.text();
    assert!(text.contains("no-such-thing") || text.contains("not found"), "{text}");
    assert_eq!(gateway.apex().api("GET", "/workspaces", None).value()["total"], 0);
}

#[test]
fn a_ref_that_is_not_there_is_told_by_its_name() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("refless").file("a", "").commit();
    let answer = gateway.workspace("refless").from(&repository).at("no-such-branch").ask();
    let text = if answer.status == 201 {
        Workspace::named(&gateway, "refless").wait_for("Failed").to_string()
    } else {
        assert!([404, 422, 502].contains(&answer.status), "{}", answer.status);
        answer.text()
    };
    assert!(text.contains("no-such-branch"), "{text}");
}

#[test]
fn a_failing_command_is_told_with_its_output_and_keeps_nobody_out() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let devfile = "schemaVersion: 2.3.0\ncomponents:\n- name: dev\n  container: {image: debian}\n\
        commands:\n- id: prepare\n  exec: {component: dev, commandLine: 'echo the very reason >&2; exit 3'}\n\
        events: {postStart: [prepare]}\n";
    let repository = git.repository("sick").file("devfile.yaml", devfile).commit();
    let workspace = gateway.workspace("sick").from(&repository).create();
    assert_eq!(workspace.run("echo in"), "in");
    wait::until("its log tells", wait::LONG, || {
        let output = gateway.dormer(&["logs", "sick", "prepare"]);
        String::from_utf8_lossy(&output.stdout).contains("the very reason").then_some(())
    });
}

#[test]
fn a_killed_gateway_comes_back_to_the_same_processes_and_loses_nothing() {
    let (mut gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("steady").app(port).commit();
    let workspace = gateway.workspace("steady").from(&repository).create();
    workspace.listening(port);
    workspace.run("setsid -f sleep 1000 </dev/null >/dev/null 2>&1; echo unsaved > untracked");
    let before: Vec<i32> = workspace.processes().iter().map(|process| process.pid).collect();
    // A write that was answered is kept, however soon the end comes.
    workspace.change(json!({"description": "written just before"}));
    gateway.kill();
    for pid in &before {
        assert!(processes::alive(*pid), "the workspace goes on without its gateway");
    }
    gateway.serve();
    let workspace = Workspace::named(&gateway, "steady");
    let told = workspace.wait_for("Running");
    assert_eq!(told["description"], "written just before");
    workspace.port(port).get("/").expect(200);
    assert_eq!(workspace.run("cat untracked"), "unsaved");
    workspace.started(1);
    for pid in &before {
        assert!(processes::alive(*pid), "the same processes as before");
    }
    workspace.stop();
    assert!(workspace.processes().is_empty(), "{:?}", workspace.processes());
}

#[test]
fn what_was_killed_while_the_gateway_was_away_is_noticed() {
    let (mut gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("vanished").file("a", "").commit();
    gateway.workspace("vanished").from(&repository).create();
    gateway.kill();
    processes::kill_below(&gateway.data());
    gateway.serve();
    let workspace = Workspace::named(&gateway, "vanished");
    let phase = wait::until("its end is noticed", wait::LONG, || Some(workspace.phase()).filter(|at| at != "Running"));
    assert_ne!(phase, "Running");
    assert_eq!(workspace.run("echo in"), "in", "and it can be woken");
}

#[test]
fn a_killed_agent_is_noticed_reported_and_restartable() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("fallen").file("a", "").commit();
    let workspace = gateway.workspace("fallen").from(&repository).create();
    workspace.run("setsid -f sleep 1000 </dev/null >/dev/null 2>&1");
    let agent =
        |process: &processes::Process| process.command.split(' ').next().is_some_and(|at| at.ends_with("dormer-agent"));
    let agents: Vec<_> = workspace.processes().into_iter().filter(agent).collect();
    assert!(!agents.is_empty(), "{:?}", workspace.processes());
    for process in &agents {
        processes::signal(process.pid, libc::SIGKILL);
    }
    let told = wait::until("its end is noticed", Duration::from_secs(10), || {
        Some(workspace.get()).filter(|told| told["phase"] != "Running")
    });
    assert!(told["message"].as_str().is_some_and(|message| !message.is_empty()), "{told:#}");
    assert!(told["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{told:#}");
    assert_eq!(workspace.run("echo in"), "in");
    let left: Vec<_> = workspace.processes().into_iter().filter(|at| at.command.contains("sleep 1000")).collect();
    assert!(left.is_empty(), "nothing of the first start is left beside the second: {left:?}");
}

#[test]
fn the_gateway_ends_in_order_when_it_is_asked_to() {
    let mut gateway = Gateway::start();
    let started = Instant::now();
    let status = gateway.terminate();
    assert!(status.success(), "{status}");
    assert!(started.elapsed() < Duration::from_secs(5), "an idle gateway took {:?}", started.elapsed());
    gateway.serve();
    gateway.apex().get("/healthz").expect(200);
}

#[test]
fn a_busy_port_and_a_wrong_key_are_told_in_one_line() {
    let gateway = Gateway::start();
    let data = gateway.folder().join("second");
    let serve = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = gateway.command("serve");
        command.arg("--data").arg(&data).args(args).envs(variables.iter().copied());
        let mut child =
            command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap();
        let ended = wait::poll(wait::LONG, || child.try_wait().unwrap());
        if ended.is_none() {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        (ended.and_then(|status| status.code()), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let busy = gateway.http.to_string();
    let (code, text) = serve(&["--http", &busy, "--ssh", "127.0.0.1:0"], &[]);
    assert!(code.is_some_and(|code| code != 0), "{text}");
    assert!(text.contains(&busy) && text.contains("use"), "{text}");
    let free = ["--http", "127.0.0.1:0", "--ssh", "127.0.0.1:0"];
    let config = gateway.folder().join("wrong.toml");
    std::fs::write(&config, "[http]\nlistne = \"127.0.0.1:0\"\n").unwrap();
    let (code, text) = serve(&[&free[..], &["--config", &config.to_string_lossy()]].concat(), &[]);
    assert!(code.is_some_and(|code| code != 0), "{text}");
    assert!(text.contains("listne") && text.contains("listen"), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}
