//! A login here beside one to a machine with OpenSSH's server on it, as the same user on the same files: whatever a
//! client is told must be the same.

use std::io::Write;
use std::process::{Output, Stdio};

use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::ssh::Login;
use dormer_tests::sshd::Sshd;

/// The two, and the folder that both see.
struct Both {
    ours: Login,
    theirs: Login,
    place: String,
    _gateway: Gateway,
    _git: GitServer,
    _sshd: Sshd,
}

impl Both {
    fn start(name: &str) -> Both {
        let (gateway, git) = (Gateway::start(), GitServer::start());
        let repository = git.repository(name).file("a", "").commit();
        let workspace = gateway.workspace(name).from(&repository).create();
        let sshd = Sshd::start(&gateway);
        let user = std::env::var("USER").unwrap_or_else(|_| "root".into());
        let option = "SetEnv=LC_ALL=C.UTF-8";
        let ours = workspace.login().option(option);
        let theirs = Login::to(&user, "127.0.0.1", sshd.port, gateway.folder(), &gateway.key).option(option);
        let place = gateway.folder().join("home/both").display().to_string();
        std::fs::create_dir_all(&place).unwrap();
        Both { ours, theirs, place, _gateway: gateway, _git: git, _sshd: sshd }
    }
}

/// What there is to be seen of a command, without what differs between two runs anywhere.
fn seen(output: &Output) -> (Option<i32>, String, String) {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn feed(login: &Login, flags: &[&str], rest: &[&str], input: &[u8]) -> Output {
    let mut command = login.ssh(flags, rest);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A command may end without having read it all.
    let feeding = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    output
}

/// What is tried: its name, the client's options, the command, what is fed to it.
type Row<'a> = (&'a str, &'a [&'a str], &'a [&'a str], &'a [u8]);

#[test]
fn commands_and_terminals() {
    let both = Both::start("same");
    let zeros = vec![0; 5_000_000];
    let long = format!("true {}", "x".repeat(60_000));
    let rows: &[Row] = &[
        ("exit 0", &[], &["exit 0"], b""),
        ("exit 1", &[], &["false"], b""),
        ("exit 255", &[], &["exit 255"], b""),
        ("not found", &[], &["no-such-command 2>/dev/null"], b""),
        ("not a program", &[], &["/etc/passwd 2>/dev/null"], b""),
        ("TERM", &[], &["kill -TERM $$"], b""),
        ("KILL", &[], &["kill -KILL $$"], b""),
        ("PIPE", &[], &["kill -PIPE $$"], b""),
        ("a child by a signal", &[], &["{ sh -c 'kill -9 $$'; } 2>/dev/null; echo $?"], b""),
        ("apart", &[], &["echo o; echo e >&2; exit 3"], b""),
        ("octets", &[], &[r"printf '\0\1\377\r\n\n'"], b""),
        ("words", &[], &["printf '%s|' 'a  b' \"c'd\" $((2+3)) ü"], b""),
        ("several lines", &[], &["echo 1\necho 2"], b""),
        ("words apart", &[], &["echo", "a  b", "*.none"], b""),
        ("an empty command", &[], &[""], b"echo in\n"),
        ("long", &[], &[long.as_str()], b""),
        ("input", &[], &["cat; echo end"], b"one\ntwo"),
        ("input not read", &[], &["true"], &zeros),
        ("input half read", &[], &["head -c 3"], &zeros),
        ("input closed", &[], &["exec <&-; sleep 0.3; echo still"], &zeros),
        ("much out", &[], &["head -c 3000000 /dev/zero | tr '\\0' x; head -c 100000 /dev/zero | tr '\\0' y >&2"], b""),
        ("late", &[], &["(sleep 0.7; echo late) & echo now"], b""),
        ("late errors", &[], &["(sleep 0.7; echo late >&2) & exit 4"], b""),
        ("through a process of its own", &[], &["exec > >(sleep 0.5; cat); echo a; exit 2"], b""),
        ("output closed first", &[], &["exec >&- 2>&-; sleep 0.3; exit 6"], b""),
        ("no input", &["-n"], &["cat; echo end"], b"x"),
        ("a shell", &["-T"], &[], b"echo in; exit 7\n"),
        ("a shell that is left", &["-T"], &[], b"echo in\nfalse\n"),
        ("-tt", &["-tt"], &["tty | cut -c1-9; echo out; echo err >&2; exit 9"], b""),
        ("-tt by a signal", &["-tt"], &["kill -9 $$"], b""),
        ("-tt, a background", &["-tt"], &["nohup sleep 2 >/dev/null 2>&1 & echo out"], b""),
        ("the terminal's modes", &["-tt"], &["stty -a"], b""),
        ("typed", &["-tt"], &["read a; echo got $a"], b"word\n"),
        ("typed end", &["-tt"], &["cat; echo end"], b"word\n\x04"),
        ("a locale", &["-o", "SetEnv=LC_X=y"], &["echo $LC_X"], b""),
        ("what is not let in", &["-o", "SetEnv=EVIL=y"], &["echo ${EVIL-none}"], b""),
        ("no terminal", &[], &["echo ${SSH_TTY-none} ${TERM-none}; test -t 0; echo $?"], b""),
        ("a terminal", &["-tt"], &["echo ${SSH_TTY%/*}; test -t 0 && test -t 1 && test -t 2; echo $?"], b""),
        ("whence", &[], &["set -- $SSH_CONNECTION; echo $# $1 $3; set -- $SSH_CLIENT; echo $# $1"], b""),
        // Of the signals that have names: what a server inherited of the others is its starter's affair.
        ("signals", &[], &["grep -E 'Sig(Blk|Ign)' /proc/self/status | grep -oE '.{7}$'"], b""),
        ("signals on a terminal", &["-tt"], &["grep -E 'Sig(Blk|Ign)' /proc/self/status | grep -oE '.{7}$'"], b""),
        ("descriptors", &[], &["ls /proc/self/fd | wc -l"], b""),
        ("limits", &[], &["umask; ulimit -Sn; ulimit -Sc"], b""),
        (
            "a session of its own",
            &[],
            &["test $(ps -o sid= -p $$) = $$; echo $?; test $(ps -o pgid= -p $$) = $$; echo $?"],
            b"",
        ),
        ("who", &[], &["echo $USER $LOGNAME; id -un; echo ${SHELL##*/}"], b""),
        ("whose group is in front", &["-tt"], &["ps -o tpgid= -p $$ | tr -d ' ' | grep -qx $$; echo $?"], b""),
        ("-W to nobody", &["-W", "localhost:1"], &[], b""),
        ("an unknown subsystem", &["-s"], &["none"], b""),
    ];
    let mut wrong = Vec::new();
    for &(what, flags, rest, input) in rows {
        let (ours, theirs) = std::thread::scope(|scope| {
            let theirs = scope.spawn(|| feed(&both.theirs, flags, rest, input));
            (feed(&both.ours, flags, rest, input), theirs.join().unwrap())
        });
        if seen(&ours) != seen(&theirs) {
            wrong.push(format!("{what}:\n  here  {:?}\n  there {:?}", seen(&ours), seen(&theirs)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Numbers of inodes, devices and times that nobody set are not compared.
#[test]
fn files() {
    let both = Both::start("files");
    let made = "set -e; mkdir -p tree/sub tree/empty many; printf hello > tree/a; printf '#!/bin/sh\n' > tree/run; \
        chmod 755 tree/run; chmod 600 tree/a; touch -d '2001-02-03 04:05:06 UTC' tree/a tree/run tree/sub; \
        ln -s a tree/link; ln -s none tree/broken; touch 'tree/with space ü' \"tree/it's\"; truncate -s 20M tree/sparse; \
        mkfifo tree/fifo; find tree -exec touch -hd '2001-02-03 04:05:06 UTC' {} +; for i in $(seq 3000); do : > many/$i; done";
    let run = |side: &str, login: &Login| -> Vec<(String, String)> {
        let place = format!("{}/{side}", both.place);
        std::fs::create_dir_all(&place).unwrap();
        let status = std::process::Command::new("bash").args(["-c", made]).current_dir(&place).status().unwrap();
        assert!(status.success());
        let local = format!("{place}/local");
        std::fs::create_dir_all(&local).unwrap();
        std::fs::write(format!("{local}/up"), vec![b'u'; 700_000]).unwrap();
        let plain = |text: &str| text.replace(side, "SIDE");
        let mut told = Vec::new();
        for (what, batch) in [
            ("names", "ls -1 tree\nls -a tree\nls -1 tree/s*\nls -1 none\n"),
            ("many names", "ls -1f many\n"),
            ("modes", "ls -ln tree/a tree/run tree/sub\n"),
            ("long names", "ls -l tree/a\nls -l tree/link\nls -l tree/sub/..\n"),
            ("a file that is not there", "-get none local/x\n-rm none\n-ls none\n-cd none\n-chmod 600 none\n"),
            (
                "a file in place of a folder",
                "-cd tree/a\n-ls tree/a/x\n-get tree/a/x local/x\n-rmdir tree/a\n-rm tree/sub\n",
            ),
            ("a folder that is there", "-mkdir tree/sub\n-rmdir tree\n"),
            (
                "renames",
                "rename tree/run tree/ran\n-rename none none2\nrename tree/ran tree/run\n-rename tree/sub tree/a\n",
            ),
            ("links", "symlink a tree/l2\nln tree/a tree/hard\n-ln none tree/h2\nls -1 tree\n"),
            (
                "up and down",
                "put local/up tree/up\nget tree/up local/down\nget tree/a local/\nput -p local/up tree/up2\n",
            ),
            ("again", "put local/up tree/part\nreput local/up tree/part\nreget tree/up local/down\n"),
            ("trees", "put -r local tree/all\nget -r tree/sub local/sub\n"),
            ("attributes", "chmod 640 tree/up\nls -ln tree/a\nchown 12345 tree/up2\nchgrp 54321 tree/up2\n"),
            ("where", "cd tree\npwd\nlpwd\ncd ..\npwd\n"),
            ("a copy", "cp tree/a tree/copy\n-cp none tree/copy2\n"),
            ("sparse", "get tree/sparse local/sparse\n"),
        ] {
            let output = login.sftp(&format!("cd {place}\nlcd {place}\n{batch}"));
            let (code, out, err) = seen(&output);
            told.push((format!("sftp, {what}"), plain(&format!("{code:?}\n{out}\n{err}"))));
        }
        for (what, flags, from, to) in [
            ("up", &[][..], format!("{local}/up"), format!(":{place}/scp-up")),
            ("down", &["-p"], format!(":{place}/tree/a"), format!("{local}/scp-down")),
            ("a tree", &["-rp"], format!(":{place}/tree/sub"), format!("{local}/scp-tree")),
            ("nothing", &[], format!(":{place}/none"), format!("{local}/scp-none")),
            ("a pattern", &[], format!(":{place}/tree/r*"), format!("{local}/")),
            ("to nowhere", &[], format!("{local}/up"), format!(":{place}/none/none")),
            ("the old way", &["-O"], format!("{local}/up"), format!(":{place}/scp-old")),
            ("a tree the old way", &["-O", "-rp"], format!(":{place}/tree/sub"), format!("{local}/scp-old-tree")),
            ("nothing the old way", &["-O"], format!(":{place}/none"), format!("{local}/scp-none")),
        ] {
            let (code, out, err) = seen(&login.scp(flags, &from, &to));
            told.push((format!("scp, {what}"), plain(&format!("{code:?}\n{out}\n{err}"))));
        }
        for (what, from, to) in [
            ("down", format!(":{place}/tree/"), format!("{local}/rsync")),
            ("up", format!("{local}/"), format!(":{place}/rsync-up")),
            ("nothing", format!(":{place}/none"), format!("{local}/x")),
        ] {
            let (code, out, err) = seen(&login.rsync(&from, &to));
            told.push((format!("rsync, {what}"), plain(&format!("{code:?}\n{out}\n{err}"))));
        }
        let list = "find . -printf '%P %y %m %n %s %U %G %l\\n' | grep -v ' [dl] ' | sort; find . -type l -printf '%P %l\\n' | sort; \
            stat -c '%n %Y' tree/a local/scp-down local/rsync/run; \
            find . -type f -not -name sparse -print0 | sort -z | xargs -0 sha256sum";
        let output = std::process::Command::new("bash").args(["-c", list]).current_dir(&place).output().unwrap();
        told.push(("what is there then".into(), plain(&String::from_utf8_lossy(&output.stdout))));
        told
    };
    let (ours, theirs) = (run("side-a", &both.ours), run("side-b", &both.theirs));
    let mut wrong = Vec::new();
    for ((what, here), (_, there)) in ours.iter().zip(&theirs) {
        if here != there {
            let lines = |text: &str| text.lines().map(str::to_string).collect::<Vec<_>>();
            let (here, there) = (lines(here), lines(there));
            let only = |a: &[String], b: &[String]| {
                a.iter().filter(|line| !b.contains(line)).take(8).cloned().collect::<Vec<_>>()
            };
            wrong.push(format!("{what}:\n  here  {:?}\n  there {:?}", only(&here, &there), only(&there, &here)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
