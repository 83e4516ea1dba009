//! OpenSSH's server, for this user only.

use std::fs;
use std::process::{Child, Command, Stdio};

use dormer_tests::gateway::Gateway;
use dormer_tests::wait;
use tempfile::TempDir;

/// OpenSSH's server, for this user only.
pub struct Sshd {
    folder: TempDir,
    child: Child,
    /// Where it listens.
    pub port: u16,
}

impl Sshd {
    /// One that lets the owner's key in.
    pub fn start(gateway: &Gateway) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = dormer_tests::app::free_port();
        let path = |name: &str| folder.path().join(name);
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path("host")).status();
        assert!(made.expect("ssh-keygen runs").success());
        fs::write(path("keys"), gateway.key.public()).expect("authorized keys");
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/keys\nStrictModes no\n\
             UsePAM no\nPidFile none\nPermitRootLogin yes\nMaxStartups 1000\nSubsystem sftp internal-sftp\n",
            folder.path().display()
        );
        fs::write(path("config"), config).expect("a configuration");
        let mut command = Command::new("/usr/sbin/sshd");
        command.arg("-D").arg("-f").arg(path("config")).stdin(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("sshd runs");
        wait::until("sshd listens", wait::LONG, || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Sshd { folder, child, port }
    }

    /// The option with which a client comes by way of this one, as with `-J`: that would run a second client of
    /// OpenSSH's, too.
    pub fn jump(&self, gateway: &Gateway, user: &str) -> String {
        let config = self.folder.path().join("client");
        let text = format!(
            "Host gate\n  HostName 127.0.0.1\n  Port {}\n  User {user}\n  IdentityFile {}\n  IdentitiesOnly yes\n  \
             IdentityAgent none\n  BatchMode yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  \
             Ciphers aes128-gcm@openssh.com\n  LogLevel ERROR\n",
            self.port,
            gateway.folder().join("home/id_owner").display()
        );
        fs::write(&config, text).expect("a configuration");
        // In quotes as rsync's own splitting of its command line wants none: the path has no spaces.
        format!("ProxyCommand=ssh -F {} -W %h:%p gate", config.display())
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        dormer_tests::processes::signal(self.child.id() as i32, libc::SIGTERM);
        let _ = self.child.wait();
    }
}
