//! The SSH side with the real OpenSSH client, a real gate and a real authenticator; the workspace behind it is a small
//! door of these tests ([`door`]), not the agent.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unimplemented,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "ssh/door.rs"]
mod door;
#[path = "ssh/logins.rs"]
mod logins;
#[path = "ssh/people.rs"]
mod people;
#[path = "ssh/records.rs"]
mod records;
#[path = "ssh/world.rs"]
mod world;

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use world::{SOON, World, run};

#[tokio::test(flavor = "multi_thread")]
async fn commands() {
    let world = World::new().await;
    for (name, arguments, input, status, out, err) in [
        ("output", vec!["echo hi"], "", 0, "hi\n", ""),
        ("exit status", vec!["exit 42"], "", 42, "", ""),
        ("the highest", vec!["exit 255"], "", 255, "", ""),
        ("stderr apart", vec!["echo a; echo b >&2; echo c; exit 3"], "", 3, "a\nc\n", "b\n"),
        ("half-close", vec!["cat; echo after"], "typed", 0, "typedafter\n", ""),
        ("input nobody reads", vec!["true"], "ignored", 0, "", ""),
        ("a shell without a terminal", vec!["-T", "--"], "echo from a shell\nexit 5\n", 5, "from a shell\n", ""),
        ("a killed process", vec!["kill -9 $$"], "", 255, "", ""),
        ("a locale", vec!["-o", "SetEnv=LC_TEST=x", "--", "echo $LC_TEST"], "", 0, "x\n", ""),
        ("no loader", vec!["-o", "SetEnv=LD_DEBUG_OUTPUT=/x", "--", "echo $LD_DEBUG_OUTPUT"], "", 0, "\n", ""),
        ("compressed", vec!["-C", "--", "echo hi"], "", 0, "hi\n", ""),
        ("agent forwarding is refused, not the session", vec!["-A", "--", "echo hi"], "", 0, "hi\n", ""),
    ] {
        let got = world.ssh("hello", &arguments, input.as_bytes()).await;
        assert_eq!((got.status, got.text().as_str(), got.err.as_str()), (status, out, err), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn terminals() {
    let world = World::new().await;
    let got = world.ssh("hello", &["-tt", "--", "stty size; test -t 0 && echo terminal"], b"").await;
    // Without a terminal of its own the client says 0 by 0.
    assert!(got.text().contains("terminal") && got.text().starts_with("0 0"), "{:?} {}", got.text(), got.err);
    // `script` gives it one; its size follows.
    let mut command = tokio::process::Command::new("script");
    let ssh = world.client("hello", &["-tt", "--", "stty size; echo $TERM; exit 7"]);
    let line: Vec<String> = ssh.as_std().get_args().map(|a| format!("'{}'", a.to_string_lossy())).collect();
    let line = format!("stty cols 97 rows 31; ssh {}", line.join(" "));
    command.args(["-qec", &line, "/dev/null"]).env("TERM", "vt220").env_remove("SSH_AUTH_SOCK").kill_on_drop(true);
    let got = run(command, b"").await;
    assert!(got.text().contains("31 97"), "{:?}", got.text());
    assert_eq!(got.status, 7);
}

/// Octets that are not all the same, so that a lost or doubled packet shows.
fn noise(octets: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut out = Vec::with_capacity(octets + 8);
    while out.len() < octets {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(octets);
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_both_ways() {
    let world = World::new().await;
    let sent = noise(100 << 20);
    for cipher in ["chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr"] {
        let sent = if cipher.starts_with("aes128") { &sent[..] } else { &sent[..20 << 20] };
        let got = world.ssh("hello", &["-c", cipher, "--", "cat"], sent).await;
        assert_eq!((got.status, got.err.as_str()), (0, ""), "{cipher}");
        assert!(got.out == sent, "{cipher}: {} of {} octets came back as they were sent", got.out.len(), sent.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rekey_by_the_client_loses_nothing() {
    let world = World::new().await;
    let sent = noise(30 << 20);
    let got = world.ssh("hello", &["-o", "RekeyLimit=3M", "--", "cat"], &sent).await;
    assert_eq!((got.status, got.err.as_str()), (0, ""));
    assert!(got.out == sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_channel_stops_only_itself() {
    let world = World::new().await;
    let control = format!("ControlPath={}", world.path("mux").display());
    let mut master = world.client("hello", &["-M", "-N", "-o", &control, "--"]).spawn().unwrap();
    let deadline = Instant::now() + SOON;
    while !world.path("mux").exists() {
        assert!(Instant::now() < deadline, "the master never came up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.dialled(), 0, "a connection without a channel does not touch the workspace");
    let over = |line: &'static str| {
        let mut command = world.client("hello", &["-o", &control, "--", line]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    };
    // A program that never reads, and a client that never reads.
    let zero = std::fs::File::open("/dev/zero").unwrap();
    let mut unread = over("sleep 1000").stdin(zero).spawn().unwrap();
    let mut unreading = over("exec cat /dev/zero").spawn().unwrap();
    while world.dialled() < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // They are stalled when hardly anything moves any more: the client has sent all that it may, and trickles.
    let moved = || {
        let text = std::fs::read_to_string(format!("/proc/{}/io", master.id().unwrap())).unwrap();
        text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse::<u64>().ok()).unwrap()
    };
    let stalled = async {
        let mut before = 0;
        while moved() - std::mem::replace(&mut before, moved()) > 64 * 1024 {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::time::timeout(SOON, stalled).await.expect("they never stall");
    let begun = Instant::now();
    let got = run(over("echo alive"), b"").await;
    assert_eq!(got.text(), "alive\n");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let sent = noise(50 << 20);
    let begun = Instant::now();
    let got = run(over("wc -c"), &sent).await;
    assert_eq!(got.text().trim(), (50 << 20).to_string());
    println!("50 MB up beside a stalled upload: {:?}", begun.elapsed());
    assert!(unread.try_wait().unwrap().is_none(), "the stalled one was never ended, only held");
    assert!(unreading.try_wait().unwrap().is_none());
    for child in [&mut unread, &mut unreading, &mut master] {
        child.kill().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarded_ports_and_sockets() {
    let world = World::new().await;
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = server.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = server.accept().await {
            tokio::spawn(async move {
                let mut all = Vec::new();
                stream.read_to_end(&mut all).await.unwrap();
                stream.write_all(format!("{} octets", all.len()).as_bytes()).await.unwrap();
            });
        }
    });
    // -W: standard input and output are the connection, with both half-closes.
    let got = world.ssh("hello", &["-W", &format!("localhost:{target}"), "--"], &noise(3 << 20)).await;
    assert_eq!((got.status, got.text()), (0, format!("{} octets", 3 << 20)), "{}", got.err);
    for (place, reason) in [
        ("169.254.169.254:80".to_string(), "only the workspace itself can be reached"),
        ("localhost:1".to_string(), "nothing listens on port 1"),
    ] {
        let got = world.ssh("hello", &["-W", &place, "--"], b"").await;
        assert!(got.status != 0 && got.err.contains(reason), "{place}: {} {}", got.status, got.err);
    }
    // -L, over a listening socket of the client's.
    let local = world.path("local");
    let forward = format!("{}:127.0.0.1:{target}", local.display());
    let mut client = world.client("hello", &["-N", "-L", &forward, "--"]).spawn().unwrap();
    let deadline = Instant::now() + SOON;
    let mut stream = loop {
        match tokio::net::UnixStream::connect(&local).await {
            Ok(stream) => break stream,
            Err(_) => assert!(Instant::now() < deadline, "the forward never came up"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    stream.write_all(b"12345").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "5 octets");
    client.kill().await.unwrap();
    // -R is refused at once, and the client told.
    let got =
        world.ssh("hello", &["-o", "ExitOnForwardFailure=yes", "-R", "0:localhost:1", "--", "echo hi"], b"").await;
    assert!(got.status != 0 && got.err.contains("remote port forwarding failed"), "{} {}", got.status, got.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn files() {
    let world = World::new().await;
    let sent = noise(5 << 20);
    std::fs::write(world.path("from"), &sent).unwrap();
    for (name, flags) in [("sftp", vec![]), ("the old protocol", vec!["-O"])] {
        let to = world.path(&name.replace(' ', "-"));
        let mut command = tokio::process::Command::new("scp");
        command.args(flags).arg("-q").args(world.options("key")).arg(world.path("from"));
        command.arg(format!("hello@127.0.0.1:{}", to.display())).env_remove("SSH_AUTH_SOCK").kill_on_drop(true);
        let got = run(command, b"").await;
        assert_eq!((got.status, got.err.as_str()), (0, ""), "{name}");
        assert!(std::fs::read(&to).unwrap() == sent, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_in() {
    let world = World::new().await;
    let malformed = format!("{}x", world.token);
    for (workspace, token, methods, want) in [
        ("hello", world.token.as_str(), "password", true),
        ("hello", &malformed, "password", false),
        ("hello", "", "password", false),
        ("theirs", &world.token, "password", false),
        ("nothing", &world.token, "password", false),
    ] {
        let got = world.ssh_with_token(workspace, token, methods).await;
        assert_eq!(got.text() == "in\n", want, "{workspace} {methods}: {}", got.err);
    }
    assert_eq!(world.ssh("hello", &["echo in"], b"").await.text(), "in\n");
    let before = world.dialled();
    // Somebody else's, one's own, one that does not exist and a name that is none, with a key that nobody has: one
    // answer.
    let mut answers = Vec::new();
    for (workspace, key) in [("theirs", "stranger"), ("hello", "stranger"), ("x", "stranger"), ("UPPER", "stranger")] {
        let mut command = tokio::process::Command::new("ssh");
        command.args(world.options(key)).args(["-o", "BatchMode=yes", "-l", workspace, "127.0.0.1", "true"]);
        command.env_remove("SSH_AUTH_SOCK").kill_on_drop(true);
        let begun = Instant::now();
        let got = run(command, b"").await;
        assert_eq!(got.status, 255);
        assert!(begun.elapsed() >= Duration::from_millis(400), "{workspace} {key}: {:?}", begun.elapsed());
        answers.push(got.err.replace(&format!("{workspace}@"), "@"));
    }
    assert!(answers[0].contains("Permission denied (publickey,keyboard-interactive,password)"), "{}", answers[0]);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(world.dialled(), before, "nobody of them came near a workspace");
}

#[tokio::test(flavor = "multi_thread")]
async fn waking() {
    let world = World::new().await;
    let got = world.ssh("asleep", &["echo up"], b"").await;
    assert_eq!((got.status, got.text().as_str(), got.err.as_str()), (0, "up\n", ""), "quick enough to say nothing");
    let got = world.ssh("slow", &["echo up"], b"").await;
    assert_eq!((got.status, got.text().as_str()), (0, "up\n"));
    assert_eq!(got.err, "dormer: slow is starting: clone\n", "slow enough for one line, and never on stdout");
    let got = world.ssh("broken", &["echo up"], b"").await;
    assert_eq!((got.status, got.text().as_str()), (255, ""));
    let want = "dormer: broken could not be started: the clone failed (CloneFailed)\n  fatal: repository not found\n";
    assert_eq!(got.err, want);
    let got = world.ssh("broken", &["-tt"], b"").await;
    assert_eq!((got.status, got.text().as_str()), (255, ""));
    assert!(got.err.contains("\r\x1b[Kdormer: broken is starting: clone: 90 %\r\x1b[K"), "{:?}", got.err);
    assert!(got.err.contains("(CloneFailed)\r\n  fatal: repository not found\r\n"), "{:?}", got.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_is_gone() {
    let world = World::new().await;
    for (name, take) in [
        ("the key", (|world: &World| world.people.change(|all| all.keys.clear())) as fn(&World)),
        ("the right", |world| {
            let bob = "bob".parse().unwrap();
            world.workspaces.records.change("hello", |workspace| workspace.spec.owner = bob);
        }),
        ("the workspace", |world| world.workspaces.records.forget("hello")),
        ("the user", |world| world.people.change(|all| all.users.clear())),
    ] {
        let world = if name == "the key" { &world } else { &World::new().await };
        let mut child = world
            .client("hello", &["echo in; cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Kept open: an input that ends would end the command by itself.
        let _stdin = child.stdin.take();
        let mut line = [0; 3];
        child.stdout.as_mut().unwrap().read_exact(&mut line).await.unwrap();
        let begun = Instant::now();
        take(world);
        let output = tokio::time::timeout(SOON, child.wait_with_output()).await.expect(name).unwrap();
        assert_eq!(output.status.code(), Some(255), "{name}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{name}: {:?}", begun.elapsed());
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(err.contains("dormer: your access to this workspace has ended"), "{name}: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits() {
    let world = World::with(|limits| {
        limits.handshake = Duration::from_millis(500);
        limits.connections_per_address = 3;
        limits.channels = 2;
    })
    .await;
    // Says nothing, and is shown the door; so is one that says nonsense.
    let begun = Instant::now();
    let mut silent = TcpStream::connect(("127.0.0.1", world.port)).await.unwrap();
    let mut all = Vec::new();
    tokio::time::timeout(SOON, silent.read_to_end(&mut all)).await.expect("held for ever").unwrap();
    assert!(all.starts_with(b"SSH-2.0-Dormer_") && begun.elapsed() < Duration::from_secs(5));
    let mut nonsense = TcpStream::connect(("127.0.0.1", world.port)).await.unwrap();
    nonsense.write_all(&[0x16; 4096]).await.unwrap();
    let mut all = Vec::new();
    // However it ends, it ends.
    let _ = tokio::time::timeout(SOON, nonsense.read_to_end(&mut all)).await.expect("held for ever");
    // A first line without an end, a packet longer than any, one shorter than any, and a key exchange that is none.
    let packet = |length: u32, rest: &[u8]| [b"SSH-2.0-x\r\n", &length.to_be_bytes()[..], rest].concat();
    for said in [
        vec![b'a'; 1 << 20],
        packet(u32::MAX, &[0; 4096]),
        packet(300_000, &[4; 300_000]),
        packet(0, b""),
        packet(12, &[4, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        packet(12, &[4, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        let mut wrong = TcpStream::connect(("127.0.0.1", world.port)).await.unwrap();
        let _ = wrong.write_all(&said).await;
        let mut all = Vec::new();
        let ended = tokio::time::timeout(SOON, wrong.read_to_end(&mut all)).await;
        assert!(ended.is_ok(), "held for ever: {:?}…", &said[..16.min(said.len())]);
    }
    // Three at once, not four.
    let hold = [
        TcpStream::connect(("127.0.0.1", world.port)).await.unwrap(),
        TcpStream::connect(("127.0.0.1", world.port)).await.unwrap(),
        TcpStream::connect(("127.0.0.1", world.port)).await.unwrap(),
    ];
    let mut fourth = TcpStream::connect(("127.0.0.1", world.port)).await.unwrap();
    let mut all = Vec::new();
    let _ = tokio::time::timeout(SOON, fourth.read_to_end(&mut all)).await.expect("held for ever");
    assert!(all.is_empty(), "the fourth was let in");
    drop(hold);
    let deadline = Instant::now() + SOON;
    while world.ssh("hello", &["true"], b"").await.status != 0 {
        assert!(Instant::now() < deadline, "places are never given back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_lets_work_end_and_then_ends_it() {
    let mut world = World::new().await;
    let short = world.client("hello", &["echo in; sleep 1; echo done"]).stdout(Stdio::piped()).spawn().unwrap();
    let long =
        world.client("hello", &["echo in; sleep 1000"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while world.dialled() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.shutdown.cancel();
    let short = tokio::time::timeout(SOON, short.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&short.stdout), "in\ndone\n");
    let long = tokio::time::timeout(SOON, long.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(long.status.code(), Some(255));
    assert!(String::from_utf8_lossy(&long.stderr).contains("the gateway is restarting"));
    tokio::time::timeout(SOON, &mut world.serving).await.expect("it never ended").unwrap();
    assert!(TcpStream::connect(("127.0.0.1", world.port)).await.is_err());
}
