//! Sessions, message by message, and what people do with OpenSSH's own client.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::wait;

use super::clients::clients;

#[test]
fn a_session_is_what_it_is_on_a_machine() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("session").file("a", "").commit();
    gateway.workspace("session").from(&repository).create();
    let key = gateway.folder().join("home/id_owner");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/sessions.py");
    let output = Command::new("timeout")
        .args(["-k", "5", "400"])
        .arg(clients().join("python/bin/python"))
        .arg(script)
        .args(["127.0.0.1", &gateway.ssh.port().to_string(), "session"])
        .arg(key)
        .env("HOME", gateway.folder().join("home"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_people_do_with_openssh() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("openssh").file("a", "").commit();
    let workspace = gateway.workspace("openssh").from(&repository).create();
    let login = workspace.login();
    let text = |flags: &[&str], rest: &[&str], input: &str| {
        let mut command = login.ssh(flags, rest);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).replace('\r', ""), output.stderr)
    };
    let quiet = |code, out: &str| (Some(code), out.to_string(), Vec::new());
    for (what, flags, rest, input, want) in [
        ("-T", &["-T"][..], &["test -t 0 || echo none"][..], "", quiet(0, "none\n")),
        ("-tt", &["-tt"], &["test -t 0 && echo terminal"], "", quiet(0, "terminal\n")),
        (
            "a login shell without a terminal",
            &["-T"],
            &[],
            "shopt -q login_shell && echo login; exit 4\n",
            quiet(4, "login\n"),
        ),
        ("a shell begins in the project", &["-T"], &[], "basename $PWD\n", quiet(0, "openssh\n")),
        ("no message of the day", &["-T"], &[], "", quiet(0, "")),
        ("compressed", &["-C"], &["echo in"], "", quiet(0, "in\n")),
        ("a cipher", &["-c", "aes256-ctr"], &["echo in"], "", quiet(0, "in\n")),
    ] {
        let mut got = text(flags, rest, input);
        if what == "-tt" {
            got.2.clear();
        }
        assert_eq!(got, want, "{what}");
    }
    // ~. ends it, ~? is the client's own.
    let mut child = login
        .ssh(&["-tt", "-e", "~"], &["cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"typed\n").unwrap();
    let mut seen = [0; 5];
    child.stdout.as_mut().unwrap().read_exact(&mut seen).unwrap();
    stdin.write_all(b"~.").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(255));
    // -f goes to the background; a master serves others, and ends when it is told to.
    let control = format!("ControlPath={}", gateway.folder().join("home/mux").display());
    let status = login
        .ssh(&["-f", "-N", "-M", "-o", &control], &[])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().success());
    let over = |flags: &[&str], rest: &[&str]| login.ssh(&[&["-o", &control], flags].concat(), rest).output().unwrap();
    assert!(over(&["-O", "check"], &[]).status.success());
    assert_eq!(over(&[], &["echo over"]).stdout, b"over\n");
    assert!(over(&["-O", "exit"], &[]).status.success());
    wait::until("the master ends", wait::LONG, || (!gateway.folder().join("home/mux").exists()).then_some(()));
}

#[test]
fn files_as_openssh_has_them_and_git_over_it() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("more").file("read.me", "hello\n").commit();
    let workspace = gateway.workspace("more").from(&repository).create();
    let login = workspace.login();
    let here = gateway.folder().join("home/file");
    fs::write(&here, vec![7; 300_000]).unwrap();
    // cp is copy-data, ln a hard link, df statvfs, a rename over another file is posix-rename.
    let batch = format!(
        "put -f {0} one\ncp one two\nln two three\ndf .\nrename two one\nchmod 640 one\nget -p one {0}.back\nmkdir d\nput -r {0} d/\nrmdir empty\n",
        here.display()
    )
    .replace("rmdir empty\n", "-rmdir empty\n");
    let output = login.sftp(&batch);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read(format!("{}.back", here.display())).unwrap(), vec![7; 300_000]);
    assert_eq!(workspace.run("stat -c '%h %a' one three; ls d"), "2 640\n2 640\nfile");
    // scp takes `~/` for where files begin, which is the project.
    assert!(login.scp(&[], &here.display().to_string(), ":~/by-tilde").status.success());
    assert_eq!(workspace.run("stat -c %s by-tilde"), "300000");
    // A clone of what is inside, and a push back into it.
    let command = {
        let shown = login.ssh(&[], &[]);
        let words: Vec<String> = shown.get_args().map(|word| format!("'{}'", word.to_string_lossy())).collect();
        let words = words.iter().filter(|word| !word.contains("@127.0.0.1")).cloned().collect::<Vec<_>>();
        format!("timeout {}", words.join(" "))
    };
    let clone = gateway.folder().join("home/clone");
    let url = format!("more@127.0.0.1:{}", workspace.folder().display());
    let git = |folder: &Path, arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(arguments)
            .current_dir(folder)
            .env("GIT_SSH_COMMAND", &command)
            .env("HOME", gateway.folder().join("home"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    git(gateway.folder(), &["clone", "-q", &url, &clone.display().to_string()]);
    assert_eq!(fs::read_to_string(clone.join("read.me")).unwrap(), "hello\n");
    git(&clone, &["commit", "-q", "--allow-empty", "-m", "from outside"]);
    git(&clone, &["push", "-q", "origin", "HEAD:refs/heads/pushed"]);
    assert_eq!(workspace.run("git log -1 --format=%s pushed"), "from outside");
}
