//! Shells and commands.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use dormer_wire::dial::DialError;
use dormer_wire::door::{Exec, Pty, RefusalCode, Want};
use dormer_wire::frame::{Frame, WindowSize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::fixture::{Agent, LIMIT};

#[tokio::test]
async fn a_command_has_three_streams_and_an_exit() {
    let agent = Agent::start(|_, _| {});
    agent.ready().await;
    let mut session = agent.exec("cat; echo err >&2; exit 7").await;
    session.send(Frame::Stdin(Bytes::from_static(b"in"))).await;
    session.send(Frame::StdinEnd).await;
    assert_eq!(session.finish().await, (b"in".to_vec(), b"err\n".to_vec(), Frame::Exit(7)));

    let mut killed = agent.exec("kill -9 $$").await;
    let expected = Frame::ExitSignal { signal: "KILL".into(), core_dumped: false };
    assert_eq!(killed.finish().await.2, expected);

    let mut signalled = agent.exec("trap 'echo got; exit 5' USR1; echo set; while :; do sleep 0.05; done").await;
    signalled.until("set").await;
    signalled.send(Frame::Signal("USR1".into())).await;
    let (out, _, exit) = signalled.finish().await;
    // The signal hits the shell's `sleep`, too; whether the shell has a word to say of that is its own affair.
    assert_eq!((out, exit), (b"got\n".to_vec(), Frame::Exit(5)));

    // Whoever is left behind with the output is heard to its end, as with OpenSSH's server; without it, nobody waits.
    let (out, exit) = agent.run("(sleep 0.5; echo late) & seq 1 20000").await;
    assert_eq!((out.lines().count(), out.lines().last(), exit), (20001, Some("late"), Frame::Exit(0)));
    let began = Instant::now();
    let (out, exit) = agent.run("sleep 100 >/dev/null 2>&1 & seq 1 20000").await;
    assert_eq!((out.lines().count(), exit), (20000, Frame::Exit(0)));
    assert!(began.elapsed() < Duration::from_secs(30));

    let (out, _) = agent.run("pwd; env").await;
    assert!(out.starts_with(&agent.path("projects").display().to_string()), "{out}");
    assert!(!out.contains("secret of the gateway"), "{out}");
    assert!(out.contains(&format!("HOME={}\n", agent.path("home").display())), "{out}");
    let env = vec![("LC_ALL".into(), "C".into()), ("LD_PRELOAD".into(), "/x".into()), ("PATH".into(), "/x".into())];
    let command = Some("echo $LC_ALL-$LD_PRELOAD; type env > /dev/null".into());
    let mut session = agent.session(Exec { command, env, ..Exec::default() }).await;
    assert_eq!(session.finish().await, (b"C-\n".to_vec(), vec![], Frame::Exit(0)));
    let refused = agent.want(Want::Exec(Exec { cwd: Some("none".into()), ..Exec::default() })).await;
    assert!(matches!(refused, Err(DialError::Refused(refusal)) if refusal.code == RefusalCode::NotFound));
}

#[tokio::test]
async fn much_goes_both_ways_unchanged() {
    let agent = Agent::start(|_, _| {});
    agent.ready().await;
    let session = agent.exec("cat").await;
    let sent: Vec<u8> = (0..20_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let (mut reader, mut writer) = tokio::io::split(session.stream);
    let send = async {
        for chunk in sent.chunks(50_000) {
            let mut wire = BytesMut::new();
            Frame::Stdin(Bytes::copy_from_slice(chunk)).encode(&mut wire);
            writer.write_all(&wire).await.unwrap();
        }
        let mut wire = BytesMut::new();
        Frame::StdinEnd.encode(&mut wire);
        writer.write_all(&wire).await.unwrap();
    };
    let receive = async {
        let (mut got, mut buffer) = (Vec::new(), BytesMut::new());
        loop {
            match Frame::decode(&mut buffer).unwrap() {
                Some(Frame::Stdout(data)) => got.extend_from_slice(&data),
                Some(Frame::Exit(status)) => return (got, status),
                Some(_) => {}
                None => assert!(reader.read_buf(&mut buffer).await.unwrap() > 0),
            }
        }
    };
    let ((), (got, status)) = tokio::time::timeout(LIMIT, async { tokio::join!(send, receive) }).await.unwrap();
    assert_eq!(status, 0);
    assert!(got == sent, "{} octets came of {}", got.len(), sent.len());
}

#[tokio::test]
async fn a_terminal_is_one() {
    let agent = Agent::start(|_, _| {});
    agent.ready().await;
    let size = WindowSize { columns: 80, rows: 24, ..WindowSize::default() };
    // 53 is ECHO: off.
    let pty = Some(Pty { term: "xterm-256color".into(), size, modes: vec![(53, 0)] });
    let mut session = agent.session(Exec { pty: pty.clone(), ..Exec::default() }).await;
    let line = "echo $0 $TERM; stty size; tty; [ -t 0 ] && stty -a | grep -o -- '-echo '; echo en''d\n";
    session.send(Frame::Stdin(line.into())).await;
    let seen = session.until("end").await;
    for part in ["-bash xterm-256color", "24 80", "/dev/pts/"] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    session.send(Frame::Resize(WindowSize { columns: 132, rows: 43, ..WindowSize::default() })).await;
    session.send(Frame::Stdin("stty size\n".into())).await;
    session.until("43 132").await;
    // What runs in the foreground is interrupted, not the shell.
    session.send(Frame::Stdin("sleep 1000; echo go''ing on\n".into())).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    session.send(Frame::Stdin(Bytes::from_static(b"\x03"))).await;
    session.send(Frame::Stdin("echo ali''ve; exit 9\n".into())).await;
    session.until("alive").await;
    assert_eq!(session.finish().await.2, Frame::Exit(9));
    let activity = agent.until("typed", |status| status.activity.is_some()).await.activity.unwrap();
    assert_eq!(activity.kind, dormer_wire::report::ActivityKind::Ssh);

    // A client that leaves hangs up.
    let command = Some("trap 'echo hup > $HOME/hup; exit' HUP; echo up; while :; do sleep 0.05; done".into());
    let mut left = agent.session(Exec { command, pty, ..Exec::default() }).await;
    left.until("up").await;
    drop(left);
    let began = Instant::now();
    while !agent.path("home/hup").exists() {
        assert!(began.elapsed() < LIMIT, "nobody was told that the client has left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
