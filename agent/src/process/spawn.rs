//! Starting processes and waiting for them.
//!
//! The agent must reap orphans that it never started, and whoever reaps with `waitpid(-1)` takes everybody's exit
//! statuses. So there is one reaper for all: it hands the status of a process that was started here to its
//! [`Process`], and forgets the others. It holds the same lock as a start does: a process that ends before it is
//! known cannot be mistaken for an orphan, nor can one whose program could not be run, which the standard library
//! waits for itself.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

type Waiting = HashMap<i32, oneshot::Sender<ExitStatus>>;

/// Starts and reaps.
#[derive(Debug, Clone, Default)]
pub struct Processes {
    waiting: Arc<Mutex<Waiting>>,
}

/// A process that was started here: the leader of a session, and so of a process group, of its own.
#[derive(Debug)]
pub struct Process {
    pid: i32,
    exit: oneshot::Receiver<ExitStatus>,
    ended: Option<ExitStatus>,
    /// Its standard input, where it is a pipe.
    pub stdin: Option<ChildStdin>,
    /// Its standard output, where it is a pipe.
    pub stdout: Option<ChildStdout>,
    /// Its standard error, where it is a pipe.
    pub stderr: Option<ChildStderr>,
}

impl Processes {
    /// Starts a command in a session of its own. With `terminal`, its standard input becomes the controlling terminal.
    pub fn spawn(&self, command: &mut Command, terminal: bool) -> io::Result<Process> {
        let prepare = move || {
            // What the agent ignores, or was started ignoring, is no business of its children.
            for number in 1..32 {
                // SAFETY: resets a disposition; async-signal-safe.
                unsafe { libc::signal(number, libc::SIG_DFL) };
            }
            dormer_wire::descriptors::restore()?;
            nix::unistd::setsid().map_err(io::Error::from)?;
            if terminal {
                let stdin = io::stdin().as_raw_fd();
                // SAFETY: takes plain numbers; async-signal-safe.
                if unsafe { libc::ioctl(stdin, libc::TIOCSCTTY, 0) } != 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        };
        // SAFETY: the closure only makes async-signal-safe system calls and allocates nothing.
        unsafe { command.pre_exec(prepare) };
        let (sender, exit) = oneshot::channel();
        let mut child = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let child = command.spawn()?;
            waiting.insert(pid_of(&child), sender);
            child
        };
        Ok(Process {
            pid: pid_of(&child),
            exit,
            ended: None,
            stdin: child.stdin.take().map(ChildStdin::from_std).transpose()?,
            stdout: child.stdout.take().map(ChildStdout::from_std).transpose()?,
            stderr: child.stderr.take().map(ChildStderr::from_std).transpose()?,
        })
    }

    /// Reaps for as long as the agent lives.
    pub async fn reap(self) -> io::Result<()> {
        let mut child_ended = signal(SignalKind::child())?;
        loop {
            self.reap_now();
            if child_ended.recv().await.is_none() {
                return Ok(());
            }
        }
    }

    /// Reaps every child that has ended.
    pub fn reap_now(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut status = 0;
        loop {
            // SAFETY: writes one number through a valid pointer. Not nix's: that fails on real-time signals.
            match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
                pid if pid > 0 => {
                    if let Some(sender) = waiting.remove(&pid) {
                        // Nobody waits any more: fine.
                        let _ = sender.send(ExitStatus::from_raw(status));
                    }
                }
                _ => return,
            }
        }
    }
}

fn pid_of(child: &Child) -> i32 {
    // Numbers of processes end at 2^22.
    i32::try_from(child.id()).unwrap_or(i32::MAX)
}

impl Process {
    /// Its number, which is its session's and its group's too.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Waits for its end. May be dropped and called again.
    pub async fn wait(&mut self) -> ExitStatus {
        if let Some(status) = self.ended {
            return status;
        }
        match (&mut self.exit).await {
            Ok(status) => {
                self.ended = Some(status);
                status
            }
            // The reaper is gone: the agent is about to end.
            Err(_) => std::future::pending().await,
        }
    }

    /// Sends a signal to its group, unless it has ended: its number may be somebody else's by then.
    pub fn signal_group(&mut self, signal: Signal) {
        if self.ended.is_none()
            && let Ok(status) = self.exit.try_recv()
        {
            self.ended = Some(status);
        }
        if self.ended.is_none() {
            // Fails when all of it has just ended.
            let _ = killpg(Pid::from_raw(self.pid), signal);
        }
    }
}

/// An exit as one number: the exit status, or 128 and the signal's number.
pub fn exit_number(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    // One test for all: `waitpid(-1)` in one test would take the children of another.
    #[tokio::test]
    async fn statuses_reach_their_owners_and_a_missing_program_is_an_error() {
        let processes = Processes::default();
        let reaper = tokio::spawn(processes.clone().reap());
        let mut sessions = Vec::new();
        for code in 0..50 {
            let mut command = Command::new("/bin/sh");
            // The grandchild becomes an orphan, whose end must not be taken for the child's.
            command.args(["-c", &format!("(exit 99) & exit {code}")]);
            sessions.push((code, processes.spawn(&mut command, false).unwrap()));
        }
        for (code, mut process) in sessions {
            assert_eq!(process.wait().await.code(), Some(code));
            process.signal_group(Signal::SIGKILL);
        }
        for _ in 0..20 {
            assert!(processes.spawn(&mut Command::new("/no/such/program"), false).is_err());
        }
        let mut sleeper = processes.spawn(Command::new("/bin/sleep").arg("60"), false).unwrap();
        sleeper.signal_group(Signal::SIGTERM);
        assert_eq!(exit_number(sleeper.wait().await), 128 + 15);
        reaper.abort();
    }
}
