//! From a Git URL to a running workspace.

use std::fs;

use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::processes;

#[test]
fn a_git_url_becomes_a_running_workspace() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("hello").file("only-here.txt", "hello\n").commit();
    let workspace = gateway.workspace("hello").from(&repository).create();
    assert_eq!(fs::read_to_string(gateway.find("only-here.txt")).unwrap(), "hello\n");
    let told = workspace.get();
    assert_eq!(told["source"]["url"], repository.url);
    assert_eq!(told["source"]["commit"], repository.head());
    let url = told["url"].as_str().unwrap();
    assert_eq!(url.trim_end_matches('/'), format!("http://hello.{}", gateway.apex().host));
    assert_eq!(told["running"], true);
    assert_eq!(told["owner"], gateway.owner.name);
    assert!(workspace.run("pwd").ends_with("/hello"), "a shell begins in the project's folder");
    assert_eq!(workspace.run("git status --porcelain"), "");
    assert_eq!(workspace.run("git rev-parse --abbrev-ref HEAD"), "main");
}

#[test]
fn a_branch_a_tag_and_a_commit_can_be_asked_for_beside_each_other() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("refs").file("which", "first").commit().tag("v1");
    let first = repository.head();
    let repository = repository.branch("feature/x").file("which", "branch").commit();
    let branch = repository.head();
    let repository = repository.branch("main").file("which", "main").commit();
    for (name, reference, which, commit) in [
        ("by-branch", "feature/x", "branch", &branch),
        ("by-tag", "v1", "first", &first),
        ("by-commit", first.as_str(), "first", &first),
        ("by-default", "", "main", &repository.head()),
    ] {
        let builder = gateway.workspace(name).from(&repository);
        let workspace = if reference.is_empty() { builder.create() } else { builder.at(reference).create() };
        assert_eq!(workspace.run("cat which"), which, "{name}");
        assert_eq!(&workspace.run("git rev-parse HEAD"), commit, "{name}");
    }
}

#[test]
fn a_name_is_made_from_the_source_and_made_unique() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("My_Project").file("a", "").commit();
    let body = serde_json::json!({"source": {"url": repository.url}, "editor": "none", "running": false});
    let name = || gateway.apex().api("POST", "/workspaces", Some(body.clone())).expect(201).value()["name"].clone();
    let (first, second) = (name(), name());
    assert!(first.as_str().unwrap().starts_with("my-project"), "{first}");
    assert!(second.as_str().unwrap().starts_with("my-project"), "{second}");
    assert_ne!(first, second);
}

#[test]
fn variables_reach_its_processes_and_nothing_of_the_gateways_environment_does() {
    let gateway = Gateway::with(&[("LOG_LEVEL", "debug")]);
    let git = GitServer::start();
    let repository = git.repository("vars").file("a", "").commit();
    let workspace = gateway.workspace("vars").from(&repository).variable("GREETING", "hello $HOME `id` ünï").create();
    assert_eq!(workspace.run("printenv GREETING"), "hello $HOME `id` ünï");
    assert_eq!(workspace.run("printenv DORMER_LOCAL_EDITOR DORMER_LOG_LEVEL | wc -l"), "0");
    let home = workspace.run("echo $HOME");
    assert!(home.starts_with(&*gateway.data().to_string_lossy()), "its home is its own: {home}");
}

#[test]
fn deleting_leaves_neither_a_process_nor_a_file() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("gone").file("only-here.txt", "").commit();
    let workspace = gateway.workspace("gone").from(&repository).create();
    // One that leaves its session and its group, and does not listen to TERM.
    workspace.run("trap '' TERM; setsid -f sleep 1000 </dev/null >/dev/null 2>&1");
    assert!(workspace.processes().iter().any(|process| process.command.contains("sleep 1000")));
    workspace.delete();
    let left = processes::below(gateway.folder());
    assert_eq!(left.len(), 1, "only the gateway is left: {left:?}");
    let files = dormer_tests::keep::files(&gateway.data(), &|path| path.ends_with("only-here.txt"));
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn stopping_ends_every_process_and_keeps_every_file() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("kept").file("a", "").commit();
    let workspace = gateway.workspace("kept").from(&repository).create();
    workspace.run("echo project > untracked; echo home > ~/in-home; setsid -f sleep 1000 </dev/null >/dev/null 2>&1");
    workspace.stop();
    assert_eq!(workspace.get()["running"], false);
    assert!(workspace.processes().is_empty(), "{:?}", workspace.processes());
    workspace.change(serde_json::json!({"running": true}));
    workspace.wait_for("Running");
    assert_eq!(workspace.run("cat untracked ~/in-home"), "project\nhome");
}
