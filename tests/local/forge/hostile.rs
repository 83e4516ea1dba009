//! Repositories and pages that mean harm: what somebody may push must run nothing here, nor lead anybody out.

use std::path::Path;
use std::process::{Command, Stdio};

use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::wait;
use serde_json::json;

/// git in a folder, with what it is to read.
#[track_caller]
fn git(folder: &Path, args: &[&str], input: &str) -> String {
    use std::io::Write;
    let set =
        ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "core.protectNTFS=false", "-c", "core.protectHFS=false"];
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(set).args(args).env("GIT_CONFIG_GLOBAL", "/dev/null");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}

/// A commit of a tree that no honest git makes, in the served repository's branch `main`.
fn commit(bare: &Path, tree: &str) {
    let tree = git(bare, &["mktree"], tree);
    let commit = git(bare, &["commit-tree", "-m", "harm", &tree], "");
    git(bare, &["update-ref", "refs/heads/main", &commit], "");
}

#[test]
fn what_somebody_may_push_runs_nothing() {
    let (gateway, server) = (Gateway::start(), GitServer::start());
    let mark = gateway.folder().join("harm");
    let marks = mark.display();
    let hook = format!("#!/bin/sh\ntouch {marks}\n");
    // Submodules whose addresses are options, or programs to run, or files; whose places and names lead out; a
    // configuration and hooks that lie about; an attribute whose filter nobody defined.
    let modules = format!(
        "[submodule \"a\"]\n\tpath = a\n\turl = ext::sh -c 'touch {marks}'\n\
         [submodule \"b\"]\n\tpath = b\n\turl = --upload-pack=touch {marks}\n\
         [submodule \"../../../hooks\"]\n\tpath = c\n\turl = {}\n\
         [submodule \"d\"]\n\tpath = d\n\turl = file://{}\n\tupdate = !touch {marks}\n\
         [submodule \"e\"]\n\tpath = -e\n\turl = https://127.0.0.1:1/x.git\n",
        server.missing(),
        gateway.folder().display(),
    );
    let repository = server
        .repository("harm")
        .file(".gitmodules", modules)
        .file("hooks/post-checkout", &hook)
        .file(".githooks/post-checkout", &hook)
        .file(".gitconfig", format!("[core]\n\thooksPath = .githooks\n\tfsmonitor = touch {marks}\n"))
        .file(".gitattributes", "* filter=harm\n")
        .file("a-file", "")
        .commit();
    let bare = repository.bare();
    // So that it is not seen already when the source is looked at, which would refuse it.
    git(bare, &["config", "uploadpack.allowFilter", "true"], "");
    let head = git(bare, &["rev-parse", "main"], "");
    let listed = git(bare, &["ls-tree", &head], "");
    let links: String =
        ["a", "b", "c", "d", "-e"].iter().map(|path| format!("160000 commit {head}\t{path}\n")).collect();
    commit(bare, &format!("{listed}\n{links}"));
    let workspace = gateway.workspace("harm").from(&repository).create();
    assert_eq!(
        workspace.run("ls a-file; git config core.hooksPath || true; ls .git/hooks | grep -v sample || true"),
        "a-file"
    );
    workspace.run("git status >/dev/null; git checkout -q -b x");
    assert!(!mark.exists(), "something of it ran");
    workspace.delete();

    // A repository inside of it, as `.git`, or a link of that name: git does not check such a thing out.
    let id = git(bare, &["rev-parse", &format!("{head}:.gitconfig")], "");
    let inner = git(bare, &["mktree"], &format!("100644 blob {id}\tconfig\n"));
    let target = git(bare, &["hash-object", "-w", "--stdin"], "hooks");
    for (name, entry) in [
        ("inside", format!("040000 tree {inner}\t.git\n")),
        ("case", format!("040000 tree {inner}\t.GIT\n")),
        ("link", format!("120000 blob {target}\t.git\n")),
        ("up", format!("040000 tree {inner}\t..\n")),
    ] {
        commit(bare, &entry);
        let made = gateway.workspace(name).from(&repository).ask();
        // Refused when it is looked at, or when it is cloned; never made.
        if made.status == 201 {
            let workspace = dormer_tests::workspace::Workspace::named(&gateway, name);
            let told = wait::until("it fails", wait::LONG, || {
                let told = workspace.get();
                matches!(told["phase"].as_str(), Some("Failed" | "Running")).then_some(told)
            });
            assert_eq!(told["phase"], "Failed", "{name}: {told:#}");
            workspace.delete();
        }
        assert!(!mark.exists(), "{name}: something of it ran");
    }
}

#[test]
fn a_devfile_that_leads_out_or_to_programs_is_refused() {
    let (gateway, server) = (Gateway::start(), GitServer::start());
    let mark = gateway.folder().join("harm");
    let devfile = |projects: &str| {
        format!(
            "schemaVersion: 2.3.0\nmetadata: {{name: x}}\nprojects:\n{projects}components:\n  - name: dev\n    container: {{image: x}}\n"
        )
    };
    let git = |name: &str, url: &str| format!("  - name: {name}\n    git: {{remotes: {{origin: \"{url}\"}}}}\n");
    for (index, projects) in [
        git("a", &format!("ext::sh -c touch% {}", mark.display())),
        git("a", &format!("--upload-pack=touch {}", mark.display())),
        "  - name: a\n    clonePath: ../../out\n    git: {remotes: {origin: https://h.example/x}}\n".to_string(),
        "  - name: a\n    clonePath: /etc/out\n    git: {remotes: {origin: https://h.example/x}}\n".to_string(),
        "  - name: a\n    git: {remotes: {origin: https://h.example/x}, checkoutFrom: {revision: --orphan}}\n"
            .to_string(),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("out-{index}");
        let body = json!({"name": name, "editor": "none", "devfile": devfile(&projects)});
        let made = gateway.apex().api("POST", "/workspaces", Some(body));
        if made.status == 201 {
            let workspace = dormer_tests::workspace::Workspace::named(&gateway, &name);
            let told = wait::until("it fails", wait::LONG, || {
                let told = workspace.get();
                matches!(told["phase"].as_str(), Some("Failed" | "Running")).then_some(told)
            });
            assert_eq!(told["phase"], "Failed", "{projects}: {told:#}");
            workspace.delete();
        } else {
            assert_eq!(made.status, 422, "{projects}");
        }
        assert!(!mark.exists(), "{projects}: it ran");
    }
    drop(server);
}
