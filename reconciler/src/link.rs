//! Following what an agent says of itself, through its door.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use dormer_wire::dial::{DialError, Dialer, DoorStream};
use dormer_wire::door::{Door, Want};
use dormer_wire::message;
use dormer_wire::report::AgentStatus;

use crate::desk::Desk;

/// An agent that accepted a connection answers in this time.
const ANSWER: Duration = Duration::from_secs(5);
/// While a door is about to open, the look for it is frequent: this is on the way of a wake.
const EAGER: Duration = Duration::from_millis(3);
/// For so long.
const EAGER_FOR: Duration = Duration::from_secs(2);
/// After that.
const PATIENT: Duration = Duration::from_millis(100);
/// Whoever follows looks this often whether the agent still is there at all.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// Between two statuses: an agent that talks without end does not keep the gateway busy.
const PAUSE: Duration = Duration::from_millis(10);
/// A start has so many to tell in quick succession: they come without pauses, as long as there were breaks like this.
const BURST: u32 = 64;
const BREAK: Duration = Duration::from_secs(1);

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Word {
    /// Nobody opened yet, since then.
    Dialling(Instant),
    /// The newest word.
    Said(Box<AgentStatus>),
    /// It hung up.
    Ended,
}

/// The following of one agent; ends when dropped.
#[derive(Debug)]
pub(crate) struct Link {
    pub door: Door,
    pub instance: String,
    words: watch::Receiver<Word>,
    task: AbortHandle,
    _desk: Option<Desk>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Link {
    /// Begins to follow the agent of `instance` behind `door`, and to answer it where there is somebody who can.
    pub fn new(dialer: Dialer, door: Door, instance: String, desk: Option<Desk>) -> Link {
        let (sender, words) = watch::channel(Word::Dialling(Instant::now()));
        let task = tokio::spawn(follow(dialer, door.clone(), instance.clone(), sender)).abort_handle();
        Link { door, instance, words, task, _desk: desk }
    }

    /// The newest word.
    pub fn word(&mut self) -> Word {
        self.words.borrow_and_update().clone()
    }

    /// Waits for another word than the last that was asked for.
    pub async fn changed(&mut self) {
        if self.words.changed().await.is_err() {
            // It has ended, and said so: there is nothing to wait for any more.
            std::future::pending::<()>().await;
        }
    }
}

async fn follow(dialer: Dialer, door: Door, instance: String, words: watch::Sender<Word>) {
    let begun = Instant::now();
    let mut beat = begun;
    loop {
        match dialer.dial(&door, Want::Status, ANSWER).await {
            Ok(stream) => {
                if listen(stream, &instance, &words).await {
                    words.send_replace(Word::Ended);
                    return;
                }
            }
            Err(DialError::Absent(_)) => {}
            Err(error) => tracing::debug!(%door, %error, "the door does not open"),
        }
        if beat.elapsed() >= HEARTBEAT {
            beat = Instant::now();
            words.send_replace(Word::Dialling(begun));
        }
        sleep(if begun.elapsed() < EAGER_FOR { EAGER } else { PATIENT }).await;
    }
}

/// Listens until the agent hangs up. Says whether it was the right one.
async fn listen(mut stream: DoorStream, instance: &str, words: &watch::Sender<Word>) -> bool {
    let mut right = false;
    let (mut heard, mut last) = (0, Instant::now());
    while let Ok(Some(status)) = message::read::<AgentStatus>(&mut stream).await {
        if status.instance != instance {
            // Of an earlier start, on its way out.
            return right;
        }
        right = true;
        words.send_replace(Word::Said(Box::new(status)));
        heard = if last.elapsed() > BREAK { 1 } else { heard + 1 };
        last = Instant::now();
        if heard > BURST {
            sleep(PAUSE).await;
        }
    }
    right
}
