//! Shells and commands: a process, its standard streams or terminal, and the frames that carry them.

mod environment;
mod input;
mod modes;
mod output;
mod pty;
mod session;
mod signals;

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use dormer_wire::door::{Exec, Refusal, RefusalCode};

use crate::door::refusal;
use crate::workspace::Workspace;
use pty::Pty;
use session::Session;

/// Starts what was asked for.
pub fn start(workspace: &Workspace, request: Exec) -> Result<Session, Refusal> {
    let mut command = command(workspace, &request)?;
    let failed = |error: std::io::Error| refusal(RefusalCode::Failed, format!("cannot start a process: {error}"));
    let Some(wanted) = &request.pty else {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        return Ok(Session::new(workspace.processes.spawn(&mut command, false).map_err(failed)?, None));
    };
    let (pty, slave) = Pty::open(wanted).map_err(failed)?;
    if !wanted.term.is_empty() && !wanted.term.contains('\0') {
        command.env("TERM", &wanted.term);
    }
    command.env("SSH_TTY", &slave.name);
    let (stdout, stderr) = slave.fd.try_clone().and_then(|out| Ok((out, slave.fd.try_clone()?))).map_err(failed)?;
    command.stdin(slave.fd).stdout(stdout).stderr(stderr);
    let process = workspace.processes.spawn(&mut command, true).map_err(failed)?;
    // The terminal ends when the last holder of its other side does: the command holds three of them until dropped.
    drop(command);
    Ok(Session::new(process, Some(pty)))
}

fn command(workspace: &Workspace, request: &Exec) -> Result<Command, Refusal> {
    let shell = &workspace.shell;
    let mut command = workspace.command(shell);
    if request.pty.is_none() {
        // What has no terminal is of no kind of terminal.
        command.env_remove("TERM");
    }
    let name = shell.file_name().unwrap_or_default().to_string_lossy();
    match &request.command {
        Some(line) if line.contains('\0') => {
            return Err(refusal(RefusalCode::Invalid, "a command line cannot hold a NUL"));
        }
        Some(line) => {
            // By its name alone, as a login has it: it is what the shell's own messages begin with.
            command.arg0(&*name).arg("-c").arg(line);
        }
        None => {
            // A leading dash makes it a login shell.
            command.arg0(format!("-{name}"));
        }
    }
    if let Some(folder) = &request.cwd {
        let folder: PathBuf = workspace.folder().join(folder);
        if !folder.is_dir() {
            return Err(refusal(RefusalCode::NotFound, format!("there is no folder {}", folder.display())));
        }
        command.current_dir(folder);
    }
    for (name, value) in &request.env {
        if environment::is_accepted(name, value) {
            command.env(name, value);
        } else {
            tracing::debug!(name, "a variable of a session was not accepted");
        }
    }
    Ok(command)
}
