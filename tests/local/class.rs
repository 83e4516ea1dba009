//! What an administrator decides for workspaces, on one machine.

use std::fs;
use std::process::Output;

use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::workspace::Workspace;

const DEVFILE: &str = "schemaVersion: 2.3.0\nmetadata: {name: ours}\ncomponents:\n  - name: ours\n    container: {image: debian, env: [{name: MADE_BY, value: class}]}\n";

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_class_gives_a_devfile_and_a_time_to_sleep_and_refuses_what_is_too_much() {
    let (mut gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("bare").file("a", "").commit();
    let devfile = gateway.folder().join("ours.yaml");
    fs::write(&devfile, DEVFILE).unwrap();
    let dormer = |gateway: &Gateway, line: &str| {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = gateway.dormer(&args);
        (output.status.code().unwrap_or(-1), said(&output))
    };
    let make = format!(
        "class create short --idle-timeout 4s --max-memory 512Mi --devfile {} --description quick",
        devfile.display()
    );
    let (code, text) = dormer(&gateway, &make);
    assert_eq!(code, 0, "{text}");
    assert_eq!(dormer(&gateway, &make).0, 1, "it is there already");
    // Kept over a restart, as everything is.
    gateway.terminate();
    gateway.serve();
    let (_, text) = dormer(&gateway, "class ls");
    assert!(text.contains("short") && text.contains("default") && text.contains("quick"), "{text}");

    let source = &repository.url;
    let (code, text) = dormer(&gateway, &format!("create {source} --name lost --class shrt --editor none"));
    assert!(code == 2 && text.contains("did you mean 'short'?"), "{code}: {text}");
    let (code, text) =
        dormer(&gateway, &format!("create {source} --name big --class short --memory 2Gi --editor none"));
    assert!(code == 2 && text.contains("512Mi"), "{code}: {text}");

    let (code, text) = dormer(&gateway, &format!("create {source} --name quick --class short --editor none"));
    assert_eq!(code, 0, "{text}");
    let workspace = Workspace::named(&gateway, "quick");
    assert_eq!(workspace.get()["class"], "short");
    assert_eq!(workspace.run("echo $MADE_BY"), "class", "the repository has no devfile: the class has");
    let told = workspace.wait_for("Stopped");
    assert_eq!(told["reason"], "Idle", "{told:#}");

    let (code, text) = dormer(&gateway, "class rm short");
    assert!(code == 1 && text.contains("1 workspaces have the class"), "{code}: {text}");
    let (code, text) = dormer(&gateway, "update quick --class default");
    assert_eq!(code, 0, "{text}");
    assert_eq!(dormer(&gateway, "class rm short").0, 0);
    assert_eq!(workspace.run("echo \"[$MADE_BY]\""), "[]");
}
