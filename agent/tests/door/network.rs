//! A door in a network: the same protocol behind it, and nobody but a gateway gets so far.

use std::time::{Duration, Instant};

use dormer_wire::dial::{DialError, Dialer};
use dormer_wire::door::{Exec, RefusalCode, Want};
use dormer_wire::frame::Frame;
use dormer_wire::tls::Master;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::{Agent, LIMIT};

const SERVER: &str = "exec python3 -c \"
import socket
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept(); d = b''
    while True:
        b = c.recv(65536)
        if not b: break
        d += b
    c.sendall(d[::-1]); c.close()
\"";

#[tokio::test]
async fn everything_is_as_it_is_on_one_machine() {
    let mut agent = Agent::in_a_network(|assignment, _| {
        assignment["commands"] = json!([{"id": "hello", "exec": {"line": "echo hello"}}]);
        assignment["events"] = json!({"preStart": ["hello"]});
    });
    agent.ready().await;
    assert_eq!(agent.run("echo out; exit 5").await, ("out\n".to_owned(), Frame::Exit(5)));
    let mut log = String::new();
    let want = Want::Logs { name: "hello".into(), tail: None, follow: false };
    agent.want(want).await.unwrap().read_to_string(&mut log).await.unwrap();
    assert_eq!(log, "hello\n");

    // More than any buffer on the way holds, there and back.
    let mut session = agent.exec("cat").await;
    let sent = vec![7u8; 4 * 1024 * 1024];
    let (mut reader, mut writer) = tokio::io::split(&mut session.stream);
    let send = async {
        for piece in sent.chunks(32 * 1024) {
            let mut wire = bytes::BytesMut::new();
            Frame::Stdin(piece.to_vec().into()).encode(&mut wire);
            writer.write_all(&wire).await.unwrap();
        }
        let mut wire = bytes::BytesMut::new();
        Frame::StdinEnd.encode(&mut wire);
        writer.write_all(&wire).await.unwrap();
        writer.flush().await.unwrap();
    };
    let receive = async {
        let (mut buffer, mut got) = (bytes::BytesMut::new(), 0);
        loop {
            match Frame::decode(&mut buffer).unwrap() {
                Some(Frame::Stdout(data)) => got += data.len(),
                Some(Frame::Exit(exit)) => return (got, exit),
                Some(_) => {}
                None => assert!(reader.read_buf(&mut buffer).await.unwrap() > 0),
            }
        }
    };
    let ((), got) = tokio::join!(send, receive);
    assert_eq!(got, (sent.len(), 0));

    let mut server = agent.exec(SERVER).await;
    let port: u16 = server.until("\n").await.trim().parse().unwrap();
    let mut stream = agent.want(Want::Port { port }).await.unwrap();
    let sent: Vec<u8> = (0..2_000_000u32).map(|n| (n / 3) as u8).collect();
    stream.write_all(&sent).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.iter().rev().eq(&sent), "{} octets came back", answer.len());
    // Its own door is no port of the workspace.
    let own = agent.want(Want::Port { port: agent.address().port() }).await;
    assert!(matches!(own, Err(DialError::Refused(refusal)) if refusal.code == RefusalCode::Foreign));

    let sftp = russh_sftp::client::SftpSession::new(agent.want(Want::Sftp).await.unwrap()).await.unwrap();
    let mut file = sftp.create("file").await.unwrap();
    file.write_all(&sent).await.unwrap();
    file.shutdown().await.unwrap();
    assert!(std::fs::read(agent.path("projects/file")).unwrap() == sent);
    assert!(sftp.read("file").await.unwrap() == sent);
    drop(sftp);
    agent.stop().await;
    assert!(matches!(agent.want(Want::Status).await, Err(DialError::Absent(_))));
}

#[tokio::test]
async fn a_process_ends_with_the_gateway_that_started_it() {
    let agent = Agent::in_a_network(|_, _| {});
    agent.ready().await;
    let exec = Exec { command: Some("echo up; exec sleep 1000".into()), ..Exec::default() };
    let mut session = agent.session(exec).await;
    session.until("up").await;
    // Input that nobody reads is in front of the end that the agent has to notice.
    session.send(Frame::Stdin(vec![0u8; 400 * 1024].into())).await;
    drop(session);
    let began = Instant::now();
    while agent.marked().iter().any(|line| line.contains("1000")) {
        assert!(began.elapsed() < LIMIT, "{:?}", agent.marked());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn strangers_do_not_get_in_and_do_not_keep_gateways_out() {
    let agent = Agent::in_a_network(|_, _| {});
    agent.ready().await;
    let stranger = Dialer::with(&Master::generate().unwrap()).unwrap();
    let outcome = stranger.dial(&agent.door, Want::Status, LIMIT).await;
    assert!(matches!(outcome, Err(DialError::Absent(_))), "{outcome:?}");
    // One who speaks the protocol, without TLS.
    let mut plain = TcpStream::connect(agent.address()).await.unwrap();
    dormer_wire::message::write(&mut plain, &dormer_wire::door::Preface::from(Want::Status)).await.unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said).await;
    assert!(said.len() <= 7, "{said:?}");
    // Many who say nothing: a gateway comes in all the same, and they are sent away in the end.
    let mut silent = Vec::new();
    for _ in 0..400 {
        silent.push(TcpStream::connect(agent.address()).await.unwrap());
    }
    assert_eq!(agent.run("echo fine").await.0, "fine\n");
    for mut one in silent {
        let end = tokio::time::timeout(LIMIT, one.read(&mut [0])).await.expect("a silent one was not sent away");
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
    assert_eq!(agent.run("echo fine").await.0, "fine\n");
}
