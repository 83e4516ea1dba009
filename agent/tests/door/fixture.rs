//! An agent to test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use dormer_wire::dial::{DialError, Dialer, DoorStream};
use dormer_wire::door::{Door, Exec, Want};
use dormer_wire::frame::Frame;
use dormer_wire::message;
use dormer_wire::report::{AgentState, AgentStatus};
use dormer_wire::tls::Master;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long anything may take.
pub const LIMIT: Duration = Duration::from_secs(60);

/// An agent on a folder of its own; killed, with all it started, when dropped.
pub struct Agent {
    pub folder: tempfile::TempDir,
    pub child: Child,
    pub door: Door,
    pub dialer: Dialer,
}

impl Agent {
    pub fn start(change: impl FnOnce(&mut Value, &Path)) -> Agent {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let instance = format!("test-{}", folder.path().file_name().unwrap().to_string_lossy());
        let mut assignment = json!({
            "workspace": "demo", "instance": instance, "container": "main", "door": Door::Unix(path("run/door.sock")),
            "home": path("home"), "projectsRoot": path("projects"), "workingDir": path("projects/app"),
            "logs": path("logs"), "run": path("run"),
            "env": [{"name": "PROJECT_SOURCE", "value": path("projects/app")}, {"name": "SHELL", "value": "/bin/bash"}],
        });
        change(&mut assignment, folder.path());
        std::fs::write(path("assignment.json"), assignment.to_string()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_dormer-agent"))
            .args(["run", "--assignment"])
            .arg(path("assignment.json"))
            .env("DORMER_TOKEN", "secret of the gateway")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let door = serde_json::from_value(assignment["door"].clone()).unwrap();
        Agent { folder, child, door, dialer: Dialer::local() }
    }

    /// One whose door is in a network.
    pub fn in_a_network(change: impl FnOnce(&mut Value, &Path)) -> Agent {
        // Nobody gives a port to listen at beforehand; one that was free a moment ago most likely still is.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (master, peer) = (Master::generate().unwrap(), "u-1.0a".to_owned());
        let mut agent = Agent::start(|assignment, folder| {
            assignment["door"] = json!(Door::Tls { address, peer: peer.clone() });
            assignment["keys"] = json!(master.agent_keys(&peer).unwrap());
            change(assignment, folder);
        });
        agent.dialer = Dialer::with(&master).unwrap();
        agent
    }

    /// Where it listens in its network.
    pub fn address(&self) -> std::net::SocketAddr {
        let Door::Tls { address, .. } = self.door else { panic!("{} is in no network", self.door) };
        address
    }

    /// What the agent's own program says of it: the exit status.
    pub fn health(&self, arguments: &[&str]) -> Option<i32> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dormer-agent"));
        command.args(["health", "--assignment"]).arg(self.path("assignment.json")).args(arguments);
        command.stdout(Stdio::null()).status().unwrap().code()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub async fn want(&self, want: Want) -> Result<DoorStream, DialError> {
        self.dialer.dial(&self.door, want, LIMIT).await
    }

    /// Waits for a status.
    pub async fn until(&self, what: &str, found: impl Fn(&AgentStatus) -> bool) -> AgentStatus {
        let began = Instant::now();
        let mut last = None;
        while began.elapsed() < LIMIT {
            if let Ok(mut stream) = self.want(Want::Status).await {
                while let Ok(Ok(Some(status))) =
                    tokio::time::timeout(LIMIT, message::read::<AgentStatus>(&mut stream)).await
                {
                    if found(&status) {
                        return status;
                    }
                    last = Some(status);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("never {what}: {last:#?}");
    }

    pub async fn ready(&self) -> AgentStatus {
        self.until("ready", |status| status.state == AgentState::Ready).await
    }

    pub async fn exec(&self, line: &str) -> Session {
        self.session(Exec { command: Some(line.to_owned()), ..Exec::default() }).await
    }

    pub async fn session(&self, exec: Exec) -> Session {
        Session { stream: self.want(Want::Exec(exec)).await.unwrap(), buffer: BytesMut::new() }
    }

    /// Runs a line; its output and exit.
    pub async fn run(&self, line: &str) -> (String, Frame) {
        let mut session = self.exec(line).await;
        session.send(Frame::StdinEnd).await;
        let (out, _, exit) = session.finish().await;
        (String::from_utf8_lossy(&out).into_owned(), exit)
    }

    /// The living processes that carry this agent's mark.
    pub fn marked(&self) -> Vec<String> {
        let mark = format!("DORMER_INSTANCE=test-{}", self.folder.path().file_name().unwrap().to_string_lossy());
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let environ = |entry: &std::fs::DirEntry| std::fs::read(entry.path().join("environ")).unwrap_or_default();
        let marked = processes.filter(|entry| environ(entry).split(|octet| *octet == 0).any(|v| v == mark.as_bytes()));
        marked.map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default()).collect()
    }

    pub async fn stop(&mut self) {
        let mut stream = self.want(Want::Stop { grace_seconds: 2 }).await.unwrap();
        while let Ok(Some(status)) = message::read::<AgentStatus>(&mut stream).await {
            assert!(matches!(status.state, AgentState::Stopping | AgentState::Ready), "{status:?}");
        }
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            assert!(began.elapsed() < LIMIT, "the agent did not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for name in ["agent", "clone", "editor"] {
                let log = std::fs::read_to_string(self.path(&format!("logs/{name}.log")));
                eprintln!("--- {name}.log\n{}", log.unwrap_or_default());
            }
        }
        // TERM rather than KILL: what it started has to end, too.
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap()),
            nix::sys::signal::Signal::SIGTERM,
        );
        let _ = self.child.wait();
    }
}

pub struct Session {
    pub stream: DoorStream,
    pub buffer: BytesMut,
}

impl Session {
    pub async fn send(&mut self, frame: Frame) {
        let mut wire = BytesMut::new();
        frame.encode(&mut wire);
        self.stream.write_all(&wire).await.unwrap();
    }

    pub async fn next(&mut self) -> Frame {
        loop {
            if let Some(frame) = Frame::decode(&mut self.buffer).unwrap() {
                return frame;
            }
            let read = self.stream.read_buf(&mut self.buffer);
            let n = tokio::time::timeout(LIMIT, read).await.expect("nothing came").unwrap();
            assert!(n > 0, "the stream ended before the exit");
        }
    }

    /// All output, and the exit.
    pub async fn finish(&mut self) -> (Vec<u8>, Vec<u8>, Frame) {
        let (mut out, mut err, mut ended) = (Vec::new(), Vec::new(), false);
        loop {
            match self.next().await {
                Frame::Stdout(data) => out.extend_from_slice(&data),
                Frame::Stderr(data) => err.extend_from_slice(&data),
                Frame::OutputEnd => ended = true,
                exit => {
                    assert!(ended, "the exit came before the end of the output");
                    return (out, err, exit);
                }
            }
        }
    }

    /// Reads output until it holds `text`.
    pub async fn until(&mut self, text: &str) -> String {
        let mut seen = String::new();
        while !seen.contains(text) {
            match self.next().await {
                Frame::Stdout(data) => seen.push_str(&String::from_utf8_lossy(&data)),
                other => panic!("{other:?} came instead of {text:?} after {seen:?}"),
            }
        }
        seen
    }
}
