//! The workspace's other containers: an agent is in each, and the main container's agent knows them all.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use dormer_wire::assignment::Sibling;
use dormer_wire::dial::{DialError, Dialer, DoorStream};
use dormer_wire::door::Want;
use dormer_wire::frame::Frame;
use dormer_wire::message;
use dormer_wire::report::AgentStatus;
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::status::Board;
use crate::workspace::Workspace;

/// How long an agent that is there may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How often one that is not is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// How long a command waits for its container. The containers of a pod start one after the other, images present.
const UP_WITHIN: Duration = Duration::from_secs(120);

/// Follows all of them until dropped.
pub async fn follow(workspace: Arc<Workspace>) {
    let mut following = JoinSet::new();
    for sibling in &workspace.assignment.siblings {
        following.spawn(follow_one(sibling.clone(), workspace.board.clone()));
    }
    while following.join_next().await.is_some() {}
}

async fn follow_one(sibling: Sibling, board: Board) {
    let name = &sibling.container;
    let mut was_up = false;
    loop {
        if let Ok(mut stream) = Dialer::local().dial(&sibling.door, Want::Status, ANSWER).await {
            was_up = true;
            while let Ok(Some(status)) = message::read::<AgentStatus>(&mut stream).await {
                board.sibling(name, &status);
            }
        }
        if was_up {
            board.sibling_is_gone(name);
        }
        sleep(LOOK).await;
    }
}

/// How a command ended that another container ran.
#[derive(Debug)]
pub struct Ended {
    /// As a process.
    pub exit: i32,
    /// A sentence, where it is not as it should be.
    pub message: String,
    /// The end of its log, then.
    pub tail: String,
}

/// Runs a command in another container.
pub async fn run(workspace: &Workspace, container: &str, command: &str) -> Ended {
    let failed = |message: String| Ended { exit: 127, message, tail: String::new() };
    let Some(sibling) = workspace.assignment.siblings.iter().find(|sibling| sibling.container == container) else {
        return failed(format!("there is no container '{container}'"));
    };
    let began = Instant::now();
    let stream = loop {
        let want = Want::Run { command: command.to_owned() };
        match Dialer::local().dial(&sibling.door, want, ANSWER).await {
            Ok(stream) => break stream,
            Err(DialError::Refused(refusal)) => return failed(refusal.message),
            Err(_) if began.elapsed() < UP_WITHIN => sleep(LOOK).await,
            Err(error) => return failed(format!("the container '{container}' does not answer: {error}")),
        }
    };
    hear(stream).await.unwrap_or_else(|| failed(format!("the container '{container}' ended while '{command}' ran")))
}

async fn hear(mut stream: DoorStream) -> Option<Ended> {
    let mut ended = Ended { exit: 0, message: String::new(), tail: String::new() };
    let mut buffer = BytesMut::new();
    loop {
        match Frame::decode(&mut buffer).ok()? {
            Some(Frame::Stdout(text)) => ended.tail.push_str(&String::from_utf8_lossy(&text)),
            Some(Frame::Stderr(text)) => ended.message.push_str(&String::from_utf8_lossy(&text)),
            Some(Frame::Exit(exit)) => {
                ended.exit = i32::try_from(exit).unwrap_or(255);
                return Some(ended);
            }
            Some(_) => return None,
            None if stream.read_buf(&mut buffer).await.ok()? == 0 => return None,
            None => {}
        }
    }
}
