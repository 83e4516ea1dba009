//! The editor's life, with a stand-in that answers as an editor does.

use std::time::{Duration, Instant};

use dormer_wire::dial::DialError;
use dormer_wire::door::{RefusalCode, Want};
use dormer_wire::report::{AgentState, StepState};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::fixture::{Agent, LIMIT};

/// Answers every request with 200 and its own number, on the socket that it is told.
const STAND_IN: &str = "
import os, socket, sys
path = sys.argv[sys.argv.index('--socket-path') + 1]
s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen()
while True:
    c, _ = s.accept(); c.recv(4096)
    c.sendall(b'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n%d' % os.getpid()); c.close()
";

/// The editor's number; none from one that dies before it answers.
async fn ask(agent: &Agent) -> Result<Option<i32>, DialError> {
    let mut stream = agent.want(Want::Editor).await?;
    let mut answer = String::new();
    if stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.is_ok() {
        let _ = stream.read_to_string(&mut answer).await;
    }
    Ok(answer.rsplit('\n').next().and_then(|pid| pid.parse().ok()))
}

#[tokio::test]
async fn an_editor_that_dies_is_started_again() {
    let mut agent = Agent::start(|assignment, folder| {
        let data = folder.join("home/editor");
        assignment["editor"] =
            json!({"adapter": "vscode-server", "program": ["python3", "-c", STAND_IN], "data": data});
    });
    assert_eq!(agent.ready().await.steps[2].state, StepState::Done);
    let first = ask(&agent).await.unwrap().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(first), nix::sys::signal::Signal::SIGKILL).unwrap();
    let began = Instant::now();
    let second = loop {
        assert!(began.elapsed() < LIMIT, "the editor did not come back");
        match ask(&agent).await {
            Ok(Some(pid)) => break pid,
            Ok(None) => {}
            Err(DialError::Refused(refusal)) => assert_eq!(refusal.code, RefusalCode::NotReady),
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_ne!(first, second);
    assert_eq!(agent.ready().await.state, AgentState::Ready);
    agent.stop().await;
}

#[tokio::test]
async fn an_editor_that_cannot_start_is_told_at_once() {
    for (program, word) in [
        (json!(["/no/such/editor"]), "cannot be started"),
        (json!(["/bin/sh", "-c", "echo no licence >&2; exit 4"]), "ended with 4"),
    ] {
        let agent = Agent::start(|assignment, folder| {
            assignment["editor"] =
                json!({"adapter": "vscode-server", "program": program, "data": folder.join("home/editor")});
        });
        let began = Instant::now();
        let status = agent.until("failed", |status| status.state == AgentState::Failed).await;
        assert!(began.elapsed() < Duration::from_secs(5));
        let failure = status.failure.unwrap();
        assert_eq!((failure.reason.as_str(), failure.log.as_str()), ("EditorFailed", "editor"));
        assert!(failure.message.contains(word), "{failure:?}");
        assert_eq!(status.steps[2].state, StepState::Failed);
    }
}
