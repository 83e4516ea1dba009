//! A session's channel from the moment at which it is known what to run: wake, dial, carry, end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use dormer_core::workspace::Workspace;
use dormer_wire::dial::DoorStream;
use dormer_wire::door::Want;

use super::audit;
use super::inbox::Inbox;
use super::login::Login;
use super::notices::{self, Manner, Teller};
use super::output::{Closed, Output};
use super::process::{self, Broken};
use super::progress;
use super::reach::{ReachError, reach};
use super::reverse::Reverse;
use super::splice::{self, Until};
use super::warnings::Warnings;
use crate::gate::{Gate, door_of};

/// What OpenSSH's client gives when the connection, not the command, failed.
const FAILED: u32 = 255;

/// What every channel of a connection shares.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) gate: Arc<Gate>,
    pub(super) login: Arc<Login>,
    pub(super) peer: SocketAddr,
    /// What programs are told of the connection.
    pub(super) variables: Arc<[(String, String)]>,
    /// How long a channel waits for a workspace to wake.
    pub(super) patience: Duration,
    /// Why the connection is about to be ended, once it is.
    pub(super) farewell: watch::Receiver<Option<&'static str>>,
    /// What is to be said on terminals: that the workspace is about to be stopped.
    pub(super) warning: watch::Sender<Option<String>>,
    pub(super) tasks: TaskTracker,
}

impl Context {
    /// Whether the connection is about to be ended.
    pub(super) fn farewell_was_said(&self) -> bool {
        self.farewell.borrow().is_some()
    }

    /// Resolves when the connection is about to be ended.
    pub(super) async fn farewell(&self) -> &'static str {
        let mut farewell = self.farewell.clone();
        match farewell.wait_for(Option::is_some).await.map(|why| *why) {
            Ok(Some(why)) => why,
            // Nobody is left who could end it.
            _ => std::future::pending().await,
        }
    }

    pub(super) fn name(&self) -> &str {
        self.login.workspace.as_str()
    }

    pub(super) fn note(&self, want: &Want) {
        if door_of(&self.login.entry.peek()).is_none() {
            audit::wake(self.peer, self.name(), &self.login.known.principal);
        }
        audit::channel(self.peer, self.name(), &self.login.known.principal, want);
    }
}

/// Tells the terminals of a connection when its workspace is about to be stopped, until `closed`.
pub(super) fn warn(context: &Context, closed: CancellationToken) {
    let (entry, warning) = (Arc::clone(&context.login.entry), context.warning.clone());
    let name = context.name().to_string();
    let follow = async move {
        let mut news = entry.subscribe();
        loop {
            let line = progress::warning(&entry.peek());
            let line = line.map(|line| format!("dormer: {name}: {line}"));
            warning.send_if_modified(|told| {
                let changed = *told != line;
                told.clone_from(&line);
                changed
            });
            if news.changed().await.is_err() {
                return;
            }
        }
    };
    // Not one of the connection's tasks: it would keep a connection that is drained from being quiet.
    tokio::spawn(closed.run_until_cancelled_owned(follow));
}

/// A session's channel.
pub(super) struct Session {
    pub(super) context: Context,
    pub(super) want: Want,
    pub(super) manner: Manner,
    /// Through which the client's ssh-agent is reached, when it is offered.
    pub(super) ssh_agent: Option<Reverse>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) gone: CancellationToken,
    pub(super) output: Output,
}

impl Session {
    /// Begins it.
    pub(super) fn spawn(self) {
        self.context.note(&self.want);
        let tasks = self.context.tasks.clone();
        tasks.spawn(self.run());
    }

    async fn run(mut self) {
        let terminal = matches!(self.manner, Manner::InPlace(_));
        let context = self.context.clone();
        let ended = tokio::select! {
            result = self.carry() => result,
            why = context.farewell() => Err(vec![format!("dormer: {why}")]),
        };
        if let Err(lines) = ended {
            let farewell = async {
                notices::say(&lines, terminal, &mut self.output).await?;
                self.output.exit(FAILED).await
            };
            // A client that takes nothing more is not waited for: the connection's end sees to that.
            tokio::select! {
                _ = farewell => {}
                () = self.gone.cancelled() => {}
            }
        }
        self.inbox.finish();
    }

    /// Carries it to its end. An error is what is to be said to the client.
    async fn carry(&mut self) -> Result<(), Vec<String>> {
        let gone = self.gone.clone();
        let stream = tokio::select! {
            reached = self.reach() => reached,
            () = gone.cancelled() => return Ok(()),
        };
        let stream = match stream {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(notices::failure(self.context.name(), &error)),
            Err(Closed) => return Ok(()),
        };
        let carried = match self.want {
            Want::Exec(_) => {
                let mut warnings = Warnings::of(&self.context, matches!(self.manner, Manner::InPlace(_)));
                process::run(stream, &self.inbox, &mut self.output, &mut warnings, &self.gone).await
            }
            _ => match splice::run(Until::Output, stream, &self.inbox, &mut self.output, &self.gone).await {
                Ok(()) => self.output.exit(0).await.map_err(Broken::from),
                Err(error) => Err(error),
            },
        };
        match carried {
            Ok(()) | Err(Broken::Closed(_)) => Ok(()),
            Err(error) => Err(vec![format!("dormer: {error}")]),
        }
    }

    async fn reach(&mut self) -> Result<Result<DoorStream, ReachError>, Closed> {
        let Session { context, want, manner, ssh_agent, output, .. } = self;
        let (news, mut told) = mpsc::unbounded_channel();
        let mut last = None;
        let principal = Arc::clone(&context.login.known.principal);
        let mut progress = |workspace: &Workspace| {
            let Some(line) = progress::line(workspace) else { return };
            if last.as_ref() != Some(&line) {
                last = Some(line.clone());
                // The receiver lives as long as this closure.
                let _ = news.send(line);
            }
        };
        let mut want = want.clone();
        let reaching = async {
            if let (Some(reverse), Want::Exec(exec)) = (ssh_agent, &mut want) {
                match reverse.ssh_agent(&mut progress).await {
                    Ok(path) => exec.env.push(("SSH_AUTH_SOCK".into(), path)),
                    // What does not reach the workspace either is said below.
                    Err(error) => tracing::warn!(%error, "an ssh-agent cannot be reached from inside"),
                }
            }
            reach(&context.gate, &context.login.entry, &principal, want, context.patience, &mut progress).await
        };
        tokio::pin!(reaching);
        let mut teller = Teller::new(*manner);
        loop {
            tokio::select! {
                result = &mut reaching => {
                    teller.done(output).await?;
                    return Ok(result);
                }
                Some(line) = told.recv() => teller.tell(line, output).await?,
                () = teller.due() => teller.flush(output).await?,
            }
        }
    }
}
