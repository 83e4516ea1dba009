//! Commits that are signed with a person's own SSH key, which stays on their machine; and large files.

use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use dormer_tests::gateway::Gateway;
use dormer_tests::gitea::Gitea;
use dormer_tests::wait;

#[test]
fn a_commit_is_signed_by_the_forwarded_agent_where_that_is_wished() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let app = gitea.repository(&ann, "app").file("a", "1").commit();
    let gateway = Gateway::start();
    let workspace = gateway.workspace("signed").from_url(&app.url).create();
    let socket = gateway.folder().join("home/agent.sock");
    let mut agent = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    wait::until("ssh-agent is there", wait::LONG, || UnixStream::connect(&socket).ok());
    let key = gateway.folder().join("home/id_owner");
    assert!(Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).status().unwrap().success());
    let login = workspace.login().option("IdentityAgent=SSH_AUTH_SOCK");
    let run = |line: &str| {
        let mut ssh = login.ssh(&["-T", "-o", "ForwardAgent=yes"], &[line]);
        let output = ssh.env("SSH_AUTH_SOCK", &socket).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    };
    // Nobody asked: no signature, and nobody is bothered for one.
    run("git commit -q --allow-empty -m Plain");
    assert!(!run("git cat-file commit HEAD").contains("BEGIN SSH SIGNATURE"));
    run("git config gpg.format ssh && git config commit.gpgsign true");
    run("git commit -q --allow-empty -m Signed");
    assert!(run("git cat-file commit HEAD").contains("BEGIN SSH SIGNATURE"));
    // It is the person's: `git` says so itself.
    let public = gateway.key.public();
    let public = public.split(' ').take(2).collect::<Vec<_>>().join(" ");
    run(&format!("echo 'ann@example.test {public}' > ../allowed && git config gpg.ssh.allowedSignersFile ../allowed"));
    run("git -c gpg.ssh.allowedSignersFile=$PWD/../allowed verify-commit HEAD");
    // The private half is nowhere in the workspace.
    assert_eq!(workspace.run("ls ~/.ssh 2>/dev/null | grep -c id_ || true"), "0");
    agent.kill().unwrap();
    agent.wait().unwrap();
}

#[test]
fn large_files_come_and_go_as_the_person() {
    let gitea = Gitea::start();
    let ann = gitea.user("ann");
    let app = gitea.private(&ann, "app");
    app.git(&["lfs", "install", "--local"]);
    let app = app
        .file(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
        .file("big.bin", "BIG".repeat(1 << 16));
    let app = app.commit();
    assert!(app.git(&["show", "HEAD:big.bin"]).starts_with("version https://git-lfs"), "it is kept apart");
    let (gateway, _folder, _) = super::credential::signed_in(&gitea.host(), &ann, &ann.token);
    let workspace = gateway.workspace("large").from_url(&app.page).create();
    assert_eq!(workspace.run("stat -c %s big.bin"), (3 << 16).to_string());
    workspace.run("head -c 100000 /dev/zero > more.bin && git add more.bin && git commit -qm More");
    workspace.run("GIT_TERMINAL_PROMPT=0 git push -q");
    assert_eq!(app.at("main"), workspace.run("git rev-parse HEAD"));
    app.git(&["pull", "-q", "origin", "main"]);
    assert_eq!(std::fs::metadata(gitea.folder().join("work/ann/app/more.bin")).unwrap().len(), 100_000);
}
