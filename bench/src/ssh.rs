//! SSH through the gateway, beside OpenSSH's own server with the same key.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dormer_tests::bytes::bytes;
use dormer_tests::gateway::Gateway;
use dormer_tests::git::GitServer;
use dormer_tests::ssh::Login;
use dormer_tests::wait;
use tempfile::TempDir;

use crate::report::{median, resident, tell};

const ROUNDS: usize = 7;
const BULK: u64 = 400 << 20;

/// `true`, bulk in each direction, and both at once.
pub fn measure() {
    let (gateway, git) = (Gateway::start(), GitServer::start());
    let repository = git.repository("bulk").file("a", "").commit();
    let workspace = gateway.workspace("bulk").from(&repository).create();
    let sshd = Sshd::start(&gateway);
    let user = std::env::var("USER").unwrap_or_else(|_| "root".into());
    let theirs = Login::to(&user, "127.0.0.1", sshd.port, gateway.folder(), &gateway.key);
    let ours = workspace.login();
    let compare = |run: &dyn Fn(&Login) -> Duration| {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            a.push(run(&ours).as_secs_f64());
            b.push(run(&theirs).as_secs_f64());
        }
        median(a) / median(b)
    };
    let ratio = compare(&|login| timed(|| assert!(login.run("true").status.success())));
    tell("ssh … true, time, Dormer / sshd", format!("{ratio:.2}"), "<= 1.5");
    let ratio = compare(&|login| timed(|| pipe(login, "cat > /dev/null", BULK)));
    tell("400 MB up, throughput, Dormer / sshd", format!("{:.2}", 1.0 / ratio), ">= 0.7");
    let ratio = compare(&|login| timed(|| pipe(login, &format!("head -c {BULK} /dev/zero"), 0)));
    tell("400 MB down, throughput, Dormer / sshd", format!("{:.2}", 1.0 / ratio), ">= 0.7");
    let before = resident(gateway.pid());
    let took = timed(|| pipe(&ours, "cat", BULK));
    let after = resident(gateway.pid());
    tell("400 MB both ways through cat", format!("{took:.1?}"), "it ends");
    tell("memory of the gateway afterwards", format!("{} MB", after.max(before) >> 20), "<= 60 MB");
}

fn timed(run: impl FnOnce()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}

/// Sends so many octets into a command and reads all that it says.
fn pipe(login: &Login, command: &str, length: u64) {
    let mut child =
        login.ssh(&["-T"], &[command]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ssh runs");
    let mut input = child.stdin.take().expect("piped");
    let sender = std::thread::spawn(move || std::io::copy(&mut bytes(1, length), &mut input));
    std::io::copy(&mut child.stdout.take().expect("piped"), &mut std::io::sink()).expect("all of it");
    sender.join().expect("no panic").expect("all was taken");
    assert!(child.wait().expect("it ends").success());
}

/// OpenSSH's server, for this user only.
struct Sshd {
    _folder: TempDir,
    child: Child,
    port: u16,
}

impl Sshd {
    fn start(gateway: &Gateway) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = dormer_tests::app::free_port();
        let path = |name: &str| folder.path().join(name);
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path("host")).status();
        assert!(made.expect("ssh-keygen runs").success());
        fs::write(path("keys"), gateway.key.public()).expect("authorized keys");
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/keys\nStrictModes no\n\
             UsePAM no\nPidFile none\nPermitRootLogin yes\n",
            folder.path().display()
        );
        fs::write(path("config"), config).expect("a configuration");
        let mut command = Command::new("/usr/sbin/sshd");
        command.arg("-D").arg("-f").arg(path("config")).stdin(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("sshd runs");
        wait::until("sshd listens", wait::LONG, || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Sshd { _folder: folder, child, port }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        dormer_tests::processes::signal(self.child.id() as i32, libc::SIGTERM);
        let _ = self.child.wait();
    }
}
