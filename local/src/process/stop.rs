//! Stopping: the agent is asked, then told, and nothing is left.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use dormer_wire::door::Door;

use super::ask;
use super::group::Group;
use super::place::Place;
use super::proc::Process;
use super::record::Record;
use super::remains;

/// An agent has so long beyond the grace that it was given: it kills what is left at its end, and says goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// What was killed ends in this time, or is stuck in the kernel.
const KILLED: Duration = Duration::from_secs(10);

/// Why it did not stop.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// Processes that cannot be killed.
    #[error("these processes could not be ended: {0:?}; they hang in the kernel, or belong to another user")]
    Left(Vec<i32>),
    /// Looking or signalling failed.
    #[error("cannot end its processes: {0}")]
    Io(#[from] io::Error),
}

/// Stops everything of a workspace of which `record` is known, and returns when nothing of it runs any more.
pub async fn all(place: &Place, record: &Record, group: Option<&Group>, grace: Duration) -> Result<(), StopError> {
    let deadline = Instant::now() + grace;
    // Taken while the agent lives, descent leads to those that left its session and cleared their environment.
    let mut known = look(record, group, HashSet::new()).await?;
    if let Some(agent) = record.agent.filter(|agent| known.contains(agent)) {
        end_agent(&Door::Unix(place.door.clone()), agent, grace, deadline + GOODBYE).await?;
        known = look(record, group, known).await?;
    } else if !known.is_empty() {
        // Nobody is left who would stop them in order.
        signal(&known, libc::SIGTERM);
        known = wait(record, group, known, deadline).await?;
    }
    if !known.is_empty() {
        let deadline = Instant::now() + KILLED;
        while !known.is_empty() {
            if let Some(group) = group {
                group.kill();
            }
            signal(&known, libc::SIGKILL);
            // Those that were born meanwhile are killed in the next round.
            known = wait(record, group, known, deadline.min(Instant::now() + Duration::from_millis(200))).await?;
            if Instant::now() >= deadline && !known.is_empty() {
                return Err(StopError::Left(known.iter().map(|process| process.pid).collect()));
            }
        }
    }
    Ok(())
}

async fn end_agent(door: &Door, agent: Process, grace: Duration, deadline: Instant) -> io::Result<()> {
    let asked = async {
        if let Err(error) = ask::stop(door, grace).await {
            tracing::debug!(%error, "the agent cannot be asked to stop, so it is told");
            agent.signal(libc::SIGTERM)?;
        }
        // It hangs up when it is done; its process ends just after.
        agent.ended().await
    };
    // One that takes longer is killed with the rest.
    timeout_at(deadline, asked).await.unwrap_or(Ok(()))
}

async fn look(record: &Record, group: Option<&Group>, known: HashSet<Process>) -> io::Result<HashSet<Process>> {
    let (record, group) = (record.clone(), group.cloned());
    tokio::task::spawn_blocking(move || remains::find(&record, group.as_ref(), &known)).await.map_err(io::Error::other)
}

fn signal(processes: &HashSet<Process>, signal: i32) {
    for process in processes {
        if let Err(error) = process.signal(signal) {
            tracing::warn!(pid = process.pid, signal, %error, "cannot signal a process of a workspace");
        }
    }
}

/// Waits until nothing of `known` runs, or for the deadline; what runs then, and what came from it, is the answer.
async fn wait(
    record: &Record,
    group: Option<&Group>,
    known: HashSet<Process>,
    deadline: Instant,
) -> io::Result<HashSet<Process>> {
    let ends = known.iter().map(|process| process.ended());
    if let Ok(ended) = timeout_at(deadline, futures::future::join_all(ends)).await {
        ended.into_iter().collect::<io::Result<()>>()?;
    }
    let left = look(record, group, known).await?;
    if left.is_empty() {
        // One that was being born while we looked is seen by now.
        sleep(Duration::from_millis(2)).await;
        return look(record, group, left).await;
    }
    Ok(left)
}
