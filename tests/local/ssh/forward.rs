//! Forwarding in every direction.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};

use dormer_tests::app;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::ssh::Login;
use dormer_tests::wait;

/// Answers each connection with what it is, in capitals.
fn shout(mut stream: impl Read + Write) {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut octet = [0];
        if stream.read(&mut octet).unwrap_or(0) == 0 {
            return;
        }
        line.push(octet[0]);
    }
    let _ = stream.write_all(&line.to_ascii_uppercase());
}

/// A server on this machine, as a person runs one beside their editor.
fn here() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(shout));
    port
}

/// A client that forwards and does nothing else, and what it says.
struct Forwarding {
    child: Child,
    said: std::sync::mpsc::Receiver<String>,
}

impl Forwarding {
    fn start(login: &Login, flags: &[&str]) -> Self {
        let flags = [&["-N"], flags].concat();
        let mut command = login.ssh(&flags, &[]);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, said) = std::sync::mpsc::channel();
        let stderr = std::io::BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            use std::io::BufRead;
            stderr.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        Forwarding { child, said }
    }

    fn hear<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        loop {
            let line = self.said.recv_timeout(wait::LONG).expect("the client says nothing more");
            if let Some(found) = find(&line) {
                return found;
            }
        }
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        // What runs is `timeout`, which passes this one on.
        dormer_tests::processes::signal(self.child.id() as i32, libc::SIGTERM);
        let _ = self.child.wait();
    }
}

#[test]
fn ports_and_sockets_forwarded_back_into_the_workspace() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("reverse").file("a", "").commit();
    let workspace = gateway.workspace("reverse").from(&repository).create();
    let login = workspace.login().option("ExitOnForwardFailure=yes").option("LogLevel=INFO");
    let server = here();
    let say = |to: &str| workspace.run(&format!("exec 3<>/dev/tcp/{to}; echo hello >&3; cat <&3"));

    // A port of the client's choice, on both loopbacks and nowhere else.
    let port = app::free_port();
    let forward = Forwarding::start(&login, &["-R", &format!("{port}:127.0.0.1:{server}")]);
    wait::until("it listens inside", wait::LONG, || TcpStream::connect(("127.0.0.1", port)).ok());
    assert_eq!(say(&format!("127.0.0.1/{port}")), "HELLO");
    assert_eq!(say(&format!("localhost/{port}")), "HELLO");
    let table = workspace.run("cat /proc/net/tcp /proc/net/tcp6");
    let listening: Vec<&str> =
        table.lines().filter(|line| line.contains(&format!(":{port:04X} ")) && line.contains(" 0A ")).collect();
    assert!(!listening.is_empty(), "{table}");
    assert!(
        listening.iter().all(|line| !line.contains("00000000:")
            || line.contains("0100007F:")
            || line.contains("00000000000000000000000001000000:")),
        "{listening:?}"
    );
    // A second one there is refused, and the client told.
    let output =
        login.ssh(&["-N", "-R", &format!("{port}:127.0.0.1:{server}")], &[]).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("remote port forwarding failed"), "{text}");
    drop(forward);
    wait::until("it listens no longer", wait::LONG, || TcpStream::connect(("127.0.0.1", port)).err());

    // A port of ours.
    let forward = Forwarding::start(&login, &["-R", &format!("0:127.0.0.1:{server}")]);
    let port: u16 = forward.hear(|line| line.strip_prefix("Allocated port ")?.split(' ').next()?.parse().ok());
    assert_eq!(say(&format!("127.0.0.1/{port}")), "HELLO");
    // Many at once, and each its own answer.
    let many = workspace.run(&format!(
        "for i in $(seq 50); do (exec 3<>/dev/tcp/127.0.0.1/{port}; echo n$i >&3; cat <&3) & done; wait"
    ));
    let mut lines: Vec<&str> = many.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 50, "{many}");
    drop(forward);

    // A target that is not there: whoever connects inside hears it at once.
    let nothing = app::free_port();
    let forward = Forwarding::start(&login, &["-R", &format!("0:127.0.0.1:{nothing}")]);
    let port: u16 = forward.hear(|line| line.strip_prefix("Allocated port ")?.split(' ').next()?.parse().ok());
    assert_eq!(
        workspace.run(&format!("timeout 20 bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; cat <&3'; echo $?")),
        "0"
    );
    drop(forward);

    // Sockets, there and back.
    let socket = gateway.folder().join("home/here.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(shout));
    let inside = workspace.folder().join("inside.sock");
    let back = gateway.folder().join("home/back.sock");
    let flags = [
        "-R".to_string(),
        format!("{}:{}", inside.display(), socket.display()),
        "-L".to_string(),
        format!("{}:{}", back.display(), inside.display()),
    ];
    let forward = Forwarding::start(&login, &flags.each_ref().map(String::as_str));
    let mut stream = wait::until("the client listens", wait::LONG, || {
        let mut stream = UnixStream::connect(&back).ok()?;
        stream.write_all(b"round trip\n").ok()?;
        Some(stream)
    });
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "ROUND TRIP\n");
    assert_eq!(workspace.run("stat -c %a inside.sock"), "600");
    drop(forward);
    wait::until("the socket is removed", wait::LONG, || (!inside.exists()).then_some(()));
}

#[test]
fn the_ssh_agent_goes_along() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("agent").file("a", "").commit();
    let workspace = gateway.workspace("agent").from(&repository).create();
    let socket = gateway.folder().join("home/agent.sock");
    let mut agent = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    wait::until("ssh-agent is there", wait::LONG, || UnixStream::connect(&socket).ok());
    let key = gateway.folder().join("home/id_owner");
    let added = Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).status().unwrap();
    assert!(added.success());
    let login = workspace.login().option("IdentityAgent=SSH_AUTH_SOCK");
    let with_agent = |flags: &[&str], line: &str| {
        let output = login.ssh(flags, &[line]).env("SSH_AUTH_SOCK", &socket).stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let forwarded = "ForwardAgent=yes";
    let (status, text) = with_agent(&["-o", forwarded], "ssh-add -l; stat -c %a $SSH_AUTH_SOCK");
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("owner (ED25519)") && text.ends_with("600\n"), "{text}");
    // Signing with it: a login from inside, as `git push` does it.
    let line = format!(
        "ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes \
         -p {} agent@127.0.0.1 echo from the inside",
        gateway.ssh.port()
    );
    assert_eq!(with_agent(&["-o", forwarded], &line), (Some(0), "from the inside\n".to_string()));
    // Not asked for, not there; and gone with the connection.
    assert_eq!(workspace.run("echo ${SSH_AUTH_SOCK:-none}"), "none");
    let (_, path) = with_agent(&["-o", forwarded], "echo $SSH_AUTH_SOCK");
    wait::until("the socket is removed", wait::LONG, || (!std::path::Path::new(path.trim()).exists()).then_some(()));
    // X11 is refused, the session is not.
    let output = login.option("ForwardX11=yes").ssh(&["-X"], &["echo in"]).env("DISPLAY", ":9").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "in\n");
    agent.kill().unwrap();
    agent.wait().unwrap();
}

#[test]
fn a_jump_through_the_workspace_and_a_proxy_of_the_client() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let port = app::free_port();
    let repository = git.repository("jump").app(port).commit();
    let workspace = gateway.workspace("jump").from(&repository).create();
    workspace.listening(port);
    // -D: SOCKS, as VS Code's Remote-SSH comes in.
    let socks = app::free_port();
    let forward = Forwarding::start(&workspace.login(), &["-D", &format!("127.0.0.1:{socks}")]);
    wait::until("the client listens", wait::LONG, || TcpStream::connect(("127.0.0.1", socks)).ok());
    let get = |host: &str| {
        let url = format!("http://{host}:{port}/bytes?3-1000");
        let proxy = format!("127.0.0.1:{socks}");
        Command::new("curl").args(["-s", "-m", "30", "--socks5-hostname", &proxy, &url]).output().unwrap()
    };
    assert_eq!(get("127.0.0.1").stdout.len(), 1000);
    assert_eq!(get("localhost").stdout.len(), 1000);
    assert!(!get("192.0.2.1").status.success(), "only the workspace itself is reached");
    drop(forward);
    // -J: by way of a workspace to an sshd inside of it.
    let inside = workspace.run("echo $HOME");
    let sshd = app::free_port();
    let key = gateway.key.public();
    workspace.run(&format!(
        "mkdir -p /run/sshd 2>/dev/null; mkdir -p ~/sshd && cd ~/sshd && ssh-keygen -q -t ed25519 -N '' -f host && echo '{key}' > keys && \
         printf 'Port {sshd}\\nListenAddress 127.0.0.1\\nHostKey {inside}/sshd/host\\nAuthorizedKeysFile {inside}/sshd/keys\\nStrictModes no\\nUsePAM no\\nPidFile none\\nPermitRootLogin yes\\n' > config && \
         (setsid /usr/sbin/sshd -D -f config </dev/null >/dev/null 2>&1 &)"
    ));
    workspace.listening(sshd);
    let user = workspace.run("id -un");
    let folder = gateway.folder().join("home");
    let jump = Login::to(&user, "127.0.0.1", sshd, &folder, &gateway.key);
    // OpenSSH runs a second client of itself for the jump, which reads a configuration only.
    let config = folder.join("jump_config");
    let text = format!(
        "Host gate\n  HostName 127.0.0.1\n  Port {}\n  User jump\n  IdentityFile {}\n  IdentitiesOnly yes\n  IdentityAgent none\n  BatchMode yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n",
        gateway.ssh.port(),
        folder.join("id_owner").display()
    );
    std::fs::write(&config, text).unwrap();
    let proxy = format!("ProxyCommand=ssh -F {} -W %h:%p gate", config.display());
    let output = jump.option(proxy).run("echo through");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "through\n", "{output:?}");
}
