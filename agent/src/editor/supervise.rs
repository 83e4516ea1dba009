//! Keeping the editor alive.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dormer_wire::assignment::Editor;
use dormer_wire::report::{AgentState, Failure, StepState};
use nix::sys::signal::Signal;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::{EditorHandle, failure, machine, probe, vscode};
use crate::process::spawn::{Process, exit_number};
use crate::workspace::Workspace;

/// How long it may take to answer.
const START_LIMIT: Duration = Duration::from_secs(90);
/// How often it may die in a row before it is given up.
const MAX_DEATHS: u32 = 6;
/// Having lived so long, its next death is the first again.
const LIVED: Duration = Duration::from_secs(120);

/// Runs the editor until it is given up or the agent stops. Tells the first answer, or why there was none.
pub async fn run(
    workspace: Arc<Workspace>,
    handle: Arc<EditorHandle>,
    editor: Editor,
    answered: oneshot::Sender<Result<(), Failure>>,
) {
    let mut answered = Some(answered);
    let mut deaths = 0;
    loop {
        let began = Instant::now();
        let outcome = run_once(&workspace, &handle, &editor, &mut answered).await;
        if workspace.board.state() == AgentState::Stopping {
            return;
        }
        tracing::warn!(outcome, "the editor has ended");
        if let Some(answered) = answered.take() {
            // An editor that never came up will not do so by trying again at once.
            let _ = answered.send(Err(failure(&workspace, outcome, false)));
            return;
        }
        deaths = if began.elapsed() > LIVED { 1 } else { deaths + 1 };
        if deaths >= MAX_DEATHS {
            let failure = failure(&workspace, format!("the editor has died {deaths} times: {outcome}"), true);
            workspace.board.step("editor", StepState::Failed, Some(failure.message.clone()));
            workspace.board.fail(failure);
            return;
        }
        workspace.board.step("editor", StepState::Running, Some(format!("starting again: {outcome}")));
        sleep(Duration::from_millis(250 << deaths)).await;
    }
}

/// Runs it once; says how it ended.
async fn run_once(
    workspace: &Workspace,
    handle: &EditorHandle,
    editor: &Editor,
    answered: &mut Option<oneshot::Sender<Result<(), Failure>>>,
) -> String {
    let mut process = match spawn(workspace, handle, editor) {
        Ok(process) => process,
        Err(error) => return format!("the editor cannot be started: {error}"),
    };
    handle.pid.store(process.pid(), Ordering::Relaxed);
    let ended = tokio::select! {
        status = process.wait() => Some(status),
        answer = timeout(START_LIMIT, probe::until_it_answers(&handle.socket)) => match answer {
            Ok(()) => None,
            Err(_) => {
                process.signal_group(Signal::SIGKILL);
                process.wait().await;
                return format!("the editor did not answer within {} s", START_LIMIT.as_secs());
            }
        },
    };
    let status = match ended {
        Some(status) => status,
        None => {
            handle.ready.send_replace(true);
            workspace.board.step("editor", StepState::Done, None);
            if let Some(answered) = answered.take() {
                // Whoever waited was stopped: the board says so.
                let _ = answered.send(Ok(()));
            }
            process.wait().await
        }
    };
    handle.ready.send_replace(false);
    handle.pid.store(0, Ordering::Relaxed);
    describe(status)
}

fn describe(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("the editor was ended by signal {signal}"),
        None => format!("the editor ended with {}", exit_number(status)),
    }
}

fn spawn(workspace: &Workspace, handle: &EditorHandle, editor: &Editor) -> std::io::Result<Process> {
    let log = workspace.logs.create("editor")?;
    match std::fs::remove_file(&handle.socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut command = match editor {
        Editor::VscodeServer { program, data, extensions, install, settings } => {
            let mut command = vscode::command(workspace, &handle.socket, program, data, extensions.as_deref())?;
            machine::write_defaults(workspace, data, settings)?;
            vscode::install(&mut command, install);
            command
        }
        _ => return Err(std::io::Error::other("this agent does not know the editor's adapter")),
    };
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    workspace.processes.spawn(&mut command, false)
}
