//! What counts as a person being there, and what people are told before their workspace sleeps.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};

use crate::world::{SOON, World};

fn last(world: &World) -> Option<jiff::Timestamp> {
    world.workspaces.directory.get("hello").unwrap().live.activity().map(|activity| activity.at)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_counts_as_activity() {
    let world = World::new().await;
    let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = echo.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = echo.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await
            });
        }
    });
    // A master that is idle, keep-alives, a forward that is open and one that is used: nobody.
    let local = world.path("local");
    let forward = format!("{}:127.0.0.1:{target}", local.display());
    let control = format!("ControlPath={}", world.path("mux").display());
    let mut master = world
        .client("hello", &["-M", "-N", "-o", &control, "-o", "ServerAliveInterval=1", "-L", &forward, "--"])
        .spawn()
        .unwrap();
    let connect = async {
        loop {
            match UnixStream::connect(&local).await {
                Ok(stream) => return stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let mut stream = tokio::time::timeout(SOON, connect).await.unwrap();
    let mut back = vec![0; 100_000];
    stream.write_all(&back).await.unwrap();
    stream.read_exact(&mut back).await.unwrap();
    // Long enough for some keep-alives.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(last(&world), None, "a connection on which nobody does anything");
    // A command, over the same connection.
    let got = world.ssh("hello", &["-o", &control, "--", "echo hi"], b"").await;
    assert_eq!(got.text(), "hi\n");
    let command = last(&world).expect("a command is activity");
    // Programs that talk to each other in a trickle are not; keys on a terminal are.
    let mut program = world.client("hello", &["-o", &control, "--", "cat >/dev/null"]);
    let mut program = program.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let begun = async {
        while last(&world) == Some(command) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, begun).await.expect("another command");
    let before = last(&world);
    let mut chatter = program.stdin.take().unwrap();
    for _ in 0..60 {
        chatter.write_all(b"ping").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(last(&world), before, "a program's chatter is nobody's");
    let mut terminal = world.client("hello", &["-tt", "-o", &control, "--", "cat"]);
    let mut terminal = terminal.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut keys = terminal.stdin.take().unwrap();
    let begun = async {
        while last(&world) == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, begun).await.expect("the command of the terminal");
    let before = last(&world);
    let typed = async {
        while last(&world) == before {
            keys.write_all(b"x").await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(SOON, typed).await.expect("keys are activity");
    for child in [&mut program, &mut terminal, &mut master] {
        child.kill().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_warned_before_its_workspace_sleeps_and_a_program_is_not() {
    let world = World::new().await;
    let session = |arguments: &[&str]| {
        let mut command = world.client("hello", arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut terminal = session(&["-tt", "--", "echo in; cat"]);
    let mut program = session(&["--", "echo in; cat"]);
    for child in [&mut terminal, &mut program] {
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 3]).await.unwrap();
    }
    world.workspaces.records.change("hello", |workspace| {
        workspace.status.reason = Some("IdleSoon".into());
        workspace.status.message = Some("it will be stopped at noon\x1b[2J unless somebody uses it".into());
    });
    let mut told = String::new();
    let mut stderr = terminal.stderr.take().unwrap();
    let warned = async {
        let mut octet = [0; 1];
        while !told.contains("uses it\r\n") {
            stderr.read_exact(&mut octet).await.unwrap();
            told.push(char::from(octet[0]));
        }
    };
    tokio::time::timeout(SOON, warned).await.expect("no warning");
    assert!(
        told.ends_with("\r\n\x07dormer: hello: it will be stopped at noon[2J unless somebody uses it\r\n"),
        "{told:?}"
    );
    // The program ends in peace, and has heard nothing.
    drop(program.stdin.take());
    let output = tokio::time::timeout(SOON, program.wait_with_output()).await.unwrap().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    terminal.kill().await.unwrap();
}
