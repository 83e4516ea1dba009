//! Runs git so that neither the machine's configuration nor a hostile host decides what it does.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dormer_core::ports::forge::Credential;
use dormer_core::secret::Secret;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::source::reference::shown;

/// Written to disk by one fetch at most, in blocks of 512 octets (1 GiB): a repository is whatever somebody pushed.
const MAX_WRITTEN_BLOCKS: u32 = 2 << 20;
/// Memory of one run at most, in units of 1,024 octets (1.5 GiB of addresses): what it is sent and unpacks is whatever
/// somebody made, and a list of refs is kept in memory as a whole.
const MAX_MEMORY: u32 = 3 << 19;

/// Runs git, for one repository.
#[derive(Debug, Clone)]
pub struct Runner {
    /// A folder of ours that git may take for home.
    home: PathBuf,
    /// Whether files of this machine, and the keys of the person who runs us, may be used.
    local: bool,
    /// How long one run may take.
    limit: Duration,
    /// Whether the other side is on this machine: its own git, which runs below ours, maps whole packs into memory.
    beside: bool,
    /// Where the host is, so that git does not ask again.
    pin: Option<Pin>,
    /// For which origin, and what it is told there.
    authorization: Option<(String, Secret<String>)>,
}

/// A host, and the addresses of it that were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The host as it stands in the URL.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// Why a run of git gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// It said why.
    #[error("{0}")]
    Refused(String),
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// It wrote more than is read.
    #[error("the answer is longer than {0} octets")]
    TooLong(usize),
    /// It could not be run.
    #[error("git cannot be run: {0}")]
    Missing(#[from] std::io::Error),
}

impl Runner {
    /// A runner with a folder for its home, which should be empty.
    pub fn new(home: &Path, local: bool, limit: Duration) -> Runner {
        Runner { home: home.into(), local, limit, beside: false, pin: None, authorization: None }
    }

    /// For a repository on this machine, which its owner named.
    pub fn beside(self) -> Runner {
        Runner { beside: true, ..self }
    }

    /// Connects to these addresses of the host, whatever its name means by then.
    pub fn pinned(self, pin: Pin) -> Runner {
        Runner { pin: Some(pin), ..self }
    }

    /// Signed in at an origin (`https://host:port`), and nowhere else.
    pub fn signed_in(self, origin: &str, credential: &Credential) -> Runner {
        let pair = Secret::new(format!("{}:{}", credential.username, credential.password.expose()));
        let header = Secret::new(format!("Authorization: Basic {}", STANDARD.encode(pair.expose())));
        Runner { authorization: Some((origin.to_string(), header)), ..self }
    }

    /// As anybody.
    pub fn signed_out(self) -> Runner {
        Runner { authorization: None, ..self }
    }

    /// Runs it, and gives what it wrote, at most `longest` octets.
    pub async fn run(&self, arguments: &[&str], longest: usize) -> Result<Vec<u8>, GitError> {
        tokio::time::timeout(self.limit, self.output(arguments, longest))
            .await
            .unwrap_or(Err(GitError::TimedOut(self.limit)))
    }

    async fn output(&self, arguments: &[&str], longest: usize) -> Result<Vec<u8>, GitError> {
        // Dropped when time is up, and then killed; its helpers end when nobody reads from them any more.
        let mut child = self.command(arguments).spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (mut written, mut said) = (Vec::new(), Vec::new());
        let read_out = async {
            match stdout {
                Some(stream) => stream.take(longest as u64 + 1).read_to_end(&mut written).await,
                None => Ok(0),
            }
        };
        let read_err = async {
            match stderr {
                Some(mut stream) => {
                    // Only the beginning is kept, but all is read: a full pipe would stop git.
                    (&mut stream).take(64 << 10).read_to_end(&mut said).await?;
                    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(|_| 0)
                }
                None => Ok(0),
            }
        };
        // Whatever is longer is not waited for: git is killed when this returns.
        let enough = async {
            let count = read_out.await?;
            if count > longest { Err(GitError::TooLong(longest)) } else { Ok(()) }
        };
        let error_output = async { read_err.await.map_err(GitError::from) };
        tokio::try_join!(enough, error_output)?;
        let status = child.wait().await?;
        if status.success() { Ok(written) } else { Err(GitError::Refused(reason(&String::from_utf8_lossy(&said)))) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        // The shell sets the limits that git has no option for; everything else is passed as arguments.
        let mut command = Command::new("/bin/sh");
        let memory = if self.beside { String::new() } else { format!("ulimit -v {MAX_MEMORY}; ") };
        let limits = format!("{memory}ulimit -f {MAX_WRITTEN_BLOCKS}; ulimit -c 0");
        command.args(["-c", &format!("{limits}; exec git \"$@\""), "git"]);
        for setting in [
            "credential.helper=",
            "core.hooksPath=/dev/null",
            "core.fsmonitor=false",
            "protocol.version=2",
            "fetch.fsckObjects=true",
            "http.lowSpeedLimit=1",
            "http.lowSpeedTime=20",
            // Where a host sends us is looked at first, and not by git.
            "http.followRedirects=false",
            "http.emptyAuth=false",
            "submodule.recurse=false",
            "core.symlinks=false",
            "core.protectNTFS=true",
            // What is larger than a devfile may be is streamed, and never in memory as a whole.
            "core.bigFileThreshold=2m",
            "core.packedGitWindowSize=32m",
            "core.packedGitLimit=256m",
            "pack.threads=1",
            "fetch.writeCommitGraph=false",
            "gc.auto=0",
            "maintenance.auto=false",
        ] {
            command.args(["-c", setting]);
        }
        // The home is ours, and a repository of another user is refused by git unless it is told: files of this machine
        // are allowed by the caller's policy, not by git's.
        if self.local {
            command.args(["-c", "safe.directory=*"]);
        }
        if let Some(Pin { host, port, addresses }) = &self.pin {
            let addresses = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            command.args(["-c", &format!("http.curloptResolve={host}:{port}:{addresses}")]);
        }
        command.args(arguments);
        command.env_clear();
        // A proxy resolves names by itself: where it leads is the person's business, on their own machine alone.
        let proxies = ["HTTPS_PROXY", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy"];
        let proxies = proxies.into_iter().filter(|_| self.local);
        for name in ["PATH", "SSL_CERT_FILE", "GIT_SSL_CAINFO"].into_iter().chain(proxies) {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let (protocols, ssh) = match self.local {
            true => ("https:http:ssh:file", "ssh -o BatchMode=yes -o ConnectTimeout=15"),
            // The gateway's own keys must not open anything for a person who only named a URL.
            false => (
                "https:http:ssh",
                "ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=15 -o IdentitiesOnly=yes -o IdentityFile=none -o IdentityAgent=none",
            ),
        };
        if let Some(agent) = std::env::var_os("SSH_AUTH_SOCK").filter(|_| self.local) {
            command.env("SSH_AUTH_SOCK", agent);
        }
        // Not an argument: those everybody on the machine can read.
        if let Some((origin, header)) = &self.authorization {
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", format!("http.{origin}/.extraHeader"))
                .env("GIT_CONFIG_VALUE_0", header.expose());
        }
        let ssh = self.pinned_ssh(ssh);
        command
            .env("HOME", &self.home)
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "/bin/false")
            .env("SSH_ASKPASS", "/bin/false")
            .env("GIT_ALLOW_PROTOCOL", protocols)
            .env("GIT_SSH_COMMAND", ssh)
            .env("GIT_CEILING_DIRECTORIES", "/")
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// ssh, sent to the address that was looked at, and knowing the host by its name all the same.
    fn pinned_ssh(&self, ssh: &str) -> String {
        let Some(Pin { host, port, addresses }) = self.pin.as_ref().filter(|_| !self.local) else {
            return ssh.to_string();
        };
        let Some(address) = addresses.first() else { return ssh.to_string() };
        let known_as = if *port == 22 { host.clone() } else { format!("[{host}]:{port}") };
        format!("{ssh} -o HostName={address} -o 'HostKeyAlias={known_as}'")
    }
}

/// The lines that tell the cause, without what they may do to a terminal.
fn reason(said: &str) -> String {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("warning:"));
    let lines = lines.map(|line| shown_line(line.trim_start_matches("fatal: "))).collect::<Vec<_>>();
    let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default();
    if last.is_empty() { "it did not say why".into() } else { last.join("; ") }
}

fn shown_line(line: &str) -> String {
    line.chars().collect::<Vec<_>>().chunks(80).take(4).map(|part| shown(&part.iter().collect::<String>())).collect()
}
