//! Running git: never through a shell, never asking, never with a protocol that runs programs of a URL's choice.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use dormer_wire::report::StepState;
use nix::sys::signal::Signal;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use super::bound::Bound;
use super::progress::{self, Lines};
use super::redact::redact;
use crate::workspace::Workspace;

/// The longest that one git command may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// The most that is kept of what a git command answers.
const MAX_ANSWER: u64 = 64 * 1024;

/// Words by which git tells of a failure that another attempt may not meet.
const TRANSIENT: [&str; 16] = [
    "Could not resolve host",
    "Couldn't resolve host",
    "Temporary failure in name resolution",
    "Failed to connect",
    "Couldn't connect",
    "Connection refused",
    "Connection timed out",
    "Connection reset",
    "Network is unreachable",
    "Operation timed out",
    "Operation too slow",
    "early EOF",
    "The remote end hung up unexpectedly",
    "RPC failed",
    "returned error: 5",
    "returned error: 429",
];

/// Hooks of templates have no say in a clone. A transfer that stands still for a minute has failed. A file of this
/// machine is cloned where a person named it (`user`), never because a repository does.
const SETTINGS: [&str; 11] = [
    "core.hooksPath=/dev/null",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
    "advice.detachedHead=false",
    "core.fsmonitor=false",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.http.allow=always",
    "protocol.ssh.allow=always",
    "protocol.git.allow=always",
    "protocol.file.allow=user",
];

/// Why a git command failed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct GitError {
    /// What git said, without credentials.
    pub message: String,
    /// Whether trying again could help.
    pub transient: bool,
    /// Whether it was stopped since it would take too much.
    pub stopped: bool,
}

/// Git, working for one step of the start.
#[derive(Debug)]
pub struct Git<'a> {
    workspace: &'a Workspace,
    log: File,
    /// What may be taken.
    pub bound: Option<Bound>,
    /// What is put before each word of progress, such as the project's name.
    pub label: String,
}

impl<'a> Git<'a> {
    /// Git that writes what it does to a log.
    pub fn new(workspace: &'a Workspace, log: File) -> Self {
        Git { workspace, log, bound: None, label: String::new() }
    }

    /// Writes a line to the log.
    pub fn note(&self, line: &str) {
        // A full disk will show in what git does next.
        let _ = writeln!(&self.log, "{}", redact(line));
    }

    /// Another program, with the workspace's variables.
    pub fn command(&self, program: &str) -> std::process::Command {
        self.workspace.command(program)
    }

    /// Runs another program; says whether it succeeded. What it says goes to the log.
    pub async fn other(&self, command: &mut std::process::Command) -> Result<bool, GitError> {
        let name = command.get_program().to_string_lossy().into_owned();
        let failed = |error: std::io::Error| GitError {
            message: format!("cannot run {name}: {error}"),
            transient: false,
            stopped: false,
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(self.log.try_clone().map_err(failed)?);
        if let Some(bound) = &self.bound {
            bound.apply(command);
        }
        let mut process = self.workspace.processes.spawn(command, false).map_err(failed)?;
        let ended = tokio::select! {
            status = timeout(LIMIT, process.wait()) => status.ok(),
            what = self.too_much() => {
                process.signal_group(Signal::SIGKILL);
                return Err(refused(&what));
            }
        };
        if ended.is_none() {
            process.signal_group(Signal::SIGKILL);
        }
        Ok(ended.is_some_and(|status| status.success()))
    }

    /// Refuses what was too fast for a look while it was at work.
    pub async fn check(&self) -> Result<(), GitError> {
        match &self.bound {
            Some(bound) => bound.look().await.map_or(Ok(()), |what| Err(refused(&what))),
            None => Ok(()),
        }
    }

    /// Returns once more is taken than may be.
    async fn too_much(&self) -> String {
        match &self.bound {
            Some(bound) => bound.exceeded().await,
            None => std::future::pending().await,
        }
    }

    /// Runs git in a folder; gives what it answered.
    pub async fn run(&self, folder: &Path, arguments: &[&str]) -> Result<String, GitError> {
        self.note(&format!("$ git {}", arguments.join(" ")));
        self.quiet(folder, arguments).await
    }

    /// The same, for questions that are not worth a line in the log.
    pub async fn quiet(&self, folder: &Path, arguments: &[&str]) -> Result<String, GitError> {
        let failed = |error: std::io::Error| GitError {
            message: format!("cannot run git: {error}"),
            transient: false,
            stopped: false,
        };
        let mut command = self.workspace.command("git");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(arguments).current_dir(folder);
        // Said as a variable, a list of protocols would be good for submodules too, and those are a repository's word.
        command.env_remove("GIT_ALLOW_PROTOCOL").env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        if !self.workspace.variables.contains_key("GIT_SSH_COMMAND") {
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new");
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(bound) = &self.bound {
            bound.apply(&mut command);
        }
        let mut process = self.workspace.processes.spawn(&mut command, false).map_err(failed)?;
        drop(command);
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        let answer = async {
            let mut answer = Vec::new();
            if let Some(mut stdout) = stdout {
                (&mut stdout).take(MAX_ANSWER).read_to_end(&mut answer).await?;
                tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await?;
            }
            std::io::Result::Ok(answer)
        };
        let all = async { tokio::join!(process.wait(), answer, self.listen(stderr)) };
        let ended = tokio::select! {
            ended = timeout(LIMIT, all) => Ok(ended),
            what = self.too_much() => Err(what),
        };
        let ended = ended.map_err(|what| {
            process.signal_group(Signal::SIGKILL);
            refused(&what)
        })?;
        let Ok((status, answer, said)) = ended else {
            process.signal_group(Signal::SIGKILL);
            let message = format!("git was still at work after {} minutes", LIMIT.as_secs() / 60);
            return Err(GitError { message, transient: true, stopped: false });
        };
        if status.success() {
            return Ok(String::from_utf8_lossy(&answer.map_err(failed)?).trim_end().to_owned());
        }
        let transient = TRANSIENT.iter().any(|words| said.iter().any(|line| line.contains(words)));
        let word = |line: &&String| ["fatal: ", "error: ", "ERROR: "].iter().any(|word| line.starts_with(word));
        if said.iter().any(|line| line.contains("Out of memory")) {
            return Err(refused("git needs more memory for it than it may have"));
        }
        let told = said.iter().find(word).or(said.last());
        let message = told.map_or_else(|| format!("git ended with {status}"), |line| format!("git: {line}"));
        Err(GitError { message, transient, stopped: false })
    }

    /// Reads what git says on standard error: progress to the board, the rest to the log. Gives the last lines.
    async fn listen(&self, stderr: Option<tokio::process::ChildStderr>) -> Vec<String> {
        let Some(mut stderr) = stderr else { return Vec::new() };
        let mut lines = Lines::default();
        let mut said = std::collections::VecDeque::new();
        let mut keep = |line: String| {
            said.push_back(line);
            if said.len() > 50 {
                said.pop_front();
            }
        };
        let mut buffer = vec![0u8; 8192];
        loop {
            let n = match stderr.read(&mut buffer).await {
                Ok(n) if n > 0 => n,
                _ => break,
            };
            lines.take(buffer.get(..n).unwrap_or_default(), |line, stays| {
                if let Some(progress) = progress::of_line(line) {
                    let detail = format!("{}{progress}", self.label);
                    self.workspace.board.step("clone", StepState::Running, Some(detail));
                }
                if stays {
                    self.note(line);
                    keep(redact(line));
                }
            });
        }
        if let Some(line) = lines.rest() {
            self.note(&line);
            keep(redact(&line));
        }
        said.into()
    }
}

/// What was stopped before it took everything.
fn refused(what: &str) -> GitError {
    GitError { message: format!("stopped: {what}"), transient: false, stopped: true }
}
