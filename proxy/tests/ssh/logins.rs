//! Ways to sign in beyond a key and a token, and what follows from them.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use dormer_auth::certificate::Authorities;

use crate::world::{SOON, World, run};

#[tokio::test(flavor = "multi_thread")]
async fn who_is_known_and_names_nothing_of_theirs_sees_what_is() {
    let world = World::new().await;
    let list = format!("  ssh -p {} hello@localhost   Running\n", world.port);
    for (named, first) in [
        ("ann", "dormer: hello ann. Say which workspace you want to enter:\n"),
        ("nothing", "dormer: there is no workspace 'nothing' that ann may enter.\n"),
        ("theirs", "dormer: there is no workspace 'theirs' that ann may enter.\n"),
        ("UPPER", "dormer: there is no workspace 'UPPER' that ann may enter.\n"),
    ] {
        for arguments in [&["echo hi"][..], &["-T", "--"], &["-s", "--", "sftp"]] {
            let got = world.ssh(named, arguments, b"").await;
            assert_eq!((got.status, got.text().as_str()), (1, ""), "{named} {arguments:?}");
            assert!(got.err.starts_with(first) && got.err.contains(&list), "{named}: {}", got.err);
            assert!(!got.err.contains("theirs@"), "{}", got.err);
        }
        let got = world.ssh(named, &["-W", "localhost:22", "--"], b"").await;
        assert_ne!(got.status, 0, "{named}: nothing is forwarded there");
    }
    let got = world.ssh("ann", &["-tt", "--"], b"").await;
    assert!(got.status == 1 && got.err.contains("enter:\r\n"), "{:?}", got.err);
    assert_eq!(world.dialled(), 0, "nobody came near a workspace");
}

/// A client that has nothing to show, and the code that it was given.
async fn asking(world: &World, named: &str) -> (tokio::process::Child, String) {
    let mut command = Command::new("ssh");
    command.args(world.options("none")).args(["-o", "PreferredAuthentications=keyboard-interactive"]);
    command.args(["-o", "NumberOfPasswordPrompts=1", &format!("{named}@127.0.0.1"), "echo in"]);
    command.env_remove("SSH_AUTH_SOCK").kill_on_drop(true);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let link = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("it ended without a link");
            if let Some((_, code)) = line.split_once("http://dormer.test/ssh/") {
                return code.trim().to_string();
            }
        }
    };
    let code = tokio::time::timeout(SOON, link).await.expect("no link");
    // Read on, so that it never waits for us.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_in_a_browser_lets_a_terminal_in() {
    let world = World::new().await;
    let ann = world.authenticator.token(&world.token).unwrap();
    for (named, approve, status, out) in
        [("hello", true, 0, "in\n"), ("hello", false, 255, ""), ("theirs", true, 1, "")]
    {
        let (child, code) = asking(&world, named).await;
        let before = world.dialled();
        let request = world.approvals.look(&code).await.unwrap();
        assert!(request.address.is_loopback() && request.target == named, "{request:?}");
        assert!(request.program.starts_with("SSH-2.0-OpenSSH_"), "{request:?}");
        assert_eq!(world.dialled(), before, "asking wakes nothing");
        world.approvals.answer(&code, approve.then(|| ann.clone())).await.unwrap();
        let output = tokio::time::timeout(SOON, child.wait_with_output()).await.unwrap().unwrap();
        let got = (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned());
        assert_eq!(got, (Some(status), out.to_string()), "{named} {approve}");
        assert!(world.approvals.answer(&code, Some(ann.clone())).await.is_err(), "an answer counts once");
    }
    // Whoever leaves takes the question along.
    let (mut child, code) = asking(&world, "hello").await;
    child.kill().await.unwrap();
    let gone = async {
        while world.approvals.look(&code).await.is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(SOON, gone).await.expect("nobody is there to be let in");
}

fn keygen(world: &World, arguments: &[&str]) {
    let mut command = std::process::Command::new("ssh-keygen");
    let made = command.current_dir(world.dir.path()).arg("-q").args(arguments).status();
    assert!(made.unwrap().success(), "{arguments:?}");
}

/// An authority, made before the gateway is told of it.
fn authority() -> (tempfile::TempDir, Authorities) {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(folder.path().join("ca"))
        .status();
    assert!(made.unwrap().success());
    let text = std::fs::read_to_string(folder.path().join("ca.pub")).unwrap();
    (folder, Authorities::parse(&text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let (folder, authorities) = authority();
    let world = World::configured(|config| config.authorities = authorities).await;
    let ca = folder.path().join("ca").display().to_string();
    let sign = |more: &[&str]| keygen(&world, &[&["-s", &ca, "-I", "id"], more, &["stranger.pub"]].concat());
    let go = async |arguments: &[&str]| {
        let mut command = Command::new("ssh");
        command.args(world.options("stranger")).args(["-o", "BatchMode=yes", "-o"]);
        command.arg(format!("CertificateFile={}", world.path("stranger-cert.pub").display()));
        let at = arguments.iter().position(|argument| *argument == "--").unwrap();
        command.args(&arguments[..at]).arg("hello@127.0.0.1").args(&arguments[at + 1..]);
        command.env_remove("SSH_AUTH_SOCK").kill_on_drop(true);
        run(command, b"").await
    };
    for (what, more, arguments, status, out) in [
        ("a user's", &["-n", "ann"][..], &["--", "echo in"][..], 0, "in\n"),
        ("somebody's who is not here", &["-n", "nobody"], &["--", "echo in"], 255, ""),
        ("somebody else's", &["-n", "bob"], &["--", "echo in"], 255, ""),
        ("expired", &["-n", "ann", "-V", "-2h:-1h"], &["--", "echo in"], 255, ""),
        ("for one command", &["-n", "ann", "-O", "force-command=echo forced"], &["--", "echo in"], 0, "forced\n"),
        (
            "for one command, not files",
            &["-n", "ann", "-O", "force-command=echo forced"],
            &["-s", "--", "sftp"],
            0,
            "forced\n",
        ),
        ("from here", &["-n", "ann", "-O", "source-address=127.0.0.0/8"], &["--", "echo in"], 0, "in\n"),
        ("from elsewhere", &["-n", "ann", "-O", "source-address=192.0.2.0/24"], &["--", "echo in"], 255, ""),
        ("with an unknown option", &["-n", "ann", "-O", "critical:x@example.org"], &["--", "echo in"], 255, ""),
        ("without a terminal", &["-n", "ann", "-O", "no-pty"], &["-tt", "--", "echo in"], 255, ""),
        ("without forwarding", &["-n", "ann", "-O", "no-port-forwarding"], &["-W", "localhost:1", "--"], 255, ""),
    ] {
        sign(more);
        let got = go(arguments).await;
        assert_eq!((got.status, got.text().as_str()), (status, out), "{what}: {}", got.err);
    }
    // Whoever is shut out is out, whatever a certificate says.
    sign(&["-n", "ann"]);
    world.people.change(|all| all.users.clear());
    let ended = async {
        while go(&["--", "true"]).await.status == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(SOON, ended).await.expect("a user who is gone comes in");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_behind_a_proxy() {
    let (folder, authorities) = authority();
    let ca = folder.path().join("ca").display().to_string();
    let trusting = World::configured(|config| {
        config.authorities = authorities.clone();
        config.proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let wary = World::configured(|config| config.authorities = authorities).await;
    let line = r"PROXY TCP4 192.0.2.7 10.0.0.1 1234 22\r\n";
    let binary = r"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\x07\x0a\0\0\1\x04\xd2\0\x16";
    for (what, world, header, source, status) in [
        ("version 1", &trusting, line, "192.0.2.7/32", 0),
        ("version 2", &trusting, binary, "192.0.2.7/32", 0),
        ("the proxy's own does not count", &trusting, line, "127.0.0.1/32", 255),
        ("no header", &trusting, "", "127.0.0.1/32", 255),
        ("nonsense", &trusting, r"PROXY ME\r\n", "127.0.0.1/32", 255),
        ("nobody asked for one", &wary, line, "192.0.2.7/32", 255),
        ("nobody asked for one, from here", &wary, line, "127.0.0.1/32", 255),
        ("none, and none is asked for", &wary, "", "127.0.0.1/32", 0),
    ] {
        keygen(world, &["-s", &ca, "-I", "id", "-n", "ann", "-O", &format!("source-address={source}"), "stranger.pub"]);
        let mut command = Command::new("ssh");
        let script = world.path("proxy");
        let text = format!(
            "import os, socket, threading\n\
             there = socket.create_connection(('127.0.0.1', {}))\n\
             there.sendall(b'{header}')\n\
             def down():\n    while data := there.recv(65536): os.write(1, data)\n    os._exit(0)\n\
             threading.Thread(target=down, daemon=True).start()\n\
             while data := os.read(0, 65536): there.sendall(data)\n",
            world.port
        );
        std::fs::write(&script, text).unwrap();
        command.args(world.options("stranger")).args(["-o", "BatchMode=yes", "-o"]);
        command.arg(format!("CertificateFile={}", world.path("stranger-cert.pub").display()));
        command.args(["-o", &format!("ProxyCommand=python3 {}", script.display()), "hello@127.0.0.1", "true"]);
        command.env_remove("SSH_AUTH_SOCK").kill_on_drop(true);
        let got = run(command, b"").await;
        assert_eq!(got.status, status, "{what}: {}", got.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_has_so_many_connections() {
    let world = World::with(|limits| limits.connections_per_user = 1).await;
    let mut first = world.client("hello", &["echo in; cat"]);
    let mut first = first.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    first.stdout.as_mut().unwrap().read_exact(&mut [0; 3]).await.unwrap();
    assert_eq!(world.ssh("hello", &["true"], b"").await.status, 255);
    first.kill().await.unwrap();
    let again = async { while world.ssh("hello", &["true"], b"").await.status != 0 {} };
    tokio::time::timeout(SOON, again).await.expect("a place is never given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_client_is_shown_the_door() {
    let world = World::with(|limits| limits.handshake = Duration::from_secs(2)).await;
    for (what, octets) in [
        ("a browser", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("TLS", [&[0x16, 3, 1, 2, 0][..], &[7; 512]].concat()),
        ("an endless first line", vec![b'S'; 1 << 20]),
        ("many lines before the first", b"x\r\n".repeat(10_000)),
        ("an old version", b"SSH-1.5-old\r\n".to_vec()),
        ("a packet that is too long", [&b"SSH-2.0-x\r\n"[..], &[0x7f, 0xff, 0xff, 0xff], &[0; 64]].concat()),
        ("a packet of nothing", [&b"SSH-2.0-x\r\n"[..], &[0, 0, 0, 0]].concat()),
        ("half of a packet, and silence", b"SSH-2.0-x\r\n\0\0\x01\0\x04".to_vec()),
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", world.port)).await.unwrap();
        // It may be closed before all of it is taken.
        let _ = stream.write_all(&octets).await;
        let mut all = Vec::new();
        let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut all)).await.expect(what);
        assert!(all.len() < 64 * 1024, "{what}");
    }
    // Half-open: nothing more comes from a peer that still listens.
    let mut stream = TcpStream::connect(("127.0.0.1", world.port)).await.unwrap();
    stream.write_all(b"SSH-2.0-x\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut Vec::new())).await.expect("half-open");
    assert_eq!(world.ssh("hello", &["echo in"], b"").await.text(), "in\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_has_to_wait() {
    let world = World::with(|limits| limits.refusals_per_address = 3).await;
    assert_eq!(world.ssh("hello", &["echo in"], b"").await.text(), "in\n");
    for _ in 0..3 {
        assert_eq!(world.ssh_with_token("hello", "dormer_guess", "password").await.text(), "");
    }
    let got = world.ssh("hello", &["echo in"], b"").await;
    assert_eq!((got.status, got.text().as_str()), (255, ""), "from this address nobody comes in for a minute");
}
