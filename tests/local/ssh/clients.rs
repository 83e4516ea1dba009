//! Clients other than OpenSSH's, each with its own default settings.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use dormer_tests::app;
use dormer_tests::bytes::bytes;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::wait;

/// What `scripts/clients.sh` has made.
pub fn clients() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/clients.sh");
        let output = Command::new(script).stderr(Stdio::inherit()).output().expect("scripts/clients.sh runs");
        assert!(output.status.success());
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

/// A gateway with one workspace, and what a client needs to be told.
struct There {
    gateway: Gateway,
    _git: GitServer,
}

const NAME: &str = "there";

impl There {
    fn new() -> Self {
        let (gateway, git) = (Gateway::start(), GitServer::start());
        let repository = git.repository(NAME).file("a", "").commit();
        gateway.workspace(NAME).from(&repository).create();
        There { gateway, _git: git }
    }

    fn home(&self) -> PathBuf {
        self.gateway.folder().join("home")
    }

    fn key(&self) -> String {
        self.home().join("id_owner").display().to_string()
    }

    fn port(&self) -> String {
        self.gateway.ssh.port().to_string()
    }

    /// A program with nothing of this machine's user.
    fn program(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args(["-k", "5", "120"]).arg(program).args(arguments).env("HOME", self.home());
        command.env_remove("SSH_AUTH_SOCK").stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn python(&self, script: &str, arguments: &[&str]) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script);
        self.program(clients().join("python/bin/python"), &[&[script.to_str().unwrap()], arguments].concat())
    }

    fn converted(&self, program: &str, arguments: &[&str], made: &str) -> String {
        let made = self.home().join(made);
        if !made.exists() {
            let status = self.program(program, arguments).arg(&made).output().unwrap();
            assert!(status.status.success(), "{program}: {status:?}");
        }
        made.display().to_string()
    }
}

fn run(mut command: Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it runs");
    let mut stdin = child.stdin.take().unwrap();
    // Not everything that is run reads its input.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[test]
fn each_client_runs_a_command_by_key_and_by_token() {
    let there = There::new();
    let (key, port, token) = (there.key(), there.port(), there.gateway.owner.token.clone());
    let fingerprint = {
        let file = there.home().join("host.pub");
        fs::write(&file, &there.gateway.host_keys[0]).unwrap();
        let output = Command::new("ssh-keygen").args(["-lf"]).arg(&file).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_string()
    };
    let ppk = there.converted("puttygen", &[&key, "-O", "private", "-o"], "owner.ppk");
    let db = there.converted("dropbearconvert", &["openssh", "dropbear", &key], "owner.db");
    let line = "cat; echo err >&2; exit 7";
    let here = "127.0.0.1";
    let go = clients().join("go").display().to_string();
    let at = format!("{here}:{port}");
    let plink = ["-batch", "-ssh", "-P", &port, "-l", NAME, "-hostkey", &fingerprint];
    let rows: Vec<(&str, Command)> = vec![
        ("plink, key", there.program("plink", &[&plink[..], &["-i", &ppk, here, line]].concat())),
        ("plink, token", there.program("plink", &[&plink[..], &["-pw", &token, here, line]].concat())),
        ("dbclient, key", there.program("dbclient", &["-y", "-y", "-p", &port, "-l", NAME, "-i", &db, here, line])),
        ("dbclient, token", {
            let mut command = there.program("dbclient", &["-y", "-y", "-p", &port, "-l", NAME, here, line]);
            command.env("DROPBEAR_PASSWORD", &token);
            command
        }),
        ("paramiko, key", there.python("paramiko_client.py", &[here, &port, NAME, &key, line])),
        ("paramiko, token", there.python("paramiko_client.py", &[here, &port, NAME, &token, line])),
        ("asyncssh, key", there.python("asyncssh_client.py", &[here, &port, NAME, &key, line])),
        ("asyncssh, token", there.python("asyncssh_client.py", &[here, &port, NAME, &token, line])),
        ("Go, key", there.program(&go, &[&at, NAME, &key, "run", line])),
        ("Go, token", there.program(&go, &[&at, NAME, &token, "run", line])),
        ("OpenSSH, token, no preference", {
            let text = format!("-oUserKnownHostsFile={}/known_hosts", there.home().display());
            let login = dormer_tests::ssh::Login::new(&there.gateway, NAME);
            drop(login);
            let mut command = there.program("sshpass", &["-e", "ssh", "-F", "/dev/null", &text, "-p", &port]);
            command.args(["-o", "PreferredAuthentications=password", "-l", NAME, here, line]).env("SSHPASS", &token);
            command
        }),
    ];
    let mut wrong = Vec::new();
    for (name, command) in rows {
        let output = run(command, "typed\n");
        let out = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
        let err = String::from_utf8_lossy(&output.stderr);
        if output.status.code() != Some(7) || out != "typed\n" || !err.contains("err\n") {
            wrong.push(format!("{name}: {output:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_by_the_clients_that_have_their_own_way() {
    let there = There::new();
    let (key, port, token) = (there.key(), there.port(), there.gateway.owner.token.clone());
    let sent = there.home().join("sent");
    std::io::copy(&mut bytes(5, 3 << 20), &mut fs::File::create(&sent).unwrap()).unwrap();
    let (sent, same) = (sent.display().to_string(), fs::read(&sent).unwrap());
    let ppk = there.converted("puttygen", &[&key, "-O", "private", "-o"], "owner.ppk");
    let folder = dormer_tests::workspace::Workspace::named(&there.gateway, NAME).folder();
    let at = |scheme: &str, file: &str| format!("{scheme}://127.0.0.1:{port}{}/{file}", folder.display());
    let user = format!("{NAME}:{token}");
    let by_key = format!("{NAME}:");
    let public = format!("{key}.pub");
    let remote = |file: &str| format!("{NAME}@127.0.0.1:{}/{file}", folder.display());
    let curl = ["-s", "-S", "--insecure"];
    let rows: Vec<(&str, Command)> = vec![
        ("curl up", there.program("curl", &[&curl[..], &["-u", &user, "-T", &sent, &at("sftp", "curl")]].concat())),
        (
            "curl up by key",
            there.program(
                "curl",
                &[
                    &curl[..],
                    &["-u", &by_key, "--key", &key, "--pubkey", &public, "-T", &sent, &at("sftp", "curl-key")],
                ]
                .concat(),
            ),
        ),
        (
            "curl scp up",
            there.program("curl", &[&curl[..], &["-u", &user, "-T", &sent, &at("scp", "curl-scp")]].concat()),
        ),
        (
            "pscp up",
            there.program("pscp", &["-batch", "-P", &port, "-i", &ppk, "-hostkey", "*", &sent, &remote("pscp")]),
        ),
    ];
    let fingerprint = {
        let file = there.home().join("host.pub");
        fs::write(&file, &there.gateway.host_keys[0]).unwrap();
        let output = Command::new("ssh-keygen").args(["-lf"]).arg(&file).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_string()
    };
    for (name, mut command) in rows {
        if name.starts_with("pscp") {
            command = there.program(
                "pscp",
                &["-batch", "-P", &port, "-i", &ppk, "-hostkey", &fingerprint, &sent, &remote("pscp")],
            );
        }
        let output = run(command, "");
        assert!(output.status.success(), "{name}: {output:?}");
    }
    for name in ["curl", "curl-key", "curl-scp", "pscp"] {
        assert!(fs::read(folder.join(name)).unwrap() == same, "{name}");
    }
    let output = run(there.program("curl", &[&curl[..], &["-u", &user, &at("sftp", "curl")]].concat()), "");
    assert!(output.status.success() && output.stdout == same, "curl down: {:?}", output.status);
}

#[test]
fn an_audit_finds_nothing() {
    let there = There::new();
    let output =
        run(there.program(clients().join("python/bin/ssh-audit"), &["-n", "-p", &there.port(), "127.0.0.1"]), "");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("(kex)") && text.contains("(mac)"), "{output:?}");
    // It warns of every key exchange that a quantum computer could undo one day, which is every one that clients before
    // OpenSSH 9.9, PuTTY and most libraries know. Who knows a better one gets it: it is the first.
    let known = |line: &str| line.starts_with("(kex)") && line.contains("protection against post-quantum attacks");
    let found = text.lines().filter(|line| line.contains("[fail]") || line.contains("[warn]"));
    let found: Vec<&str> = found.filter(|line| !known(line)).collect();
    assert!(found.is_empty(), "{found:?}\n{text}");
    let first = text.lines().find(|line| line.starts_with("(kex)")).unwrap();
    assert!(first.contains("mlkem768x25519-sha256"), "{first}");
    assert!(text.contains("kex-strict-s-v00@openssh.com"), "Terrapin is countered:\n{text}");
}

/// What VS Code's Remote-SSH does: a script through the standard input of `bash`, which starts a server that outlives
/// it, and then connections to that server's port through a SOCKS proxy of the client's.
#[test]
fn remote_ssh_comes_in_its_way() {
    let there = There::new();
    let workspace = dormer_tests::workspace::Workspace::named(&there.gateway, NAME);
    let editor = std::env::var("DORMER_TEST_EDITOR").expect("an editor");
    let (socks, port) = (app::free_port(), app::free_port());
    let login = workspace.login();
    let script = format!(
        "set -e\nmkdir -p ~/.vscode-server\necho \"platform==$(uname -s)==\"\n\
         nohup '{editor}/node' '{editor}/vscode/out/server-main.js' --host 127.0.0.1 --port {port} \
         --without-connection-token --accept-server-license-terms --server-data-dir ~/.vscode-server \
         >~/.vscode-server/log 2>&1 </dev/null &\necho \"listeningOn=={port}==\"\n"
    );
    let mut child = login
        .ssh(&["-T", "-D", &socks.to_string(), "-o", "ConnectTimeout=15"], &["bash"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    let proxy = format!("127.0.0.1:{socks}");
    let url = format!("http://127.0.0.1:{port}/version");
    let version = wait::until("the server answers through the proxy", wait::LONG * 2, || {
        let mut curl = there.program("curl", &["-s", "-f", "-m", "5", "--socks5-hostname", &proxy, &url]);
        curl.stdin(Stdio::null()).output().ok().filter(|output| output.status.success())
    });
    assert!(!version.stdout.is_empty());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text, format!("platform==Linux==\nlisteningOn=={port}==\n"), "nothing else is on stdout");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    // The server outlives the connection that began it: the next one finds it.
    assert!(workspace.run(&format!("curl -s -f http://127.0.0.1:{port}/version")).len() >= 10);
}
