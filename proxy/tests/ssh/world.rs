//! A gateway's SSH side with a person, a key, a token, workspaces, and a client.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use dormer_auth::approval::Approvals;
use dormer_auth::authenticator::Authenticator;
use dormer_core::account::{Key, Token, User};
use dormer_core::fixture::people::People;
use dormer_core::phase::Phase;
use dormer_core::ports::clock::Clock;
use dormer_core::principal::Scope;
use dormer_core::wake::Waker;
use dormer_core::workspace::fixture;
use dormer_proxy::gate::Gate;
use dormer_proxy::ssh::config::{Config, Limits};
use dormer_proxy::ssh::host_keys::{HostKeys, load_or_create};
use dormer_proxy::ssh::server::{Deps, bind};

use crate::door;
use crate::records::{Start, Workspaces};

/// How long anything may take that should be quick.
pub const SOON: Duration = Duration::from_secs(30);

pub struct World {
    pub dir: TempDir,
    pub port: u16,
    pub token: String,
    pub workspaces: Arc<Workspaces>,
    pub people: Arc<People>,
    pub approvals: Approvals,
    pub authenticator: Arc<Authenticator>,
    pub dialled: Arc<AtomicUsize>,
    pub shutdown: CancellationToken,
    pub serving: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
}

pub struct Output {
    pub status: i32,
    pub out: Vec<u8>,
    pub err: String,
}

impl Output {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

/// Made once for all tests: RSA takes its time.
fn host_keys() -> HostKeys {
    static KEYS: OnceLock<HostKeys> = OnceLock::new();
    KEYS.get_or_init(|| load_or_create(tempfile::tempdir().unwrap().path()).unwrap()).clone()
}

impl World {
    /// `hello` runs; `asleep` wakes in a second, `broken` fails to; `theirs` is somebody else's.
    pub async fn new() -> World {
        World::with(|_| {}).await
    }

    pub async fn with(set: impl FnOnce(&mut Limits)) -> World {
        World::configured(|config| set(&mut config.limits)).await
    }

    pub async fn configured(set: impl FnOnce(&mut Config)) -> World {
        let dir = tempfile::tempdir().unwrap();
        let dialled = Arc::new(AtomicUsize::new(0));
        let door = match std::env::var("DORMER_TEST_DOOR") {
            // A real agent's, by hand.
            Ok(door) => door.parse().unwrap(),
            Err(_) => door::open(&dir.path().join("door"), Arc::clone(&dialled)),
        };
        let workspaces = Workspaces::new();
        let second = Duration::from_secs(1);
        for (name, owner, start) in [
            ("hello", "ann", Start::Up(second, door.clone())),
            ("asleep", "ann", Start::Up(second, door.clone())),
            ("slow", "ann", Start::Up(4 * second, door.clone())),
            ("broken", "ann", Start::Fails(second)),
            ("theirs", "bob", Start::Up(second, door.clone())),
        ] {
            let mut workspace = fixture(name, owner);
            if name == "hello" || name == "theirs" {
                workspace.spec.running = true;
                workspace.status.phase = Phase::Running;
                workspace.status.door = Some(door.clone());
            }
            workspaces.add(workspace, start).await;
        }
        for key in ["key", "stranger"] {
            let made = std::process::Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(dir.path().join(key))
                .status();
            assert!(made.unwrap().success());
        }
        let people = Arc::new(People::default());
        let clock: Arc<dyn Clock> = Arc::new(Timestamp::now);
        let (token, digest) = dormer_auth::token::generate(&mut rand::rngs::OsRng).unwrap();
        let public = std::fs::read_to_string(dir.path().join("key.pub")).unwrap();
        let public = public.split(' ').take(2).collect::<Vec<_>>().join(" ");
        people.change(|all| {
            all.users.push(User {
                name: "ann".parse().unwrap(),
                display_name: None,
                groups: vec![],
                admin: false,
                disabled: false,
                created_at: Timestamp::now(),
            });
            all.keys.push(Key {
                id: "k1".into(),
                user: "ann".parse().unwrap(),
                name: "laptop".into(),
                fingerprint: "SHA256:x".into(),
                key: public,
                created_at: Timestamp::now(),
                last_used_at: None,
            });
            all.tokens.push(Token {
                id: "t1".into(),
                user: "ann".parse().unwrap(),
                name: "ci".into(),
                digest,
                scope: Scope::Ssh,
                created_at: Timestamp::now(),
                expires_at: None,
                last_used_at: None,
            });
        });
        let accounts: Arc<People> = Arc::clone(&people);
        let authenticator = Authenticator::open(accounts, Arc::clone(&clock)).await.unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&authenticator).follow(stop.clone()));
        let store = Arc::clone(&workspaces.records);
        let directory = Arc::clone(&workspaces.directory);
        let waker = Arc::new(Waker::new(store, Arc::clone(&directory), Arc::clone(&clock)));
        let approvals = Approvals::new(Arc::clone(&clock));
        let gate = Gate::new(directory, waker, clock, dormer_wire::dial::Dialer::local());
        let mut config = Config::new("127.0.0.1:0".parse().unwrap(), host_keys());
        config.origin = "http://dormer.test".into();
        set(&mut config);
        let deps = Deps { gate, authenticator: Arc::clone(&authenticator), approvals: approvals.clone() };
        let bound = bind(config, deps).await.unwrap();
        let port = bound.local_addr().port();
        std::fs::write(dir.path().join("known_hosts"), host_keys().known_hosts("127.0.0.1", port).join("\n") + "\n")
            .unwrap();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(bound.serve(shutdown.clone(), Duration::from_secs(2)));
        let token = token.expose().clone();
        World { dir, port, token, workspaces, people, approvals, authenticator, dialled, shutdown, serving, stop }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn dialled(&self) -> usize {
        self.dialled.load(Ordering::SeqCst)
    }

    /// The options that every client of OpenSSH's gets.
    pub fn options(&self, key: &str) -> Vec<String> {
        let mut options = vec!["-F".to_string(), "none".to_string()];
        for option in [
            format!("UserKnownHostsFile={}", self.path("known_hosts").display()),
            "GlobalKnownHostsFile=none".into(),
            "StrictHostKeyChecking=yes".into(),
            "IdentitiesOnly=yes".into(),
            format!("IdentityFile={}", self.path(key).display()),
            "LogLevel=INFO".into(),
            format!("Port={}", self.port),
        ] {
            options.extend(["-o".to_string(), option]);
        }
        options
    }

    /// A client for `workspace`, with the key.
    pub fn client(&self, workspace: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("ssh");
        command.args(self.options("key")).args(["-o", "BatchMode=yes"]);
        let (options, line): (Vec<&str>, Vec<&str>) = match arguments.iter().position(|a| *a == "--") {
            Some(at) => (arguments[..at].to_vec(), arguments[at + 1..].to_vec()),
            None => (vec![], arguments.to_vec()),
        };
        command.args(options).arg(format!("{workspace}@127.0.0.1")).args(line);
        command.env_remove("SSH_AUTH_SOCK").kill_on_drop(true);
        command
    }

    /// Runs a client to its end. Options stand before `--`, the command behind it.
    pub async fn ssh(&self, workspace: &str, arguments: &[&str], input: &[u8]) -> Output {
        run(self.client(workspace, arguments), input).await
    }

    /// A client that has no key, and a token (or whatever it takes for one).
    pub async fn ssh_with_token(&self, workspace: &str, token: &str, methods: &str) -> Output {
        let ask = self.path("askpass");
        std::fs::write(&ask, "#!/bin/sh\nprintf '%s\\n' \"$TOKEN\"\n").unwrap();
        let mut mode = std::fs::metadata(&ask).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o700);
        std::fs::set_permissions(&ask, mode).unwrap();
        let mut command = Command::new("ssh");
        command.args(self.options("none")).args(["-o", &format!("PreferredAuthentications={methods}")]);
        command.args(["-o", "NumberOfPasswordPrompts=1", &format!("{workspace}@127.0.0.1"), "echo in"]);
        command.env("SSH_ASKPASS", ask).env("SSH_ASKPASS_REQUIRE", "force").env("TOKEN", token);
        command.env_remove("SSH_AUTH_SOCK").kill_on_drop(true);
        run(command, b"").await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.stop.cancel();
    }
}

/// Runs something to its end, within a time in which everything here ends.
pub async fn run(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeding = async {
        // Not everything that is run reads its input.
        let _ = stdin.write_all(input).await;
        drop(stdin);
    };
    let work = async { tokio::join!(feeding, child.wait_with_output()).1.unwrap() };
    let output = tokio::time::timeout(4 * SOON, work).await.expect("it never ended");
    Output {
        status: output.status.code().unwrap_or(-1),
        out: output.stdout,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
