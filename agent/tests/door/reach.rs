//! What can be reached through the door, and what cannot.

use dormer_wire::dial::DialError;
use dormer_wire::door::{Door, Preface, RefusalCode, Reply, Want};
use dormer_wire::message;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::fixture::Agent;

const SERVER: &str = "exec python3 -c \"
import socket
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept(); d = b''
    while True:
        b = c.recv(4096)
        if not b: break
        d += b
    c.sendall(d[::-1]); c.close()
\"";

#[tokio::test]
async fn only_ports_of_the_workspace_are_reached() {
    let agent = Agent::start(|_, _| {});
    agent.ready().await;
    let mut server = agent.exec(SERVER).await;
    let port: u16 = server.until("\n").await.trim().parse().unwrap();
    for _ in 0..3 {
        // Half-closed: the server answers once our half has ended.
        let mut stream = agent.want(Want::Port { port }).await.unwrap();
        stream.write_all(b"abc").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "cba");
    }
    agent.until("listening", |status| status.listening == [port]).await;
    // The same through the agent, for those who share no machine with it.
    let mut stream = tokio::net::UnixStream::connect(agent.path("run/door.sock")).await.unwrap();
    message::write(&mut stream, &Preface::from(Want::Port { port })).await.unwrap();
    assert!(matches!(message::read(&mut stream).await.unwrap(), Some(Reply::Accepted)));
    stream.write_all(b"abc").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "cba");

    let foreign = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let foreign_port = foreign.local_addr().unwrap().port();
    let refused = |code| move |error| matches!(error, DialError::Refused(refusal) if refusal.code == code);
    assert!(agent.want(Want::Port { port: foreign_port }).await.is_err_and(refused(RefusalCode::Foreign)));
    drop(foreign);
    assert!(agent.want(Want::Port { port: 1 }).await.is_err_and(refused(RefusalCode::NoListener)));
    assert!(agent.want(Want::Editor).await.is_err_and(refused(RefusalCode::NotFound)));
    let own = agent.path("run/door.sock").display().to_string();
    assert!(agent.want(Want::Socket { path: own }).await.is_err_and(refused(RefusalCode::Foreign)));
    drop(server);
    agent.until("no longer listening", |status| status.listening.is_empty()).await;
}

#[tokio::test]
async fn a_socket_inside_is_reached() {
    let agent = Agent::start(|_, _| {});
    agent.ready().await;
    let path = agent.path("home/app.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let mut stream = agent.want(Want::Socket { path: path.display().to_string() }).await.unwrap();
    let (mut inside, _) = listener.accept().await.unwrap();
    inside.write_all(b"hello").await.unwrap();
    let mut got = [0u8; 5];
    stream.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"hello");
}

#[tokio::test]
async fn files_are_served() {
    let agent = Agent::start(|_, _| {});
    agent.ready().await;
    let root = agent.path("projects");
    let sftp = russh_sftp::client::SftpSession::new(agent.want(Want::Sftp).await.unwrap()).await.unwrap();
    assert_eq!(sftp.canonicalize(".").await.unwrap(), root.canonicalize().unwrap().display().to_string());
    sftp.create_dir("folder").await.unwrap();
    let content: Vec<u8> = (0..3_000_000u32).map(|n| (n >> 7) as u8).collect();
    let mut file = sftp.create("folder/file").await.unwrap();
    file.write_all(&content).await.unwrap();
    file.shutdown().await.unwrap();
    assert!(std::fs::read(root.join("folder/file")).unwrap() == content);
    assert!(sftp.read("folder/file").await.unwrap() == content);
    assert_eq!(sftp.metadata("folder/file").await.unwrap().size, Some(3_000_000));
    sftp.symlink("folder/link", "file").await.unwrap_or_default();
    sftp.rename("folder/file", "folder/renamed").await.unwrap();
    assert!(sftp.metadata("folder/file").await.is_err());
    std::os::unix::fs::symlink("renamed", root.join("folder/own-link")).unwrap();
    assert_eq!(sftp.read_link("folder/own-link").await.unwrap(), "renamed");
    let names: Vec<String> = sftp.read_dir("folder").await.unwrap().map(|entry| entry.file_name()).collect();
    assert!(names.contains(&"renamed".to_owned()) && names.contains(&"own-link".to_owned()), "{names:?}");
    assert!(sftp.remove_dir("folder").await.is_err(), "it is not empty");
    sftp.remove_file("folder/renamed").await.unwrap();
    assert!(sftp.read("/no/such/file").await.is_err());
    // Nonsense ends the session, not the agent.
    let mut stream = agent.want(Want::Sftp).await.unwrap();
    stream.write_all(&[0xff; 64]).await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(agent.run("echo fine").await.0, "fine\n");
}

#[tokio::test]
async fn a_door_takes_no_nonsense() {
    let agent = Agent::start(|_, _| {});
    agent.ready().await;
    let Door::Unix(path) = &agent.door else { panic!("{}", agent.door) };
    let mut stream = tokio::net::UnixStream::connect(path).await.unwrap();
    stream.write_all(&[0xff; 16]).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(String::from_utf8_lossy(&answer).contains("invalid"), "{answer:?}");
    let mut stream = tokio::net::UnixStream::connect(path).await.unwrap();
    message::write(&mut stream, &json!({"version": 99, "want": {"want": "status"}})).await.unwrap();
    let reply: Value = message::read(&mut stream).await.unwrap().unwrap();
    assert_eq!(reply["refused"]["code"], "version");
}
